"""Throw hostile inputs at every door of custlib.tables: nothing but a result or a Problem may come out, soon, and no value of a person.

``python tests/fuzz.py --n 100000 --seed 1`` runs cases in a child process, so that a crash of a native library is found too, and
prints the outcomes. Case number i of a seed is always the same: ``--only i`` runs it alone, in this process, with its traceback.
"""

import argparse
import gzip
import io
import json
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SECONDS = 20
PERSON = "zoe.quill@example.invalid"  # stands in personal columns; no sentence may repeat it
SHARED = ("text", "toml", "json", "parquet", "archive", "excel", "statistics")
# these sentences name columns, and the first line of a file names its columns, whatever stands there
NAMING = ("header_only", "duplicate_column", "no_column", "undecodable")
# weights of the kinds of case: the cheap ones dominate
KINDS = {
    "text": 410,
    "toml": 260,
    "json": 120,
    "address": 70,
    "parquet": 40,
    "build": 35,
    "sqlite": 20,
    "archive": 15,
    "tomlbuild": 15,
    "draft": 8,
    "excel": 5,
    "statistics": 3,
}
HEADER = "order,customer,day,amount"
ROWS = [f"o{i},{PERSON if i % 4 == 0 else f'c{i % 7}'},2024-0{1 + i % 9}-{10 + i % 15},{i * 3.25:.2f}" for i in range(12)]
PLAIN = "\n".join([HEADER, *ROWS]) + "\n"
# fmt: off
BITS = [
    b'\x00', b'\xff', b'\xef\xbb\xbf', b'\xff\xfe', b'\r', b'\n', b'\r\n', b'"', b'""', b"'", b',', b';', b'\t', b'|',
    b'\\', b'\x1a', b'\x0b', b'\x85', b'=1+1', '：，￥'.encode(), '张三'.encode('gb18030'), '\u2028'.encode(),
    b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xc0\x80', b'NaN', b'1e999', b'-', b'{', b'}', b'[', b']', b'null',
    b'\x00\x00\x00\x00', b'PK\x03\x04', b'sep=;\n', b' ' * 50, b'"\n', b'\n"', b'a' * 300,
]
VALUES = [
    "", " ", "0", "-0", "1", "-1", "1e5", "1e400", "-1e-400", "NaN", "inf", "-Infinity", '9' * 30, "0.00000000001",
    "1,234.50", "1.234,50", "(5)", "5-", "￥12", "１２", "1 234", "0x1F", "1_000", "+7", "--7", "2024-02-30", "2024-02-29",
    "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "-0044-03-15", "infinity", "-infinity", "epoch", "today",
    "now", "24:00", "2024-01-05 24:00:00", "2024-01-05T10:00:00Z", "2024-01-05 10:00:00+14:00",
    "2024-01-05 10:00:00 -99:99", "2024-01-05 10:00 PM", "20240105", "05/01/2024", "1704412800", "45296",
    "45296.99999999", "999999.5", "290309-12-22", "5877642-06-24", "true", "False", "是", "NULL", "None", "#N/A", "?",
    "'", "''", '"', "\\", "%s", "{0}", "{name}", "@want.text", "$1", ";DROP TABLE t", "--", "/*", "\u202e", "\ufeff",
    "\u200b", "\x00", "\x1b[31m", "\x07", "é", "Å", "😀", "𠮷", "ﷺ", 'a' * 5000, '9' * 400, "o'clock", "a\nb", "a\r\nb",
    "a,b", "=cmd()", PERSON,
]
ODD = [
    None, 0, 1, -1, 2 ** 63 - 1, -2 ** 63, 2 ** 70, 0.0, 0.5, -0.5, 1e+300, float('nan'), float('inf'), True, False, "",
    " ", "?", "x", "sales", "order", "orders", "amount", "\x00", 'a' * 3000, "é", "'", '"', "%Y", "%", "%Q-%d", "[", "(",
    "a*", "**", "../..", "/", "~", "~nobody/x", "utf-8", "utf-16", "hex", "rot13", "idna", "UTC", "Asia", "localtime",
    "right/UTC", "Etc/GMT+3", "excel", "unix_ms", [], [[]], [1], ["a", 1], ["sales", "sales"], ["order"], [""], [{}], {},
    {"x": 1}, {"zh": 1, "en": 2}, {"column": "order", "equals": "o1"}, {"column": 5, "negative": "x"},
    {"column": "order", "negative": ["o1"]}, {"from": "amount"}, {"from": "day", "date_format": "%Y-%m-%d"},
    {"constant": 5}, {"concat": ["order", "day"], "sep": "-"}, {"row_number": True}, "<day>", "<time>", "<moment>",
    "\xa0", ".", ",", "5", "-", "whitespace", "parentheses", "*.csv", "sales.csv", "sqlite:///x.db",
    "http://example.invalid:x/",
]
# fmt: on


