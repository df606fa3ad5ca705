"""Readers: every kind of file gives the same tables, every broken row is named by its own number, nothing is guessed."""

import gzip
import hashlib
import http.server
import io
import threading
import zipfile
from datetime import datetime
from decimal import Decimal

import duckdb
import openpyxl
import pandas as pd
import pytest
from helpers import HEADER, PLAIN, orders_of, rejects, rows, shop, tolerant

from custlib.i18n import Problem, Trouble
from custlib.tables import build

CHINESE = "订单,客户,日期,金额\n甲1,张三,2024-01-05,10.00\n甲2,李四,2024-01-06,20.50\n"
CHINESE_COLUMNS = {"order_id": '"订单"', "customer_id": '"客户"', "order_ts": '"日期"', "net_amount": '"金额"'}
EXPECTED = [
    ("o1", "a", "2024-01-05", Decimal("10.00")),
    ("o2", "b", "2024-01-06", Decimal("20.50")),
    ("o3", "a", "2024-02-01", Decimal("-4.25")),
]


def refused(folder, content, **parts) -> Problem:
    with pytest.raises(Problem) as caught:
        build(shop(folder, content, **parts))
    return caught.value


def excel(cells: list[list]) -> bytes:
    book = openpyxl.Workbook()
    for row in cells:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


TYPED = [
    ["o1", "a", datetime(2024, 1, 5), 10.0],
    ["o2", "b", datetime(2024, 1, 6), 20.5],
    ["o3", "a", datetime(2024, 2, 1), -4.25],
]


@pytest.mark.parametrize(
    ("content", "file", "source"),
    [
        (PLAIN, "sales.csv", ""),
        (PLAIN.rstrip("\n"), "sales.csv", ""),
        ("\ufeff" + PLAIN, "sales.csv", ""),
        (PLAIN.replace("\n", "\r\n"), "sales.csv", ""),
        (PLAIN.replace("\n", "\r"), "sales.csv", ""),
        (PLAIN.replace("\n", "\n\n"), "sales.csv", ""),
        (PLAIN.replace("\n", "\r\n\r\n"), "sales.csv", ""),
        (PLAIN + "   \n\n,,,\n", "sales.csv", ""),
        (PLAIN + ",,,\n", "sales.csv", ""),
        (PLAIN.replace(",", ";"), "sales.csv", ""),
        (PLAIN.replace(",", "\t"), "sales.tsv", ""),
        (PLAIN.replace(",", "|"), "sales.txt", ""),
        (PLAIN.replace(",", "#"), "sales.txt", 'delimiter = "#"'),
        (PLAIN.replace(",", "'"), "sales.txt", 'delimiter = "\'"'),
        ("  " + PLAIN.replace(",", "   ").replace("\n", " \n "), "sales.txt", 'delimiter = "whitespace"'),
        (PLAIN.encode("gb18030"), "sales.csv", 'encoding = "gb18030"'),
        (PLAIN.encode("utf-16"), "sales.csv", 'encoding = "utf-16"'),
        (PLAIN.replace("o2,b", '"o2","b"').replace("customer,", '"customer",'), "sales.csv", ""),
        (PLAIN.replace("o2,b", " o2 , b "), "sales.csv", ""),
        (PLAIN, "sales.data", 'format = "csv"'),
        (PLAIN.encode("utf-16-le"), "sales.txt", ""),
        (gzip.compress(PLAIN.encode()), "sales.csv.gz", ""),
        (PLAIN.replace(",", "\t").encode("utf-16"), "sales.xls", ""),
        ("一月销售\n\n" + PLAIN, "sales.csv", "header = 3"),
        (excel([HEADER.split(","), *TYPED]), "sales.xlsx", ""),
        (
            excel([HEADER.split(","), *[[one[0], one[1], str(one[2].date()), f"{one[3]:.2f}"] for one in TYPED]]),
            "sales.xlsx",
            'sheet = "Sheet"',
        ),
        (parquet(pd.DataFrame(TYPED, columns=HEADER.split(","))), "sales.parquet", ""),
        (parquet(pd.DataFrame([[str(one) for one in row] for row in TYPED], columns=HEADER.split(","))), "sales.parquet", ""),
    ],
    ids=[
        "utf-8",
        "no last newline",
        "BOM",
        "CRLF",
        "CR",
        "blank lines",
        "blank CRLF lines",
        "blank lines and commas",
        "only commas",
        "semicolon",
        "tab",
        "bar",
        "declared mark",
        "quote as mark",
        "whitespace",
        "gb18030",
        "utf-16",
        "quoted",
        "padded",
        "declared format",
        "utf-16 without a mark",
        "gz",
        "text named xls",
        "title lines",
        "excel cells",
        "excel text",
        "parquet",
        "parquet text",
    ],
)
def test_the_same_rows_through_any_file_give_the_same_orders(tmp_path, content, file, source):
    assert orders_of(content, tmp_path, file=file, source=source) == EXPECTED


