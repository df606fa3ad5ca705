"""Read the address of a database; users and passwords come from the environment and never leave this machine's memory."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from custlib.checks import one_of
from custlib.i18n import Problem

KINDS = {"sqlite": "sqlite", "duckdb": "duckdb", "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
FILES = ("sqlite", "duckdb")
CERTIFICATES = ("sslrootcert", "sslcert", "sslkey")
OPTIONS = {"postgresql": ("sslmode", *CERTIFICATES, "host"), "mysql": ("sslmode", *CERTIFICATES, "unix_socket")}
SSL = ("disable", "prefer", "require", "verify-ca", "verify-full")
FORMS = {"sqlite": "sqlite:///crm.db", "duckdb": "duckdb:///shop.duckdb",
         "postgresql": "postgresql://${PGUSER}:${PGPASSWORD}@db.example:5432/shop?sslmode=require",
         "mysql": "mysql://${DB_USER}:${DB_PASSWORD}@db.example:3306/shop?sslmode=require"}
LOGIN = "${DB_USER}:${DB_PASSWORD}"
VARIABLE = re.compile(r"\$\{(\w+)\}")
PARTS = re.compile(r"\s*([A-Za-z][A-Za-z0-9.+-]*)://(.*?)\s*", re.S)
SERVER = re.compile(r"(?P<host>\[[^\]/@?]*\]|[^:/?#\[\]@;]*)(:(?P<port>\d+|\$\{\w+\}))?/(?P<database>[^/?#;=&@]+)")


@dataclass(frozen=True)
class Address:
    """Where a database is. ``shown`` may be told to anyone; ``user``, ``password`` and ``options`` may not."""

    kind: str
    shown: str
    place: str
    path: str = ""
    host: str = ""
    port: int | None = None
    database: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False, hash=False)


def redacted(url: str) -> str:
    """Give the address without user, password and options, whatever its form; variables stay as they are written.

    Examples
    --------
    >>> redacted("postgresql://me:s3cret@db.example:5432/shop?sslmode=require")
    'postgresql://db.example:5432/shop'
    >>> redacted("mysql://me:a/b@c@d")
    'mysql://***'
    """
    parts = PARTS.fullmatch(str(url))
    if VARIABLE.fullmatch(str(url)):
        return str(url)
    if not parts:
        return "***"
    scheme, rest = parts.groups()
    if _kind(scheme) in FILES:
        return f"{scheme}://{rest.partition('?')[0]}"
    tail = rest.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{tail}" if SERVER.fullmatch(tail) else f"{scheme}://***"


def parse(url: object, base: Path) -> Address:
    """Read an address and fill in its variables; `base` is the folder that certificates are looked up from.

    Raises
    ------
    Problem
        Another kind of database, a wrong form, a user or password written out, a variable that is not set.
    """
    if isinstance(url, str) and (whole := VARIABLE.fullmatch(url.strip())):  # an address that is kept in the environment as a whole
        return _parse(_variable(whole[1]), base, shown=url.strip(), trusted=True)
    return _parse(str(url), base, shown=redacted(str(url)), trusted=False)


def _parse(url: str, base: Path, *, shown: str, trusted: bool) -> Address:
    parts = PARTS.fullmatch(url)
    if not parts or not (kind := _kind(parts[1])):
        raise Problem("database_scheme", url=shown, scheme=parts[1] if parts and not trusted else "–",
                      known=", ".join(f"{one}://" for one in ("sqlite", "duckdb", "postgresql", "mysql")))
    rest = parts[2]
    if kind in FILES:
        if not re.fullmatch(r"/[^?]+", rest):
            raise Problem("database_url", url=shown, want=FORMS[kind])
        path = _filled(rest[1:], decode=False)
        return Address(kind, shown, Path(path).name, path=path)
    login, _, tail = rest.rpartition("@")
    if login and not trusted and not re.fullmatch(r"(\$\{\w+\})+(:(\$\{\w+\})+)?", login):
        raise Problem("database_secret", url=shown, want=f"{parts[1]}://{LOGIN}@…")
    where, _, options = tail.partition("?")
    server = SERVER.fullmatch(where)
    port = _filled(server["port"]) if server and server["port"] else ""
    if not server or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise Problem("database_url", url=shown, want=FORMS[kind])
    user, _, password = login.partition(":")
    host = server["host"].strip("[]")
    place = shown if trusted else f"{server['host'] or 'localhost'}:{unquote(server['database'])}"
    return Address(kind, shown, place, host=_filled(host), port=int(port) if port else None, database=_filled(server["database"]),
                   user=_filled(user), password=_filled(password), options=_options(kind, options, base, shown))


def _kind(scheme: str) -> str | None:
    return KINDS.get(scheme.lower().partition("+")[0])  # mysql+pymysql:// is written by those who know SQLAlchemy


def _variable(name: str) -> str:
    if name not in os.environ:
        raise Problem("database_variable", name=name)
    return os.environ[name]


def _filled(text: str, *, decode: bool = True) -> str:
    """Put the variables' values in as they are: the address was taken apart before, so no character of theirs can end a part."""
    pieces = VARIABLE.split(text)
    return "".join(_variable(piece) if i % 2 else unquote(piece) if decode else piece for i, piece in enumerate(pieces))


def _options(kind: str, text: str, base: Path, shown: str) -> dict[str, str]:
    given = [one.partition("=") for one in text.split("&") if one]
    if any(name not in OPTIONS[kind] or not mark for name, mark, _ in given):  # not repeated: it may be a password
        raise Problem("database_option", url=shown, known=", ".join(OPTIONS[kind]))
    options = {name: _filled(value) for name, _, value in given}
    one_of("sslmode", options.get("sslmode", "prefer"), SSL)
    return {name: str(base / Path(value).expanduser()) if name in CERTIFICATES and value != "system" else value
            for name, value in options.items()}
