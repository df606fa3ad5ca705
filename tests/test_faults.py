"""Faults that a user can make, through the command line: the exit code, one sentence that says where and what to do, and nothing lost."""

import gzip
import hashlib
import io
import re
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from conftest import ROOT
from helpers import HEADER, dataset_toml, shop

from custlib import cli
from custlib.tables import build, declared, given
from custlib.tables.dataset import TOP

PERSON = "zoe.quill@example.invalid"
GOOD = f"{HEADER}\no1,{PERSON},2024-01-05,10.00\no2,b,2024-01-06,20.50\no3,{PERSON},2024-02-01,4.25\n"
PROGRESS = re.compile(r"build: |look: |profile: |draft: |  .*%|.* ← ")
BROKEN_MAP = (
    (ROOT / "custlib/value/maps/named.toml").read_text(encoding="utf-8").replace("{ r = [3, 3], fm = [3, 3] }", "{ r = [3, 3], fm = [4, 4] }")
)


@dataclass(frozen=True)
class Fault:
    """What is wrong: files that are put beside the good ones, parts of the dataset.toml, words of the command, what has to be said."""

    said: tuple[str, ...]
    files: dict[str, bytes | str] = field(default_factory=dict)
    parts: dict = field(default_factory=dict)
    words: tuple[str, ...] = ()
    code: int = 2
    command: tuple[str, ...] = ()
    also: Callable[[Path], None] | None = None
    writes: tuple[str, ...] = ()


def fault(*said: str, **more) -> Fault:
    return Fault(said, **more)


def file(content: bytes | str, *said: str, name: str = "sales.csv", source: str = "", **more) -> Fault:
    """Another sales file than the good one."""
    return fault(*said, files={name: content}, parts={"source": f'path = "{name}"\n{source}', **more.pop("parts", {})}, **more)


def toml(*said: str, **parts) -> Fault:
    return fault(*said, parts=parts)