def mutated(rng: random.Random, base: bytes, others: list[bytes]) -> bytes:
    """Damage bytes in one to six places."""
    data = bytearray(base)
    for _ in range(rng.randint(1, 6)):
        at, far = rng.randint(0, len(data)), rng.randint(0, 60)
        how = rng.randrange(9)
        if how == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        elif how == 2:
            del data[at : at + far]
        elif how == 3:
            data[at:at] = data[at : at + far] * rng.randint(1, 3)
        elif how == 4:
            del data[at:]
        elif how == 5:
            other = rng.choice(others)
            start = rng.randint(0, len(other))
            data[at:at] = other[start : start + far]
        elif how == 6 and data:
            data[at % len(data)] = rng.randrange(256)
        else:
            data[at:at] = rng.choice(BITS)
    return bytes(data)


def options(rng: random.Random, extra: dict[str, list]) -> dict:
    """Choose some options of a source."""
    found = {key: rng.choice(values) for key, values in extra.items() if rng.random() < 0.12}
    if rng.random() < 0.02:
        found[rng.choice(["encoding", "header", "delimiter", "only", "records", "sheet", "format", "missing"])] = rng.choice(ODD)
    return found


COMMON = {
    "fill_down": [["order"], ["nope"], ["order", "customer"]],
    "only": [{"column": "order", "equals": "o1"}, {"column": "x", "equals": []}],
    "missing": [["-"], []],
    "header": [1, 2, 3, [1, 2], 99],
}
TEXT = {
    **COMMON,
    "encoding": ["utf-8", "gb18030", "latin-1", "utf-16", "utf-7", "big5", "ascii", "cp037", "auto", "utf-32"],
    "delimiter": [",", ";", "\t", "|", "whitespace", "'", "a", "\\", ".", " ", "é", "\u00a0"],
}


@cache
def texts() -> list[bytes]:
    wide = ",".join(f"c{i}" for i in range(40))
    quoted = f'{HEADER}\no1,"a, ""b""",2024-01-05,"1,5"\no2,"x\ny",2024-01-06,2\n'
    return [
        PLAIN.encode(),
        PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        quoted.encode(),
        PLAIN.replace("\n", "\r").encode(),
        "订单,客户,日期,金额\n甲1,张三,2024-01-05,10\n甲2,李四,2024-01-06,5\n".encode("gb18030"),
        f"{wide}\n{wide}\n".encode(),
        b"a\n1\n2\n",
        b"  1  2.5 x\n  2  3.5 y\n",
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16-le"),
        b"",
        "name,city\nJosé,Köln\nZoë,Århus\n".encode("cp1252"),
        ("一月销售\n\n" + PLAIN).encode(),
        ("k,v\n" + "1,2\n" * 400).encode(),
    ]


@cache
def jsons() -> list[bytes]:
    one = {
        "order": "o1",
        "customer": {"id": 5, "mail": PERSON},
        "items": [{"sku": "a", "n": 1.50}, {"sku": "b", "n": 2}],
        "x": None,
        "y": True,
    }
    lines = "\n".join(json.dumps({**one, "order": f"o{i}"}) for i in range(5))
    return [
        lines.encode(),
        json.dumps([one, one]).encode(),
        json.dumps({"data": [one]}, indent=1).encode(),
        b"[1,2,3]",
        b"{}",
        b"[]",
        b'"x"',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 3000,
        json.dumps([one]).encode("utf-16"),
        b'{"a":1,"a":2}\n{"":5}\n',
        b'{"a":"\\ud800"}\n{"a":1}',
        b'{"a": 1e9999, "b": -0, "c": NaN}',
        json.dumps({f"k{i}": i for i in range(60)}).encode(),
    ]


