"""Read `dataset.toml`: what a data set is, where its files are, and what each column means. No code runs from it."""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from custlib.checks import iso_day, nearest, within
from custlib.i18n import Problem
from custlib.tables import declared, generated, given
from custlib.tables.declared import OPEN, Mapping, Source

SCHEMA = 1
TOP = {"schema", "name", "title", "source", "licence", "simulated", "currency", "timezone", "home_country", "tax_included", "as_of",
       "returns", "zero", "max_reject_share", "sources", "tables", "policies", "rates", "quality", "segments", "generated"}
LITERAL = ("missing", "values", "strip", "equals", "known")  # a question mark is itself there
REQUIRED = ("schema", "name", "currency", "timezone", "sources", "tables")


@dataclass(frozen=True)
class Dataset:
    """A `dataset.toml`, read and checked.

    ``as_of`` is the default snapshot day or None; ``returns`` is ``net`` or ``exclude``; ``zero`` is ``count`` or
    ``exclude``; ``max_reject_share`` is a share of 1.
    """

    path: Path
    name: str
    title: dict[str, str]
    source: dict[str, str]
    licence: str
    simulated: bool
    currency: str
    timezone: str
    home_country: str | None
    as_of: date | None
    returns: str
    zero: str
    max_reject_share: float
    sources: dict[str, Source]
    groups: dict[str, tuple[str, ...]]
    tables: dict[str, Mapping]
    policies: tuple[dict, ...]
    rates: dict | None
    quality: dict
    segments: dict
    generated: dict | None
    fingerprint: str

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def build(self) -> Path:
        return self.folder / "build"

    def source_in(self, lang: str) -> str:
        """Give the source line in `lang`; both languages for ``bi``, once where they are the same."""
        return " ".join(dict.fromkeys(self.source.values())) if lang == "bi" else self.source[lang]


def project_root(start: Path | None = None) -> Path:
    """Give the workbench folder: the nearest one at or above `start` that holds ``data`` and ``notebooks``.

    Falls back to the folder the package lies in, so that a notebook finds its data wherever Jupyter was started.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "data").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parents[2]


def find(dataset: str | Path) -> Path:
    """Give the path of the `dataset.toml` that `dataset` (a name under data/, a folder or a file) means.

    Raises
    ------
    Problem
        There is none; the nearest known name is given.
    """
    data = project_root() / "data"
    given = Path(dataset).expanduser()
    candidates = [given, given / "dataset.toml", project_root() / given, data / given / "dataset.toml"]
    for path in candidates:
        if path.is_file():
            if path.suffix != ".toml":
                raise Problem("dataset_not_toml", file=path)
            return path.resolve()
    known = sorted(path.parent.name for path in data.glob("*/dataset.toml"))
    raise Problem("no_dataset", dataset=dataset, near=nearest(str(dataset), known) if known else "–")


def load(dataset: str | Path) -> Dataset:
    """Read and check a `dataset.toml`.

    Parameters
    ----------
    dataset : str or Path
        A name under ``data/``, a folder, or the path of the file.

    Raises
    ------
    Problem
        The file is missing or no TOML, a key is unknown, a value is out of range.
    """
    path = find(dataset)
    try:
        content = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(content)
    except UnicodeDecodeError as error:
        row = error.object[:error.start].count(b"\n") + 1
        raise Problem("undecodable", file=path.name, row=row, column="–", encoding="utf-8") from error
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, or lists in lists without end
        raise Problem("bad_toml", file=path, detail=str(error).splitlines()[0][:200]) from error
    except OSError as error:
        raise Problem("file_closed", file=path.name) from error
    with given.told_of(path):
        try:
            return _checked(path, raw, content)
        except RecursionError as error:
            raise Problem("bad_toml", file=path, detail="too deep") from error


def _checked(path: Path, raw: dict, content: str) -> Dataset:
    declared.known(raw, TOP, path, "")
    for key in REQUIRED:
        if key not in raw:
            raise Problem("key_missing", file=path, key=key)
    if raw["schema"] != SCHEMA:
        raise Problem("schema_version", file=path, got=raw["schema"], want=SCHEMA)
    asked = list(_open(raw))
    if asked:
        raise Problem("open_questions", file=path, keys="; ".join(asked))
    given.check_plain(raw)
    given.check(raw, given.TOP, "")
    for key in ("sources", "tables", "quality", "segments"):
        declared.known(raw.get(key, {}), set(raw.get(key, {})) if isinstance(raw.get(key, {}), dict) else set(), path, f"{key}.")
    sources = {name: declared.source(name, options, path) for name, options in raw["sources"].items()}
    mapped = {name: declared.mapping(name, one, sources, path) for name, one in raw["tables"].items()}
    groups = declared.grouped(mapped, sources)
    group_of = {source: name for name, members in groups.items() for source in members}
    return Dataset(
        path=path, name=_name(raw["name"]), title=_both("title", raw.get("title", raw["name"])),
        source=_both("source", raw.get("source", raw["name"])),
        licence=raw.get("licence", ""), simulated=declared.choice("simulated", raw.get("simulated", False), (True, False)),
        currency=currency(raw["currency"]), timezone=declared.zone(raw["timezone"]), home_country=raw.get("home_country"),
        as_of=iso_day("as_of", raw["as_of"]) if "as_of" in raw else None,
        returns=declared.choice("returns", raw.get("returns", "net"), ("net", "exclude")),
        zero=declared.choice("zero", raw.get("zero", "count"), ("count", "exclude")),
        max_reject_share=_share("max_reject_share", raw.get("max_reject_share", 0.05)),
        sources=sources, groups=groups, tables={name: replace(one, source=group_of[one.sources[0]]) for name, one in mapped.items()},
        policies=declared.policies(raw.get("policies", []), path), rates=declared.rates(raw.get("rates"), sources, path),
        quality=raw.get("quality", {}), segments=raw.get("segments", {}), generated=generated.options(raw.get("generated"), path),
        fingerprint=hashlib.sha256(content.encode()).hexdigest())


def _open(tree: object, where: str = "") -> Iterator[str]:
    """Name every key that still holds the question mark of a draft."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key not in LITERAL:
                yield from _open(value, f"{where}.{key}" if where else key)
    elif isinstance(tree, list):
        for one in tree:
            yield from _open(one, where)
    elif tree == OPEN:
        yield where


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or set(value) & set("/\\\0"):
        raise Problem("bad_parameter", name="name", want="@want.plain_name", got=repr(value))
    return value


def _both(name: str, value: str | dict) -> dict[str, str]:
    if isinstance(value, str):
        return {"zh": value, "en": value}
    if not isinstance(value, dict) or set(value) != {"zh", "en"}:
        raise Problem("bad_parameter", name=name, want="@want.title", got=repr(value))
    given.check(value, given.TITLE, f"{name}.")
    return value


def _share(name: str, value: float) -> float:
    within(name, value, 0, 0.5)
    return float(value)


def currency(value: object) -> str:
    """Give the ISO code of a currency, three capitals."""
    if not (isinstance(value, str) and len(value) == 3 and value.isalpha() and value.isupper()):
        raise Problem("bad_currency", name="currency", got=repr(value))
    return value
