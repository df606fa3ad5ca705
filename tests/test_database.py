"""Databases by address: files of SQLite and DuckDB, addresses and their secrets, one SELECT; servers are in test_database_servers."""

import os
import re
import sqlite3
import subprocess
import sys
import tomllib
import traceback
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from custlib.i18n import Problem, Trouble
from custlib.tables import database
from custlib.tables.database.address import parse
from custlib.tables.database.select import one_select
from custlib.tables.declared import Source

CRM = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, day TEXT, paid NUMERIC);
INSERT INTO orders VALUES (1, 'a', '2024-01-05', 10.5), (2, '顾客', NULL, 0.1), (3, '', '2024-01-07', 17850.0);
CREATE TABLE "订 单""s" ("金额" INTEGER);
INSERT INTO "订 单""s" VALUES (9007199254740993);
CREATE TABLE vacant (a);
CREATE VIEW bought AS SELECT id FROM orders;
CREATE TABLE mixed (v);
INSERT INTO mixed VALUES (1), (1.5), ('1.50'), (x'01ff'), (NULL), (zeroblob(65));
"""

OLD, GOLD = "\\xb9\\xcb", "'gold'"  # values that no message may hold; named, for a traceback shows the lines of this file


def lite(path: Path, script: str = CRM) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()
    return path


def duck(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as db:
        for one in statements:
            db.execute(one)
    return path


@pytest.fixture
def base(tmp_path):
    """A data set's folder with a SQLite file, and a folder to stage in."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "stage").mkdir()
    lite(tmp_path / "shop" / "crm.db")
    return tmp_path / "shop"


def staged(base: Path, url: str = "sqlite:///crm.db", **options):
    return database.stage_database(Source("crm", {"database": url, **options}), base, base.parent / "stage")


def rows(found) -> list[tuple]:
    cells = ", ".join(f"CAST({cell} AS VARCHAR)" for cell in found.columns.values())
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        return db.execute(f"SELECT {found.row}, {cells} FROM {found.scan} ORDER BY 1").fetchall()


def refused(work, *secrets: str) -> Problem:
    """Give the refusal, after a look for secrets in all that could be printed of it."""
    with pytest.raises(Problem) as caught:
        work()
    error = caught.value
    told = "".join(traceback.format_exception(error)) + "".join(error.said(lang) for lang in ("zh", "en"))
    assert [one for one in secrets if one in told] == []
    return error


# ---- SQLite

def test_a_sqlite_table_is_read_as_it_was_stored(base):
    found = staged(base, table="orders")
    assert rows(found) == [(1, "1", "a", "2024-01-05", "10.5"), (2, "2", "顾客", None, "0.1"), (3, "3", "", "2024-01-07", "17850")]
    assert found.file == "crm.db: orders"
    assert found.types == dict.fromkeys(["id", "customer", "day", "paid"], "VARCHAR")
    assert found.found == {"kind": "sqlite", "rows": 3}


def test_a_sqlite_column_of_every_kind_of_value_loses_none(base):
    found = [value for _, value in rows(staged(base, table="mixed"))]
    assert found == ["1", "1.5", "1.50", "01ff", None, "sha256:98ce42deef51d40269d542f5314bef2c7468d401ad5d85168bfab4c0108f75f7"]


def test_a_sqlite_name_may_hold_blanks_quotes_and_chinese(base):
    assert rows(staged(base, table='订 单"s')) == [(1, "9007199254740993")]
    assert database.tables_in("sqlite:///crm.db", base) == ["bought", "mixed", "orders", "vacant", '订 单"s']


@pytest.mark.parametrize("order", ["id", "id DESC"])
def test_a_query_numbers_its_rows_in_its_order(base, order):
    found = staged(base, query=f"SELECT id FROM orders ORDER BY {order};  -- all of them")
    assert rows(found) == list(enumerate(("123" if order == "id" else "321"), 1))
    assert found.file == "crm.db: crm"


def test_a_result_of_many_batches_is_whole_and_in_order(base, monkeypatch):
    from custlib.tables.database import parquet

    monkeypatch.setattr(parquet, "BYTES", 50_000)
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(zeroblob(i % 7 * 100)) FROM n"
    assert [(row, int(i), len(text)) for row, i, text in rows(staged(base, query=sql))] == [(i, i, i % 7 * 200) for i in range(1, 5001)]


