"""Hold a frame that a notebook wrote, labels above all, against the canonical table that it claims to be."""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from custlib.i18n import Problem, integer, text
from custlib.tables import schema
from custlib.tables.schema import Column

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

OWN_SCHEME = r"x\.[a-z][a-z0-9_]*"
SHOWN = 5  # positions that a message lists of each finding
DECIMALS = ("dec2", "dec4", "float")


def _refused(table: str, findings: list[tuple[str, str, list[int]]]) -> Problem:
    """Make the error that names each (column, rule, positions), without any value; a whole column has no positions."""
    said = {lang: text("frame.join", lang).join(_said(*one, lang) for one in findings) for lang in ("zh", "en")}
    return Problem("frame_refused", table=table, findings=said)


def _said(column: str, rule: str, at: list[int], lang: str) -> str:
    words = text(f"frame.{rule}", lang)
    if not at:
        return text("frame.whole", lang, column=column, rule=words)
    places = ", ".join(map(str, at[:SHOWN])) + (", …" if len(at) > SHOWN else "")
    return text("frame.rows", lang, column=column, rule=words, rows=integer(len(at)), places=places)


def frame_schema(table: str) -> "pa.DataFrameSchema":
    """Give the pandera schema of a canonical table: columns, types, blanks, ranges, levels and the key.

    A column that may be blank may be absent as well; columns that the build writes are not asked for.

    Parameters
    ----------
    table : str
        Canonical table name.

    Raises
    ------
    ValueError
        There is no such table.
    """
    import pandera.pandas as pa

    one = schema.table(table)
    written = {column.name for column in one.columns if column.written} | set(schema.provenance())
    columns = {column.name: pa.Column(None, _checks(column), nullable=column.null, required=not column.null, name=column.name)
               for column in one.columns if column.name not in written}
    spare = {name: pa.Column(None, nullable=True, required=False) for name in written}
    return pa.DataFrameSchema({**columns, **spare}, unique=list(one.key), strict=True, name=table)


def conform(frame: "pd.DataFrame", table: str) -> "pd.DataFrame":
    """Check a frame against a canonical table and give it with the table's columns, order and types.

    Parameters
    ----------
    frame : DataFrame, rows as the table has them
        Days may be dates, timestamps or ISO text.
    table : str
        Canonical table name, such as ``labels``.

    Returns
    -------
    DataFrame, same rows and order, index from 0
        Columns in canonical order, those that are absent but may be blank added; str, cat and json as text, days as `date`,
        times as timestamps, ``int64``, ``float64`` and ``bool`` (``Int64`` and ``boolean`` where a value may be blank).

    Raises
    ------
    Problem
        Names each column and rule, how many rows and their positions (from 0), never a value.
    ValueError
        There is no such table.

    Examples
    --------
    >>> import pandas as pd
    >>> conform(pd.DataFrame({"record_id": ["r1"], "channel": ["fax"]}), "identities")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    custlib.i18n.problem.Problem: ...channel: a value is not in the closed list (rows: 1; positions 0, counted from 0)...
    """
    import pandas as pd
    from pandera.errors import SchemaErrors

    one, wanted = schema.table(table), frame_schema(table)
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(table, [(name, "column_twice", []) for name in twice])
    plain = frame.set_axis(names, axis=1).reset_index(drop=True)
    try:
        wanted.validate(plain, lazy=True)
    except SchemaErrors as error:
        raise _refused(table, _findings(error.failure_cases, table)) from None  # its text would show values
    spare = {name for name in names if name in schema.provenance()}
    out = {column.name: _typed(plain[column.name] if column.name in plain else pd.Series([None] * len(plain), dtype="object"), column)
           for column in one.columns if column.name in plain or not column.written}
    made = pd.DataFrame({**out, **{name: plain[name] for name in schema.provenance() if name in spare}}, index=plain.index)
    again = made.duplicated(list(one.key), keep=False)  # a day as text and as a date are the same key only once they are typed
    if again.any():
        raise _refused(table, [(", ".join(one.key), "repeated_key", made.index[again].tolist())])
    return made


def _findings(cases: "pd.DataFrame", table: str) -> list[tuple[str, str, list[int]]]:
    """Gather pandera's cases by column and rule."""
    found: dict[tuple[str, str], set[int]] = {}
    for column, check, case, index in zip(cases["column"], cases["check"], cases["failure_case"], cases["index"], strict=True):
        rule = {"column_in_schema": "unknown_column", "column_in_dataframe": "missing_column", "not_nullable": "blank",
                "multiple_fields_uniqueness": "repeated_key"}.get(check, check)
        whole = rule in ("unknown_column", "missing_column")
        name = str(case) if whole else ", ".join(schema.table(table).key) if rule == "repeated_key" else str(column)
        found.setdefault((name, rule), set()).update([] if whole else [int(index)])
    return [(name, rule, sorted(at)) for (name, rule), at in found.items()]


def _checks(column: Column) -> list:
    import pandera.pandas as pa

    def check(rule: str, fits: object) -> pa.Check:
        # only values of the right type are asked further, so that one fault is told once
        return pa.Check(fits if rule == "wrong_type" else lambda values: ~_fits(values, column.type) | fits(values), name=rule, ignore_na=True)

    found = [check("wrong_type", lambda values: _fits(values, column.type))]
    if column.min is not None or column.max is not None:
        low = column.min if column.min is not None else float("-inf")
        high = column.max if column.max is not None else float("inf")
        found.append(check("out_of_range", lambda values: _numbers(values).between(low, high)))
    if column.name == "scheme":
        found.append(check("no_scheme", lambda values: values.isin(column.levels) | values.astype("str").str.fullmatch(OWN_SCHEME)))
    elif column.levels and not column.open:
        found.append(check("no_level", lambda values: values.isin(column.levels)))
    return found


def _numbers(values: "pd.Series") -> "pd.Series":
    import pandas as pd

    return pd.to_numeric(values.map(lambda one: None if isinstance(one, str) else one), errors="coerce").astype("float64")


def _fits(values: "pd.Series", kind: str) -> "pd.Series":
    """Say of each value whether it is of a canonical type; blanks are judged elsewhere."""
    return values.map(lambda one: _is(one, kind)).astype("bool")


def _is(value: object, kind: str) -> bool:
    import numpy as np

    if kind == "bool":
        return isinstance(value, bool | np.bool_)
    if kind == "int" or kind in DECIMALS:
        if isinstance(value, bool | np.bool_ | str | bytes | date):
            return False
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return False
        return bool(np.isfinite(number)) and (kind != "int" or number.is_integer())
    if kind in ("date", "ts"):
        return isinstance(value, date | np.datetime64) or _is_day(value, kind)
    if kind == "json":
        return isinstance(value, str) and _is_json(value)
    return isinstance(value, str)


def _is_day(value: object, kind: str) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _typed(values: "pd.Series", column: Column) -> "pd.Series":
    import pandas as pd

    if column.type == "date":
        return values.map(lambda one: None if pd.isna(one) else pd.Timestamp(one).date()).astype("object")
    if column.type == "ts":
        return pd.to_datetime(values, format="ISO8601").astype("datetime64[us]")
    if column.type == "bool":
        return values.astype("boolean" if column.null else "bool")
    if column.type == "int":
        return pd.to_numeric(values).astype("Int64" if column.null else "int64")
    return values.astype("float64") if column.type in DECIMALS else values.astype("str")
