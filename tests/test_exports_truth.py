"""The made-up exports: files are there, every maker repeats itself, and the truth agrees with what the files hold."""

import csv
import json
import re
import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from exports import MAKERS, Export, simulate, truth

from custlib.tables import schema

NOT_TEXT = (".xlsx", ".sav", ".db")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Export]:
    """Every export, made once."""
    return {name: maker(tmp_path_factory.mktemp(name)) for name, maker in MAKERS.items()}


def path_of(file: Path | str) -> Path:
    return Path(file.removeprefix("sqlite:///")) if isinstance(file, str) else file


def cells(file: Path | str) -> list[list[str]]:
    """Give everything a file holds as rows of text."""
    path = path_of(file)
    if path.suffix == ".db":
        with sqlite3.connect(path) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
            found = []
            for name in names:
                cursor = db.execute(f"SELECT * FROM {name}")
                found += [[one[0] for one in cursor.description], *([str(one) for one in row] for row in cursor)]
            return found
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return [["" if one is None else str(one) for one in row] for sheet in book for row in sheet.iter_rows(values_only=True)]
    if path.suffix == ".sav":
        frame = pytest.importorskip("pyreadstat").read_sav(str(path), user_missing=True)[0]
        return [list(frame.columns), *frame.astype(str).to_numpy().tolist()]
    content = path.read_bytes()
    encoding = {"销售订单导出.csv": "gb18030", "till_export.txt": "utf-16", "Auftragspositionen.csv": "latin-1"}.get(path.name, "utf-8-sig")
    text = content.decode(encoding)
    if path.suffix == ".jsonl":
        return [[line] for line in text.splitlines()]
    mark = max(";\t,", key=text.splitlines()[0].count)
    return list(csv.reader(text.splitlines(), delimiter=mark))


def heads(found: list[list[str]], sources: set[str]) -> bool:
    """Say whether some row of the file, or a key of its events, names all of `sources`."""
    if found and found[0] and found[0][0].startswith("{"):
        keys = set()
        for (line,) in found[:50]:
            keys |= {f"{key}.{inner}" for key, value in json.loads(line).items() if isinstance(value, dict) for inner in value}
            keys |= set(json.loads(line))
        return sources <= keys
    return any(sources <= set(row) for row in found)


def named(columns: dict[str, str | set | tuple]) -> set[str]:
    return {one for spec in columns.values() for one in ([spec] if isinstance(spec, str) else spec)}


def test_there_are_twelve_of_the_size_of_a_small_company(made):
    assert len(made) == 12
    for name, one in made.items():
        assert one.name == name
        assert path_of(one.files[0]).stat().st_size > 10_000 and all(path_of(file).is_file() for file in one.files)
        facts = one.facts
        assert 100 <= facts["customers"] <= 800
        if "orders" in facts:
            assert 300 <= facts["orders"] <= 3000
            assert facts["last_day"] - facts["first_day"] > timedelta(days=240)
            assert 0 < facts["anonymous"] < facts["orders"]
            assert facts["net"] > 0 and facts["net"] == facts["net"].quantize(Decimal("0.01"))
            assert facts["lines"] == 0 or facts["lines"] > facts["orders"]


def test_a_maker_gives_the_same_twice(made, tmp_path):
    for name, maker in MAKERS.items():
        (tmp_path / name).mkdir()
        again = maker(tmp_path / name)
        assert (again.tables, again.facts, again.hints) == (made[name].tables, made[name].facts, made[name].hints)
        for first, second in zip(made[name].files, again.files, strict=True):
            if path_of(first).suffix in NOT_TEXT:  # these may hold the moment they were written
                assert cells(first) == cells(second)
            else:
                assert path_of(first).read_bytes() == path_of(second).read_bytes()