@pytest.mark.parametrize(("options", "key"), [
    ({"table": "ordres"}, "database_no_table"),
    ({"table": "vacant"}, "database_empty"),
    ({"query": "SELECT a.id, b.id FROM orders a, orders b"}, "database_twins"),
    ({"query": "SELECT nonsense FROM orders"}, "database_query"),
    ({"query": "SELECT * FROM orders WHERE id = ?"}, "database_query"),
    ({"query": "SELECT FROM WHERE"}, "database_query"),
    ({"query": "DELETE FROM orders"}, "database_not_select"),
    ({"query": ""}, "database_not_select"),
    ({"table": ""}, "database_no_table"),
], ids=["no table", "empty", "twins", "no column", "open value", "no SQL", "writes", "blank", "no name"])
def test_what_sqlite_cannot_give_is_refused(base, options, key):
    assert refused(lambda: staged(base, **options)).key == key


def test_a_table_that_is_not_there_is_answered_with_the_nearest(base):
    assert str(refused(lambda: staged(base, table="ordres"))) == "crm.db: there is no table ordres; did you mean orders?"
    assert rows(staged(base, table="ORDERS"))[0][0] == 1  # SQLite itself does not tell them apart
    lite(base / "void.db", "CREATE TABLE t (a); DROP TABLE t;")
    assert refused(lambda: staged(base, "sqlite:///void.db", table="t")).key == "database_no_tables"


def test_text_that_is_no_utf8_needs_its_encoding(base):
    db = sqlite3.connect(base / "old.db")
    db.execute("CREATE TABLE t (id, name)")
    db.execute("INSERT INTO t VALUES (1, 'a'), (2, CAST(x'b9cbbfcd' AS TEXT))")
    db.commit()
    db.close()
    error = refused(lambda: staged(base, "sqlite:///old.db", table="t"), OLD)
    assert (error.key, error.values["row"], error.values["column"]) == ("undecodable", 2, "name")
    assert rows(staged(base, "sqlite:///old.db", table="t", encoding="gb18030")) == [(1, "1", "a"), (2, "2", "顾客")]
    assert refused(lambda: staged(base, "sqlite:///old.db", table="t", encoding="klingon")).key == "unknown_encoding"


