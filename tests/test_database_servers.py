"""PostgreSQL and MariaDB: real servers of the tests' own, started and stopped here; nothing of a login is ever said."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from conftest import ALL

from custlib.i18n import Problem, Trouble
from custlib.tables import database
from custlib.tables.database import mysql, postgres
from custlib.tables.declared import Source

SECRET = "p@:/?#%[]é密 '\\x"  # every character that could end a part of an address
USER = "re@der:x"
PLANTED, PERSON = "planted@ecret", "顾客"  # named, for a traceback shows the lines of this file
PG_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda one: int(one.parent.name))
MARIADB = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
HOST = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as one:
        return one.getsockname()[1]


@contextmanager
def server(account: str, prepare: list[str], run: list[str], ready):
    """Run a server as `account` in a folder of its own (a socket's path must be short), and end its whole group of processes."""
    folder = Path(tempfile.mkdtemp(prefix="custlib-"))
    started = None
    try:
        who = {"user": account, "group": account, "extra_groups": []} if os.geteuid() == 0 else {}
        if who:
            shutil.chown(folder, account, account)
        place = {"folder": str(folder), "port": str(free_port())}
        (folder / "first.txt").write_text("first")
        options = {"cwd": folder, "stdin": subprocess.DEVNULL, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}, **who}
        with (folder / "log.txt").open("w") as log:
            subprocess.run([one.format(**place) for one in prepare], check=True, timeout=60, stdout=log, stderr=log, **options)
            started = subprocess.Popen([one.format(**place) for one in run], stdout=log, stderr=log, start_new_session=True, **options)
        end = time.monotonic() + 30
        while True:
            try:
                ready(folder, int(place["port"]))
                break
            except Exception:
                assert started.poll() is None and time.monotonic() < end, (folder / "log.txt").read_text()[-2000:]
                time.sleep(0.1)
        yield folder, int(place["port"])
    finally:
        if started:
            os.killpg(started.pid, signal.SIGINT if "postgres" in run[0] else signal.SIGTERM)
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def absent(what: str) -> None:
    """Skip with the reason; fail where everything is required."""
    (pytest.fail if ALL else pytest.skip)(f"needs {what}")


PG_SQL = """
CREATE TYPE tier AS ENUM ('gold', 'plain');
CREATE TABLE orders (id bigint, paid numeric(12,2), rate numeric, big numeric(30,0), day date, at timestamptz, local timestamp, ok boolean,
                     info jsonb, tags text[], who uuid, level tier, raw bytea, ratio double precision, note text);
INSERT INTO orders VALUES
 (9007199254740993, 0.10, 1.005, 123456789012345678901234567890, '2024-01-05', '2024-01-05 10:00:00+08', '2024-01-05 10:00:00.5', true,
  '{"a": 1}', '{x,"y z"}', '00000000-0000-0000-0000-000000000001', 'gold', '\\x01ff', 0.1, '顾客'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE odd (paid numeric(12,2), day date, at timestamptz);
INSERT INTO odd VALUES ('NaN', 'infinity', '2024-01-05 10:00:00+08'), (1.5, '2024-01-06', '-infinity'), (2, '0044-03-15 BC', NULL);
CREATE TABLE "订 单""s" ("金额" int);
INSERT INTO "订 单""s" VALUES (5);
CREATE TABLE nothing (a int);
CREATE SCHEMA sales;
CREATE TABLE sales.orders (a int);
INSERT INTO sales.orders VALUES (1);
CREATE VIEW bought AS SELECT id FROM orders;
CREATE SEQUENCE numbers;
CREATE TABLE closed (phone text);
"""


