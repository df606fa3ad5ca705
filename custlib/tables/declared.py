"""Check the parts of a `dataset.toml`: sources, tables, columns, policies, rates. Nothing here opens a data file."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from custlib.checks import nearest, one_of, within
from custlib.i18n import Problem
from custlib.tables import given, schema

WAYS = ("path", "url", "package", "database")
SOURCE = {*WAYS, "sha256", "member", "file", "table", "query", "format", "encoding", "delimiter", "sheet", "header", "records", "only",
          "fill_down", "value_labels", "fullwidth", "known", "missing", "decimal", "thousands", "negative", "date_format", "timezone", "expect"}
TABLE = {"source", "columns", "by_source", "collapse"}
COLUMN = {"from", "constant", "concat", "sep", "row_number", "sign", "unit", "date_format", "timezone", "decimal", "thousands",
          "negative", "strip", "values", "repeated"}
ORIGINS = ("from", "constant", "concat", "row_number")
POLICY = {"name", "table", "column", "pattern", "equals", "below", "above", "duplicate", "action", "zh", "en"}
TESTS = ("pattern", "equals", "below", "above", "duplicate")
RATES = {"source", "date", "currency", "rate", "max_age_days"}
STEPS = ("in", "rejected", "after_as_of", "before_window", "anonymous", "return", "zero", "kept")  # of the ledger
NEGATIVES = ("minus", "parentheses", "trailing")
OPEN = "?"  # what a draft writes where a person has to decide
LAST_HEADER = 1_000_000  # a row beyond is no header
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Source:
    """One input: files of the user's, a download, a file inside an installed package, or a database."""

    name: str
    options: dict = field(hash=False)

    def get(self, key: str, default: object = None) -> object:
        return self.options.get(key, default)


@dataclass(frozen=True)
class Mapping:
    """How the columns of one canonical table come from its sources.

    ``source`` names the group of sources that are read together because some table takes rows of all of them: the first of them.
    """

    table: str
    sources: tuple[str, ...]
    own: dict[str, dict] = field(hash=False)
    by_source: dict[str, dict[str, dict]] = field(hash=False)
    collapse: bool = False
    source: str = ""

    def columns_of(self, source: str) -> dict[str, dict]:
        """Give the columns as one source has them; what it lacks is absent."""
        if source not in self.sources:
            return {}
        return {name: spec for name, spec in {**self.own, **self.by_source.get(source, {})}.items() if "absent" not in spec}

    @property
    def columns(self) -> dict[str, dict]:
        """Every column that some source supplies, as the first one that does declares it."""
        found = {}
        for source in self.sources:
            found = {**self.columns_of(source), **found}
        return {column.name: found[column.name] for column in schema.table(self.table).columns if column.name in found}


def known(given: object, allowed: set[str], path: Path, where: str) -> None:
    """Refuse what is no table of keys, or a key that is not in `allowed`."""
    if not isinstance(given, dict):
        raise Problem("not_a_table", file=path, where=where.rstrip("."))
    for key in given:
        if key not in allowed:
            raise Problem("unknown_key", file=path, key=f"{where}{key}", near=nearest(key, allowed))


def choice(name: str, value: object, allowed: tuple) -> object:
    """Give `value` when it is one of `allowed`; 1 is not true."""
    if any(type(one) is type(value) and one == value for one in allowed):
        return value
    names = [str(one).lower() if isinstance(one, bool) else str(one) for one in allowed]
    raise Problem("not_allowed", name=name, got=repr(value), allowed=", ".join(names))


def zone(value: object, name: str = "timezone") -> str:
    """Give the name of a time zone that exists, here and in DuckDB, which knows no zone of this machine only."""
    try:
        ZoneInfo(str(value))
        if isinstance(value, str) and not value.startswith(("posix", "right/", "local")):
            return value
        raise ValueError(value)
    except (KeyError, ValueError, OSError) as error:
        raise Problem("bad_timezone", name=name, got=repr(value)) from error


