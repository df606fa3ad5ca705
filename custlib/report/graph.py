"""The notebooks as a graph: each declares in its metadata what it reads, what it writes and which canonical tables it needs."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from custlib.i18n import Problem

OWN = re.compile(r"[5-8]\d_.+")  # numbers 50 to 89 are the user's


@dataclass(frozen=True)
class Notebook:
    """One notebook of a run: its name, file, declared reads and writes, its code, the canonical tables it cannot do without.

    ``own`` marks a user's notebook; ``kernel`` is the kernel it names ("" where it names none).
    """

    name: str
    path: Path
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    code: str
    needs: tuple[str, ...] = ()
    own: bool = False
    kernel: str = ""

    @property
    def code_hash(self) -> str:
        return hashlib.sha256(json.dumps([self.code, self.reads, self.writes]).encode()).hexdigest()


def notebooks(folder: Path, own: Path | None = None) -> list[Notebook]:
    """Read the numbered notebooks of a folder, and a user's own beside a data set, in reading order.

    Parameters
    ----------
    folder : Path
        Holds the shipped notebooks; a user's (50 to 89) may stand among them.
    own : Path, optional
        ``data/<name>/notebooks``: 50 to 89 only. It need not exist.

    Raises
    ------
    Problem
        The folder holds none; a notebook cannot be read or lacks its declaration; one beside the data set has another number.
    """
    found = [_read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not found:
        raise Problem("no_notebooks", folder=folder.name)
    if own and own.is_dir() and own.resolve() != folder.resolve():
        for path in sorted(one for one in own.glob("*.ipynb") if not one.name.startswith(".")):
            if not OWN.fullmatch(path.stem):
                raise Problem("notebook_number", notebook=path.name)
            found.append(_read(path))
    return sorted(found, key=lambda one: one.name)


def needs(one: Notebook, others: list[Notebook]) -> list[str]:
    """Give the names of the notebooks that write what `one` reads.

    Examples
    --------
    >>> a = Notebook("04_a", Path("a"), (), ("tables/x.parquet",), "")
    >>> needs(Notebook("90_b", Path("b"), ("tables/*",), (), ""), [a])
    ['04_a']
    """
    return [other.name for other in others if other.name != one.name
            and any(meets(written, wanted) for written in other.writes for wanted in one.reads)]


def meets(one: str, other: str) -> bool:
    """Tell whether two paths, either of which may be a pattern, can be the same file."""
    return fnmatch(one, other) or fnmatch(other, one)


def skipped(listed: list[Notebook], there: Iterable[str]) -> dict[str, dict]:
    """Give the notebooks that cannot run, each with the reason as a key of the catalogue and its values.

    A notebook is skipped where a canonical table that it needs is not `there`, or a file that it names is written by one that
    is skipped. What it reads by a pattern may be less than it was.

    Examples
    --------
    >>> a = Notebook("04_a", Path("a"), (), ("tables/x.parquet",), "", ("orders",))
    >>> b = Notebook("50_b", Path("b"), ("tables/x.parquet",), (), "")
    >>> [one["key"] for one in skipped([a, b], ["customers"]).values()]
    ['skipped.no_table', 'skipped.no_notebook']
    """
    present = set(there)
    found = {one.name: {"key": "skipped.no_table", "values": {"notebook": one.name, "tables": ", ".join(lacking)}}
             for one in listed if (lacking := [name for name in one.needs if name not in present])}
    more = True
    while more:
        more = {one.name: {"key": "skipped.no_notebook", "values": {"notebook": one.name, "other": other.name}}
                for one in listed if one.name not in found
                for other in listed if other.name in found and any(wanted in other.writes for wanted in one.reads)}
        found |= more
    return dict(sorted(found.items()))


def _read(path: Path) -> Notebook:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        cells = ["".join(cell["source"]) for cell in raw["cells"] if cell["cell_type"] == "code"]
        metadata = raw["metadata"]
        kernel = metadata.get("kernelspec", {}).get("name", "")
        declared = metadata.get("custlib")
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Problem("notebook_unreadable", notebook=path.name) from error
    own = bool(OWN.fullmatch(path.stem))
    if own or declared is not None:
        _declared(declared, path)
    parts = {part: tuple((declared or {}).get(part, ())) for part in ("reads", "writes", "needs")}
    summary = f"summary/{path.stem}.json"
    writes = parts["writes"] if summary in parts["writes"] else (*parts["writes"], summary)
    return Notebook(path.stem, path, parts["reads"], writes, "\n".join(cells), parts["needs"], own, kernel)


def _declared(declared: object, path: Path) -> None:
    known = ("reads", "writes", "needs")
    if not isinstance(declared, dict) or not declared or set(declared) - set(known) or not all(
            isinstance(part, list) and all(isinstance(one, str) and one for one in part) for part in declared.values()):
        raise Problem("notebook_undeclared", notebook=path.name)