@pytest.fixture(scope="module")
def pg():
    """A PostgreSQL with a reader whose name and password are hard to write; gives the part of the address after the login."""
    if PG_BIN is None:
        absent("PostgreSQL (Debian: postgresql)")
    import psycopg

    def ready(folder, port):
        psycopg.connect(host=str(folder), port=port, user="owner", password="first", dbname="postgres", connect_timeout=2).close()

    prepare = [f"{PG_BIN}/initdb", "-D", "{folder}/data", "-U", "owner", "-A", "scram-sha-256", "--pwfile={folder}/first.txt", "-N",
               "--locale=C", "-E", "UTF8"]
    run = [f"{PG_BIN}/postgres", "-D", "{folder}/data", "-p", "{port}", "-c", "listen_addresses=127.0.0.1,::1", "-c", "fsync=off",
           "-c", "unix_socket_directories={folder}", "-c", "timezone=Asia/Shanghai", "-c", "datestyle=SQL,DMY"]
    with server("postgres", prepare, run, ready) as (folder, port):
        with psycopg.connect(host=HOST, port=port, user="owner", password="first", dbname="postgres", autocommit=True) as db:
            db.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(psycopg.sql.Identifier(USER), psycopg.sql.Literal(SECRET)))
            db.execute("CREATE DATABASE shop")
        with psycopg.connect(host=HOST, port=port, user="owner", password="first", dbname="shop", autocommit=True) as db:
            db.execute("SET datestyle TO ISO")
            db.execute(PG_SQL)
            for what in ("ALL TABLES IN SCHEMA public", "ALL TABLES IN SCHEMA sales"):
                db.execute(f'GRANT ALL ON {what} TO "{USER}"')
            db.execute(f'GRANT ALL ON SCHEMA public, sales TO "{USER}"; GRANT ALL ON SEQUENCE numbers TO "{USER}"')
            db.execute(f'REVOKE ALL ON closed FROM "{USER}"')
        yield folder, port


MY_SQL = [
    "CREATE TABLE orders (id BIGINT UNSIGNED, small TINYINT(1), paid DECIMAL(12,2), wide DECIMAL(60,2), day DATE, at TIMESTAMP NULL, "
    "local DATETIME(3), flag BIT(1), info JSON, who BINARY(2), level ENUM('gold','plain'), ratio DOUBLE, note VARCHAR(20))",
    "INSERT INTO orders VALUES (18446744073709551615, 1, 0.10, 1234567890123456789012345678901234567890.25, '2024-01-05', "
    "'2024-01-05 02:00:00', '2024-01-05 10:00:00.500', b'1', '{\"a\": 1}', x'01ff', 'gold', 0.1, '顾客😀')",
    "INSERT INTO orders VALUES (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE odd (day DATE, at DATETIME)",
    "INSERT INTO odd VALUES ('0000-00-00', '0000-00-00 00:00:00'), ('2024-01-06', '2024-01-06 01:02:03')",
    "CREATE TABLE `订 单``s` (`金额` INT)",
    "INSERT INTO `订 单``s` VALUES (5)",
    "CREATE TABLE nothing (a INT)",
    "CREATE TABLE many (a INT)",
    "INSERT INTO many SELECT seq FROM seq_1_to_60000",
    "CREATE VIEW bought AS SELECT id FROM orders",
]