def source(name: str, options: dict, path: Path) -> Source:
    """Check one ``[sources.name]``."""
    where = f"sources.{name}."
    known(options, SOURCE, path, where)
    if not NAME.fullmatch(name):
        raise Problem("bad_parameter", name="sources", want="@want.plain_name", got=repr(name))
    if sum(key in options for key in WAYS) == 0 or ("package" in options and "file" not in options):
        raise Problem("source_without_file", file=path, source=name)
    if "database" in options and ("table" in options) + ("query" in options) != 1:
        raise Problem("database_needs_one", file=path, source=name)
    given.check(options, given.SOURCE, where)
    if "timezone" in options:
        zone(options["timezone"], f"{where}timezone")
    mark = options.get("delimiter", "whitespace")
    if mark != "whitespace" and (not isinstance(mark, str) or len(mark) != 1 or mark in '"\r\n'):
        raise Problem("bad_parameter", name=f"{where}delimiter", want="@want.delimiter", got=repr(mark))
    for key in ("value_labels", "fullwidth"):
        choice(f"{where}{key}", options.get(key, False), (True, False))
    choice(f"{where}negative", options.get("negative", "minus"), NEGATIVES)
    header = options.get("header", 1)
    rows = header if isinstance(header, list) else [header]
    if not rows or any(isinstance(row, bool) or not isinstance(row, int) or not 1 <= row <= LAST_HEADER for row in rows) or sorted(set(rows)) != rows:
        raise Problem("bad_parameter", name=f"{where}header", want="@want.header", got=repr(header))
    if "only" in options:
        known(options["only"], {"column", "equals"}, path, f"{where}only.")
        for key in ("column", "equals"):
            if key not in options["only"]:
                raise Problem("key_missing", file=path, key=f"{where}only.{key}")
        given.check(options["only"], given.ONLY, f"{where}only.")
    if "expect" in options:
        known(options["expect"], {"rows", "totals"}, path, f"{where}expect.")
        given.check(options["expect"], given.EXPECT, f"{where}expect.")
    return Source(name, options)


def mapping(name: str, options: dict, sources: dict[str, Source], path: Path) -> Mapping:
    """Check one ``[tables.name]``."""
    inputs = [one.name for one in schema.tables().values() if one.kind == "input"]
    if name not in inputs:
        raise Problem("unknown_key", file=path, key=f"tables.{name}", near=nearest(name, inputs))
    known(options, TABLE, path, f"tables.{name}.")
    named = options.get("source")
    chosen = named if isinstance(named, list) and named else [named]
    for one in chosen:
        if not isinstance(one, str) or one not in sources:
            raise Problem("unknown_source", file=path, table=name, got=one, have=", ".join(sources))
    if len(set(chosen)) < len(chosen):
        raise Problem("bad_parameter", name=f"tables.{name}.source", want="@want.each_once", got=repr(named))
    columns = _columns(name, options.get("columns", {}), f"tables.{name}.columns.", path)
    others = options.get("by_source", {})
    known(others, set(chosen), path, f"tables.{name}.by_source.")
    by_source = {one: _columns(name, specs, f"tables.{name}.by_source.{one}.", path) for one, specs in others.items()}
    return Mapping(name, tuple(chosen), columns, by_source,
                   choice(f"tables.{name}.collapse", options.get("collapse", False), (True, False)))


def grouped(tables: dict[str, Mapping], sources: dict[str, Source]) -> dict[str, tuple[str, ...]]:
    """Join the sources that some table takes rows of together: first source → all of the group, in declared order.

    Examples
    --------
    >>> both = Mapping("orders", ("sales", "returns"), {}, {})
    >>> grouped({"orders": both}, dict.fromkeys(["people", "sales", "returns"]))
    {'people': ('people',), 'sales': ('sales', 'returns')}
    """
    groups = [{name} for name in sources]
    for one in tables.values():
        joined = [group for group in groups if group & set(one.sources)]
        groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    order = list(sources)
    listed = sorted((tuple(sorted(group, key=order.index)) for group in groups), key=lambda group: order.index(group[0]))
    return {group[0]: group for group in listed}


