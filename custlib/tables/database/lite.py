"""SQLite files: opened for reading only, streamed; a value is what was stored, whatever its column was declared as."""

import codecs
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from custlib.i18n import Problem, Trouble
from custlib.tables.database import parquet
from custlib.tables.database.address import Address
from custlib.tables.database.select import quoted
from custlib.tables.declared import Source

MAGIC = b"SQLite format 3\0"
WAL = 2  # bytes 18 and 19 of a file that keeps its newest rows in a second one
WAIT_S = 10


class _Raw(bytes):
    """Text as its bytes, to tell it from a blob."""


@contextmanager
def opened(address: Address, path: Path, *, memory: str, spill: Path) -> Iterator[sqlite3.Connection]:
    """Open a file; nothing is written beside it either, where no other program has it open."""
    head = _head(path)
    if not head:
        raise Problem("empty_file", file=path.name)
    if not head.startswith(MAGIC):
        raise Problem("database_not_one", file=path.name, kind="SQLite")
    alone = WAL in head[18:20] and not any(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))
    before = path.stat()
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if alone else ''}"
    with closing(sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)) as db:
        db.execute("PRAGMA query_only = ON")
        yield db
    after = path.stat()
    if alone and (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):  # no lock kept the other out
        raise Trouble("database_busy", file=path.name)


def tables(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """List the tables and views."""
    found = db.execute(r"SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'")
    return sorted(("", name) for (name,) in found.fetchall())


def quote_table(table: tuple[str, str]) -> str:
    """Write a (schema, table) for SQL."""
    return quoted(*table)


def copy(db: sqlite3.Connection, sql: str, source: Source, target: Path, place: str, *, memory: str) -> tuple[list[str], list[str]]:
    """Copy a result to Parquet as text; give the names and types of its columns."""
    encoding = str(source.get("encoding", "utf-8"))
    try:
        strict = codecs.lookup(encoding).name == "utf-8"
    except LookupError as error:
        raise Problem("unknown_encoding", file=place, encoding=encoding) from error
    if not strict:
        db.text_factory = lambda raw: raw.decode(encoding)
    cursor = db.execute(sql)
    names = [one[0] for one in cursor.description]
    try:
        parquet.write(cursor.fetchmany, names, target, place)
    except (UnicodeDecodeError, sqlite3.OperationalError) as error:
        if isinstance(error, sqlite3.OperationalError) and "decode" not in str(error).lower():
            raise
        found = _undecodable(db, sql, encoding)
        row, column = found if found else ("–", 0)
        raise Problem("undecodable", file=place, row=row, column=names[column], encoding=encoding) from None
    return names, ["VARCHAR"] * len(names)


def _undecodable(db: sqlite3.Connection, sql: str, encoding: str) -> tuple[int, int] | None:
    """Find the row (from 1) and column (from 0) of the first text that is not in `encoding`."""
    db.text_factory = _Raw
    for row, values in enumerate(db.execute(sql), 1):
        for column, value in enumerate(values):
            try:
                if isinstance(value, _Raw):
                    value.decode(encoding)
            except UnicodeDecodeError:
                return row, column
    return None


def sentence(error: Exception, address: Address, place: str) -> Problem | None:
    """Say in the user's words what SQLite says, None for what is not SQLite's."""
    if not isinstance(error, sqlite3.Error | sqlite3.Warning):
        return None
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Trouble("database_busy", file=place)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return Problem("database_unopened", file=place, kind="SQLite", version=sqlite3.sqlite_version)
    # only what speaks of the query itself: other messages may hold a value
    detail = str(error).splitlines()[0] if code == sqlite3.SQLITE_ERROR else getattr(error, "sqlite_errorname", type(error).__name__)
    return Problem("database_query", file=place, detail=detail)


def beside(path: Path) -> list[Path]:
    """Give the file that holds the newest rows of `path`, where there are any."""
    wal = path.with_name(path.name + "-wal")
    return [wal] if wal.is_file() and wal.stat().st_size else []


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(100)
