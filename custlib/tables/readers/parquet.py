"""Read Parquet in place: real types stay, structs become columns with dots, other nested values their JSON text."""

from pathlib import Path

import duckdb

from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import header
from custlib.tables.readers.staged import SOUND, Staged, quoted

ROW = "file_row_number"
DEPTH = 8  # structs inside structs that become columns
TYPED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
         "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN", "DATE", "TIMESTAMP", "VARCHAR")


def stage(path: Path, source: Source, folder: Path, *, memory: str) -> Staged:
    """Give the Parquet file as it lies; nothing is copied, but every page is read once as a proof.

    Raises
    ------
    Problem
        No whole Parquet file, two columns of one name, no row.
    """
    if source.get("fill_down"):
        raise Problem("option_not_here", file=path.name, option="fill_down")
    scan = f"read_parquet('{quoted(path)}', file_row_number=true)"
    try:
        with connect(memory=memory, spill=folder / "parquet.spill") as db:
            tree = db.execute(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema('{quoted(path)}')").fetchall()
            names = _top_names(tree)
            header.no_twins(path.name, names)
            fields = db.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
            shown = [one for name, kind, *_ in fields if name != ROW
                     for one in _flat(db, scan, name, '"' + name.replace('"', '""') + '"', kind)]
            rows = db.execute(f"SELECT count(*), bit_xor(hash({', '.join(sql for _, sql, _ in shown) or '0'})) FROM {scan}").fetchall()[0][0]
    except duckdb.Error as error:
        raise Problem("broken_parquet", file=path.name) from error
    if not rows:
        raise Problem("header_only", file=path.name, row=1, columns=", ".join(names))
    header.no_twins(path.name, [name for name, _, _ in shown])
    found = {"kind": "parquet", "rows": rows}
    return Staged(path.name, scan, {name: sql for name, sql, _ in shown}, {name: kind for name, _, kind in shown},
                  f"{ROW} + 1", SOUND, found)


def _top_names(tree: list[tuple[str, int]]) -> list[str]:
    """Give the columns of a Parquet schema that is listed depth first; what lies inside a list or struct is no column."""
    names, inside = [], 0
    for name, children in tree[1:]:
        if not inside:
            names.append(name)
        inside += children - bool(inside)
    return names


def _flat(db: duckdb.DuckDBPyConnection, scan: str, name: str, sql: str, kind: str, depth: int = 0) -> list[tuple[str, str, str]]:
    """Give (name, SQL, type) of a column, or of each member of a struct."""
    if kind.startswith("STRUCT(") and not kind.endswith("]") and depth < DEPTH:
        members = db.execute(f"DESCRIBE SELECT unnest({sql}) FROM {scan}").fetchall()
        return [one for member, inner, *_ in members
                for one in _flat(db, scan, f"{name}.{member}", f"struct_extract({sql}, '{member.replace(chr(39), chr(39) * 2)}')",
                                 inner, depth + 1)]
    if kind.endswith("]") or kind.startswith(("STRUCT(", "MAP(", "UNION(", "VARIANT")):
        return [(name, f"CAST(to_json({sql}) AS VARCHAR)", "VARCHAR")]
    if kind == "BLOB":  # some writers mark text as bytes
        return [(name, f"coalesce(TRY(decode({sql})), CAST({sql} AS VARCHAR))", "VARCHAR")]
    if kind.startswith(TYPED):
        return [(name, sql, kind)]
    return [(name, f"CAST({sql} AS VARCHAR)", "VARCHAR")]
