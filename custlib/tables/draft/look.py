"""Open unknown files: what each holds, where its header is, which files belong together; everything is staged for DuckDB."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.draft import header, names
from custlib.tables.readers import KINDS, Staged, detect, parts, stage

TIMES_OF_NAMES = re.compile(
    r"(?i)(?<![a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|"
    r"september|october|november|december|q[1-4]|h[12])(?![a-z])|[\d０-９一二三四五六七八九十]+|[年月日季度号期]"
)
# what a file of sales cannot gain or lose without being another one
FAMILIES = (
    frozenset({"order_id"}),
    frozenset({"order_ts", "created_ts", "ts", "paid_ts"}),
    frozenset({"net_amount", "amount", "line_amount", "gross_amount", "unit_price"}),
    frozenset({"product_id", "product_name"}),
    frozenset({"event_type"}),
    frozenset({"respondent_id", "item_id"}),
)
RETURNED = frozenset({"return_id", "returned_order_id", "return_ts", "return_reason", "refund_amount", "refund_qty"})


@dataclass(frozen=True)
class Part:
    """One file, sheet, nested list or database table, staged; ``options`` are what its source in dataset.toml needs."""

    title: str
    path: Path | None
    options: dict = field(hash=False)
    staged: Staged = field(hash=False)
    headless: bool = False
    guessed: str = ""


@dataclass(frozen=True)
class Group:
    """Parts of the same columns that are read as one: monthly files, sheets of one form."""

    title: str
    parts: tuple[Part, ...]

    @property
    def columns(self) -> list[str]:
        """All columns that some part has, in the order in which they come up."""
        return list(dict.fromkeys(name for part in self.parts for name in part.staged.columns))

    @property
    def uneven(self) -> list[str]:
        """The columns that some part lacks."""
        return [name for name in self.columns if any(name not in part.staged.columns for part in self.parts)]


@dataclass(frozen=True)
class Unread:
    """Something that could not be opened, and the sentence that says why."""

    title: str
    problem: Problem


def look(inputs: list[str | Path], work: Path, base: Path, *, memory: str, say: Callable[[str], None]) -> tuple[list[Group], list[Unread]]:
    """Stage everything that `inputs` (files, folders, database addresses) hold into `work`.

    Returns
    -------
    (list of Group, list of Unread)
        In the order given; files of a folder in name order.
    """
    opened, unread = [], []
    for given in inputs:
        if "://" in str(given):
            _open_database(str(given), work, base, memory, opened, unread)
            continue
        path = Path(given).expanduser()
        try:
            found = _files(path)
        except Problem as problem:
            unread.append(Unread(path.name, problem))
            continue
        for one in found:
            say(f"look: {one.name}")
            _open_file(one, work, memory, opened, unread)
    return _grouped(opened), unread


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.is_file() and KINDS.get(one.suffix.lower()) and not one.name.startswith((".", "~$")))
        if not found:
            raise Problem("folder_without_files", file=path.name, kinds=", ".join(sorted(KINDS)))
        return [one.resolve() for one in found]
    if not path.is_file():
        raise Problem("missing_file", file=path.name)
    return [path.resolve()]


def _open_database(url: str, work: Path, base: Path, memory: str, opened: list, unread: list) -> None:
    from custlib.tables.database import redacted, stage_database, tables_in

    try:
        tables = tables_in(url, base)
    except Problem as problem:
        unread.append(Unread(redacted(url), problem))
        return
    for number, table in enumerate(tables):
        options = {"database": url, "table": table}
        folder = work / f"db{len(opened)}_{number}"
        folder.mkdir()
        try:
            staged = stage_database(Source("part", options), base, folder, memory=memory)
            opened.append(Part(table, None, options, staged))
        except Problem as problem:
            unread.append(Unread(table, problem))


def _open_file(path: Path, work: Path, memory: str, opened: list, unread: list) -> None:
    try:
        held = parts(path)
    except Problem as problem:
        unread.append(Unread(path.name, problem))
        return
    before = len(opened)
    for options in held:
        title = str(options.get("sheet") or (f"{path.stem}.{options['records']}" if "records" in options else path.stem))
        folder = work / f"f{len(opened)}_{len(unread)}"
        folder.mkdir()
        try:
            opened.append(_part(path, title, dict(options), folder, memory))
        except Problem as problem:
            unread.append(Unread(path.name if title == path.stem else f"{path.name}: {title}", problem))
    if len(opened) - before > 1 and "records" in opened[-1].options:  # {"data": [...]}: the wrapper itself is no table
        wrapper = opened[before]
        if "records" not in wrapper.options and wrapper.staged.found.get("rows") == 1:
            del opened[before]


def _part(path: Path, title: str, options: dict, folder: Path, memory: str) -> Part:
    kind, guessed, rows, has_header = KINDS.get(path.suffix.lower()), "", None, True
    if kind == "csv" or (kind == "excel" and not _is_book(path)):
        coding = detect.encoding(path)
        if coding:
            rows, has_header = header.found(header.of_text(path, coding.name))
            guessed = "" if coding.sure else coding.name
    elif kind == "excel":
        rows, has_header = header.found(header.of_sheet(path, options.get("sheet")))
    if rows:
        options["header"] = rows[0] if len(rows) == 1 else rows
    declared = {**options, "encoding": guessed} if guessed else options
    staged = stage(path, Source("part", declared), folder, memory=memory)
    if not staged.columns:
        raise Problem("header_blank", file=path.name, row=1)
    return Part(title, path, declared, staged, not has_header, guessed)


def _is_book(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def restage(part: Part, extra: dict, work: Path, base: Path, memory: str) -> Part:
    """Stage a part again with more options, such as ``fill_down``."""
    options = {**part.options, **extra}
    folder = work / f"again{len(list(work.iterdir()))}"
    folder.mkdir()
    if part.path is None:
        from custlib.tables.database import stage_database

        staged = stage_database(Source("part", options), base, folder, memory=memory)
    else:
        staged = stage(part.path, Source("part", options), folder, memory=memory)
    return Part(part.title, part.path, options, staged, part.headless, part.guessed)


def _grouped(opened: list[Part]) -> list[Group]:
    """Put parts of one form together, unless their names say that they are different things (sales and returns)."""
    found: dict[tuple, list[Part]] = {}
    for part in opened:
        if "database" in part.options:
            key = ("database", part.options["database"], part.title)
        else:
            key = (tuple(sorted(part.staged.columns)), _sort(part), "records" in part.options, part.options.get("records"))
        found.setdefault(key, []).append(part)
    merged: list[tuple[tuple, list[Part]]] = []
    for key, members in found.items():
        same = next((own for other, own in merged if key[0] != "database" and other[1:] == key[1:] and _one_form(own, members)), None)
        if same is None:
            merged.append((key, members))
        else:
            same += members
    place = {id(part): number for number, part in enumerate(opened)}
    return [Group(_common(members), tuple(sorted(members, key=lambda one: place[id(one)]))) for _, members in merged]


def _one_form(own: list[Part], other: list[Part]) -> bool:
    """Tell whether files differ by columns that came or went only: none was renamed, and none is what the others cannot do without."""
    if own[0].headless or other[0].headless:
        return False
    a, b = ({name for part in members for name in part.staged.columns} for members in (own, other))
    shared, gone, new = a & b, a - b, b - a
    stems = [{_stem(part.title) for part in members} for members in (own, other)]
    alike = bool(stems[0] & stems[1])
    if len(shared) < 2 or len(shared) < (0.5 * min(len(a), len(b)) if alike else 0.75 * len(a | b)):
        return False
    meant = [{_meant(name) for name in names_of} - {""} for names_of in (gone, new)]
    if meant[0] & meant[1]:
        return False
    have, apart = {_meant(name) for name in shared}, meant[0] | meant[1]
    if any(apart & family and not have & family for family in FAMILIES):
        return False
    return alike or not apart & RETURNED


def _meant(name: str) -> str:
    """Give what a column's name surely means, "" where it says nothing."""
    return next((one.concept for one in names.meanings(name) if "." not in one.concept and one.sure >= 0.7), "")


def _stem(title: str) -> str:
    """Give a file's name without its dates and numbers."""
    return TIMES_OF_NAMES.sub("", title).strip(" _-.()（）")


def _sort(part: Part) -> str:
    """Tell apart what the names tell apart: the table they speak of, else the name without its dates and numbers."""
    tables = {table: names.says(part.title, table) for table in names.raw()["files"]}
    best = max(tables, key=lambda one: (tables[one], one))
    return best if tables[best] > 0 else ""


def _common(members: list[Part]) -> str:
    if len(members) == 1:
        return members[0].title
    stems = {_stem(one.title) for one in members}
    same = len({one.path for one in members}) == 1
    folder = (members[0].path.stem if same else members[0].path.parent.name) if members[0].path else ""
    return stems.pop() if len(stems) == 1 and any(stems) and not same else folder or members[0].title


def clear(work: Path) -> None:
    """Remove what was staged."""
    shutil.rmtree(work, ignore_errors=True)