@pytest.mark.parametrize("coding", ["utf-8", "gb18030"])
def test_chinese_names_and_headers_are_read(tmp_path, coding):
    found = orders_of(CHINESE.encode(coding), tmp_path, source=f'encoding = "{coding}"', columns=CHINESE_COLUMNS)
    assert found == [("甲1", "张三", "2024-01-05", Decimal("10.00")), ("甲2", "李四", "2024-01-06", Decimal("20.50"))]


def test_a_quoted_newline_and_a_quoted_mark_stay_in_their_field(tmp_path):
    content = f'{HEADER}\no1,"a\nb, c ""d""",2024-01-05,1\no2,b,2024-01-06,2\n'
    assert [one[1] for one in orders_of(content, tmp_path)] == ['a\nb, c "d"', "b"]
    assert rows(tmp_path / "build", "orders", "source_row", "1") == [(2,), (4,)]


CLEAN = ["o1,a,2024-01-05,1", "o2,b,2024-13-06,2", "o3,c,2024-01-07,3", "o4,d,2024-01-08,x", "o5,e,2024-01-09,5"]


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (CLEAN, [(3, "unreadable_date"), (5, "unreadable_number")]),
        ([CLEAN[0], "", *CLEAN[1:3], "", "", *CLEAN[3:]], [(4, "unreadable_date"), (8, "unreadable_number")]),
        (['o1,"a\nb",2024-01-05,1', *CLEAN[1:]], [(4, "unreadable_date"), (6, "unreadable_number")]),
        (
            [CLEAN[0], "o9,z,2024-01-05", *CLEAN[2:3], "o8,y,2024-01-05,1,1", CLEAN[4]],
            [(3, "wrong_number_of_fields"), (5, "wrong_number_of_fields")],
        ),
        ([CLEAN[0], 'o9,"z,2024-01-05,7', *CLEAN[2:]], [(3, "unclosed_quote"), (5, "unreadable_number")]),
        ([*CLEAN[:3], 'o9,"z,2024-01-05,7'], [(3, "unreadable_date"), (5, "unclosed_quote")]),
        ([CLEAN[0], ",b,2024-01-06,2", *CLEAN[2:3]], [(3, "missing_value")]),
    ],
    ids=["clean", "blank lines", "quoted newline", "wrong number of fields", "unclosed quote", "unclosed at the end", "no id"],
)
def test_a_rejected_row_has_the_number_that_an_editor_shows(tmp_path, lines, broken):
    built = build(shop(tmp_path, "\n".join([HEADER, *lines]) + "\n", head=tolerant()))
    assert rejects(built) == broken
    assert built.facts["rows_in"] == built.facts["kept"] + len(broken)


def test_a_rejected_excel_row_has_the_number_that_excel_shows(tmp_path):
    content = excel([HEADER.split(","), TYPED[0], [None] * 4, ["o2", "b", "soon", 20.5], TYPED[2]])
    built = build(shop(tmp_path, content, file="sales.xlsx", head=tolerant()))
    assert rejects(built, 'file, row, "rule", "column", value') == [("sales.xlsx", 4, "unreadable_date", "day", "soon")]
    assert built.facts["rows_in"] == 3