@cache
def frames() -> dict[str, list[bytes]]:
    """One small good file of every kind that is no text."""
    import pandas as pd
    import pyreadstat
    import xlsxwriter

    frame = pd.DataFrame([row.split(",") for row in ROWS], columns=HEADER.split(","))
    frame["amount"] = frame["amount"].astype(float)
    found: dict[str, list[bytes]] = {}
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    nested = io.BytesIO()
    frame.assign(
        tags=[[1, 2]] * 12, who=[{"a": 1, "b": "x"}] * 12, raw=[b"\xff"] * 12, when=pd.Timestamp("2024-01-05")
    ).to_parquet(nested, index=False)
    found["parquet"] = [out.getvalue(), nested.getvalue()]
    sheet = io.BytesIO()
    with xlsxwriter.Workbook(sheet, {"in_memory": True}) as book:
        page = book.add_worksheet("one")
        for place, row in enumerate([HEADER.split(","), *frame.astype(str).to_numpy().tolist()]):
            page.write_row(place, 0, row)
        page.merge_range(20, 0, 22, 1, "m")
        book.add_worksheet("two").write(3, 3, 5)
    found["excel"] = [sheet.getvalue()]
    with tempfile.TemporaryDirectory() as folder:
        pyreadstat.write_sav(frame, f"{folder}/a.sav", variable_value_labels={"amount": {1.0: "x"}})
        pyreadstat.write_dta(frame, f"{folder}/a.dta")
        pyreadstat.write_xport(frame, f"{folder}/a.xpt")
        pyreadstat.write_por(frame, f"{folder}/a.por")
        found["statistics"] = [(Path(folder) / f"a.{end}").read_bytes() for end in ("sav", "dta", "xpt", "por")]
        with sqlite3.connect(f"{folder}/a.db") as db:
            db.execute("CREATE TABLE sales (o TEXT, c TEXT, d TEXT, a REAL)")
            db.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", frame.to_numpy().tolist())
            db.execute("CREATE VIEW v AS SELECT * FROM sales")
        db.close()
        found["sqlite"] = [(Path(folder) / "a.db").read_bytes()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("sales.csv", PLAIN)
    found["archive"] = [gzip.compress(PLAIN.encode(), mtime=0), packed.getvalue()]
    return found


def toml_of(value: object) -> str:
    """Write a value as TOML on one line."""
    if isinstance(value, bool) or value is None:
        return str(bool(value)).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        plain = {"<day>": "2024-01-05", "<time>": "10:30:00", "<moment>": "2024-01-05T10:30:00+08:00"}.get(value)
        return plain or json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(toml_of, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_of(str(key))} = {toml_of(one)}" for key, one in value.items()) + "}"
    return str(value)


def whole_toml() -> dict:
    """Give a dataset.toml with every key, as a tree."""
    return {
        "schema": 1,
        "name": "shop",
        "title": {"zh": "店", "en": "Shop"},
        "source": "made up",
        "licence": "none",
        "simulated": True,
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "home_country": "CN",
        "tax_included": True,
        "as_of": "2024-12-31",
        "returns": "net",
        "zero": "count",
        "max_reject_share": 0.5,
        "sources": {
            "sales": {
                "path": "sales.csv",
                "encoding": "utf-8",
                "delimiter": ",",
                "header": 1,
                "missing": ["-"],
                "decimal": ".",
                "thousands": ",",
                "negative": "minus",
                "date_format": "%Y-%m-%d",
                "timezone": "UTC",
                "fullwidth": False,
                "value_labels": False,
                "known": ["order"],
                "fill_down": [],
                "format": "csv",
                "only": {"column": "customer", "equals": ["c1", "c2", "c3"]},
                "expect": {"rows": 12, "totals": {"amount": 214.5}},
            },
            "more": {"path": ["more.csv"]},
            "base": {"database": "sqlite:///x.db", "table": "t"},
            "rates": {"path": "rates.csv"},
        },
        "tables": {
            "orders": {
                "source": ["sales", "more"],
                "collapse": False,
                "columns": {
                    "order_id": "order",
                    "customer_id": {"from": "customer", "values": {"c9": "c1"}},
                    "order_ts": {"from": "day", "date_format": ["%Y-%m-%d"], "timezone": "UTC"},
                    "net_amount": {
                        "from": "amount",
                        "unit": 1,
                        "sign": 1,
                        "decimal": ".",
                        "thousands": ",",
                        "strip": ["$"],
                        "negative": "trailing",
                    },
                    "currency": {"constant": "CNY"},
                    "channel": {"concat": ["order", "day"], "sep": "-"},
                },
                "by_source": {
                    "more": {
                        "channel": "",
                        "order_id": {"row_number": True},
                        "net_amount": {"from": "amount", "sign": {"column": "customer", "negative": ["c5"]}},
                    }
                },
            }
        },
        "policies": [
            {"name": "small", "table": "orders", "column": "net_amount", "below": 1, "action": "keep", "zh": "小", "en": "small"},
            {"name": "odd", "table": "orders", "column": "customer_id", "pattern": "^x", "action": "reject"},
            {"name": "twice", "table": "orders", "duplicate": True, "action": "keep"},
            {"name": "that_day", "table": "orders", "column": "order_ts", "equals": ["2024-01-05"], "action": "exclude"},
        ],
        "rates": {"source": "rates", "date": "day", "currency": "currency", "rate": "rate", "max_age_days": 30},
        "quality": {
            "min_score": 0,
            "weights": {"validity": 1},
            "rules": {"outlier": "off"},
            "limits": {"outlier": 0.5},
            "outlier_fences": 3.0,
            "first_plausible_day": "2000-01-01",
        },
        "segments": {"schemes": {"spend": {"column": "net_amount", "cuts": [10, 100], "labels": ["a", "b", "c"]}}},
    }


