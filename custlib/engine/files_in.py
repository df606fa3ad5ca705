"""Files of orders: which they are, and the SQL that reads them; nothing about a file is guessed."""

import csv
import gzip
import re
from pathlib import Path

from custlib.engine.connection import quoted
from custlib.i18n import Problem

KINDS = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv", ".tsv": "csv"}
DELIMITERS = ",;\t|"


def files_of(path: Path) -> tuple[tuple[Path, ...], str]:
    """Give the files of a file or folder, and their kind: ``parquet`` or ``csv``; what begins with . or _ is none.

    Raises
    ------
    Problem
        There is no such file, or files of both kinds.
    """
    if not path.exists():
        raise Problem("missing_file", file=str(path))
    kinds = ", ".join(KINDS)
    if path.is_file():
        if _kind(path) is None:
            raise Problem("unknown_kind", file=path.name, kinds=kinds)
        return (path,), _kind(path)
    files = tuple(sorted(one for one in path.rglob("*") if one.is_file() and _kind(one)
                         and not any(part.startswith((".", "_")) for part in one.relative_to(path).parts)))
    if not files:
        raise Problem("folder_without_files", file=str(path), kinds=kinds)
    if len({_kind(one) for one in files}) > 1:
        raise Problem("folder_mixed", folder=path.name, kinds="Parquet, CSV", example="orders.parquet")
    return files, _kind(files[0])


def _kind(path: Path) -> str | None:
    return next((kind for ending, kind in KINDS.items() if path.name.lower().endswith(ending)), None)


def scan(files: tuple[Path, ...], kind: str) -> str:
    """Give the SQL that reads files of one kind; every column of a CSV as text."""
    if kind == "parquet":
        return f"read_parquet({_listed(files)}, hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
    heads: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for file in files:
        heads.setdefault(_head(file), []).append(file)
    # nothing is guessed: a guess may skip rows that do not fit it
    parts = []
    for (mark, names), members in heads.items():
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
        parts.append(f"SELECT * FROM read_csv({_listed(members)}, auto_detect = false, header = true, delim = '{mark}', quote = '\"', "
                     f"escape = '\"', columns = {{{columns}}})")
    return f"({' UNION ALL BY NAME '.join(parts)})"


def _head(file: Path) -> tuple[str, tuple[str, ...]]:
    """Give the delimiter and the column names of a CSV file."""
    try:
        with (gzip.open if file.name.lower().endswith(".gz") else open)(file, "rb") as lines:
            line = next(lines, b"").decode("utf-8-sig").rstrip("\r\n")
            mark = max(DELIMITERS, key=line.count)
            names = tuple(one.strip() for one in next(csv.reader([line], delimiter=mark), []))
    except (UnicodeDecodeError, OSError, csv.Error) as error:
        raise Problem("csv_unreadable", file=file.name) from error
    if not names or len({one.lower() for one in names}) < len(names):
        raise Problem("csv_unreadable", file=file.name)
    return mark, names


def _listed(files: list[Path] | tuple[Path, ...]) -> str:
    return "[" + ", ".join(quoted(str(one)) for one in files) + "]"


def unreadable(file: Path, kind: str, error: Exception) -> Problem:
    """Name the place of what cannot be read; DuckDB's own words quote the row and stay out."""
    if kind == "parquet":
        return Problem("broken_parquet", file=file.name)
    line = re.search(r"(?:Line|line):? ?(\d+)", str(error))
    return Problem("csv_row", file=file.name, row=line[1]) if line else Problem("csv_unreadable", file=file.name)