@pytest.fixture(scope="module")
def my():
    """A MariaDB with a reader whose password is hard to write."""
    if MARIADB is None:
        absent("MariaDB (Debian: mariadb-server)")
    import pymysql

    def login(port, **more):
        return pymysql.connect(host=HOST, port=port, user="root", password="", charset="utf8mb4", autocommit=True, **more)

    prepare = ["mariadb-install-db", "--no-defaults", "--datadir={folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db",
               "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]
    run = [str(MARIADB), "--no-defaults", "--datadir={folder}/data", "--socket={folder}/s", "--port={port}", "--bind-address=127.0.0.1",
           "--pid-file={folder}/pid", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
           "--default-time-zone=+08:00", "--sql-mode="]
    with server("mysql", prepare, run, lambda folder, port: login(port).close()) as (folder, port):
        with login(port) as db, db.cursor() as cursor:
            for sql in ("CREATE DATABASE shop CHARACTER SET utf8mb4", "CREATE DATABASE sales", "USE shop", "SET time_zone = '+00:00'", *MY_SQL,
                        "CREATE TABLE sales.orders (a INT)", "INSERT INTO sales.orders VALUES (1)"):
                cursor.execute(sql)
            name = f"'{USER}'@'%'"
            cursor.execute(f"CREATE USER {name} IDENTIFIED BY {db.escape(SECRET)}")
            cursor.execute(f"GRANT ALL ON shop.* TO {name}")
            cursor.execute(f"GRANT ALL ON sales.* TO {name}")
            cursor.execute(f"GRANT FILE ON *.* TO {name}")
        yield folder, port


@pytest.fixture
def address(request, monkeypatch):
    """Give the address of the server that a test asks for."""
    monkeypatch.setenv("DB_USER", USER)
    monkeypatch.setenv("DB_PASSWORD", SECRET)

    def of(scheme: str, *, host: str = HOST, name: str = "shop", more: str = "") -> str:
        port = request.getfixturevalue("pg" if scheme == "postgresql" else "my")[1]
        return f"{scheme}://${{DB_USER}}:${{DB_PASSWORD}}@{host}:{port}/{name}{more}"

    return of


def staged(url: str, folder: Path, **options):
    return database.stage_database(Source("crm", {"database": url, **options}), folder, folder)


def rows(found, order: str = "source_row") -> list[tuple]:
    cells = ", ".join(f"CAST({cell} AS VARCHAR)" for cell in found.columns.values())
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        return db.execute(f"SELECT {cells} FROM {found.scan} ORDER BY {order}").fetchall()


def refused(work, *values: str) -> Problem:
    """Give the refusal, after a look through all that could be printed of it: no login, in no language, in no error behind it."""
    with pytest.raises(Problem) as caught:
        work()
    error = caught.value
    told = "".join(traceback.format_exception(error)) + "".join(error.said(lang) for lang in ("zh", "en")) + repr(error.values)
    assert error.__cause__ is None and error.__context__ is None
    for secret in (SECRET, USER, "re%40der", "p%40", *values):
        assert secret not in told
    return error


BOTH = pytest.mark.parametrize("scheme", [pytest.param("postgresql", marks=pytest.mark.xdist_group("pg")),
                                          pytest.param("mysql", marks=pytest.mark.xdist_group("my"))])
PG, MY = pytest.mark.xdist_group("pg"), pytest.mark.xdist_group("my")


@PG
def test_postgresql_keeps_its_types_and_every_digit(address, tmp_path):
    found = staged(address("postgresql"), tmp_path, table="orders")
    assert found.file == "127.0.0.1:shop.orders"
    assert found.types == {
        "id": "BIGINT", "paid": "DECIMAL(12,2)", "rate": "VARCHAR", "big": "DECIMAL(30,0)", "day": "DATE", "at": "TIMESTAMP WITH TIME ZONE",
        "local": "TIMESTAMP", "ok": "BOOLEAN", "info": "VARCHAR", "tags": "VARCHAR", "who": "VARCHAR", "level": "VARCHAR", "raw": "VARCHAR",
        "ratio": "DOUBLE", "note": "VARCHAR"}
    assert rows(found) == [
        ("9007199254740993", "0.10", "1.005", "123456789012345678901234567890", "2024-01-05", "2024-01-05 02:00:00+00",
         "2024-01-05 10:00:00.5", "true", '{"a": 1}', '{x,"y z"}', "00000000-0000-0000-0000-000000000001", "gold", "01ff", "0.1", "顾客"),
        ("2", *[None] * 14)]
    assert found.found == {"kind": "postgresql", "rows": 2}


@PG
def test_a_postgresql_value_beyond_its_type_leaves_the_column_as_text(address, tmp_path):
    found = staged(address("postgresql"), tmp_path, table="odd")
    assert found.types == {"paid": "VARCHAR", "day": "VARCHAR", "at": "VARCHAR"}
    assert rows(found) == [("NaN", "infinity", "2024-01-05 02:00:00+00"), ("1.50", "2024-01-06", "-infinity"),
                           ("2.00", "0044-03-15 BC", None)]


@MY
def test_mysql_keeps_its_types_and_every_digit(address, tmp_path):
    found = staged(address("mysql"), tmp_path, table="orders")
    assert found.types == {
        "id": "DECIMAL(20,0)", "small": "BIGINT", "paid": "DECIMAL(18,2)", "wide": "VARCHAR", "day": "DATE", "at": "TIMESTAMP WITH TIME ZONE",
        "local": "TIMESTAMP", "flag": "BIGINT", "info": "VARCHAR", "who": "VARCHAR", "level": "VARCHAR", "ratio": "DOUBLE", "note": "VARCHAR"}
    assert rows(found) == [
        ("18446744073709551615", "1", "0.10", "1234567890123456789012345678901234567890.25", "2024-01-05", "2024-01-05 02:00:00+00",
         "2024-01-05 10:00:00.5", "1", '{"a": 1}', "01ff", "gold", "0.1", "顾客😀"),
        ("2", *[None] * 12)]


@MY
def test_a_mysql_zero_date_leaves_the_column_as_text(address, tmp_path):
    found = staged(address("mysql"), tmp_path, table="odd")
    assert found.types == {"day": "VARCHAR", "at": "VARCHAR"}
    assert rows(found) == [("0000-00-00", "0000-00-00 00:00:00"), ("2024-01-06", "2024-01-06 01:02:03")]


@BOTH
def test_tables_are_found_by_the_names_that_the_server_lists(address, tmp_path, scheme):
    url = address(scheme)
    listed = {"postgresql": ["bought", "closed"], "mysql": ["bought", "many"]}[scheme]
    odd = {"postgresql": '订 单"s', "mysql": "订 单`s"}[scheme]
    assert database.tables_in(url, tmp_path) == [*listed, "nothing", "odd", "orders", "sales.orders", odd]
    assert rows(staged(url, tmp_path, table=odd)) == [("5",)]
    found = staged(url, tmp_path, table="sales.orders")
    assert (found.file, rows(found)) == ("127.0.0.1:shop.sales.orders", [("1",)])
    error = refused(lambda: staged(url, tmp_path, table="ordres"))
    assert str(error) == f"{HOST}:shop: there is no table ordres; did you mean orders?"


@BOTH
def test_a_query_gives_its_rows_in_its_order(address, tmp_path, scheme):
    mark = {"postgresql": '"', "mysql": "`"}[scheme]
    found = staged(address(scheme), tmp_path, query=f"SELECT id AS {mark}订单{mark} FROM orders ORDER BY id -- all\n;")
    assert (found.file, list(found.columns), rows(found)[0][0]) == (f"{HOST}:shop: crm", ["订单"], "2")


@BOTH
def test_a_query_is_sent_as_it_is_written(address, tmp_path, scheme):
    assert rows(staged(address(scheme), tmp_path, query="SELECT '%s ? :a {x}' AS a, 7 % 4 AS b")) == [("%s ? :a {x}", "3")]


@PG
def test_a_connection_that_breaks_is_trouble(address, tmp_path, caplog):
    error = refused(lambda: staged(address("postgresql"), tmp_path, query="SELECT pg_terminate_backend(pg_backend_pid())"))
    assert (type(error), error.key, error.exit_code) == (Trouble, "database_lost", 1)
    assert caplog.text == ""  # the driver's own log would name the user


@PG
def test_a_table_without_columns_is_an_empty_one(address, tmp_path):
    assert refused(lambda: staged(address("postgresql"), tmp_path, query="SELECT FROM orders")).key == "database_empty"


@BOTH
def test_only_leaves_rows_aside(address, tmp_path, scheme):
    found = staged(address(scheme), tmp_path, table="orders", only={"column": "id", "equals": "2"})
    assert (len(rows(found)), found.found["left_aside"]) == (1, 1)


@BOTH
@pytest.mark.parametrize(("options", "key"), [
    ({"query": "SELECT a AS x, a AS x FROM nothing"}, "database_twins"),
    ({"table": "nothing"}, "database_empty"),
    ({"query": "SELECT nonsense FROM orders"}, "database_query"),
    ({"query": "SELECT FROM WHERE"}, "database_query"),
    ({"query": "DELETE FROM orders"}, "database_not_select"),
    ({"query": "SELECT 1; DELETE FROM orders"}, "database_not_select"),
], ids=["twins", "empty", "no column", "no SQL", "writes", "two statements"])
def test_what_cannot_be_read_is_refused(address, tmp_path, scheme, options, key):
    assert refused(lambda: staged(address(scheme), tmp_path, **options)).key == key


@PG
@pytest.mark.parametrize("query", ["SELECT nextval('numbers')", "SELECT 1/(id - 2) FROM orders", "SELECT note::int FROM orders",
                                   "SELECT * FROM closed"], ids=["writes inside", "fails midway", "no number", "no right"])
def test_postgresql_says_no_without_a_value(address, tmp_path, query):
    error = refused(lambda: staged(address("postgresql"), tmp_path, query=query), PERSON)
    assert error.key == "database_query"


@BOTH
def test_the_session_itself_reads_only(address, tmp_path, scheme):
    driver, url = {"postgresql": (postgres, address(scheme)), "mysql": (mysql, address(scheme))}[scheme]
    where = database.address.parse(url, tmp_path)
    with driver.opened(where, None, memory="1GB", spill=tmp_path) as db, pytest.raises(Exception, match="(?i)read.only"):
        db.cursor().execute("DELETE FROM nothing")


@MY
def test_mysql_is_left_when_a_result_is_not_read_to_its_end(address, tmp_path, monkeypatch):
    monkeypatch.setattr(database.parquet, "check_names", lambda names, place: (_ for _ in ()).throw(Problem("empty_file", file="x")))
    begun = time.monotonic()
    assert refused(lambda: staged(address("mysql"), tmp_path, query="SELECT a.a FROM many a, many b")).key == "empty_file"
    assert time.monotonic() - begun < 5


@MY
def test_mysql_writes_no_file_for_a_query(address, tmp_path, my):
    for query in ("SELECT 'x' INTO OUTFILE '/tmp/custlib-never'", "SELECT 1 /*!50000 INTO OUTFILE '/tmp/custlib-never' */"):
        assert refused(lambda query=query: staged(address("mysql"), tmp_path, query=query)).key == "database_not_select"


@BOTH
@pytest.mark.parametrize("what", ["password", "user", "database", "encryption"])
def test_a_refused_login_is_the_users_to_mend_and_says_nothing_of_it(address, tmp_path, monkeypatch, scheme, what):
    url = address(scheme, name="shup" if what == "database" else "shop", more="?sslmode=require" if what == "encryption" else "")
    if what in ("password", "user"):
        monkeypatch.setenv(f"DB_{what.upper()}", PLANTED)
    error = refused(lambda: staged(url, tmp_path, table="orders"), PLANTED)
    assert (error.key, error.exit_code, error.values["url"]) == ("database_login", 2, database.redacted(url))


@BOTH
def test_the_whole_address_may_come_from_the_environment(address, tmp_path, monkeypatch, scheme):
    from urllib.parse import quote

    url = address(scheme).replace("${DB_USER}", quote(USER, safe="")).replace("${DB_PASSWORD}", quote(SECRET, safe=""))
    monkeypatch.setenv("CRM_URL", url)
    found = staged("${CRM_URL}", tmp_path, table="orders")
    assert (found.file, len(rows(found))) == ("${CRM_URL}.orders", 2)
    monkeypatch.setenv("CRM_URL", url.replace("shop", "shup"))
    assert str(refused(lambda: staged("${CRM_URL}", tmp_path, table="orders"))).startswith("${CRM_URL} refuses the login")


@PG
def test_ipv6_and_sockets_are_addresses_too(address, tmp_path, pg):
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text():
        assert staged(address("postgresql", host="[::1]"), tmp_path, table="bought").file == "[::1]:shop.bought"
    url = f"postgresql://${{DB_USER}}:${{DB_PASSWORD}}@:{pg[1]}/shop?host={pg[0]}"
    assert staged(url, tmp_path, table="bought").file == "localhost:shop.bought"


@MY
def test_mysql_by_its_socket(address, tmp_path, my):
    address("mysql")
    assert len(rows(staged(f"mysql://${{DB_USER}}:${{DB_PASSWORD}}@/shop?unix_socket={my[0]}/s", tmp_path, table="orders"))) == 2


@BOTH
def test_the_hash_of_the_rows_knows_no_order_but_every_value(address, tmp_path, scheme):
    table = {"postgresql": "odd", "mysql": "orders"}[scheme]
    column = {"postgresql": "paid", "mysql": "id"}[scheme]
    queries = [f"SELECT * FROM {table} ORDER BY {column}", f"SELECT * FROM {table} ORDER BY {column} DESC", f"SELECT * FROM {table} LIMIT 1"]
    marks = [database.content_hash(staged(address(scheme), tmp_path, query=query)) for query in queries]
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_no_server_there_is_trouble_of_the_network(tmp_path, monkeypatch, scheme):
    monkeypatch.setenv("DB_USER", USER)
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    error = refused(lambda: staged(f"{scheme}://${{DB_USER}}:${{DB_PASSWORD}}@{HOST}:{free_port()}/shop", tmp_path, table="orders"))
    assert (type(error), error.key, error.exit_code) == (Trouble, "database_unreachable", 1)


@pytest.mark.parametrize("speaks", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["is silent", "speaks something else"])
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_port_that_is_no_database_is_left_after_the_time_limit(tmp_path, monkeypatch, scheme, speaks):
    monkeypatch.setenv("DB_USER", USER)
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    monkeypatch.setattr(postgres, "TIMEOUT_S", 2)
    monkeypatch.setattr(mysql, "TIMEOUT_S", 1)
    import threading

    with socket.create_server((HOST, 0)) as mute:
        held = []

        def answer():
            while True:
                try:
                    held.append(mute.accept()[0])
                    if speaks:
                        held[-1].sendall(speaks)
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()
        url = f"{scheme}://${{DB_USER}}:${{DB_PASSWORD}}@{HOST}:{mute.getsockname()[1]}/shop"
        error = refused(lambda: staged(url, tmp_path, table="orders"))
        mute.shutdown(socket.SHUT_RDWR)
    for one in held:
        one.close()
    assert (type(error), error.key) == (Trouble, "database_unreachable")