def _places(tree: object, where: tuple = ()) -> list[tuple]:
    found = [where] if where else []
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else []
    return found + [one for key, value in pairs for one in _places(value, (*where, key))]


def odd_toml(rng: random.Random) -> str:
    """Write the whole dataset.toml with one to three values changed, keys renamed or left out; sometimes damage the text."""
    tree = whole_toml()
    for key in ("rates", "quality", "segments", "policies"):
        if rng.random() < 0.5:
            del tree[key]
    if rng.random() < 0.9:
        del tree["sources"]["sales"]["expect"]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        *path, last = rng.choice(_places(tree))
        inside = tree
        for key in path:
            inside = inside[key]
        how = rng.randrange(8)
        if how == 0:
            del inside[last]
        elif how == 1 and isinstance(inside, dict):
            inside[rng.choice([str(last) + "x", "", "?", "é", "order_id", "from", "quantity", "unit_price"])] = inside.pop(last)
        elif how == 2 and isinstance(inside, dict):
            inside[
                rng.choice(
                    [
                        "birth_date",
                        "quantity",
                        "unit",
                        "table",
                        "query",
                        "url",
                        "package",
                        "file",
                        "member",
                        "sheet",
                        "records",
                        "equals",
                        "above",
                    ]
                )
            ] = rng.choice(ODD)
        else:
            inside[last] = rng.choice(ODD)
    text = "\n".join(f"{toml_of(key)} = {toml_of(value)}" for key, value in tree.items())
    if rng.random() < 0.1:
        text = mutated(rng, text.encode(), [b"[[x]]", b"'''", b'"""', b"\x00", b"\xff", b"[" * 500]).decode(
            "utf-8", errors="replace"
        )
    return text


def load_toml(rng: random.Random, folder: Path) -> object:
    from custlib.report.declared import own
    from custlib.tables import load
    from custlib.tables.build import _checked

    (folder / "dataset.toml").write_text(odd_toml(rng), encoding="utf-8")
    data = load(folder / "dataset.toml")
    _checked(data)
    own(data)
    return data


def build_toml(rng: random.Random, folder: Path) -> None:
    """Build whatever an odd dataset.toml says, if it may be loaded."""
    for name in ("sales.csv", "more.csv"):
        (folder / name).write_text(PLAIN, encoding="utf-8")
    (folder / "rates.csv").write_text("day,currency,rate\n2023-12-31,CNY,1\n2023-12-31,USD,7.1\n", encoding="utf-8")
    from custlib.i18n import Problem

    for _ in range(12):  # most are refused at once: look for one that is not
        try:
            with one_database("toml"):
                data = load_toml(rng, folder)
        except Problem:
            continue
        _built(data)
        return


