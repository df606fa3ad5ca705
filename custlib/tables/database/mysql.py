"""MySQL and MariaDB: one read-only snapshot, read row by row as it comes; every value comes as the text the server writes."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custlib.i18n import Problem, Trouble
from custlib.tables.database import parquet
from custlib.tables.database.address import Address
from custlib.tables.database.select import quoted
from custlib.tables.declared import Source

TIMEOUT_S, SILENCE_S = 10, 3600  # to log in; between two answers, for a query may have to sort first
SERVER_SAYS_NO = (1044, 1045, 1049, 1130, 1227, 1251, 1275, 1524, 1698, 2026, 2059, 3118, 3159, 4151)
AWAY = (1040, 1053, 1152, 1158, 1159, 1160, 1161, 1205, 1213, 1317, 1969, 2002, 2003, 2005, 2006, 2013, 2014, 3024)
OF_THE_QUERY = (1052, 1054, 1064, 1146, 1305)  # their messages repeat names of the query; others may hold a value or the user
SETTINGS = ("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET SESSION TRANSACTION READ ONLY", "SET SESSION time_zone = '+00:00'",
            "SET SESSION net_write_timeout = 3600", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
TABLES = """SELECT CASE WHEN table_schema = DATABASE() THEN '' ELSE table_schema END, table_name FROM information_schema.tables
WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"""


@contextmanager
def opened(address: Address, path: Path | None, *, memory: str, spill: Path) -> Iterator[object]:
    """Log in, and begin a transaction that sees one moment and can write nothing."""
    try:
        import pymysql
        from pymysql.converters import encoders
        from pymysql.cursors import SSCursor
    except ImportError as error:
        raise Problem("database_driver", kind="MySQL", command="make extra NAME=mysql") from error
    # without decoders in `conv` every value stays as the server wrote it
    wanted = {"host": address.host, "port": address.port, "user": address.user, "unix_socket": address.options.get("unix_socket")}
    try:
        db = pymysql.connect(database=address.database, password=address.password.encode(), charset="utf8mb4", cursorclass=SSCursor, conv=encoders,
                             connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, **_encryption(address.options),
                             **{name: value for name, value in wanted.items() if value})
    except Exception as error:  # whatever the other side is, its words may hold the login
        said = error.args[0] if error.args else 0
        no = said in SERVER_SAYS_NO or isinstance(error, RuntimeError | FileNotFoundError | ssl.SSLError) \
            or isinstance(getattr(error, "original_exception", None), ssl.SSLError)
        raise (Problem("database_login", url=address.shown) if no
               else Trouble("database_unreachable", url=address.shown, seconds=TIMEOUT_S)) from None
    db._read_timeout = SILENCE_S  # the driver has one limit for both, and a login that hangs must not take an hour
    try:
        for setting in SETTINGS:
            _all(db, setting)
        yield db
    finally:
        if db._result is not None:
            db._result.unbuffered_active = False  # left early: the driver would read all the rest, from a connection that is closed
        db.close()


def _encryption(options: dict[str, str]) -> dict:
    mode = options.get("sslmode", "prefer")
    if mode == "disable":
        return {"ssl_disabled": True}
    if mode == "prefer":
        return {}
    context = ssl.create_default_context(cafile=options.get("sslrootcert"))
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_NONE if mode == "require" else ssl.CERT_REQUIRED
    if "sslcert" in options:
        context.load_cert_chain(options["sslcert"], options.get("sslkey"))
    return {"ssl": context}


def _all(db, sql: str) -> list[tuple]:
    with db.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def tables(db) -> list[tuple[str, str]]:
    """List the tables and views; those of the address's own database need no schema."""
    return sorted(_all(db, TABLES))


def quote_table(table: tuple[str, str]) -> str:
    """Write a (schema, table) for SQL."""
    return quoted(*table, mark="`")


def copy(db, sql: str, source: Source, target: Path, place: str, *, memory: str) -> tuple[list[str], list[str]]:
    """Copy a result to Parquet in the types that the server declares; give the names and types of its columns."""
    from pymysql.constants import FIELD_TYPE

    came = target.with_suffix(".text")
    cursor = db.cursor()  # closed with the connection: on its own it would first read all the rest
    cursor.execute(sql)
    names = [one[0] for one in cursor.description]
    kinds = [one[1] for one in cursor.description]
    instants = [i for i, kind in enumerate(kinds) if kind == FIELD_TYPE.TIMESTAMP]
    bits = [i for i, kind in enumerate(kinds) if kind == FIELD_TYPE.BIT]
    parquet.write(lambda size: _readable(cursor.fetchmany(size), instants, bits), names, came, place)
    wanted = [_wanted(kind, scale or 0) for _, kind, _, _, _, scale, _ in cursor.description]
    types = parquet.typed(came, wanted, target, memory=memory, spill=target.parent / "spill")
    came.unlink()
    return names, types


def _readable(rows: list[tuple], instants: list[int], bits: list[int]) -> list[tuple]:
    """Mark the moments that the server gives in UTC as such, and read bits as a number."""
    if not instants and not bits:
        return rows
    return [tuple(value if value is None else f"{value}+00" if i in instants else str(int.from_bytes(value)) if i in bits else value
                  for i, value in enumerate(row)) for row in rows]


def _wanted(kind: int, scale: int) -> list[str]:
    from pymysql.constants import FIELD_TYPE

    if kind == FIELD_TYPE.NEWDECIMAL:
        return [f"DECIMAL({width},{scale})" for width in (18, 38) if scale <= width]
    whole = (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR, FIELD_TYPE.BIT)
    kinds = {FIELD_TYPE.FLOAT: ["DOUBLE"], FIELD_TYPE.DOUBLE: ["DOUBLE"], FIELD_TYPE.DATE: ["DATE"], FIELD_TYPE.NEWDATE: ["DATE"],
             FIELD_TYPE.DATETIME: ["TIMESTAMP"], FIELD_TYPE.TIMESTAMP: ["TIMESTAMP WITH TIME ZONE"]}
    return ["BIGINT", "DECIMAL(20,0)"] if kind in whole else kinds.get(kind, [])  # unsigned ones go beyond BIGINT


def sentence(error: Exception, address: Address, place: str) -> Problem | None:
    """Say in the user's words what the server says, None for what is not its."""
    import pymysql

    if not isinstance(error, pymysql.err.Error):
        return None
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    detail = f"{code} {type(error).__name__}"
    if not code or code in AWAY:
        return Trouble("database_lost", file=place, detail=detail)
    if code in OF_THE_QUERY and len(error.args) > 1:
        detail = f"{detail}: {str(error.args[1]).splitlines()[0][:200]}"
    return Problem("database_query", file=place, detail=detail)


def beside(path: Path) -> list[Path]:
    """A server has no file."""
    return []