def _columns(table: str, columns: dict, where: str, path: Path) -> dict[str, dict]:
    allowed = {column.name for column in schema.table(table).columns if not column.written or column.name == "line_no"}
    known(columns, allowed, path, where)
    return {column: _column(spec, f"{where}{column}.", path) for column, spec in columns.items()}


def _column(spec: str | dict, where: str, path: Path) -> dict:
    if isinstance(spec, str):
        return {"from": spec} if spec else {"absent": True}  # "" in by_source: this source has no such column
    known(spec, COLUMN, path, where)
    if sum(key in spec for key in ORIGINS) != 1:
        raise Problem("column_needs_one_origin", file=path, where=where.rstrip("."))
    given.check(spec, given.COLUMN, where)
    if "timezone" in spec:
        zone(spec["timezone"], f"{where}timezone")
    if "row_number" in spec:
        choice(f"{where}row_number", spec["row_number"], (True,))
    choice(f"{where}negative", spec.get("negative", "minus"), NEGATIVES)
    choice(f"{where}repeated", spec.get("repeated", False), (True, False))
    _sign(spec.get("sign", 1), where, path)
    return spec


def _sign(sign: object, where: str, path: Path) -> None:
    """A sign is 1 or −1, or a column that marks the rows to be taken as negative."""
    if isinstance(sign, dict):
        known(sign, {"column", "negative"}, path, f"{where}sign.")
        for key in ("column", "negative"):
            if key not in sign:
                raise Problem("key_missing", file=path, key=f"{where}sign.{key}")
        given.check(sign, given.SIGN, f"{where}sign.")
    else:
        choice(f"{where}sign", sign, (1, -1))


def policies(specs: list[dict], path: Path) -> tuple[dict, ...]:
    """Check the ``[[policies]]``."""
    if not isinstance(specs, list):
        raise Problem("bad_parameter", name="policies", want="@want.policies", got=repr(specs))
    found = tuple(_policy(one, path) for one in specs)
    names = [one["name"] for one in found]
    for name in names:
        if name in STEPS or names.count(name) > 1:  # its rows could not be told apart in the ledger
            raise Problem("bad_parameter", name="policies.name", want="@want.own_name", got=repr(name))
    return found


def _policy(spec: dict, path: Path) -> dict:
    known(spec, POLICY, path, "policies.")
    for key in ("name", "table", "action"):
        if key not in spec:
            raise Problem("key_missing", file=path, key=f"policies.{key}")
    given.check(spec, given.POLICY, "policies.")
    # a repeat is no fault of the row itself, so it can be left out but not rejected
    one_of("policies.action", spec["action"], ("keep", "exclude") if "duplicate" in spec else ("keep", "exclude", "reject"))
    one_of("policies.table", spec["table"], ("orders", "order_lines"))
    if sum(key in spec for key in TESTS) != 1:
        raise Problem("policy_needs_one_test", file=path, policy=spec["name"])
    if "duplicate" not in spec and "column" not in spec:
        raise Problem("key_missing", file=path, key=f"policies.{spec['name']}.column")
    return {"zh": spec["name"], "en": spec["name"], **spec}


def rates(spec: dict | None, sources: dict[str, Source], path: Path) -> dict | None:
    """Check ``[rates]``: the table of exchange rates into the reporting currency."""
    if spec is None:
        return None
    known(spec, RATES, path, "rates.")
    for key in ("source", "date", "currency", "rate"):
        if key not in spec:
            raise Problem("key_missing", file=path, key=f"rates.{key}")
    given.check(spec, given.RATES, "rates.")
    if spec["source"] not in sources:
        raise Problem("unknown_source", file=path, table="rates", got=spec["source"], have=", ".join(sources))
    within("rates.max_age_days", spec.get("max_age_days", 7), 0, 366)
    return {"max_age_days": 7, **spec}