def test_an_unclosed_quote_costs_one_row_of_a_long_file(tmp_path):
    lines = [f"o{i},c{i},2024-01-05,1" for i in range(5_000)]
    lines[10] = 'o10,"c10,2024-01-05,1'
    built = build(shop(tmp_path, "\n".join([HEADER, *lines]) + "\n"))
    assert (rejects(built), built.facts["kept"]) == ([(12, "unclosed_quote")], 4_999)


@pytest.mark.parametrize(
    ("content", "file", "problem"),
    [
        (b"", "sales.csv", "empty_file"),
        (b"\n\n", "sales.csv", "empty_file"),
        (b"", "sales.parquet", "empty_file"),
        (f"{HEADER}\n".encode(), "sales.csv", "header_only"),
        (f"{HEADER}\n\n,,,\n".encode(), "sales.csv", "header_only"),
        (HEADER.encode(), "sales.csv", "header_only"),
        (excel([HEADER.split(",")]), "sales.xlsx", "header_only"),
        (excel([]), "sales.xlsx", "empty_file"),
        (b"PK\x03\x04 nothing", "sales.xlsx", "broken_excel"),
        (b"whatever", "sales.pdf", "unknown_kind"),
        (parquet(pd.DataFrame(TYPED, columns=HEADER.split(",")))[:-40], "sales.parquet", "broken_parquet"),
        (parquet(pd.DataFrame(TYPED, columns=HEADER.split(","))[:0]), "sales.parquet", "header_only"),
        (None, "sales.csv", "missing_file"),
    ],
)
def test_a_file_without_data_or_whole_content_is_refused_by_name(tmp_path, content, file, problem):
    found = refused(tmp_path, content, source=f'path = "{file}"', file=file)
    assert (found.key, found.values["file"]) == (problem, file)
    assert not (tmp_path / "build").exists()


def test_undecodable_bytes_are_named_by_row_and_column(tmp_path):
    content = CHINESE.encode() + "甲3,".encode() + "王五".encode("gb18030") + b",2024-01-05,1\n"
    found = refused(tmp_path, content, columns=CHINESE_COLUMNS)
    assert found.values == {"file": "sales.csv", "row": 4, "column": "客户", "encoding": "utf-8"}
    declared = refused(tmp_path, CHINESE.encode("gb18030"), columns=CHINESE_COLUMNS, source='encoding = "utf-8"')
    assert (declared.key, declared.values["row"], declared.values["column"]) == ("undecodable", 1, "#1")
    assert refused(tmp_path, PLAIN, source='encoding = "utf-88"').key == "unknown_encoding"


@pytest.mark.parametrize(
    ("content", "file"),
    [
        (PLAIN.replace("customer", "order", 1), "sales.csv"),
        (excel([["order", "order", "day", "amount"], *TYPED]), "sales.xlsx"),
    ],
)
def test_two_columns_of_one_name_are_refused_with_their_places(tmp_path, content, file):
    found = refused(tmp_path, content, file=file)
    assert (found.key, found.values["column"], found.values["places"]) == ("duplicate_column", "order", "1, 2")


def test_lists_inside_a_parquet_file_are_no_columns_of_one_name(tmp_path):
    frame = pd.DataFrame(TYPED, columns=HEADER.split(",")).assign(tags=[[1], [2], [3]], marks=[["x"], [], ["y"]])
    assert orders_of(parquet(frame), tmp_path, file="sales.parquet") == EXPECTED


def test_a_missing_sheet_is_named_with_those_there_are(tmp_path):
    found = refused(tmp_path, excel([HEADER.split(","), *TYPED]), file="sales.xlsx", source='sheet = "2024"')
    assert (found.key, found.values["have"]) == ("no_sheet", "Sheet")