def made(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def book(rows: list[list]) -> bytes:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    return made(workbook.save)


def zipped(**members: str) -> bytes:
    def write(out: io.BytesIO) -> None:
        with zipfile.ZipFile(out, "w") as bundle:
            for name, text in members.items():
                bundle.writestr(f"{name}.csv", text)

    return made(write)


def statistics(ending: str) -> bytes:
    """Give the first half of a good file of a statistics program."""
    frame = pd.DataFrame([row.split(",") for row in GOOD.splitlines()[1:]], columns=HEADER.split(","))
    path = Path(f"half.{ending}")
    {"sav": pyreadstat.write_sav, "xpt": pyreadstat.write_xport, "dta": pyreadstat.write_dta}[ending](frame, str(path))
    return path.read_bytes()[: path.stat().st_size // 2]


def half(ending: str) -> Fault:
    name = f"sales.{ending}"
    return fault(
        f"{name} is no whole SPSS, SAS or Stata file",
        "export it again",
        parts={"source": f'path = "{name}"'},
        also=lambda folder: (folder / name).write_bytes(statistics(ending)),
    )


def database(*said: str, source: str, code: int = 2) -> Fault:
    return fault(*said, parts={"source": source}, code=code, also=_database)


def _database(folder: Path) -> None:
    with sqlite3.connect(folder / "crm.db") as db:
        db.execute("CREATE TABLE bills (o TEXT)")
        db.execute("CREATE TABLE empty (o TEXT)")
        db.execute("INSERT INTO bills VALUES ('o1')")
    db.close()


def _both(folder: Path) -> None:
    text = (folder / "dataset.toml").read_text(encoding="utf-8")
    (folder / "dataset.toml").write_text(text.replace('source = "sales"', 'source = ["sales", "more"]'), encoding="utf-8")


def notebook(name: str, said: tuple[str, ...], **metadata) -> Fault:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}

    def write(folder: Path) -> None:
        (folder / "notebooks").mkdir()
        nbformat.write(nbformat.v4.new_notebook(metadata={**kernel, **metadata}), folder / "notebooks" / f"{name}.ipynb")

    return fault(*said, also=write)


def rates(lines: str, *said: str, code: int = 2) -> Fault:
    tail = '[sources.fx]\npath = "fx.csv"\n[rates]\nsource = "fx"\ndate = "day"\ncurrency = "currency"\nrate = "rate"'
    return fault(
        *said, files={"fx.csv": f"day,currency,rate\n{lines}\n"}, parts={"columns": {"currency": '{ constant = "CNY" }'}, "tail": tail}, code=code
    )


POLICY = '[[policies]]\nname = "p"\ntable = "orders"\naction = "keep"\n'
TWO = '[sources.more]\npath = "more.csv"\n'
INIT = ("tables", "init", "{f}/sales.csv", "--out", "{f}/new")
HALF_PARQUET = made(lambda out: pd.DataFrame({"order": [str(i) for i in range(500)]}).to_parquet(out))[:-300]
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
FAULTS = {
    # text
    "empty": file("", "sales.csv is empty", "give a file with a header and at least one row"),
    "only blank lines": file("\n\n  \n", "sales.csv is empty", "give a file with a header"),
    "only a byte order mark": file(b"\xef\xbb\xbf", "sales.csv is empty", "give a file with a header"),
    "header only": file(f"{HEADER}\n\n,,,\n", "sales.csv, row 1:", "no row below it", "give a file with data"),
    "bytes of no text": file(GOOD.encode() + bytes(500), "sales.csv holds bytes of no text", "export it again as CSV"),
    "another encoding": file(
        GOOD.replace("b,", "张三,").encode("gb18030"),
        "sales.csv, row 3, column customer",
        "declare the right `encoding`",
        source='encoding = "utf-8"',
    ),
    "a byte that fits nowhere": file(
        GOOD.encode() + "o4,王五".encode() + b"\xff,2024-02-02,1\n", "sales.csv, row 5, column customer", "declare the right `encoding`"
    ),
    "unknown encoding": file(GOOD, "sales.csv: the encoding utf-88 is not known", "use a name such as utf-8", source='encoding = "utf-88"'),
    "twin columns": file(GOOD.replace("customer", "day", 1), "sales.csv, row 1: column day", "(places 2, 3)", "rename one of them"),
    "header beyond the end": file(GOOD, "sales.csv: the header is declared in row 99", "correct `header`", source="header = 99"),
    "blank header": file(f"\n{GOOD}", "sales.csv, row 1: the row of the header is blank", "correct `header`", source="header = 1"),
    "title above the header": file(f"一月销售\n{GOOD}", "sales.csv: there is no column order", "did you mean 一月销售?"),
    "another delimiter": file(GOOD, "sales.csv: there is no column order", "did you mean", source='delimiter = ";"'),
    "endless line": file(HEADER.encode() + b"\n" + b"a" * (17 << 20), "sales.csv, row 2 is longer than 16 MB", "one record a line"),
    "open quotes": file(GOOD.replace("o2,", 'o2,"'), "1 of 3 rows (33.3%)", "by the rule unclosed_quote", "correct the file or the mapping", code=3),
    "too few fields": file(GOOD.replace("o2,b,", "o2,"), "1 of 3 rows (33.3%)", "wrong_number_of_fields", "correct the file or the mapping", code=3),
    "unknown ending": file("x", "sales.pdf: this kind of file is not read", "use one of .csv", name="sales.pdf"),
    "no such file": toml("nowhere.csv does not exist", "check the path", source='path = "nowhere.csv"'),
    "no file of a pattern": toml("sales-*.csv does not exist", "check the path", source='path = "sales-*.csv"'),
    "empty folder": fault(
        "parts holds no file that can be read", "put files there", parts={"source": 'path = "parts"'}, also=lambda folder: (folder / "parts").mkdir()
    ),
    "mixed folder": fault(
        "parts holds files of several kinds", "keep them apart", parts={"source": 'path = "parts"'}, files={"parts/a.csv": GOOD, "parts/b.json": "{}"}
    ),
    "its own build": fault(
        "orders.parquet lies in the data set's own folder build",
        "let `path` name the original files",
        parts={"source": 'path = "build/orders.parquet"'},
    ),
    "other bytes than declared": toml(
        "sales.csv is not the file that dataset.toml names", "correct sha256", source=f'path = "sales.csv"\nsha256 = "{"0" * 64}"'
    ),
    "other totals than published": toml("sales.csv: rows is 3, published is 4", "a damaged copy", source='path = "sales.csv"\nexpect = { rows = 4 }'),
    "nothing to download from": fault(
        "sales2.csv could not be fetched from 127.0.0.1",
        "put the file into",
        code=1,
        parts={"source": 'url = "http://127.0.0.1:9/sales2.csv"'},
        writes=("raw",),
    ),
    "no such package": toml(
        "The package no-such-package-xyz is not installed", "run `make setup`", source='package = "no-such-package-xyz"\nfile = "a.csv"'
    ),
    # packed
    "half an archive": file(gzip.compress(GOOD.encode())[:-20], "sales.csv.gz is no whole archive", "export it again", name="sales.csv.gz"),
    "an archive of two files": file(zipped(a=GOOD, b=GOOD), "sales.zip holds 2 data files", "leave one of them", name="sales.zip"),
    # spreadsheets
    "no workbook": file(b"PK\x03\x04 nothing", "sales.xlsx is no readable Excel file", "save it again as .xlsx", name="sales.xlsx"),
    "a web page named xls": file("<html><table></table></html>", "sales.xls is really a web page", "save it as .xlsx", name="sales.xls"),
    "a locked workbook": file(LOCKED, "sales.xlsx is protected by a password", "save it without one", name="sales.xlsx"),
    "an empty sheet": file(book([]), "sales.xlsx is empty", "give a file with a header", name="sales.xlsx"),
    "a sheet of a header": file(book([HEADER.split(",")]), "sales.xlsx, row 1:", "give a file with data", name="sales.xlsx"),
    "no such sheet": file(book([["a"], [1]]), "sales.xlsx has no sheet 2024", "it has Sheet", name="sales.xlsx", source='sheet = "2024"'),
    # JSON
    "broken JSON": file('[{"order": "o1"},\n {"order": }]', "sales.json, row 2, character 12", "export the file again", name="sales.json"),
    "JSON of bare values": file("[1, 2, 3]", "sales.json holds no readable JSON record", "export an array of objects", name="sales.json"),
    "JSON too deep": file("[" * 200_000, "sales.json nests JSON too deeply", "export it as plain records", name="sales.json"),
    "no such list in JSON": file(
        '[{"order": "o1", "lines": [{"n": 1}]}]',
        "sales.json holds no list of objects named items",
        "it has: lines",
        name="sales.json",
        source='records = "items"',
    ),
    "a broken JSON line": file(
        '{"order": "o1", "customer": "a", "day": "2024-01-05", "amount": 1}\n{"order": \n',
        "1 of 2 rows (50.0%)",
        "broken_json",
        "correct the file or the mapping",
        name="sales.jsonl",
        code=3,
    ),
    # statistics programs, Parquet
    "half an SPSS file": half("sav"),
    "half a SAS transport file": half("xpt"),
    "half a Stata file": half("dta"),
    "no SAS file": file(bytes(range(256)) * 40, "sales.sas7bdat is no whole SPSS, SAS or Stata file", "export it again", name="sales.sas7bdat"),
    "half a Parquet file": file(HALF_PARQUET, "sales.parquet is no whole Parquet file", "copy or export it again", name="sales.parquet"),
    "a Parquet file without rows": file(
        made(pd.DataFrame({"order": [""]})[:0].to_parquet), "sales.parquet, row 1:", "give a file with data", name="sales.parquet"
    ),
    # databases
    "no database": database("nowhere.db does not exist", "check the path", source='database = "sqlite:///nowhere.db"\ntable = "bills"'),
    "no such table": database("crm.db: there is no table bils", "did you mean bills?", source='database = "sqlite:///crm.db"\ntable = "bils"'),
    "an empty table": database(
        "crm.db: empty: the result has columns (o) and no row", "check `query` or `table`", source='database = "sqlite:///crm.db"\ntable = "empty"'
    ),
    "a password written out": database(
        "postgresql://db.example/shop: a user or password is written out",
        "put the values into these environment variables",
        source='database = "postgresql://me:hunter2@db.example/shop"\ntable = "bills"',
    ),
    "a variable that is not set": database(
        "environment variable CUSTLIB_NOT_SET", "set it and run again", source='database = "${CUSTLIB_NOT_SET}"\ntable = "bills"'
    ),
    "two statements": database(
        "crm.db: sales: `query` must be one SELECT", source='database = "sqlite:///crm.db"\nquery = "SELECT 1; DROP TABLE bills"'
    ),
    "a query of a column that is not there": database(
        "crm.db: sales: the database does not accept the query",
        "correct `query`",
        source='database = "sqlite:///crm.db"\nquery = "SELECT nope FROM bills"',
    ),
    "another kind of database": database(
        "oracle://db.example/shop: databases of the kind oracle are not read",
        "may begin with sqlite://",
        source='database = "oracle://db.example/shop"\ntable = "t"',
    ),
    "a table and a query": database(
        "dataset.toml: source sales is a database", "needs exactly one of", source='database = "sqlite:///crm.db"\ntable = "t"\nquery = "SELECT 1"'
    ),
    "a text named as a database": toml(
        "sales.csv is no SQLite database file", "check the address", source='database = "sqlite:///sales.csv"\ntable = "t"'
    ),
    # dataset.toml
    "no TOML": toml("dataset.toml is no valid TOML", "(at line ", head="curency = = 5"),
    "a number without end": toml("dataset.toml is no valid TOML", head=f"as_of = {'9' * 5000}"),
    "lists without end": toml("dataset.toml is no valid TOML", head=f"as_of = {'[' * 3000}"),
    "an unknown key": toml("dataset.toml: the key curency is not known", "did you mean currency?", head='curency = "CNY"'),
    "an unknown key of a source": toml(
        "dataset.toml: the key sources.sales.encodng is not known", "did you mean encoding?", source='path = "sales.csv"\nencodng = "utf-8"'
    ),
    "an unknown table": toml("dataset.toml: the key tables.order is not known", "did you mean orders?", tail='[tables.order]\nsource = "sales"'),
    "an unknown column": toml("the key tables.orders.columns.netamount is not known", "did you mean net_amount?", columns={"netamount": '"amount"'}),
    "open questions": toml(
        "dataset.toml still holds open questions", "tables.orders.columns.net_amount", "Answer them", columns={"net_amount": '"?"'}
    ),
    "no such source": toml(
        "dataset.toml: table customers names the source person", "declared are sales", tail='[tables.customers]\nsource = "person"'
    ),
    "by_source of no such source": toml(
        "dataset.toml: the key tables.orders.by_source.person is not known",
        "did you mean sales?",
        orders='by_source = { person = { channel = "x" } }',
    ),
    "a column that one source lacks": fault(
        "dataset.toml: table orders needs order_ts",
        "map it under [tables.orders.columns]",
        files={"more.csv": GOOD},
        parts={"source": f'path = "sales.csv"\n{TWO}', "orders": 'by_source = { more = { order_ts = "" } }'},
        also=_both,
    ),
    "a column that the file lacks": toml("sales.csv: there is no column amont", "did you mean amount?", columns={"net_amount": '"amont"'}),
    "no amount": toml("dataset.toml: table orders needs net_amount", "map it under", columns={"net_amount": ""}),
    "two origins": toml("tables.orders.columns.channel needs exactly one of from", columns={"channel": '{ from = "day", constant = "x" }'}),
    "no such zone": toml(
        "sources.sales.timezone (dataset.toml) must be a name such as Asia/Shanghai",
        "'Mars/Base'",
        source='path = "sales.csv"\ntimezone = "Mars/Base"',
    ),
    "no date format": toml(
        "sources.sales.date_format (dataset.toml) must be a date format such as", source='path = "sales.csv"\ndate_format = "day first"'
    ),
    "one mark for two things": toml(
        "tables.orders.columns.net_amount.thousands (dataset.toml)",
        "other than the decimal mark",
        columns={"net_amount": '{ from = "amount", thousands = "." }'},
    ),
    "a rate of nothing": rates("2024-01-01,USD,0", "fx.csv, row 2: a rate table needs", "correct this row"),
    "two rates of a day": rates("2024-01-01,USD,7\n2024-01-01,USD,8", "two different rates for USD on 2024-01-01", "keep one of them"),
    "a policy on what is not mapped": toml(
        "policies.p.column: channel is not known", "did you mean", tail=f'{POLICY}column = "channel"\nequals = "web"'
    ),
    "a policy on no table": toml(
        "table order_lines needs order_id", "map it under", tail=POLICY.replace('"orders"', '"order_lines"') + "duplicate = true"
    ),
    "a policy of no pattern": toml(
        "policies.p.pattern (dataset.toml) must be a regular expression", tail=f'{POLICY}column = "order_id"\npattern = "("'
    ),
    "a policy of no day": toml("policies.p.below (dataset.toml) must be a day", tail=f'{POLICY}column = "order_ts"\nbelow = "2024-01-05 or so"'),
    "an unknown quality rule": toml("the key quality.rules.outliers is not known", "did you mean outlier?", tail='[quality.rules]\noutliers = "off"'),
    "an impossible score": toml("quality.min_score (dataset.toml) must be 0 to 100", tail="[quality]\nmin_score = 101"),
    "a column that customers lack": toml(
        "dataset.toml: [segments.schemes.spend]",
        "did you mean net_amount?",
        tail='[segments.schemes.spend]\ncolumn = "net_amont"\ncuts = [1, 2]\nlabels = ["a", "b", "c"]',
    ),
    "cuts that fall": toml(
        "segments.schemes.spend.cuts",
        "each larger than the one before",
        tail='[segments.schemes.spend]\ncolumn = "net_amount"\ncuts = [2, 1]\nlabels = ["a", "b", "c"]',
    ),
    "a map with holes": fault("no segment covers 314", files={"own.toml": BROKEN_MAP}, parts={"tail": '[segments]\nmap = "own.toml"'}),
    "no such map": toml("own.toml does not exist", "check the path", tail='[segments]\nmap = "own.toml"'),
    # the gates
    "too many rejects": file(
        GOOD.replace("2024-01-06", "when?"),
        "1 of 3 rows (33.3%)",
        "by the rule unreadable_date in column day",
        "shop/refused/rejects.parquet",
        code=3,
    ),
    "too little quality": file(
        GOOD.replace("b,", ","),
        "The quality score",
        "below min_score = 99.9",
        "change min_score",
        code=3,
        parts={"tail": "[quality]\nmin_score = 99.9"},
    ),
    "a rule that stops": file(
        GOOD.replace("b,", ","),
        "The quality gate refuses to go on",
        "anonymous_order",
        "Correct the data",
        code=3,
        parts={"tail": '[quality]\nrules = { anonymous_order = "stop" }\nlimits = { anonymous_order = 0 }'},
    ),
    # the command line
    "no day": fault("shop: say the snapshot day with --as-of", "2024-02-01", words=("--as-of", "")),
    "a day before all": fault("as_of 2024-01-01 is not after the first day", "choose a day after 2024-01-05", words=("--as-of", "2024-01-01")),
    "no day at all": fault("as_of must be a day such as 2025-01-31", words=("--as-of", "1 June")),
    "nobody known": file(
        re.sub(r"(o\d),[^,]*,", r"\1,,", GOOD),
        "shop: no sale of an identified customer before 2024-06-01",
        "the data run from 2024-01-05",
        writes=("build",),
    ),
    "an unknown parameter": fault("There is no parameter bin", "did you mean bins?", words=("--set", "bin=5")),
    "a parameter out of range": fault("bins must be 2 to 10", "11", words=("--set", "bins=11")),
    "a parameter of no number": fault("The parameter bins must be a whole number", words=("--set", "bins=many")),
    "a parameter without a value": fault("A parameter is given as NAME=VALUE", words=("--set", "bins")),
    "an unknown language": fault("lang must be one of zh, en, bi", words=("--lang", "fr")),
    "an output that is a file": fault(
        "taken holds something that is no run", "give another --out", words=("--out", "{f}/taken"), files={"taken": "x"}
    ),
    "an output that is no run": fault(
        "other holds something that is no run", "empty it yourself", words=("--out", "{f}/other"), files={"other/mine.txt": "x"}
    ),
    "an output below a file": fault("run cannot be written", "give another --out", words=("--out", "{f}/taken/run"), files={"taken": "x"}, code=1),
    "no such data set": fault("There is no data set", "onlin_retail", "did you mean online_retail?", command=("report", "--dataset", "onlin_retail")),
    "a folder without data": fault(
        "void holds no file that can be read",
        "put files there",
        command=("tables", "init", "{f}/void", "--out", "{f}/new"),
        also=lambda folder: (folder / "void").mkdir(),
    ),
    "a notebook that says nothing": notebook("50_idea", ("50_idea.ipynb does not declare what it reads and writes", "add `custlib` to its metadata")),
    "a notebook without a number": notebook(
        "idea", ("idea", "has no number from 50 to 89", "rename it"), custlib={"reads": [], "writes": [], "needs": []}
    ),
    "a notebook that needs no such table": notebook(
        "50_idea", ("50_idea needs the canonical table order", "did you mean orders?"), custlib={"reads": [], "writes": [], "needs": ["order"]}
    ),
    "no sales to make customers of": fault(
        "people has no orders",
        "map orders",
        command=("customers", "--dataset", "{f}/people/dataset.toml", "--as-of", "2024-06-01", "--out", "{f}/new"),
        files={
            "people/sales.csv": GOOD,
            "people/dataset.toml": 'schema = 1\nname = "people"\ncurrency = "CNY"\ntimezone = "UTC"\n[sources.p]\npath = "sales.csv"\n'
            '[tables.customers]\nsource = "p"\n[tables.customers.columns]\ncustomer_id = "order"\n',
        },
        writes=("people",),
    ),
    "export to a file that stands": fault(
        "taken.csv exists already",
        "give another name",
        command=("tables", "export", "--dataset", "{f}", "--table", "orders", "--out", "{f}/taken.csv"),
        files={"taken.csv": "x"},
    ),
    "export of no such table": fault(
        "The build has no table order",
        "did you mean orders?",
        command=("tables", "export", "--dataset", "{f}", "--table", "order", "--out", "{f}/o.csv"),
    ),
    "export to no such kind": fault(
        "o.pdf: this kind of file is not written",
        "use one of",
        command=("tables", "export", "--dataset", "{f}", "--table", "orders", "--out", "{f}/o.pdf"),
    ),
    "export into no folder": fault(
        "does not exist", "make it first", command=("tables", "export", "--dataset", "{f}", "--table", "orders", "--out", "{f}/void/o.csv")
    ),
    "export of a bare file": fault(
        "sales.csv is no dataset.toml",
        "draft one by",
        command=("tables", "export", "--dataset", "{f}/sales.csv", "--table", "orders", "--out", "{f}/o.csv"),
    ),
    "a draft of no such file": fault(
        "nowhere.csv does not exist", "check the path", command=("tables", "init", "{f}/nowhere.csv", "--out", "{f}/new")
    ),
    "a draft of an address with a password": fault(
        "postgresql://db.example/shop",
        "is written; some of it",
        writes=("new",),
        command=("tables", "init", "postgresql://me:hunter2@db.example/shop", "--out", "{f}/new"),
    ),
    "a draft of nothing recognisable": fault(
        "is written; some of it only you can decide",
        'put the answer in the place of each "?"',
        files={"odd.csv": "a,b\nx,y\nz,w\n"},
        command=("tables", "init", "{f}/odd.csv", "--out", "{f}/new"),
        writes=("new",),
    ),
    "a draft over a mapping": fault(
        "dataset.toml exists already and was not overwritten", "choose another name", command=("tables", "init", "{f}/sales.csv", "--out", "{f}")
    ),
    "a draft in no such currency": fault("currency must be an ISO code", "'yuan'", command=(*INIT, "--currency", "yuan")),
    "a draft in no such zone": fault("timezone must be a name such as Asia/Shanghai", command=(*INIT, "--timezone", "Mars")),
    "a draft of no day": fault("as_of must be a day such as 2025-01-31", command=(*INIT, "--as-of", "yesterday")),
    "a draft below a file": fault("new cannot be written", "give another --out", command=(*INIT[:-1], "{f}/sales.csv/new"), code=1),
    "a check in no such language": fault("lang must be one of zh, en, bi", command=("tables", "check", "--dataset", "{f}", "--lang", "fr")),
    "a draft in no such language": fault("lang must be one of zh, en, bi", command=(*INIT, "--lang", "fr")),
    "an export in no such language": fault(
        "lang must be one of zh, en", command=("tables", "export", "--dataset", "{f}", "--table", "orders", "--out", "{f}/o.csv", "--lang", "fr")
    ),
    "no amount of memory": fault(
        "memory must be an amount of memory such as 256MB", command=("tables", "build", "--dataset", "{f}", "--memory", "lots")
    ),
    "a segment map with holes": fault("no segment covers 314, 315, 323", command=("maps", "check", "{f}/own.toml"), files={"own.toml": BROKEN_MAP}),
}


@pytest.fixture(scope="session")
def sound(tmp_path_factory) -> Path:
    """A data set with its build, and a run that was published from it."""
    folder = tmp_path_factory.mktemp("sound") / "shop"
    build(shop(folder, GOOD))
    (folder / "out").mkdir()
    for name in ("manifest.json", "report.en.html", "report.zh.html"):
        (folder / "out" / name).write_text("{}", encoding="utf-8")
    return folder


def snapshot(folder: Path) -> dict[str, str]:
    """Give the hash of every file, but for the locks, which hold nothing."""
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
    return {name: mark for name, mark in found.items() if not name.endswith(".lock")} | {
        str(path.relative_to(folder)): "folder" for path in folder.rglob("*") if path.is_dir()
    }


def run(capsys, monkeypatch, *words: str) -> tuple[int, str, str]:
    """Run the command in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["custlib", *words])
    monkeypatch.setattr(cli, "_lang", "en")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def sentences(err: str) -> list[str]:
    """Give what is said beside the progress."""
    return [line for line in err.strip().splitlines() if not PROGRESS.match(line)]


def clean(said: str, folder: Path) -> None:
    """Assert what holds for every sentence: no trace, no value of a person, no place of this machine but what the user typed."""
    assert "Traceback" not in said and "should not" not in said and PERSON not in said and "hunter2" not in said
    rest = said.replace(str(folder), "")
    assert str(folder.parent.parent) not in rest and str(ROOT) not in rest and "site-packages" not in rest


def words_of(one: Fault, folder: Path, lang: str) -> list[str]:
    if one.command:
        given = [word.replace("{f}", str(folder)) for word in one.command]
        return given if given[0] in ("customers", "maps") or given[1] == "build" or "--lang" in given else [*given, "--lang", lang]
    said = [word.replace("{f}", str(folder)) for word in one.words]
    day = [] if "--as-of" in said else ["--as-of", "2024-06-01"]
    if said[:2] == ["--as-of", ""]:
        said = []
    base = ["report", "--dataset", str(folder), *day] if one.words[:2] != ("--as-of", "") else ["report", "--dataset", str(folder)]
    return [*base, *([] if "--out" in said else ["--out", str(folder / "out")]), *([] if "--lang" in said else ["--lang", lang]), *said]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_one_sentence_and_nothing_is_lost(name, sound, tmp_path, capsys, monkeypatch):
    one, folder = FAULTS[name], tmp_path / "shop"
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sound, folder)
    if one.parts:
        (folder / "dataset.toml").write_text(dataset_toml(**one.parts), encoding="utf-8")
    for path, content in one.files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    if one.also:
        one.also(folder)
    before = snapshot(folder)
    code, out, err = run(capsys, monkeypatch, *words_of(one, folder, "en"))
    said = sentences(err)
    assert (code, out) == (one.code, ""), err
    assert len(said) == 1 or "some of it only you can decide" in err, err
    for part in one.said:
        assert part in err, err
    clean(out + err + "".join(path.read_text(encoding="utf-8") for path in folder.glob("new/*")), folder)
    left = {path: mark for path, mark in snapshot(folder).items() if path not in before or mark != before[path]}
    allowed = (*one.writes, *(("refused",) if one.code == 3 else ()))
    assert [path for path in left if path.split("/")[0] not in allowed] == []
    assert set(before) - set(snapshot(folder)) == set()
    assert not [path for path in snapshot(folder) if path.startswith((".stage-", ".build-", ".out"))]


@pytest.mark.parametrize(
    "name", ["header only", "another encoding", "no such table", "an unknown key", "cuts that fall", "too many rejects", "a rate of nothing"]
)
def test_the_sentence_comes_in_the_chosen_language_with_the_same_place(name, sound, tmp_path, capsys, monkeypatch):
    one, told = FAULTS[name], {}
    monkeypatch.chdir(tmp_path)
    for lang in ("en", "zh"):
        folder = tmp_path / lang / "shop"
        shutil.copytree(sound, folder)
        (folder / "dataset.toml").write_text(dataset_toml(**one.parts), encoding="utf-8")
        for path, content in one.files.items():
            (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
        if one.also:
            one.also(folder)
        code, _, err = run(capsys, monkeypatch, *words_of(one, folder, lang))
        clean(err, folder)
        assert code == one.code
        told[lang] = sentences(err)[-1].replace(str(folder), "")
    assert re.search(r"[\u4e00-\u9fff]", told["zh"]) and not re.search(r"[\u4e00-\u9fff]", told["en"])
    assert sorted(re.findall(r"\d+(?:\.\d+)?", told["zh"])) == sorted(re.findall(r"\d+(?:\.\d+)?", told["en"]))
    assert re.findall(r"[\w.]+\.(?:csv|toml|db)\b", told["zh"], re.ASCII)[:1] == re.findall(r"[\w.]+\.(?:csv|toml|db)\b", told["en"], re.ASCII)[:1]


# every key of a dataset.toml with values that it cannot take

NESTED = "{ a = [{ b = [1, { c = 2 }] }] }"
TEXTS = ("5", "true", "[]", '["x"]', "{}", NESTED, '""', '"a\\u0000b"')
FLAG = ("5", '"yes"', "[]", "{}", "1")
WRONG = {
    "top": {
        "schema": ("2", '"1"', "[]", "{}"),
        "name": ("5", "[]", "{}", '""', '"a/b"'),
        "title": ("5", "[]", '{ zh = "x" }', "{ zh = 1, en = 2 }"),
        "source": ("5", "[]", "{ zh = [] }"),
        "licence": ("5", "[]", "{}"),
        "simulated": FLAG,
        "currency": ("5", "[]", "{}", '"yuan"', '""'),
        "timezone": ("5", "[]", "{}", '"Asia"', '"localtime"', '""'),
        "home_country": TEXTS[:6],
        "tax_included": FLAG,
        "as_of": ("5", "[]", "{}", "10:30:00", '"today"'),
        "returns": ("5", "[]", "{}", '"nett"'),
        "zero": ("5", "[]", "{}", '"x"'),
        "max_reject_share": ('"5%"', "[]", "{}", "true", "nan", "inf", "0.9"),
        "sources": ("5", "[]", '"x"', "{ sales = 5 }"),
        "tables": ("5", "[]", '"x"', "{ orders = 5 }"),
        "policies": ("5", "{}", '"x"', "[5]", "[[]]"),
        "rates": ("5", "[]", '"x"', "true"),
        "quality": ("5", "[]", '"x"', "{ weights = 5 }", "{ rules = [] }"),
        "segments": ("5", "[]", '"x"', "{ schemes = 5 }", "{ schemes = { a = 5 } }"),
        "generated": ("5", "[]", '"x"', "{ seed = true }", '{ customers = "many" }', "{ plain = 1 }", "{ sed = 1 }"),
    },
    "source": {
        **dict.fromkeys(("url", "package", "database", "sha256", "member", "file", "table", "query", "encoding", "format"), TEXTS),
        "path": ("5", "true", "[]", "[5]", "{}", NESTED),
        "records": ("5", "[]", "[5]", "{}"),
        "sheet": ("true", "[]", "{}", "1.5", '""'),
        "delimiter": ("5", "[]", "{}", '""', '";;"', '"\\n"'),
        "header": ("0", "9223372036854775807", '"1"', "true", "[]", '["1"]', "{}", "1.5", "[2, 1]"),
        "only": (
            "5",
            '"x"',
            "[]",
            "{}",
            '{ column = 5, equals = "x" }',
            '{ column = "day", equals = {} }',
            '{ column = "day" }',
            '{ column = "day", equals = [[]] }',
        ),
        "fill_down": ("5", '"day"', "[5]", "{}"),
        "known": ("5", '"day"', "[5]", "{}"),
        "missing": ("5", '"-"', "[5]", "{}"),
        "value_labels": FLAG,
        "fullwidth": FLAG,
        "decimal": ("5", "[]", "{}", '""', '"5"', '",,"'),
        "thousands": ("5", "[]", "{}", '"5"', '"-"', '"."'),
        "negative": ("5", "[]", "{}", '"x"'),
        "date_format": ("5", "[5]", "{}", '""', '"day"', "[[]]"),
        "timezone": ("5", "[]", "{}", '"Asia"'),
        "expect": (
            "5",
            "[]",
            '"x"',
            "{ rows = [] }",
            '{ rows = "3" }',
            "{ totals = 5 }",
            '{ totals = { amount = "ten" } }',
            "{ totals = { amount = {} } }",
        ),
    },
    "table": {
        "source": ("5", "[]", "{}", '"x"', "[5]", "[[]]", '["sales", "sales"]'),
        "columns": ("5", "[]", '"x"', "{ order_id = 5 }", "{ order_id = [] }"),
        "by_source": ("5", "[]", '"x"', "{ sales = 5 }", "{ sales = { order_id = 5 } }"),
        "collapse": FLAG,
    },
    "column": {
        "from": TEXTS,
        "constant": ("[]", "{}", NESTED, "nan"),
        "concat": ("5", '"day"', "[]", "[5]", "{}"),
        "sep": ("5", "[]", "{}"),
        "row_number": ("false", "5", "[]", "{}"),
        "sign": (
            "5",
            "0",
            "[]",
            "{}",
            '"-"',
            "{ column = 5, negative = [] }",
            '{ column = "day", negative = "x" }',
            '{ column = "day", negative = [5] }',
        ),
        "unit": ("0", '"cent"', "[]", "{}", "true", "nan", "inf", "1e300", "9223372036854775808"),
        "date_format": ("5", "[5]", "{}", '"day"'),
        "timezone": ("5", "[]", "{}", '"Asia"'),
        "decimal": ("5", "[]", "{}", '""'),
        "thousands": ("5", "[]", "{}", '"5"', '"."'),
        "negative": ("5", "[]", "{}", '"x"'),
        "strip": ("5", "[5]", "{}"),
        "values": ("5", "[]", '"x"', "{ a = [] }", "{ a = {} }"),
        "repeated": FLAG,
    },
    "policy": {
        "name": TEXTS[:7],
        "table": ("5", "[]", "{}", '"x"'),
        "column": TEXTS[:7],
        "pattern": ("5", "[]", "{}", '"("'),
        "equals": ("[]", "{}", "[[]]", '["a", 5]'),
        "below": ("[]", "{}", '"x"'),
        "above": ("[]", "{}", '"x"'),
        "duplicate": ("false", "5", "[]"),
        "action": ("5", "[]", "{}", '"drop"'),
        "zh": TEXTS[:7],
        "en": TEXTS[:7],
    },
    "rates": {**dict.fromkeys(("source", "date", "currency", "rate"), TEXTS[:7]), "max_age_days": ('"7"', "[]", "{}", "-1", "true", "nan", "1000")},
}


def test_every_key_that_can_be_written_is_tried():
    assert {part: set(keys) for part, keys in WRONG.items()} == {
        "top": TOP,
        "source": declared.SOURCE,
        "table": declared.TABLE,
        "column": declared.COLUMN,
        "policy": declared.POLICY,
        "rates": declared.RATES,
    }


def written(part: str, key: str, value: str) -> str:
    """Give a dataset.toml in which one key has this value."""
    tree = {
        "top": {"schema": "1", "name": '"shop"', "currency": '"CNY"', "timezone": '"UTC"'},
        "source": {"path": '"sales.csv"'},
        "table": {"source": '"sales"'},
        "column": {"from": '"amount"'},
        "policy": {"name": '"p"', "table": '"orders"', "action": '"keep"', "column": '"net_amount"'},
        "rates": {"source": '"sales"', "date": '"day"', "currency": '"order"', "rate": '"amount"'},
    }
    alone = {"url": "path", "package": "path", "database": "path", "constant": "from", "concat": "from", "row_number": "from"}
    if key in alone:
        del tree[part][alone[key]]
    if part == "source":
        tree[part] |= {"package": {"file": '"a"'}, "file": {"package": '"a"'}, "database": {"table": '"t"'}}.get(key, {})
    if part == "policy":
        tree[part] |= {} if key in declared.TESTS else {"below": "1"}
    tree[part][key] = value
    if "columns" not in tree["table"]:
        net = f"{{ {', '.join(f'{name} = {one}' for name, one in tree['column'].items())} }}"
        tree["table"]["columns"] = f'{{ order_id = "order", order_ts = "day", net_amount = {net} }}'
    inline = {name: f"{{ {', '.join(f'{key} = {one}' for key, one in part.items())} }}" for name, part in tree.items()}
    whole = {
        "sources": f"{{ sales = {inline['source']} }}",
        "tables": f"{{ orders = {inline['table']} }}",
        "policies": f"[{inline['policy']}]",
        "rates": inline["rates"],
    } | tree["top"]
    if part not in ("policy", "top") or (key != "policies" and part == "top"):
        del whole["policies"]
    if part != "rates" and key != "rates":
        del whole["rates"]
    return "\n".join(f"{name} = {one}" for name, one in whole.items()) + "\n"


@pytest.mark.parametrize(("part", "key"), [(part, key) for part, keys in WRONG.items() for key in keys])
def test_a_value_of_the_wrong_kind_is_refused_by_file_and_key(part, key, tmp_path, capsys, monkeypatch):
    (tmp_path / "sales.csv").write_text(GOOD, encoding="utf-8")
    for value in WRONG[part][key]:
        (tmp_path / "dataset.toml").write_text(written(part, key, value), encoding="utf-8")
        code, out, err = run(
            capsys,
            monkeypatch,
            "report",
            "--dataset",
            str(tmp_path / "dataset.toml"),
            "--as-of",
            "2024-06-01",
            "--lang",
            "en",
            "--out",
            str(tmp_path / "out"),
        )
        assert (code, out) == (2, ""), (value, err)
        assert "dataset.toml" in err and (key in err or "is no valid TOML" in err or "a table of keys" in err), (value, err)
        assert len(err.strip().splitlines()) == 1, (value, err)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset.toml", "sales.csv"], value


def test_the_right_kinds_of_value_are_taken(tmp_path):
    source = {
        "header": "[1]",
        "missing": '["-"]',
        "decimal": '"."',
        "thousands": '","',
        "encoding": '"utf-8"',
        "fullwidth": "true",
        "sheet": "2024",
        "only": '{ column = "order", equals = ["o1", 5, true] }',
        "expect": '{ rows = 3, totals = { amount = "34.75" } }',
        "known": "[]",
    }
    for key, value in source.items():
        build(_loaded(tmp_path / key, written("source", key, value)))
    for key, value in {
        "values": '{ "4.25" = "5", "9" = 3 }',
        "unit": "0.01",
        "strip": '["$", "元"]',
        "sign": '{ column = "order", negative = ["o1"] }',
        "thousands": '"\u00a0"',
    }.items():
        build(_loaded(tmp_path / key / "column", "max_reject_share = 0.5\n" + written("column", key, value)))


def _loaded(folder: Path, text: str):
    from custlib.tables import load

    folder.mkdir(parents=True)
    (folder / "sales.csv").write_text(GOOD, encoding="utf-8")
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_words_for_what_a_value_should_be_exist_in_both_languages():
    from custlib.i18n import keys

    wants = {
        want[1:]
        for kinds in (given.SOURCE, given.ONLY, given.EXPECT, given.COLUMN, given.POLICY, given.RATES, given.SIGN, given.TOP, given.TITLE)
        for want, _ in kinds.values()
    } | {"want.no_null", "want.a_number"}
    assert wants <= keys("zh") & keys("en")
