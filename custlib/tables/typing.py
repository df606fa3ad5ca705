"""Turn one declared column into SQL: what came, its typed value, and the rules it must keep."""

from dataclasses import dataclass

from custlib.checks import column_names, nearest
from custlib.i18n import Problem
from custlib.tables.dataset import Dataset
from custlib.tables.declared import Source
from custlib.tables.readers import Staged
from custlib.tables.schema import Column

TYPES = {"str": "VARCHAR", "int": "BIGINT", "dec2": "DECIMAL(18,2)", "dec4": "DECIMAL(18,4)", "float": "DOUBLE",
         "bool": "BOOLEAN", "date": "DATE", "ts": "TIMESTAMP", "cat": "VARCHAR", "json": "VARCHAR"}
MISSING = ("", "NULL", "null", "NaN", "nan", "None", "#N/A")
FLOATS = ("DOUBLE", "FLOAT")
MOMENT = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
OFFSET = rf"{MOMENT} ?(Z|UTC|[+-]\d{{2}}(:?\d{{2}})?)"
FULL = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"  # full-width signs stand in the order of ASCII
HALF = "".join(map(chr, range(0x21, 0x7F))) + " "
SERIALS = {"excel": "1899-12-30", "excel1904": "1904-01-01"}  # day 60 of 1900 never was, so a count from here is right from March 1900
EPOCHS = {"unix": 1_000_000, "unix_ms": 1_000}


@dataclass(frozen=True)
class Rule:
    """One way in which a row can be wrong: a name, and SQL that is true where it is."""

    name: str
    test: str


@dataclass(frozen=True)
class Typed:
    """SQL of one canonical column in two steps: `came` reads the source, `value` and `rules` read `came` under its alias.

    ``mark`` reads the column that says which rows are negative; the value reads it under the alias with ``_mark`` behind.
    """

    came: str
    value: str
    source_column: str
    rules: tuple[Rule, ...]
    mark: str | None = None


def typed(column: Column, spec: dict, staged: Staged, source: Source, dataset: Dataset, *, alias: str, required: bool = True) -> Typed:
    """Give the SQL for `column` as `spec` declares it.

    Parameters
    ----------
    alias : str
        Name under which ``came`` is known to ``value`` and ``rules``.
    required : bool
        False where another row of the source may supply the value.

    Raises
    ------
    Problem
        The source has no column of the declared name.
    """
    came, kind, name = _came(spec, staged, source)
    if spec.get("values"):
        text = came if kind == "VARCHAR" else f"CAST({came} AS VARCHAR)"
        # a map, for CASE would hold the text once for every value; "" declares a value that means nobody
        pairs = ", ".join(f"{literal(old)}: {literal(str(new))}" for old, new in spec["values"].items())
        came, kind = f"nullif(coalesce(MAP {{{pairs}}}[{text}], {text}), '')", "VARCHAR"
    value, mark = _value(column, spec, alias, kind, source, dataset), None
    if isinstance(spec.get("sign"), dict):
        mark = _as_text(*_column(spec["sign"]["column"], staged, source))
        marked = f"coalesce({alias}_mark IN ({', '.join(map(literal, spec['sign']['negative']))}), false)"
        value = f"CASE WHEN {marked} THEN -abs({value}) ELSE {value} END"
    rules = []
    if not column.null and required:
        rules.append(Rule("missing_value", f"{alias} IS NULL"))
    typed_name = f"v_{alias}"
    if column.type not in ("str", "cat", "json"):
        rules.append(Rule(f"unreadable_{_family(column.type)}", f"{alias} IS NOT NULL AND {typed_name} IS NULL"))
    rules += [Rule("out_of_range", f"{typed_name} {sign} {limit}") for sign, limit in (("<", column.min), (">", column.max))
              if limit is not None]
    if column.type == "cat" and column.levels and not column.open:
        rules.append(Rule("not_a_level", f"{typed_name} NOT IN ({', '.join(map(literal, column.levels))})"))
    return Typed(came, value, name, tuple(rules), mark)


def literal(value: object) -> str:
    """Write a value as an SQL literal.

    Examples
    --------
    >>> literal("it's"), literal(5)
    ("'it''s'", '5')
    """
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else "'" + str(value).replace("'", "''") + "'"


