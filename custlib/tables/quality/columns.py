"""Say of every mapped column how much is blank, how many values it has and between what they lie."""

from math import isfinite

from custlib.tables import schema
from custlib.tables.quality.places import Tables

EXACT = 1_000_000  # rows up to which different values are counted exactly; beyond, a sketch of fixed size is within some 3 %
RANGED = ("int", "dec2", "dec4", "float", "date", "ts")
NO_RANGE = ("birth_year", "source_row", "line_no")  # a year of birth is no one's business, row numbers say nothing


def columns(tables: Tables) -> list[dict]:
    """Describe the mapped columns.

    Returns
    -------
    list of dict, one per table and mapped column, in canonical order
        ``table``, ``column``, ``type``, ``personal``, ``rows``, ``blank`` (rows), ``blank_share`` (of 1; None without rows),
        ``distinct``, ``exact`` (whether that is counted or estimated), ``min``, ``max`` (numbers or ISO days; None for text and
        personal columns).
    """
    return [row for table in tables.names() for row in _of(tables, table)]


def _of(tables: Tables, table: str) -> list[dict]:
    listed = [column for column in schema.table(table).columns if column.name in tables.mapped(table)]
    scan = tables.scan(table)
    exact = tables.rows(f"SELECT count(*) FROM {scan}")[0][0] <= EXACT
    cells = []
    for column in listed:
        name = f'"{column.name}"'
        cells += [f"count({name})", f"count(DISTINCT {name})" if exact else f"approx_count_distinct({name})"]
        cells += [_bound(end, name, column.type) if _ranged(column) else "NULL" for end in ("min", "max")]
    rows, *got = tables.rows(f"SELECT count(*), {', '.join(cells)} FROM {scan}")[0]
    return [{"table": table, "column": column.name, "type": column.type, "personal": bool(column.pii), "rows": rows,
             "blank": rows - got[i], "blank_share": (rows - got[i]) / rows if rows else None, "distinct": got[i + 1], "exact": exact,
             "min": _plain(got[i + 2]), "max": _plain(got[i + 3])} for i, column in zip(range(0, len(got), 4), listed, strict=True)]


def _ranged(column: schema.Column) -> bool:
    return column.type in RANGED and not column.pii and column.name not in NO_RANGE


def _bound(end: str, name: str, kind: str) -> str:
    """Give the SQL of the least or greatest value; days as text, since some are beyond what Python's calendar holds."""
    return f"CAST({end}(CAST({name} AS DATE)) AS VARCHAR)" if kind in ("date", "ts") else f"{end}({name})"


def _plain(value: object) -> object:
    """Give a number, or the text of a day; a number without end is none."""
    if value is None or isinstance(value, int | str):
        return value
    return float(value) if isfinite(value) else None