def test_reading_a_wal_file_leaves_nothing_beside_it(base):
    lite(base / "wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    before = sorted(os.listdir(base))
    assert rows(staged(base, "sqlite:///wal.db", table="t")) == [(1, "1")]
    assert sorted(os.listdir(base)) == before
    assert database.files_of(Source("crm", {"database": "sqlite:///wal.db"}), base) == [base / "wal.db"]


def test_rows_that_are_only_in_the_wal_are_read_and_hashed(base):
    lite(base / "wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a);")
    writer = sqlite3.connect(base / "wal.db")
    writer.execute("INSERT INTO t VALUES (7)")
    writer.commit()
    try:
        assert rows(staged(base, "sqlite:///wal.db", table="t")) == [(1, "7")]
        assert database.files_of(Source("crm", {"database": "sqlite:///wal.db"}), base) == [base / "wal.db", base / "wal.db-wal"]
    finally:
        writer.close()


def test_a_file_that_another_program_is_writing_is_trouble(base, monkeypatch):
    from custlib.tables.database import lite as driver

    monkeypatch.setattr(driver, "WAIT_S", 0.1)
    writer = sqlite3.connect(base / "crm.db", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        error = refused(lambda: staged(base, table="orders"))
    finally:
        writer.close()
    assert (type(error), error.key, error.exit_code) == (Trouble, "database_busy", 1)


def test_a_sqlite_session_cannot_write(base):
    from custlib.tables.database import lite as driver

    with driver.opened(parse("sqlite:///crm.db", base), base / "crm.db", memory="1GB", spill=base) as db, \
            pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM orders")


def test_a_damaged_sqlite_file_is_said_to_be_one(base):
    whole = lite(base / "bad.db", "CREATE TABLE t (a); INSERT INTO t SELECT hex(zeroblob(3000)) FROM sqlite_master, (VALUES (1), (2), (3));")
    whole.write_bytes(whole.read_bytes()[:5000] + b"\xff" * 3000)
    assert refused(lambda: staged(base, "sqlite:///bad.db", table="t")).key in ("database_unopened", "database_query")


# ---- files of both kinds

@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_not_there_is_not_made(base, kind):
    before = sorted(os.listdir(base))
    for work in (lambda: staged(base, f"{kind}:///none.db", table="t"), lambda: database.tables_in(f"{kind}:///none.db", base),
                 lambda: database.files_of(Source("crm", {"database": f"{kind}:///none.db"}), base)):
        assert str(refused(work)).startswith("none.db does not exist")
    assert sorted(os.listdir(base)) == before


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_what_is_no_database_is_refused_by_name(base, kind):
    (base / "folder.db").mkdir()
    (base / "text.db").write_text("id,name\n1,a\n" * 100)
    (base / "void.db").write_bytes(b"")
    found = {name: refused(lambda name=name: staged(base, f"{kind}:///{name}", table="t")).key for name in ("folder.db", "text.db", "void.db")}
    assert found == {"folder.db": "database_not_one", "text.db": "database_not_one", "void.db": "empty_file"}


def test_a_file_is_found_where_other_files_are(base, tmp_path, monkeypatch):
    lite(base / "raw" / "in raw.db")
    lite(tmp_path / "elsewhere" / "shop" / "100%20.db")
    monkeypatch.setenv("CUSTLIB_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CRM_FOLDER", str(tmp_path / "elsewhere" / "shop"))
    for url, path in {"sqlite:///in raw.db": base / "raw" / "in raw.db", "sqlite:///in%20raw.db": base / "raw" / "in raw.db",
                      "sqlite:///100%20.db": tmp_path / "elsewhere" / "shop" / "100%20.db",
                      f"sqlite:///{base}/crm.db": base / "crm.db",
                      "sqlite:///${CRM_FOLDER}/100%20.db": tmp_path / "elsewhere" / "shop" / "100%20.db"}.items():
        assert database.files_of(Source("crm", {"database": url}), base) == [path]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_folders_and_files_may_have_any_name(tmp_path, kind):
    folder = tmp_path / "o'clock #1 %41"
    folder.mkdir()
    (folder / "stage").mkdir()
    path = folder / "数据?'#%20 a@b.db"
    if kind == "sqlite":
        lite(path, "CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    else:
        duck(path, "CREATE TABLE t AS SELECT 1 AS a")
    source = Source("crm", {"database": f"{kind}:///数据%3F'#%2520 a@b.db", "table": "t"})
    assert rows(database.stage_database(source, folder, folder / "stage")) == [(1, "1")]


def test_no_server_has_a_file(base, monkeypatch):
    monkeypatch.setenv("U", "u")
    assert database.files_of(Source("crm", {"database": "mysql://${U}@db.example/shop"}), base) == []


@pytest.mark.parametrize(("error", "kind", "key"), [
    (PermissionError(13, "Permission denied"), Problem, "file_closed"),
    (OSError(28, "No space left on device"), Trouble, "no_room"),
    (duckdb.IOException("IO Error: No space left on device"), Trouble, "no_room"),
], ids=["no right", "disk full", "disk full for DuckDB"])
def test_what_the_machine_refuses_is_said_to_be_that(base, monkeypatch, error, kind, key):
    from custlib.tables.database import parquet

    def fail(*given):
        raise error

    monkeypatch.setattr(parquet, "write", fail)
    found = refused(lambda: staged(base, table="orders"))
    assert (type(found), found.key) == (kind, key)


def test_a_fault_of_the_program_is_not_hidden(base, monkeypatch):
    from custlib.tables.database import parquet

    monkeypatch.setattr(parquet, "write", None)
    with pytest.raises(TypeError):
        staged(base, table="orders")


# ---- DuckDB

DUCK = ["CREATE TABLE orders (id BIGINT, big HUGEINT, far UHUGEINT, paid DECIMAL(12,2), day DATE, \"at\" TIMESTAMPTZ, s TIMESTAMP_S, ok BOOLEAN, "
        "tags VARCHAR[], who UUID, raw BLOB, level ENUM ('gold'), prices DECIMAL(4,1)[], \"金额\" DOUBLE)",
        "INSERT INTO orders VALUES (1, 12345678901234567890123, 340282366920938463463374607431768211455, 0.10, '2024-01-05', "
        "'2024-01-05 10:00:00+08', '2024-01-05 10:00:00', true, ['x'], '00000000-0000-0000-0000-000000000001', '\\x01\\xFF', 'gold', [1.5], 0.5)",
        "CREATE TABLE nothing (a INT)", "CREATE SCHEMA sales", "CREATE TABLE sales.orders AS SELECT 7 AS a",
        "CREATE VIEW bought AS SELECT id FROM orders"]


def test_a_duckdb_table_keeps_its_types_and_every_digit(base):
    duck(base / "shop.duckdb", *DUCK)
    found = staged(base, "duckdb:///shop.duckdb", table="orders")
    assert rows(found) == [(1, "1", "12345678901234567890123", "340282366920938463463374607431768211455", "0.10", "2024-01-05",
                            "2024-01-05 02:00:00+00", "2024-01-05 10:00:00", "true", "[x]", "00000000-0000-0000-0000-000000000001", "01ff",
                            "gold", "[1.5]", "0.5")]
    assert list(found.types.values()) == ["BIGINT", "DECIMAL(38,0)", "VARCHAR", "DECIMAL(12,2)", "DATE", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP",
                                          "BOOLEAN", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE"]
    assert database.tables_in("duckdb:///shop.duckdb", base) == ["bought", "nothing", "orders", "sales.orders"]
    assert rows(staged(base, "duckdb:///shop.duckdb", table="sales.orders")) == [(1, "7")]


@pytest.mark.parametrize(("options", "key"), [
    ({"table": "ordres"}, "database_no_table"),
    ({"table": "nothing"}, "database_empty"),
    ({"query": "SELECT a.id, b.id FROM orders a, orders b"}, "database_twins"),
    ({"query": "SELECT nonsense FROM orders"}, "database_query"),
    ({"query": "SELECT CAST(level AS INT) FROM orders"}, "database_query"),
    ({"query": "INSERT INTO orders DEFAULT VALUES"}, "database_not_select"),
], ids=["no table", "empty", "twins", "no column", "fails midway", "writes"])
def test_what_duckdb_cannot_give_is_refused(base, options, key):
    duck(base / "shop.duckdb", *DUCK)
    error = refused(lambda: staged(base, "duckdb:///shop.duckdb", **options), GOLD)
    assert (error.key, error.__context__) == (key, None)


def test_a_duckdb_query_numbers_its_rows_in_its_order(base):
    duck(base / "shop.duckdb", "CREATE TABLE t AS SELECT range AS a FROM range(300000)")
    found = staged(base, "duckdb:///shop.duckdb", query="SELECT a FROM t ORDER BY a DESC -- last first\n;")
    with duckdb.connect() as db:
        assert db.execute(f"SELECT count(*), count(*) FILTER (WHERE source_row + c0 = 300000) FROM {found.scan}").fetchall() == [(300000, 300000)]


def test_a_duckdb_file_that_cannot_be_opened_names_the_version(base):
    path = duck(base / "shop.duckdb", *DUCK)
    content = bytearray(path.read_bytes())
    content[12] = 250  # the number of the storage version
    path.write_bytes(content)
    assert duckdb.__version__ in str(refused(lambda: staged(base, "duckdb:///shop.duckdb", table="orders")))


def test_a_duckdb_file_that_another_program_holds_is_trouble(base):
    duck(base / "shop.duckdb", *DUCK)
    code = f"import duckdb, time; db = duckdb.connect({str(base / 'shop.duckdb')!r}); print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        error = refused(lambda: staged(base, "duckdb:///shop.duckdb", table="orders"))
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert (type(error), error.key) == (Trouble, "database_busy")


# ---- hashes

def test_the_hash_of_the_rows_knows_no_order_but_every_value(base):
    queries = ["SELECT id, day FROM orders ORDER BY id", "SELECT id, day FROM orders ORDER BY id DESC", "SELECT id, day AS d FROM orders",
               "SELECT id, day FROM orders WHERE id < 3", "SELECT day, id FROM orders",
               "SELECT id, day FROM orders UNION ALL SELECT id, day FROM orders"]
    marks = [database.content_hash(staged(base, query=query)) for query in queries]
    assert marks[0] == marks[1] and len(set(marks)) == 5


# ---- addresses

@pytest.mark.parametrize(("url", "shown"), [
    ("sqlite:///crm.db", "sqlite:///crm.db"),
    ("sqlite:///a@b.db?key=s3cret", "sqlite:///a@b.db"),
    ("postgresql://${U}:${P}@[::1]:5432/shop?sslmode=require", "postgresql://[::1]:5432/shop"),
    ("postgresql+psycopg://me:s3cret@${HOST}:${PORT}/shop", "postgresql+psycopg://${HOST}:${PORT}/shop"),
    ("mysql://me:s3@cr/et@db.example/shop", "mysql://db.example/shop"),
    ("mysql://me:s3cret@db.example/shop;password=s3cret", "mysql://***"),
    ("mysql://db.example/shop?password=s3cret", "mysql://db.example/shop"),
    ("mysql://me:s3cret/shop", "mysql://***"),
    ("oracle://me:s3cret@db.example/shop", "oracle://db.example/shop"),
    ("host=db.example password=s3cret", "***"),
    ("me:s3cret@db.example/shop", "***"),
    ("${CRM_URL}", "${CRM_URL}"),
])
def test_an_address_is_shown_without_its_secrets(url, shown):
    assert database.redacted(url) == shown


@pytest.mark.parametrize(("url", "key"), [
    ("oracle://me:s3cret@db.example/shop", "database_scheme"),
    ("host=db.example password=s3cret", "database_scheme"),
    ("me:s3cret@db.example/shop", "database_scheme"),
    ("", "database_scheme"),
    ("sqlite://crm.db", "database_url"),
    ("sqlite:///crm.db?key=s3cret", "database_url"),
    ("sqlite:///", "database_url"),
    ("mysql://${U}:${P}@db.example", "database_url"),
    ("mysql://${U}:${P}@db.example:s3cret/shop", "database_url"),
    ("mysql://${U}:${P}@db.example:99999/shop", "database_url"),
    ("mysql://${U}:s3cret@db.example/shop", "database_secret"),
    ("mysql://${U}:s3cret${P}@db.example/shop", "database_secret"),
    ("mysql://s3cret@db.example/shop", "database_secret"),
    ("postgresql://u:s3cret@a/b?c@db.example/shop", "database_secret"),
    ("postgresql://${U}:$s3cret@db.example/shop", "database_secret"),
    ("postgresql://${U}:${P}@db.example/shop?password=s3cret", "database_option"),
    ("postgresql://${U}:${P}@db.example/shop?s3cret", "database_option"),
    ("postgresql://${U}:${P}@db.example/shop?sslmode=maybe", "not_allowed"),
    ("postgresql://${U}:${UNSET}@db.example/shop", "database_variable"),
    ("${UNSET}", "database_variable"),
])
def test_a_wrong_address_is_refused_and_its_secret_not_repeated(base, monkeypatch, url, key):
    monkeypatch.setenv("U", "us3cret")
    monkeypatch.setenv("P", "s3cret")
    monkeypatch.delenv("UNSET", raising=False)
    secret = "s3" + "cret"
    with pytest.raises(Problem) as caught:
        staged(base, url, table="t")
    assert caught.value.key == key
    assert secret not in caught.value.said("bi") + repr(caught.value.values)
    if key == "database_variable":
        assert caught.value.values == {"name": "UNSET"}


def test_an_address_from_the_environment_is_never_told(base, monkeypatch):
    for url in ("nonsense s3cret", "oracle://u:s3cret@db.example/shop", "mysql://u:s3cret@db.example", "mysql://u:p@db.example/shop?s3cret=1"):
        monkeypatch.setenv("CRM_URL", url)
        with pytest.raises(Problem) as caught:
            staged(base, "${CRM_URL}", table="t")
        assert "s3" + "cret" not in caught.value.said("bi") + repr(caught.value.values)


def test_a_variable_is_taken_as_it_is_and_written_signs_as_they_are_meant(tmp_path, monkeypatch):
    monkeypatch.setenv("P", "p@:/?#%20${U}")
    monkeypatch.setenv("U", "u%41")
    monkeypatch.setenv("HOST", "db.example")
    found = parse("postgresql://${U}:${P}@${HOST}:6543/my%20shop?sslrootcert=ca.pem&sslmode=verify-full", tmp_path)
    assert (found.user, found.password, found.host, found.port, found.database) == ("u%41", "p@:/?#%20${U}", "db.example", 6543, "my shop")
    assert found.options == {"sslrootcert": str(tmp_path / "ca.pem"), "sslmode": "verify-full"}
    assert (found.place, "u%41" in repr(found), "p@" in repr(found)) == ("${HOST}:my shop", False, False)


# ---- one SELECT

@pytest.mark.parametrize(("kind", "query"), [
    ("sqlite", "select 1"),
    ("sqlite", "SELECT [delete into;] FROM t"),
    ("sqlite", "SELECT ';' FROM t -- ; DELETE FROM t"),
    ("sqlite", "(SELECT 1) UNION (SELECT 2)"),
    ("postgresql", "WITH a AS (SELECT 1) SELECT $x$; DELETE$x$, E'it\\'s; INTO' FROM a"),
    ("postgresql", 'SELECT "into", "a;b", updated, deleted FROM t /* INTO ; */'),
    ("postgresql", "SELECT substring(note FROM 1 FOR 3), nums[1] FROM t"),
    ("mysql", "SELECT `into;`, 'it\\'s; DELETE', 1--1, insert('abc', 1, 1, 'x') FROM t # ; INTO"),
    ("mysql", "SELECT concat(insert('abc', 1, 1, 'x'), replace(a, 'b', 'c')) FROM t"),
], ids=str)
def test_one_select_is_let_through(kind, query):
    assert one_select(f"  {query}\n;; ", kind, "x").startswith(("select", "SELECT", "(SELECT", "WITH"))


@pytest.mark.parametrize(("kind", "query", "got"), [
    ("sqlite", "INSERT INTO t VALUES (1)", "INSERT"),
    ("sqlite", "PRAGMA writable_schema = 1", "PRAGMA"),
    ("sqlite", "ATTACH 'x' AS y", "ATTACH"),
    ("sqlite", "SELECT 1; SELECT 2", ";"),
    ("sqlite", "/* SELECT */ DELETE FROM t", "DELETE"),
    ("sqlite", "-- nothing", "–"),
    ("sqlite", "", "–"),
    ("sqlite", "WITH a AS (SELECT 1) DELETE FROM t", "DELETE"),
    ("postgresql", "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "DELETE"),
    ("postgresql", "SELECT * INTO copy FROM t", "INTO"),
    ("postgresql", "SELECT * FROM t FOR UPDATE", "FOR"),
    ("postgresql", "SELECT '\\'; DELETE FROM t; --'", ";"),
    ("postgresql", "COPY t TO PROGRAM 'x'", "COPY"),
    ("mysql", "SELECT 1 INTO OUTFILE '/x'", "INTO"),
    ("mysql", "SELECT 1 /*!50000 INTO OUTFILE '/x' */", "/*!"),
    ("mysql", "SELECT 1 /*M! INTO OUTFILE '/x' */", "/*!"),
    ("mysql", "SELECT * FROM t LOCK IN SHARE MODE", "LOCK"),
    ("duckdb", "FROM t", "FROM"),
], ids=str)
def test_anything_else_is_refused_before_it_is_sent(kind, query, got):
    with pytest.raises(Problem) as caught:
        one_select(query, kind, "crm.db")
    assert (caught.value.key, caught.value.values) == ("database_not_select", {"file": "crm.db", "got": got})


# ---- the optional packages

@pytest.mark.parametrize(("scheme", "module", "name"), [("postgresql", "psycopg", "postgres"), ("mysql", "pymysql", "mysql")])
def test_a_missing_driver_is_answered_with_the_command(base, monkeypatch, scheme, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("U", "u")
    error = refused(lambda: staged(base, f"{scheme}://${{U}}:${{U}}@db.example/shop", table="t"))
    assert (error.key, error.values["command"]) == ("database_driver", f"make extra NAME={name}")


@pytest.mark.parametrize("extra", ["postgres", "mysql"])
def test_an_extra_is_locked_in_its_range_with_hashes_and_without_an_address(extra):
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    text = (ROOT / f"requirements/{extra}.lock").read_text()
    found = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.M))
    versions = {canonicalize_name(name): version for name, version in found.items()}
    assert [one for one in map(Requirement, wanted) if versions[canonicalize_name(one.name)] not in one.specifier] == []
    assert [block for block in re.split(r"\n(?=[\w.-]+==)", text.strip()) if "--hash=sha256:" not in block] == []
    assert "://" not in text and "--index-url" not in text
    base_lock = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), flags=re.M))
    assert {name: version for name, version in found.items() if base_lock.get(name, version) != version} == {}


def test_every_extra_of_the_project_has_a_lock():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert [name for name in extras if not (ROOT / f"requirements/{name}.lock").is_file()] == []