def _came(spec: dict, staged: Staged, source: Source) -> tuple[str, str, str]:
    """Give (SQL of what came, blank as NULL; its type; its name in the source)."""
    if "constant" in spec:
        return f"CAST({literal(spec['constant'])} AS VARCHAR)", "VARCHAR", "–"
    if "row_number" in spec:
        return f"{literal(staged.file + ':')} || CAST({staged.row} AS VARCHAR)", "VARCHAR", "–"
    if "concat" in spec:
        parts = [_as_text(*_column(name, staged, source)) for name in spec["concat"]]
        return f" || {literal(spec.get('sep', ''))} || ".join(f"({part})" for part in parts), "VARCHAR", "+".join(spec["concat"])
    return (*_column(spec["from"], staged, source), spec["from"])


def _column(name: str, staged: Staged, source: Source) -> tuple[str, str]:
    if name not in staged.columns:
        raise Problem("no_column", file=staged.file, column=name, near=nearest(name, column_names(staged.columns)))
    sql, kind = staged.columns[name], staged.types[name]
    if kind == "VARCHAR":
        sql = f"translate({sql}, {literal(FULL)}, {literal(HALF)})" if source.get("fullwidth") else sql
        missing = ("", *source.get("missing", MISSING))  # a blank is never a value
        longest = max(len(mark.encode()) for mark in missing)  # most texts are longer than any of these: do not compare them
        return (f"CASE WHEN strlen(trim({sql})) <= {longest} AND trim({sql}) IN ({', '.join(map(literal, missing))}) "
                f"THEN NULL ELSE trim({sql}) END"), kind
    return (f"CASE WHEN isnan({sql}) THEN NULL ELSE {sql} END" if kind in FLOATS else sql), kind


def _as_text(sql: str, kind: str) -> str:
    """Write a value as text; a whole number held as a float (17850.0) is the text of a whole number."""
    if kind in FLOATS:
        return (f"CASE WHEN {sql} = floor({sql}) AND abs({sql}) < 1e15 THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR) "
                f"ELSE CAST({sql} AS VARCHAR) END")
    return sql if kind == "VARCHAR" else f"CAST({sql} AS VARCHAR)"


def _value(column: Column, spec: dict, alias: str, kind: str, source: Source, dataset: Dataset) -> str:
    if column.type in ("int", "dec2", "dec4", "float"):
        return _number(column, spec, alias, source) if kind == "VARCHAR" else _native(column, spec, alias)
    if column.type in ("date", "ts"):
        return f"CAST({_moment(spec, alias, kind, source, dataset)} AS {TYPES[column.type]})"
    text = _as_text(alias, kind)
    if column.type == "bool":
        return (f"CASE WHEN lower({text}) IN ('true', '1', 'yes', 'y', 't', '是') THEN true "
                f"WHEN lower({text}) IN ('false', '0', 'no', 'n', 'f', '否') THEN false END")
    return f"CAST({text} AS VARCHAR)"


def _native(column: Column, spec: dict, alias: str) -> str:
    """Take a number that the file already holds as a number."""
    factor = _factor(spec)
    number = alias if factor == 1 else f"({alias} * {factor!r})"
    if column.type == "int":
        return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"
    return f"TRY_CAST({number} AS {TYPES[column.type]})"


def _number(column: Column, spec: dict, alias: str, source: Source) -> str:
    """Read a number strictly: marks that were not declared make it unreadable, never a different number."""
    point = spec.get("decimal", source.get("decimal", "."))
    thousands = spec.get("thousands", source.get("thousands", ""))
    text = _stripped(alias, spec.get("strip", []))
    p, t = _escaped(point), _escaped(thousands)
    whole = rf"(\d+|\d{{1,3}}({t}\d{{3}})+)" if thousands else r"\d+"
    bare = rf"({whole}({p}\d*)?|{p}\d+)"
    shape = rf"[+-]?{bare}([eE][+-]?\d+)?"
    plain = f"replace({text}, {literal(thousands)}, '')" if thousands else text
    plain = f"replace({plain}, {literal(point)}, '.')" if point != "." else plain
    negative = spec.get("negative", source.get("negative", "minus"))
    if negative == "parentheses":  # (12.50) is −12.50
        shape, plain = rf"{shape}|\({bare}\)", rf"regexp_replace({plain}, '^\((.*)\)$', '-\1')"
    elif negative == "trailing":  # 12.50- is −12.50
        shape, plain = rf"{shape}|{bare}-", rf"regexp_replace({plain}, '^(.*)-$', '-\1')"
    factor, kind = _factor(spec), TYPES[column.type]
    read = f"TRY_CAST({plain} AS {kind if factor == 1 else 'DECIMAL(28,8)'})"
    if column.type == "int":
        read = f"TRY_CAST({plain} AS DECIMAL(28,6))"
        read = f"CASE WHEN {read} = floor({read}) THEN TRY_CAST({read} * {factor:g} AS BIGINT) END"
    elif factor != 1:
        read = f"TRY_CAST({read} * CAST({factor!r} AS DECIMAL(18,8)) AS {kind})"
    return f"CASE WHEN regexp_full_match({text}, {literal(shape)}) THEN {read} END"


