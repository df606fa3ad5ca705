"""Damage: whatever bytes a file holds, it is read or refused in a sentence, and nothing but Parquet is left behind."""

import gzip
import io
import json
import random

import duckdb
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from test_readers_kinds import XLS, zipped
from test_readers_text import CHINESE, rows

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import isolated, parts, stage

NESTED = [{"o": i, "c": {"n": "张"}, "items": [{"s": 1}, {"s": 2.5}]} for i in range(5)]
FRAME = pd.DataFrame({"a": range(50), "b": [f"x{i}" for i in range(50)], "l": [[1, 2]] * 50, "s": [{"k": 1, "m": "z"}] * 50})
OPTIONS = [{}, {}, {"header": 2}, {"header": [1, 2]}, {"records": "items"}, {"value_labels": True}, {"only": {"column": "订单号", "equals": "o1"}},
           {"fill_down": ["客户姓名"]}]


def excel() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A2:A4", "o1")
        sheet.write_row("A1", ["k", "v"])
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    FRAME.to_parquet(out)
    return out.getvalue()


def spss(folder) -> bytes:
    pyreadstat.write_sav(FRAME[["a", "b"]], str(folder / "seed.sav"))
    return (folder / "seed.sav").read_bytes()


SEEDS = {
    "utf8.csv": lambda _: CHINESE.encode(), "gb.csv": lambda _: CHINESE.encode("gb18030"), "wide.txt": lambda _: CHINESE.encode("utf-16-le"),
    "lines.jsonl": lambda _: b"".join(json.dumps(one).encode() + b"\n" for one in NESTED), "array.json": lambda _: json.dumps(NESTED).encode(),
    "one.parquet": lambda _: parquet(), "one.xlsx": lambda _: excel(), "one.xls": lambda _: XLS, "one.sav": spss,
    "one.csv.gz": lambda _: gzip.compress(CHINESE.encode()), "one.zip": lambda _: zipped({"a.csv": CHINESE}),
}  # fmt: skip
NATIVE = ("one.xlsx", "one.xls", "one.sav")  # each opens a program of its own, which takes time


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Change, cut out, put in or cut off some bytes."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 6])):
        place, how = chance.randrange(len(data)) if data else 0, chance.random()
        if how < 0.5 and data:
            data[place] = chance.choice([0, 255, chance.randrange(256)])
        elif how < 0.65:
            del data[place:]
        elif how < 0.8:
            data[place:place] = chance.randbytes(5)
        else:
            del data[place : place + chance.randint(1, 30)]
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
def test_any_bytes_are_read_or_refused_in_a_sentence(tmp_path, monkeypatch, name):
    monkeypatch.setattr(isolated, "SECONDS", 2)
    chance, sound, refused = random.Random(name), 0, 0
    content = SEEDS[name](tmp_path)
    (tmp_path / "stage").mkdir()
    for trial in range(12 if name in NATIVE else 40):
        (tmp_path / name).write_bytes(damaged(content, chance) if trial else content)
        options = chance.choice(OPTIONS) if trial else {}
        try:
            rows(stage(tmp_path / name, Source("one", options), tmp_path / "stage"))
            parts(tmp_path / name)
            sound += 1
        except Problem as problem:
            assert problem.said("zh") and problem.said("en")
            refused += 1
    assert sound and refused
    assert {one.suffix for one in (tmp_path / "stage").iterdir()} <= {".parquet"}


def test_a_file_that_would_fill_the_memory_ends_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(isolated, "MEMORY", 1 << 30)
    data = bytearray(XLS)
    data[4644:4648] = (9).to_bytes(4, "little")  # block 9 says that block 9 comes next
    (tmp_path / "one.xls").write_bytes(data)
    with pytest.raises(Problem) as caught:
        stage(tmp_path / "one.xls", Source("one", {}), tmp_path)
    assert caught.value.key == "broken_excel"


def test_damage_inside_a_page_of_parquet_is_found_when_staged(tmp_path):
    found = 0
    for place in range(4, 400, 7):
        data = bytearray(parquet())
        data[place] ^= 0xFF
        (tmp_path / "one.parquet").write_bytes(data)
        try:
            one = stage(tmp_path / "one.parquet", Source("one", {}), tmp_path)
        except Problem as problem:
            assert problem.key == "broken_parquet"
            found += 1
            continue
        try:
            rows(one)
        except duckdb.Error as error:
            pytest.fail(f"byte {place}: {error}")
    assert found


def test_a_file_that_is_gone_or_closed_is_named(tmp_path):
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(Problem) as caught:
            stage(path if path.suffix else tmp_path / "folder.csv", Source("one", {}), tmp_path)
        assert caught.value.key == "missing_file"
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
