"""Read `dataset.toml`: what a data set is, where its files are, and what each column means. No code runs from it."""

import hashlib
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from custlib.checks import iso_day, nearest, one_of, within
from custlib.i18n import Problem
from custlib.tables import schema

SCHEMA = 1
TOP = {"schema", "name", "title", "source", "licence", "simulated", "currency", "timezone", "home_country", "tax_included",
       "as_of", "returns", "zero", "max_reject_share", "sources", "tables", "policies"}
SOURCE = {"path", "url", "sha256", "member", "package", "file", "format", "encoding", "delimiter", "sheet", "missing",
          "decimal", "thousands", "date_format", "timezone", "expect"}
TABLE = {"source", "columns", "collapse"}
COLUMN = {"from", "constant", "concat", "sep", "row_number", "sign", "unit", "date_format", "timezone", "decimal",
          "thousands", "strip", "values"}
POLICY = {"name", "table", "column", "pattern", "equals", "below", "above", "duplicate", "action", "zh", "en"}
STEPS = ("in", "rejected", "after_as_of", "before_window", "anonymous", "return", "zero", "kept")  # of the ledger
REQUIRED = ("schema", "name", "currency", "timezone", "sources", "tables")


@dataclass(frozen=True)
class Source:
    """One input: files of the user's, a download, or a file inside an installed package."""

    name: str
    options: dict = field(hash=False)

    def get(self, key: str, default: object = None) -> object:
        return self.options.get(key, default)


@dataclass(frozen=True)
class Mapping:
    """How the columns of one canonical table come from one source."""

    table: str
    source: str
    columns: dict[str, dict] = field(hash=False)
    collapse: bool = False


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
    tables: dict[str, Mapping]
    policies: tuple[dict, ...]
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
        content = path.read_text(encoding="utf-8")
        raw = tomllib.loads(content)
    except UnicodeDecodeError as error:
        raise Problem("undecodable", file=path.name, row=1, column="–", encoding="utf-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Problem("bad_toml", file=path, detail=str(error)) from error
    _known(raw, TOP, path, "")
    for key in REQUIRED:
        if key not in raw:
            raise Problem("key_missing", file=path, key=key)
    if raw["schema"] != SCHEMA:
        raise Problem("schema_version", file=path, got=raw["schema"], want=SCHEMA)
    for key in ("sources", "tables"):
        _known(raw[key], set(raw[key]) if isinstance(raw[key], dict) else set(), path, f"{key}.")
    sources = {name: _source(name, options, path) for name, options in raw["sources"].items()}
    return Dataset(
        path=path, name=raw["name"], title=_both("title", raw.get("title", raw["name"])),
        source=_both("source", raw.get("source", raw["name"])),
        licence=raw.get("licence", ""), simulated=_choice("simulated", raw.get("simulated", False), (True, False)),
        currency=_currency(raw["currency"]), timezone=_zone(raw["timezone"]), home_country=raw.get("home_country"),
        as_of=iso_day("as_of", raw["as_of"]) if "as_of" in raw else None,
        returns=_choice("returns", raw.get("returns", "net"), ("net", "exclude")),
        zero=_choice("zero", raw.get("zero", "count"), ("count", "exclude")),
        max_reject_share=_share("max_reject_share", raw.get("max_reject_share", 0.05)),
        sources=sources, tables={name: _mapping(name, one, sources, path) for name, one in raw["tables"].items()},
        policies=_policies(raw.get("policies", []), path),
        fingerprint=hashlib.sha256(content.encode()).hexdigest())


def _known(given: dict, allowed: set[str], path: Path, where: str) -> None:
    if not isinstance(given, dict):
        raise Problem("not_a_table", file=path, where=where.rstrip("."))
    for key in given:
        if key not in allowed:
            raise Problem("unknown_key", file=path, key=f"{where}{key}", near=nearest(key, allowed))


def _both(name: str, value: str | dict) -> dict[str, str]:
    if isinstance(value, str):
        return {"zh": value, "en": value}
    if not isinstance(value, dict) or set(value) != {"zh", "en"}:
        raise Problem("bad_parameter", name=name, want="@want.title", got=repr(value))
    return value


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> str:
    one_of(name, value, allowed)
    return value


def _share(name: str, value: float) -> float:
    within(name, value, 0, 0.5)
    return float(value)


def _currency(value: object) -> str:
    if not (isinstance(value, str) and len(value) == 3 and value.isalpha() and value.isupper()):
        raise Problem("bad_currency", got=repr(value))
    return value


def _zone(value: object) -> str:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError) as error:
        raise Problem("bad_timezone", got=repr(value)) from error
    return value