def test_the_named_columns_are_in_the_files_and_in_the_schema(made):
    for one in made.values():
        found = [row for file in one.files for row in cells(file)]
        parts = [one.tables, one.also, *one.by_file.values()]
        for table, columns in [item for part in parts for item in part.items()]:
            assert heads(found, named(columns)), (one.name, table)
            assert set(columns) <= {column.name for column in schema.table(table).columns if not column.written or column.name == "line_no"}
        assert set(one.unsure) <= set(one.hints)


def test_nobody_in_them_could_be_real(made):
    for one in made.values():
        text = "\n".join(cell for file in one.files for row in cells(file) for cell in row)
        assert not re.search(r"(?<![\d.])1[3-9]\d{9}(?!\d)", re.sub(r'"ts": \d+', "", text)), one.name
        assert not re.search(r"@(?!example\.com)", text), one.name


@pytest.mark.parametrize(("name", "day", "column", "key"), [
    ("shop_orders", 7, 14, 1), ("till_utf16", 1, 9, 0), ("order_lines_csv", 3, None, 1), ("german_lines", 2, 11, 0), ("payments", 4, 7, 1),
    ("erp_gb18030", 2, 9, 1)])
def test_the_facts_are_those_of_the_file(made, name, day, column, key):
    """Count the file once more, row by row, by another way than the maker did."""
    facts, found = made[name].facts, cells(made[name].files[0])
    half = {one + 0xFEE0: one for one in range(0x21, 0x7F)}
    net, orders, lines, seen, broken = Decimal(0), set(), 0, set(), 0
    for row in found[1:]:
        row = [cell.translate(half) for cell in row]
        same = tuple(row[1:] if name == "erp_gb18030" else row)  # there the first column counts the rows of the print
        if same in seen:
            continue
        seen.add(same)
        if len(row) < len(found[0]) or not sound_day(row[day]) or (column and not re.fullmatch(r"-?[\d.,]+", row[column])):
            broken += 1
            continue
        if column is None:
            amount = Decimal(row[9]) * Decimal(row[10]) - Decimal(row[11])
        else:
            amount = Decimal(row[column].replace(".", "").replace(",", ".") if name == "german_lines" else row[column].replace(",", ""))
        net, lines = net + amount, lines + 1
        orders.add(row[key])
    assert (net, len(orders), broken) == (facts["net"], facts["orders"], facts["broken"])
    assert lines == (facts["lines"] or facts["orders"])
    assert len(found) - 1 - lines - broken == facts["repeats"]


def sound_day(text: str) -> bool:
    """Say whether a day exists, written 2024-01-31, 2024/1/31, 31/01/2024, 31.01.2024 or 20240131."""
    numbers = [text[:4], text[4:6], text[6:]] if re.fullmatch(r"\d{8}", text) else re.findall(r"\d+", text.split(" ")[0])
    try:
        return bool(date(*map(int, numbers if len(numbers[0]) == 4 else reversed(numbers))))
    except (ValueError, TypeError):
        return False


def test_truth_counts_by_hand():
    rows = [("o1", "a", date(2024, 1, 2), Decimal("10.00")), ("o1", "a", date(2024, 1, 2), Decimal("5.00")),
            ("o2", None, date(2024, 3, 1), Decimal("1.00")), ("r1", "a", date(2024, 2, 1), Decimal("-5.00"))]
    assert truth(rows, currency="CNY", lines=True) == {
        "orders": 3, "customers": 1, "anonymous": 1, "net": Decimal("11.00"), "lines": 4, "returns_rows": 1, "first_day": date(2024, 1, 2),
        "last_day": date(2024, 3, 1), "currency": "CNY", "broken": 0, "repeats": 0}


def test_a_sale_adds_up():
    sales = simulate(5, people=3, orders=40, first=date(2024, 1, 1), days=10, anonymous=0.5)
    assert [one.number for one in sales] == list(range(1, 41))
    assert sales == sorted(sales, key=lambda one: one.when)
    assert {one.person for one in sales} == {None, 1, 2, 3}
    assert all(one.gross - one.discount == one.amount for one in sales)