def _built(data: object) -> None:
    from custlib.i18n import Problem
    from custlib.tables import build

    try:
        facts = build(data, memory="200MB").facts
        assert all(one["rows_in"] == one["kept"] + one["rejected"] for one in facts["sources"].values()), facts["sources"]
        assert PERSON not in json.dumps(facts, ensure_ascii=False, default=str), "a person's value in build.json"
    except Problem:
        assert not (data.folder / "build").exists(), "a refused build left a folder"
        raise
    finally:
        left = [path.name for path in data.folder.iterdir() if path.name.startswith((".stage-", ".build-"))]
        assert not left, left


COLUMNS = {
    "order_id": "order",
    "customer_id": "customer",
    "order_ts": "day",
    "net_amount": "amount",
    "channel": "channel",
    "tax": "tax",
}


def build_values(rng: random.Random, folder: Path) -> None:
    """Build a right dataset.toml over a CSV whose values are not."""
    import csv

    from custlib.tables import load

    rows = [[*row.split(","), "web", "0.1"] for row in ROWS]
    for _ in range(rng.randint(1, 12)):
        rng.choice(rows)[rng.randrange(6)] = rng.choice(VALUES)
    with (folder / "sales.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(
            [[*HEADER.split(","), "channel", "tax"], *rows]
        )
    kinds = {
        "date_format": ["%Y-%m-%d", "excel", "unix", "unix_ms", ["%d/%m/%Y", "excel1904"]],
        "timezone": ["UTC", "America/New_York"],
        "fullwidth": [True],
        "negative": ["parentheses", "trailing"],
        "missing": [["-", "NULL"]],
    }
    source = {"path": "sales.csv", **{key: rng.choice(values) for key, values in kinds.items() if rng.random() < 0.15}}
    table = rng.choice(["orders", "orders", "orders", "customers", "events", "order_lines"])
    mapped = {
        "customers": {"customer_id": "customer", "birth_date": "day", "registered_at": "day", "e_mail": "channel"},
        "events": {
            "event_id": "order",
            "customer_id": "customer",
            "ts": "day",
            "type": "channel",
            "channel": "channel",
            "value": "amount",
        },
    }.get(table, COLUMNS)
    tree = {
        "schema": 1,
        "name": "shop",
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "max_reject_share": 0.5,
        "sources": {"sales": source},
        "tables": {table: {"source": "sales", "columns": mapped}},
    }
    if table == "order_lines":
        tree["tables"] = {
            "orders": {
                "source": "sales",
                "collapse": True,
                "columns": {"order_id": "order", "customer_id": "customer", "order_ts": "day"},
            },
            "order_lines": {"source": "sales", "columns": {"order_id": "order", "quantity": "amount", "unit_price": "tax"}},
        }
    (folder / "dataset.toml").write_text("\n".join(f"{key} = {toml_of(value)}" for key, value in tree.items()), encoding="utf-8")
    _built(load(folder / "dataset.toml"))


def staged(name: str, content: bytes, given: dict, folder: Path) -> None:
    """Stage a file as a source with these options, and read every cell of what came out."""
    from custlib.tables import declared
    from custlib.tables.readers import stage

    path = folder / name
    path.write_bytes(content)
    source = declared.source("s", {"path": name, **given}, path)
    work = folder / "work"
    work.mkdir()
    one = stage(path, source, work, memory="200MB")
    cells = "".join(f", max(CAST({sql} AS VARCHAR))" for sql in one.columns.values())
    with _root().cursor() as db:
        found = db.execute(f"SELECT count(*), min({one.row}), max({one.broken}){cells} FROM {one.scan}").fetchall()[0]
    assert "only" in given or found[0] > 0, "no row and no word about it"


def a_text(rng: random.Random, folder: Path) -> None:
    if rng.random() < 0.1:
        content = (
            rng.randbytes(rng.randint(1, 200))
            if rng.random() < 0.5
            else b"".join(rng.choice(BITS) for _ in range(rng.randint(1, 30)))
        )
    else:
        content = mutated(rng, rng.choice(texts()), texts())
    staged(rng.choice(["s.csv", "s.csv", "s.csv", "s.txt", "s.tsv", "s.xls", "s"]), content, options(rng, TEXT), folder)


