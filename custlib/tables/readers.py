"""Make every kind of source file one kind: Parquet that DuckDB scans, with the file and row each record came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables import csvfile
from custlib.tables.dataset import Source

KINDS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel",
         ".parquet": "parquet", ".pq": "parquet"}
BATCH = 50_000


@dataclass(frozen=True)
class Staged:
    """One source file as DuckDB sees it.

    ``columns``: name in the source → name in SQL; ``types``: name in the source → DuckDB type; ``row``: SQL for the row
    number; ``broken``: SQL for the rule that a record breaks before its fields can be read (NULL for a sound one).
    """

    file: str
    scan: str
    columns: dict[str, str]
    types: dict[str, str]
    row: str
    broken: str


def stage(path: Path, source: Source, folder: Path) -> Staged:
    """Stage one file of `source`; text and Excel are copied to Parquet in `folder`, Parquet is read in place.

    Raises
    ------
    Problem
        Unknown kind, empty file, header only, broken Parquet or Excel, undecodable bytes, columns of one name.
    """
    kind = source.get("format") or KINDS.get(path.suffix.lower())
    if kind not in ("csv", "excel", "parquet"):
        raise Problem("unknown_kind", file=path.name, kinds=", ".join(sorted(KINDS)))
    if path.stat().st_size == 0:
        raise Problem("empty_file", file=path.name)
    if kind == "parquet":
        return _parquet(path)
    target = folder / f"{len(list(folder.glob('*.parquet')))}.parquet"
    return _csv(path, source, target) if kind == "csv" else _excel(path, source, target)


def _parquet(path: Path) -> Staged:
    scan = f"read_parquet('{_quoted(path)}', file_row_number=true)"
    try:
        with connect() as db:
            fields = db.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
            tree = db.execute(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema('{_quoted(path)}')").fetchall()
            rows = db.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    except duckdb.Error as error:
        raise Problem("broken_parquet", file=path.name) from error
    names = _top_names(tree)
    _no_twins(path, names)
    if not rows:
        raise Problem("header_only", file=path.name, row=1, columns=", ".join(names))
    kept = {name: kind for name, kind, *_ in fields if name != "file_row_number"}
    return Staged(path.name, scan, {name: f'"{name}"' for name in kept}, kept, "file_row_number + 1", "CAST(NULL AS VARCHAR)")


def _top_names(tree: list[tuple[str, int]]) -> list[str]:
    """Give the columns of a Parquet schema that is listed depth first; what lies inside a list or struct is no column."""
    names, inside = [], 0
    for name, children in tree[1:]:
        if not inside:
            names.append(name)
        inside += children - bool(inside)
    return names


def _csv(path: Path, source: Source, target: Path) -> Staged:
    seen = csvfile.look(path, encoding=str(source.get("encoding", "utf-8")), delimiter=source.get("delimiter"))
    if not (seen.encoding.lower() in ("utf-8", "utf8") and seen.delimiter != "whitespace" and _clean_csv(path, seen, target)):
        _write(csvfile.records(path, seen), len(seen.header), target)
    return _staged(path, seen.header, target)


def _clean_csv(path: Path, seen: csvfile.Look, target: Path) -> bool:
    """Stage the file by DuckDB's parallel reader; False where it is not one sound record a line."""
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(seen.header)))
    literal_mark = "'" + seen.delimiter.replace("'", "''") + "'"
    options = (f"header=true, auto_detect=false, delim={literal_mark}, quote='\"', escape='\"', "
               f"strict_mode=true, columns={{{names}}}")
    try:
        with connect() as db:
            # a row of marks only is blank: it is left out here, so that the count below sends the file to the other reader
            filled = ", ".join(f"nullif(trim(c{i}), '')" for i in range(len(seen.header)))
            db.execute(f"COPY (SELECT row_number() OVER () + 1 AS source_row, CAST(NULL AS VARCHAR) AS broken, * "
                       f"FROM read_csv('{_quoted(path)}', {options}) WHERE coalesce({filled}) IS NOT NULL) "
                       f"TO '{_quoted(target)}' (FORMAT parquet)")
            rows = db.execute(f"SELECT count(*) FROM read_parquet('{_quoted(target)}')").fetchall()[0][0]
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
        return False
    return rows == seen.lines - 1


def _excel(path: Path, source: Source, target: Path) -> Staged:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as error:
        raise Problem("broken_excel", file=path.name) from error
    sheet = source.get("sheet") or book.sheet_names[0]
    if sheet not in book.sheet_names:
        raise Problem("no_sheet", file=path.name, sheet=sheet, have=", ".join(book.sheet_names))
    # skip_empty_area=False keeps the row numbers that Excel shows
    rows = iter(book.get_sheet_by_name(sheet).to_python(skip_empty_area=False))
    header = [_cell(value).strip() for value in next(rows, [])]
    if not any(header):
        raise Problem("empty_file", file=path.name)
    _no_twins(path, [name for name in header if name])
    _write(((number, [_cell(value) for value in row], None) for number, row in enumerate(rows, 2)
            if any(value not in ("", None) for value in row)), len(header), target)
    return _staged(path, header, target)


def _cell(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _write(records: Iterator[tuple[int, list[str] | None, str | None]], width: int, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"c{i}" for i in range(width)]
    form = pa.schema([("source_row", pa.int64()), ("broken", pa.string()), *((name, pa.string()) for name in names)])
    with pq.ParquetWriter(target, form) as out:
        batch: list[tuple] = []
        for row, fields, rule in records:
            batch.append((row, rule, *(fields or [None] * width)))
            if len(batch) == BATCH:
                out.write_table(_arrow(batch, form))
                batch = []
        out.write_table(_arrow(batch, form))


def _arrow(batch: list[tuple], form: object) -> object:
    import pyarrow as pa

    columns = zip(*batch, strict=True) if batch else [[] for _ in form]
    return pa.table([pa.array(values, type=one.type) for values, one in zip(columns, form, strict=True)], schema=form)


def _staged(path: Path, header: list[str], target: Path) -> Staged:
    scan = f"read_parquet('{_quoted(target)}')"
    with connect() as db:
        rows = db.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    if not rows:
        raise Problem("header_only", file=path.name, row=1, columns=", ".join(header))
    columns = {name: f"c{i}" for i, name in enumerate(header) if name}
    return Staged(path.name, scan, columns, dict.fromkeys(columns, "VARCHAR"), "source_row", "broken")


def _no_twins(path: Path, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == twice[0])
        raise Problem("duplicate_column", file=path.name, row=1, column=twice[0], places=places)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