def test_a_file_split_in_two_changes_nothing(tmp_path):
    whole = orders_of(PLAIN, tmp_path / "whole")
    (tmp_path / "parts").mkdir()
    head, *lines = PLAIN.splitlines()
    (tmp_path / "parts/sales_2.csv").write_text(f"{head}\n{lines[2]}\n")
    first = f"{head}\n{lines[0]}\n{lines[1]}\n"
    assert orders_of(first, tmp_path / "parts", file="sales_1.csv", source='path = "sales_*.csv"') == whole
    assert orders_of(first, tmp_path / "parts", file="sales_1.csv", source='path = ["sales_1.csv", "sales_2.csv"]') == whole
    assert rows(tmp_path / "parts/build", "orders", "source_file, source_row", "1, 2") == [
        ("sales_1.csv", 2),
        ("sales_1.csv", 3),
        ("sales_2.csv", 2),
    ]


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for year in ("2023", "2024"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "sales.csv").write_text(f"customer,day,amount\na,{year}-01-05,1\n")
    found = orders_of(None, tmp_path, source='path = "*/sales.csv"', columns={"order_id": "{ row_number = true }"})
    assert [one[0] for one in found] == ["2023/sales.csv:2", "2024/sales.csv:2"]


def test_a_name_with_brackets_is_a_name(tmp_path):
    assert orders_of(PLAIN, tmp_path, file="sales[1] (2).csv") == EXPECTED


def test_declared_missing_words_add_to_blanks(tmp_path):
    content = f"{HEADER}\no1,-,2024-01-05,1\no2,,2024-01-06,2\no3,NULL,2024-01-07,3\n"
    for place, text in enumerate((content, content + "\n")):  # the second is read line by line
        found = orders_of(text, tmp_path / str(place), source='missing = ["-"]')
        assert [one[1] for one in found] == [None, None, "NULL"]


# where the files come from


@pytest.fixture
def server():
    """A web server on this machine; `answers` maps a path to what it sends, `asked` lists what was fetched."""
    answers, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            if body is not None:
                self.send_header("Content-Length", str(len(body) + (100 if "short" in self.path else 0)))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{one.server_port}", answers, asked
    one.shutdown()
    one.server_close()


def zipped(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, text in members.items():
            bundle.writestr(name.replace("__", "/").replace("_csv", ".csv"), text)
    return out.getvalue()


def test_a_file_is_downloaded_once(tmp_path, server):
    url, answers, asked = server
    answers["/sales.csv"] = PLAIN.encode()
    sha = hashlib.sha256(PLAIN.encode()).hexdigest()
    for _ in range(2):
        assert orders_of(None, tmp_path, source=f'url = "{url}/sales.csv"\nsha256 = "{sha}"') == EXPECTED
    assert asked == ["/sales.csv"]
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["sales.csv"]


@pytest.mark.parametrize("member", ["sales.csv", "year/2024/sales.csv"])
def test_a_member_of_a_downloaded_archive_is_taken_out(tmp_path, server, member):
    url, answers, asked = server
    answers["/all.zip"] = zipped(**{member.replace("/", "__").replace(".csv", "_csv"): PLAIN, "other_csv": "x"})
    for _ in range(2):
        assert orders_of(None, tmp_path, source=f'url = "{url}/all.zip"\nmember = "{member}"') == EXPECTED
    assert asked == ["/all.zip"]


def test_a_member_never_leaves_the_raw_folder(tmp_path, server):
    url, answers, _ = server
    answers["/all.zip"] = zipped(**{"..__..__sales_csv": PLAIN})
    orders_of(None, tmp_path / "in/side", source=f'url = "{url}/all.zip"\nmember = "../../sales.csv"')
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("sales.csv")] == [
        (tmp_path / "in/side/raw/sales.csv").relative_to(tmp_path)
    ]