def a_json(rng: random.Random, folder: Path) -> None:
    more = {
        "records": ["items", "data", "data.items", ["a.b", "c"], "customer"],
        "encoding": ["utf-8", "utf-16"],
        "fill_down": [["order"]],
    }
    staged(rng.choice(["s.json", "s.jsonl"]), mutated(rng, rng.choice(jsons()), jsons()), options(rng, more), folder)


def a_parquet(rng: random.Random, folder: Path) -> None:
    bases = frames()["parquet"]
    staged("s.parquet", mutated(rng, rng.choice(bases), bases), options(rng, {"only": COMMON["only"]}), folder)


def an_archive(rng: random.Random, folder: Path) -> None:
    base = rng.choice(frames()["archive"])
    content = (
        mutated(rng, base, frames()["archive"])
        if rng.random() < 0.5
        else gzip.compress(mutated(rng, rng.choice(texts()), texts()), mtime=0)
    )
    staged(
        rng.choice(["s.csv.gz", "s.zip", "s.gz", "s.xlsx"]) if content is not base else "s.csv.gz",
        content,
        options(rng, TEXT),
        folder,
    )


def a_book(rng: random.Random, folder: Path) -> None:
    """Damage a workbook as a whole, or one of the texts inside it."""
    content = frames()["excel"][0]
    if rng.random() < 0.6:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
            target = rng.choice(old.namelist())
            for name in old.namelist():
                data = old.read(name)
                new.writestr(
                    name,
                    mutated(
                        rng, data, [data, b"<c r='XFD1048576'>", b"</row>", b"99999999999", b"<mergeCell ref='A1:XFD1048576'/>"]
                    )
                    if name == target
                    else data,
                )
        content = out.getvalue()
    else:
        content = mutated(rng, content, [content])
    staged(
        rng.choice(["s.xlsx", "s.xlsx", "s.xlsb", "s.ods"]), content, options(rng, {**COMMON, "sheet": ["one", "two", 3]}), folder
    )


def a_statistics(rng: random.Random, folder: Path) -> None:
    place = rng.randrange(4)
    bases = frames()["statistics"]
    staged(
        f"s.{['sav', 'dta', 'xpt', 'por'][place]}",
        mutated(rng, bases[place], bases),
        options(rng, {**COMMON, "value_labels": [True], "encoding": ["gb18030", "utf-8"]}),
        folder,
    )


QUERIES = [
    "SELECT * FROM sales",
    "SELECT o, a FROM sales WHERE a > 5",
    "WITH x AS (SELECT 1 AS o) SELECT * FROM x",
    "SELECT 'it''s; --' AS a /* c */ FROM v",
    "DELETE FROM sales",
    "SELECT 1; SELECT 2",
    "PRAGMA table_info(sales)",
    "ATTACH 'x' AS y",
    "SELECT load_extension('x')",
    "SELECT 1 AS a, 2 AS a",
]
ADDRESSES = [
    "sqlite:///x.db",
    "duckdb:///x.duckdb",
    "postgresql://${U}:${P}@db.example:5432/shop?sslmode=require",
    "mysql://${U}@h/shop",
    "${URL}",
    "x",
]


def a_sqlite(rng: random.Random, folder: Path) -> None:
    from custlib.tables import database, declared

    bases = frames()["sqlite"]
    (folder / "x.db").write_bytes(bases[0] if rng.random() < 0.4 else mutated(rng, bases[0], bases))
    query = rng.choice(QUERIES)
    if rng.random() < 0.6:
        query = mutated(rng, query.encode(), [one.encode() for one in QUERIES]).decode("utf-8", errors="replace")
    asked = (
        {"table": rng.choice(["sales", "v", "nope", "SALES", "sqlite_master", ""])} if rng.random() < 0.4 else {"query": query}
    )
    source = declared.source(
        "s", {"database": "sqlite:///x.db", **asked, **options(rng, {"encoding": ["gb18030", "utf-8", "utf-16"]})}, folder / "x"
    )
    (folder / "work").mkdir()
    database.stage_database(source, folder, folder / "work", memory="200MB")


