"""PostgreSQL: one read-only snapshot, read through a cursor on the server; every value comes as the text the server writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custlib.i18n import Problem, Trouble
from custlib.tables.database import parquet
from custlib.tables.database.address import Address
from custlib.tables.database.select import quoted
from custlib.tables.declared import Source

TIMEOUT_S = 10
# what libpq itself says, in English everywhere; all else at login is the server's answer, in any language
NETWORK = ("timeout expired", "timed out", "refused", "could not translate", "resolve", "No route", "unreachable", "closed the connection",
           "could not receive", "No such file", "the server running", "reset by peer", "starting up", "shutting down", "too many",
           "recovery", "not known", "received invalid response", "expected authentication")
SETTINGS = ("DateStyle TO ISO", "IntervalStyle TO postgres", "TimeZone TO 'UTC'", "extra_float_digits TO 1", "bytea_output TO hex",
            "lc_monetary TO 'C'")
TYPES = {"bool": ["BOOLEAN"], "int2": ["BIGINT"], "int4": ["BIGINT"], "int8": ["BIGINT"], "oid": ["BIGINT"], "float4": ["DOUBLE"],
         "float8": ["DOUBLE"], "date": ["DATE"], "timestamp": ["TIMESTAMP"], "timestamptz": ["TIMESTAMP WITH TIME ZONE"]}
TABLES = r"""SELECT CASE WHEN n.nspname = ANY (current_schemas(false)) THEN '' ELSE n.nspname END, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'"""


@contextmanager
def opened(address: Address, path: Path | None, *, memory: str, spill: Path) -> Iterator[object]:
    """Log in, and begin a transaction that sees one moment and can write nothing."""
    try:
        import psycopg
        from psycopg.types.string import TextLoader
    except ImportError as error:
        raise Problem("database_driver", kind="PostgreSQL", command="make extra NAME=postgres") from error
    wanted = {"host": address.host, "port": address.port, "user": address.user, "password": address.password, **address.options}
    try:
        db = psycopg.connect(dbname=address.database, connect_timeout=TIMEOUT_S, application_name="custlib", client_encoding="utf8",
                             **{name: value for name, value in wanted.items() if value})
    except Exception as error:  # whatever the other side is, its words may hold the login
        # the driver alone tells a network from a server that says no
        far = not isinstance(error, psycopg.Error) or isinstance(error, psycopg.errors.ConnectionTimeout) \
            or any(one in str(error) for one in NETWORK)
        raise (Trouble("database_unreachable", url=address.shown, seconds=TIMEOUT_S) if far
               else Problem("database_login", url=address.shown)) from None
    try:
        db.read_only, db.isolation_level = True, psycopg.IsolationLevel.REPEATABLE_READ
        for one in psycopg.adapters.types:
            for oid in filter(None, (one.oid, one.array_oid)):
                db.adapters.register_loader(oid, TextLoader)
        for setting in SETTINGS:
            db.execute(f"SET LOCAL {setting}")
        yield db
    finally:
        db.close()


def tables(db) -> list[tuple[str, str]]:
    """List the tables and views; those on the user's search path need no schema."""
    return sorted(db.execute(TABLES).fetchall())


def quote_table(table: tuple[str, str]) -> str:
    """Write a (schema, table) for SQL."""
    return quoted(*table)


def copy(db, sql: str, source: Source, target: Path, place: str, *, memory: str) -> tuple[list[str], list[str]]:
    """Copy a result to Parquet in the types that the server declares; give the names and types of its columns."""
    came = target.with_suffix(".text")
    with db.cursor(name="custlib") as cursor:
        cursor.execute(sql)
        columns = cursor.description or []  # PostgreSQL has tables without any
        names = [one.name for one in columns]
        wanted = [_wanted(one, db.adapters.types) for one in columns]
        blobs = [i for i, one in enumerate(columns) if one.type_code == db.adapters.types["bytea"].oid]
        parquet.write(lambda size: _readable(cursor.fetchmany(size), blobs), names, came, place)
    types = parquet.typed(came, wanted, target, memory=memory, spill=target.parent / "spill")
    came.unlink()
    return names, types


def _readable(rows: list[tuple], blobs: list[int]) -> list[tuple]:
    """Turn the text of bytes (\\x01ff) into bytes."""
    if not blobs:
        return rows
    return [tuple(bytes.fromhex(value[2:]) if i in blobs and value is not None else value for i, value in enumerate(row)) for row in rows]


def _wanted(column, types) -> list[str]:
    found = types.get(column.type_code)
    name = found.name if found else ""
    if name != "numeric":
        return TYPES.get(name, [])
    whole, part = column.precision, column.scale
    return [f"DECIMAL({whole},{part})"] if whole and whole <= 38 and part is not None and 0 <= part <= whole else []


def sentence(error: Exception, address: Address, place: str) -> Problem | None:
    """Say in the user's words what the server says, None for what is not its."""
    import psycopg

    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    detail = f"{state} {type(error).__name__}".strip()
    if state.startswith(("08", "53", "57", "58", "XX")) or (not state and isinstance(error, psycopg.OperationalError)):
        return Trouble("database_lost", file=place, detail=detail)
    if state in ("42601", "42P01", "42703", "42883", "42702"):  # speaks of the query's own words; other messages may hold a value
        detail = f"{detail}: {(error.diag.message_primary or '').splitlines()[0][:200]}"
    return Problem("database_query", file=place, detail=detail)


def beside(path: Path) -> list[Path]:
    """A server has no file."""
    return []