def _source(name: str, options: dict, path: Path) -> Source:
    _known(options, SOURCE, path, f"sources.{name}.")
    ways = [key for key in ("path", "url", "package") if key in options]
    if not ways or ("package" in options and "file" not in options):
        raise Problem("source_without_file", file=path, source=name)
    if "timezone" in options:
        _zone(options["timezone"])
    mark = options.get("delimiter", "whitespace")
    if mark != "whitespace" and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n'):
        raise Problem("bad_parameter", name=f"sources.{name}.delimiter", want="@want.delimiter", got=repr(mark))
    if "expect" in options:
        _known(options["expect"], {"rows", "totals"}, path, f"sources.{name}.expect.")
    return Source(name, options)


def _mapping(name: str, options: dict, sources: dict[str, Source], path: Path) -> Mapping:
    inputs = [one.name for one in schema.tables().values() if one.kind == "input"]
    if name not in inputs:
        raise Problem("unknown_key", file=path, key=f"tables.{name}", near=nearest(name, inputs))
    _known(options, TABLE, path, f"tables.{name}.")
    if options.get("source") not in sources:
        raise Problem("unknown_source", file=path, table=name, got=options.get("source"), have=", ".join(sources))
    table = schema.table(name)
    allowed = {column.name for column in table.columns if not column.written or column.name == "line_no"}
    columns = options.get("columns", {})
    _known(columns, allowed, path, f"tables.{name}.columns.")
    return Mapping(name, options["source"], {column: _column(spec, f"tables.{name}.columns.{column}.", path)
                                             for column, spec in columns.items()},
                   _choice("collapse", options.get("collapse", False), (True, False)))


def _column(spec: str | dict, where: str, path: Path) -> dict:
    if isinstance(spec, str):
        return {"from": spec}
    _known(spec, COLUMN, path, where)
    if sum(key in spec for key in ("from", "constant", "concat", "row_number")) != 1:
        raise Problem("column_needs_one_origin", file=path, where=where.rstrip("."))
    if "timezone" in spec:
        _zone(spec["timezone"])
    for key, kind in (("values", dict), ("concat", list)):
        if key in spec and not isinstance(spec[key], kind):
            raise Problem("bad_parameter", name=f"{where}{key}", want=kind.__name__, got=repr(spec[key]))
    if "row_number" in spec:
        one_of(f"{where}row_number", spec["row_number"], [True])
    return spec


def _policies(specs: list[dict], path: Path) -> tuple[dict, ...]:
    found = tuple(_policy(one, path) for one in specs)
    names = [one["name"] for one in found]
    for name in names:
        if name in STEPS or names.count(name) > 1:  # its rows could not be told apart in the ledger
            raise Problem("bad_parameter", name="policies.name", want="@want.own_name", got=repr(name))
    return found


def _policy(spec: dict, path: Path) -> dict:
    _known(spec, POLICY, path, "policies.")
    for key in ("name", "table", "action"):
        if key not in spec:
            raise Problem("key_missing", file=path, key=f"policies.{key}")
    # a repeat is no fault of the row itself, so it can be left out but not rejected
    one_of("policies.action", spec["action"], ("keep", "exclude") if "duplicate" in spec else ("keep", "exclude", "reject"))
    one_of("policies.table", spec["table"], ("orders", "order_lines"))
    if sum(key in spec for key in ("pattern", "equals", "below", "above", "duplicate")) != 1:
        raise Problem("policy_needs_one_test", file=path, policy=spec["name"])
    if "duplicate" not in spec and "column" not in spec:
        raise Problem("key_missing", file=path, key=f"policies.{spec['name']}.column")
    return {"zh": spec["name"], "en": spec["name"], **spec}
