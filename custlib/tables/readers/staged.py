"""What a source file becomes: something that DuckDB scans, with the row each record came from and the facts found out on the way."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from custlib.checks import column_names, nearest
from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables.declared import Source

SOUND = "CAST(NULL AS VARCHAR)"
FLOATS = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class Staged:
    """One source file (or sheet, or table) as DuckDB sees it.

    ``columns``: name in the source → SQL that gives it; ``types``: name in the source → DuckDB type; ``row``: SQL for the row
    number; ``broken``: SQL for the rule that a record breaks before its fields can be read (NULL for a sound one).
    ``found``: JSON-ready facts: kind, rows and, where they apply, encoding, encoding_sure, delimiter, header_row, sheet,
    left_aside (rows), unnamed (places of columns without a name), labels, value_labels, missing_codes.
    """

    file: str
    scan: str
    columns: dict[str, str]
    types: dict[str, str]
    row: str
    broken: str
    found: dict = field(default_factory=dict, hash=False)


def of_parquet(path: Path, header: list[str], target: Path | list[Path], found: dict, *, row: str = "source_row", broken: str = "broken",
               header_row: int = 1) -> Staged:
    """Give what was written to `target` (columns c0, c1, …) as the staged form of `path`; columns without a name are left out.

    Several targets are parts of one table, of which later ones may have more columns.

    Raises
    ------
    Problem
        There is no row.
    """
    options = ", file_row_number=true" if "file_row_number" in row else ""
    files = f"'{quoted(target)}'" if isinstance(target, Path) else f"[{', '.join(chr(39) + quoted(one) + chr(39) for one in target)}]"
    scan = f"read_parquet({files}{options if isinstance(target, Path) else ', union_by_name=true'})"
    with connect() as db:
        rows = db.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    if not rows:
        raise Problem("header_only", file=path.name, row=header_row, columns=", ".join(column_names(name for name in header if name)))
    columns = {name: f"c{i}" for i, name in enumerate(header) if name}
    return Staged(path.name, scan, columns, dict.fromkeys(columns, "VARCHAR"), row, broken, {**found, "rows": rows})


def kept(staged: Staged, source: Source, *, memory: str = "1GB") -> Staged:
    """Leave aside the rows that ``only`` does not ask for; broken rows stay, for nobody knows what they held.

    Raises
    ------
    Problem
        The column of ``only`` is not there.
    """
    only = source.get("only")
    if not only:
        return staged
    name = only["column"]
    if name not in staged.columns:
        raise Problem("no_column", file=staged.file, column=name, near=nearest(str(name), column_names(staged.columns)))
    wanted = only["equals"] if isinstance(only["equals"], list) else [only["equals"]]
    texts = ", ".join("'" + str(one).strip().replace("'", "''") + "'" for one in wanted) or "NULL"
    came = f"coalesce(trim({as_text(staged.columns[name], staged.types[name])}), '')"
    scan = f"(SELECT * FROM {staged.scan} WHERE {staged.broken} IS NOT NULL OR {came} IN ({texts}))"
    with connect(memory=memory) as db:
        rows = db.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
        came = staged.found.get("rows") or db.execute(f"SELECT count(*) FROM {staged.scan}").fetchall()[0][0]
    return replace(staged, scan=scan, found={**staged.found, "rows": rows, "left_aside": came - rows})


def as_text(sql: str, kind: str) -> str:
    """Give the SQL of a value as text; a whole number held as a float (17850.0) is the text of a whole number.

    Examples
    --------
    >>> as_text("c0", "VARCHAR"), as_text("c0", "DATE")
    ('c0', 'CAST(c0 AS VARCHAR)')
    """
    if kind in FLOATS:
        return (f"CASE WHEN {sql} = floor({sql}) AND abs({sql}) < 1e15 THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR) "
                f"ELSE CAST({sql} AS VARCHAR) END")
    return sql if kind == "VARCHAR" else f"CAST({sql} AS VARCHAR)"


def quoted(path: Path) -> str:
    """Write a path for use between single quotes in SQL.

    Examples
    --------
    >>> quoted(Path("o'clock.csv"))
    "o''clock.csv"
    """
    return str(path).replace("'", "''")


def fresh(folder: Path, suffix: str) -> Path:
    """Give a path in `folder` that is not taken yet."""
    number = len(list(folder.iterdir()))
    while (folder / f"{number}{suffix}").exists():
        number += 1
    return folder / f"{number}{suffix}"
