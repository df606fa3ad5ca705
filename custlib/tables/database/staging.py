"""Copy one table or one SELECT of a database to Parquet; whatever goes wrong is said without the words of a driver."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import duckdb

from custlib.engine import connect
from custlib.i18n import Problem, Trouble
from custlib.tables.database import duck, lite, mysql, parquet, postgres
from custlib.tables.database.address import FILES, Address, parse
from custlib.tables.database.select import chosen, named, one_select
from custlib.tables.declared import Source
from custlib.tables.readers.staged import SOUND, Staged, kept

DRIVERS = {"sqlite": lite, "duckdb": duck, "postgresql": postgres, "mysql": mysql}
Result = TypeVar("Result")


def stage_database(source: Source, base: Path, folder: Path, *, memory: str = "1GB") -> Staged:
    """Copy the table or query of `source` to Parquet in `folder`.

    Parameters
    ----------
    base : Path
        The data set's folder: the file of an address is looked up there, in ``raw`` and in ``CUSTLIB_DATA``.

    Returns
    -------
    Staged
        Row number: place in the result, from 1. Types: the database's own where it has types and every value keeps to them
        (amounts exact: DECIMAL, or text where DECIMAL is too narrow), else text.

    Raises
    ------
    Problem
        The address, a variable, the login, the table or the query is wrong; no row; two columns of one name.
    Trouble
        The server is not reached or breaks off, or a file is being written.
    """
    address = parse(source.get("database"), base)
    driver, path = DRIVERS[address.kind], _file(address, base)
    table = "table" in source.options
    name = str(source.get("table", source.name))
    place = f"{address.place}.{name}" if table and path is None else f"{address.place}: {name}"
    target = folder / f"{source.name}.parquet"

    def run() -> Staged:
        query = "" if table else one_select(source.get("query"), address.kind, place)
        with driver.opened(address, path, memory=memory, spill=folder / "spill") as db:
            sql = query or f"SELECT * FROM {driver.quote_table(chosen(name, driver.tables(db), address.place))}"
            names, types = driver.copy(db, sql, source, target, place, memory=memory)
        return _staged(place, names, types, target, address.kind)

    return kept(_safely(run, address, place, folder), source, memory=memory)


def _staged(place: str, names: list[str], types: list[str], target: Path, kind: str) -> Staged:
    scan = f"read_parquet({parquet.literal(target)})"
    with connect() as db:
        rows = db.execute(f"SELECT count(*) FROM {scan}").fetchall()[0][0]
    columns = {name: f"c{i}" for i, name in enumerate(names) if name}
    return Staged(place, scan, columns, {name: kind for name, kind in zip(names, types, strict=True) if name}, "source_row", SOUND,
                  {"kind": kind, "rows": rows})


def files_of(source: Source, base: Path) -> list[Path]:
    """Give the files behind a SQLite or DuckDB address (with the one that holds its newest rows), none for a server.

    Raises
    ------
    Problem
        The address is wrong, or the file does not exist.
    """
    address = parse(source.get("database"), base)
    path = _file(address, base)
    return [path, *DRIVERS[address.kind].beside(path)] if path else []


def tables_in(url: str, base: Path) -> list[str]:
    """Name the tables and views that ``table`` may name, in order; those outside of the default schema with their schema.

    Raises
    ------
    Problem
        As `stage_database`.
    Trouble
        As `stage_database`.
    """
    address = parse(url, base)
    driver, path = DRIVERS[address.kind], _file(address, base)

    def run() -> list[str]:
        with tempfile.TemporaryDirectory() as spill, driver.opened(address, path, memory="1GB", spill=Path(spill)) as db:
            return sorted(map(named, driver.tables(db)))

    return _safely(run, address, address.place, base)


def content_hash(staged: Staged) -> str:
    """Give a hash of the rows, whatever order they came in: of names, types, the number of rows and the sum of their hashes."""
    cells = ", ".join(staged.columns.values()) or "NULL"
    with connect() as db:
        count, total = db.execute(f"SELECT count(*), sum(CAST(hash({cells}) AS HUGEINT)) FROM {staged.scan}").fetchall()[0]
    return hashlib.sha256(repr((list(staged.columns), list(staged.types.values()), count, total)).encode()).hexdigest()


def _file(address: Address, base: Path) -> Path | None:
    """Find the file of an address: as it is written, else with %20 and the like read as what they stand for."""
    if address.kind not in FILES:
        return None
    extra = os.environ.get("CUSTLIB_DATA")
    folders = [base, base / "raw", *([Path(extra), Path(extra) / base.name] if extra else [])]
    for name in dict.fromkeys((address.path, unquote(address.path))):
        found = next((path for folder in folders if (path := folder / Path(name).expanduser()).exists()), None)
        if found and not found.is_file():
            raise Problem("database_not_one", file=found.name, kind={"sqlite": "SQLite", "duckdb": "DuckDB"}[address.kind])
        if found:
            return found
    raise Problem("missing_file", file=address.place)


def _safely(run: Callable[[], Result], address: Address, place: str, folder: Path) -> Result:
    """Run, and let no error of a driver through: its words, or those of an error behind it, may repeat the login."""
    try:
        return run()
    except Problem as problem:
        found = problem
    except Exception as error:
        found = DRIVERS[address.kind].sentence(error, address, place) or _of_the_machine(error, place, folder)
        if found is None:
            raise
    found.__cause__ = found.__context__ = None
    raise found.with_traceback(None)


def _of_the_machine(error: Exception, place: str, folder: Path) -> Problem | None:
    """Say what a disk or the memory refused, None for what is a fault of the program."""
    if isinstance(error, PermissionError):
        return Problem("file_closed", file=place)
    if isinstance(error, OSError | duckdb.IOException | duckdb.OutOfMemoryException):
        return Trouble("no_room", file=place, folder=folder.name, detail=getattr(error, "strerror", None) or type(error).__name__)
    return None