def _stripped(alias: str, marks: str | list[str]) -> str:
    """Cut declared marks such as ￥ or 元 out of a number."""
    text = alias
    for mark in [marks] if isinstance(marks, str) else marks:
        text = f"trim(replace({text}, {literal(mark)}, ''))"
    return text


def _factor(spec: dict) -> float:
    sign = spec.get("sign", 1)
    return float(spec.get("unit", 1)) * (1.0 if isinstance(sign, dict) else float(sign))


def _moment(spec: dict, alias: str, kind: str, source: Source, dataset: Dataset) -> str:
    """Read a point in time as wall-clock time of the data set's zone."""
    zone, form = dataset.timezone, spec.get("date_format", source.get("date_format"))
    from_zone = spec.get("timezone", source.get("timezone"))
    local = f" AT TIME ZONE {literal(from_zone)} AT TIME ZONE {literal(zone)}" if from_zone and from_zone != zone else ""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"({alias} AT TIME ZONE {literal(zone)})"
    if kind.startswith("TIMESTAMP"):
        return f"(CAST({alias} AS TIMESTAMP){local})"
    if kind == "DATE":
        return f"CAST({alias} AS TIMESTAMP)"
    text = _as_text(alias, kind)
    if form:
        forms = form if isinstance(form, list) else [form]
        return f"coalesce({', '.join(_formed(one, text, zone, from_zone, local) for one in forms)})"
    joined = f"regexp_replace({text}, ' +([+-][0-9:]+)$', '\\1')"  # DuckDB reads an offset only right behind the time
    # only whole matches: DuckDB would read "10:00 PM" as ten in the morning, and "infinity" as a day
    return (f"CASE WHEN regexp_full_match({text}, {literal(MOMENT)}) THEN (TRY_CAST({text} AS TIMESTAMP){local}) "
            f"WHEN regexp_full_match({text}, {literal(OFFSET)}) THEN TRY_CAST({joined} AS TIMESTAMPTZ) "
            f"AT TIME ZONE {literal(zone)} END")


def _formed(form: str, text: str, zone: str, from_zone: str | None, local: str) -> str:
    """Read a time written in one declared form: a pattern of strptime, a spreadsheet's serial, or seconds since 1970."""
    if form in SERIALS:
        days = f"CASE WHEN regexp_full_match({text}, '\\d{{1,6}}(\\.\\d+)?') THEN TRY_CAST({text} AS DOUBLE) END"
        # a serial of a time of day is a binary fraction: to the next whole second
        return f"((TIMESTAMP '{SERIALS[form]}' + to_seconds(round({days} * 86400))){local})"
    if form in EPOCHS:
        count = f"CASE WHEN regexp_full_match({text}, '-?\\d{{1,14}}(\\.\\d+)?') THEN TRY_CAST({text} AS DOUBLE) END"
        micros = f"TRY_CAST({count} * {EPOCHS[form]} AS BIGINT)"
        return f"(make_timestamp({micros}) AT TIME ZONE 'UTC' AT TIME ZONE {literal(zone)})"
    if "%z" in form:  # DuckDB's %z does not know the Z of UTC
        return f"(try_strptime(regexp_replace({text}, 'Z$', '+00:00'), {literal(form)}) AT TIME ZONE {literal(zone)})"
    return f"(try_strptime({text}, {literal(form)}){local})"


def _family(kind: str) -> str:
    return {"date": "date", "ts": "date", "bool": "yes_no"}.get(kind, "number")


def _escaped(mark: str) -> str:
    return "".join(rf"\{one}" if one.isascii() and not one.isalnum() else one for one in mark)