def an_address(rng: random.Random, folder: Path) -> None:
    """Take damaged addresses and queries apart; what is shown of an address never holds its password."""
    from custlib.tables import database
    from custlib.tables.database.address import parse
    from custlib.tables.database.select import one_select

    bases = [one.encode() for one in (*ADDRESSES, *QUERIES)]
    text = mutated(rng, rng.choice(bases), bases).decode("utf-8", errors="replace")
    if rng.random() < 0.5:
        one_select(text, rng.choice(["sqlite", "duckdb", "postgresql", "mysql"]), "x")
        return
    assert "hunter2secret" not in database.redacted(f"postgresql://me:hunter2secret{text}@db.example/shop"), text
    parse(text, folder)


def a_draft(rng: random.Random, folder: Path) -> None:
    """Draft a random table; a draft that asks nothing must load, and build or say why not."""
    from custlib.tables import load
    from custlib.tables.draft import draft, write_draft

    names = [
        "order",
        "order_id",
        "customer",
        "客户",
        "day",
        "日期",
        "amount",
        "金额",
        "qty",
        "price",
        "sku",
        "phone",
        "score",
        "x",
        "",
        "status",
        "email",
    ]
    width, files = rng.randint(1, 7), []
    for number in range(rng.choice([1, 1, 1, 2])):
        lines = [[rng.choice(names) for _ in range(width)]]
        pools = [
            rng.choice(
                [
                    lambda i: f"o{i}",
                    lambda i: f"c{i % 5}",
                    lambda i: f"2024-0{1 + i % 9}-11",
                    lambda i: f"{i * 1.5:.2f}",
                    lambda i: rng.choice(VALUES[:-1]),
                    lambda i: "",
                    lambda i: str(i),
                    lambda i: rng.choice("abc"),
                    lambda i: PERSON,
                ]
            )
            for _ in range(width)
        ]
        lines += [[pool(i) for pool in pools] for i in range(rng.choice([0, 1, 2, 30]))]
        files.append(folder / f"t{number}.csv")
        files[-1].write_text(
            "\n".join(",".join(cell.replace("\0", "").replace(",", " ") for cell in line) for line in lines) + "\n",
            encoding="utf-8",
        )
    made = draft(
        files, name="x", folder=folder, currency=rng.choice([None, "CNY"]), timezone=rng.choice([None, "UTC"]), memory="200MB"
    )
    shown = made.text + "".join(f"{one.zh}{one.en}" for one in (*made.notes, *made.questions))
    assert PERSON not in shown, "a person's value in a draft"
    path = write_draft(made, folder)
    data = load(path)
    assert made.certain, "what asks something was loaded"
    _built(data)


CASES: dict[str, Callable[[random.Random, Path], object]] = {
    "text": a_text,
    "toml": load_toml,
    "json": a_json,
    "address": an_address,
    "parquet": a_parquet,
    "build": build_values,
    "sqlite": a_sqlite,
    "archive": an_archive,
    "tomlbuild": build_toml,
    "draft": a_draft,
    "excel": a_book,
    "statistics": a_statistics,
}


@cache
def _root() -> object:
    from custlib.engine import connect

    return connect(memory="500MB", threads=1)


@contextmanager
def one_database(kind: str) -> Iterator[None]:
    """Let the doors that only read share one DuckDB: to open it anew each time would take most of the time."""
    from custlib.tables import plan
    from custlib.tables.readers import parquet, staged, text

    if kind not in SHARED:
        yield
        return
    modules = (plan, parquet, staged, text)
    before = [one.connect for one in modules]
    try:
        for one in modules:
            one.connect = lambda **_: _root().cursor()
        yield
    finally:
        for one, own in zip(modules, before, strict=True):
            one.connect = own


def case(seed: int, number: int) -> tuple[str, random.Random]:
    """Give the kind of a case and its own random numbers."""
    rng = random.Random(f"{seed}:{number}")
    return rng.choices(list(KINDS), list(KINDS.values()))[0], rng


def run(seed: int, number: int, folder: Path, kinds: tuple[str, ...] = ()) -> tuple[str, str, str]:
    """Run one case in an empty folder; gives (kind, outcome, traceback), the last blank where all is well."""
    from custlib.i18n import Problem, Trouble

    kind, rng = case(seed, number)
    if kinds and kind not in kinds:
        return kind, "skipped", ""
    try:
        with one_database(kind):
            CASES[kind](rng, folder)
    except Trouble as trouble:  # the machine is well: an input must not be blamed on it
        return kind, f"trouble {trouble.key}", traceback.format_exc()
    except Problem as problem:
        said = problem.said("bi")
        bad = [sign for sign in ("Traceback", PERSON) if sign in said and not (sign == PERSON and problem.key in NAMING)]
        return kind, f"problem {problem.key}", f"the sentence holds {bad}: {said}" if bad else ""
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return kind, f"FAULT {type(error).__name__}", traceback.format_exc()
    return kind, "fine", ""