@pytest.mark.parametrize(
    ("path", "source", "kind", "key"),
    [
        ("/sales.csv", f'sha256 = "{"0" * 64}"', Problem, "wrong_hash"),
        ("/sales.zip", 'member = "lost.csv"', Problem, "bad_archive"),
        ("/gone.csv", "", Trouble, "download_failed"),
        ("/short.csv", "", Trouble, "download_failed"),
    ],
)
def test_a_download_that_is_not_what_was_declared_leaves_nothing(tmp_path, server, path, source, kind, key):
    url, answers, _ = server
    answers |= {"/sales.csv": PLAIN.encode(), "/sales.zip": zipped(sales_csv=PLAIN), "/short.csv": PLAIN.encode()}
    with pytest.raises(kind) as caught:
        build(shop(tmp_path, None, source=f'url = "{url}{path}"\n{source}'))
    assert caught.value.key == key
    left = [one.name for one in tmp_path.rglob("*") if one.is_file() and one.suffix not in (".toml", ".zip")]
    assert left == []


@pytest.mark.parametrize("url", ["http://anna:secret@127.0.0.1:1/sales.csv", "http://anna:secret@localhost/sales.csv"])
def test_a_failed_download_names_the_host_and_no_password(tmp_path, url):
    with pytest.raises(Trouble) as caught:
        build(shop(tmp_path, None, source=f'url = "{url}"'))
    trouble = caught.value
    said = trouble.said("zh") + trouble.said("en") + repr(trouble.__cause__)
    assert trouble.exit_code == 1 and trouble.values["host"] in ("127.0.0.1", "localhost")
    assert "secret" not in said and "anna" not in said


@pytest.mark.parametrize("place", ["", "shop"])
def test_a_file_in_custlib_data_is_found_before_any_download(tmp_path, monkeypatch, server, place):
    url, answers, asked = server
    answers["/sales.csv"] = b"wrong"
    (tmp_path / "kept" / place).mkdir(parents=True)
    (tmp_path / "kept" / place / "sales.csv").write_text(PLAIN)
    monkeypatch.setenv("CUSTLIB_DATA", str(tmp_path / "kept"))
    assert orders_of(None, tmp_path / "set", source=f'url = "{url}/sales.csv"') == EXPECTED
    assert orders_of(None, tmp_path / "two", source=f'path = "sales.csv"\nurl = "{url}/sales.csv"') == EXPECTED
    assert asked == []


def test_a_local_file_must_be_the_one_its_sha256_names(tmp_path):
    assert refused(tmp_path, PLAIN, source=f'sha256 = "{"0" * 64}"').key == "wrong_hash"
    assert orders_of(PLAIN, tmp_path, source=f'sha256 = "{hashlib.sha256(PLAIN.encode()).hexdigest()}"') == EXPECTED


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ('package = "no-such-package-here"\nfile = "x.csv"', "no_package"),
        ('package = "pytest"\nfile = "no_such_file.csv"', "no_file_in_package"),
    ],
)
def test_a_package_that_is_not_there_is_named(tmp_path, source, key):
    assert refused(tmp_path, None, source='path = "unused"\n' + source).key == key


def test_reading_never_changes_the_source(tmp_path):
    shop(tmp_path, PLAIN)
    before = (tmp_path / "sales.csv").stat()
    orders_of(PLAIN, tmp_path)
    assert (tmp_path / "sales.csv").read_text() == PLAIN
    assert (tmp_path / "sales.csv").stat().st_size == before.st_size


def test_a_staged_value_keeps_every_digit(tmp_path):
    frame = pd.DataFrame(
        {"order": [536365.0, 2.0], "customer": [17850.0, None], "day": ["2024-01-05", "2024-01-06"], "amount": [0.1, 1e6]}
    )
    found = orders_of(parquet(frame), tmp_path, file="sales.parquet")
    assert found == [("2", None, "2024-01-06", Decimal("1000000.00")), ("536365", "17850", "2024-01-05", Decimal("0.10"))]
    with duckdb.connect() as db:
        assert db.execute(f"SELECT typeof(net_amount) FROM '{tmp_path}/build/orders.parquet'").fetchall()[0] == ("DECIMAL(18,2)",)