def child(seed: int, start: int, stop: int, keep: Path, kinds: tuple[str, ...]) -> None:
    """Run cases and tell each before and after, one JSON a line."""
    for number in range(start, stop):
        print(json.dumps([number]), flush=True)
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            began = time.perf_counter()
            kind, outcome, trace = run(seed, number, Path(folder), kinds)
            if trace:
                keeping(keep, number, kind, Path(folder), trace)
        print(json.dumps([number, kind, outcome, bool(trace), time.perf_counter() - began]), flush=True)


def keeping(keep: Path, number: int, kind: str, folder: Path | None, trace: str) -> None:
    """Save the input of a case that went wrong."""
    place = keep / f"{number}_{kind}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    if folder:
        shutil.copytree(folder, place / "input", ignore=shutil.ignore_patterns("work", "build", ".*"))
    (place / "why.txt").write_text(trace, encoding="utf-8", errors="replace")


def watched(seed: int, start: int, stop: int, keep: Path, kinds: tuple[str, ...]) -> list[tuple]:
    """Run cases in child processes; a case that kills or hangs its process is noted, and the next one goes on."""
    found, number = [], start
    while number < stop:
        worker = subprocess.Popen(
            [
                sys.executable,
                __file__,
                "--child",
                "--seed",
                str(seed),
                "--from",
                str(number),
                "--n",
                str(stop),
                "--keep",
                str(keep),
                "--kinds",
                ",".join(kinds),
            ],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        buffer, began = b"", None
        while True:
            limit = SECONDS if began is not None else 120
            if not select.select([worker.stdout], [], [], limit)[0]:
                why = "HANG"
                break
            piece = os.read(worker.stdout.fileno(), 1 << 16)
            if not piece:
                why = f"CRASH {worker.wait()}"
                break
            *lines, buffer = (buffer + piece).split(b"\n")
            for line in lines:
                told = json.loads(line)
                if len(told) == 1:
                    number, began = told[0], True
                else:
                    found.append(tuple(told))
                    number, began = told[0] + 1, None
                    if number % 5_000 == 0:
                        print(f"{number:,} of {stop:,}, {sum(bool(one[3]) for one in found)} bad", file=sys.stderr, flush=True)
        worker.kill()
        worker.wait()
        worker.stdout.close()
        if worker.returncode == -signal.SIGTERM:  # somebody ended it: no input can, so the same case runs again
            continue
        if number < stop:
            kind = case(seed, number)[0]
            keeping(keep, number, kind, None, f"{why}: python tests/fuzz.py --seed {seed} --only {number}")
            found.append((number, kind, why, True, float(SECONDS)))
            number += 1
    return found


def told(found: list[tuple], seconds: float) -> str:
    """Give the table of outcomes."""
    counts, spent = Counter((kind, outcome) for _, kind, outcome, *_ in found), Counter()
    for _, kind, _, _, took in found:
        spent[kind] += took
    lines = [
        f"{kind:11} {outcome:34} {count:7,}"
        for (kind, outcome), count in sorted(counts.items(), key=lambda one: (one[0][0], -one[1]))
    ]
    lines += ["", *(f"{kind:11} {sum(one[1] == kind for one in found):7,} cases {spent[kind]:8.1f} s" for kind in KINDS)]
    bad = sum(bool(one[3]) for one in found)
    return "\n".join([*lines, f"{len(found):,} inputs, {bad} bad, {seconds:.0f} s"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "custlib-fuzz")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--only", type=int)
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    kinds = tuple(filter(None, given.kinds.split(",")))
    if given.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(*run(given.seed, given.only, Path(folder)), sep="\n")
        return 0
    if given.child:
        child(given.seed, given.start, given.n, given.keep, kinds)
        return 0
    began = time.perf_counter()
    found = watched(given.seed, given.start, given.n, given.keep, kinds)
    print(told(found, time.perf_counter() - began))
    return 1 if any(one[3] for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
