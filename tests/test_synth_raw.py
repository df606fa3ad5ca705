"""The simulated brand as raw files: nobody real in them, the same bytes each time, and through the build the clean tables again."""

import csv
import hashlib
import json
import re
import sqlite3
import time
import tomllib
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook

import custlib
from custlib.i18n import Problem, Trouble
from custlib.synth import cells, fetch, mapping, raw, reserved
from custlib.synth.command import synth_command
from custlib.synth.generate import clean_tables
from custlib.synth.wording import words
from custlib.synth.world import World
from custlib.tables import build, load, schema

DATASET = Path(custlib.__file__).parents[1] / "data" / "pinecone" / "dataset.toml"
WORLD = World(customers=2_100, seed=11)
FILES = words("raw")["files"]
BLANK = ("", None)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pinecone")
    rows = raw.deliver(WORLD, folder / "raw")
    return folder, rows


@pytest.fixture(scope="module")
def clean():
    parts = {}
    for name, one in clean_tables(WORLD):
        parts.setdefault(name, []).append(one)
    return {name: pd.concat(many, ignore_index=True) for name, many in parts.items()}


@pytest.fixture(scope="module")
def built(delivered):
    folder, rows = delivered
    (folder / "dataset.toml").write_text(mapping.dataset_toml(rows), encoding="utf-8")
    build(load(folder / "dataset.toml"), memory="256MB")
    return folder / "build"


@pytest.fixture(scope="module")
def texts(delivered):
    """Every cell of every raw file as text: (file, column) → set of texts."""
    folder, found = delivered[0] / "raw", {}

    def add(file, names, rows):
        for row in rows:
            for name, value in zip(names, row, strict=False):
                if value not in BLANK:
                    found.setdefault((file, name), set()).add(str(value))

    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        file = path.relative_to(folder).as_posix()
        if path.suffix == ".csv":
            coding = next(one["encoding"] for one in FILES if one["path"] == file)
            with path.open(encoding=coding, newline="") as opened:
                rows = csv.reader(opened)
                add(file, next(rows), rows)
        elif path.suffix == ".jsonl":
            for line in path.read_text(encoding="utf-8").splitlines():
                if line.endswith("}"):
                    flat = {f"{a}.{b}" if b else a: v for a, inner in json.loads(line).items()
                            for b, v in (inner.items() if isinstance(inner, dict) else [("", inner)])}
                    add(file, flat, [flat.values()])
                else:
                    found.setdefault((file, "broken"), set()).add(line)
        elif path.suffix == ".db":
            with sqlite3.connect(path) as db:
                for (table,) in db.execute("SELECT name FROM sqlite_master").fetchall():
                    came = db.execute(f"SELECT * FROM {table}")
                    add(f"{file}:{table}", [one[0] for one in came.description], came)
        elif path.suffix == ".xlsx":
            book = CalamineWorkbook.from_path(path)
            for sheet in book.sheet_names:
                rows = book.get_sheet_by_name(sheet).to_python()
                add(f"{file}:{sheet}", rows[2], rows[3:])
        elif path.suffix == ".sav":
            rows, _ = pyreadstat.read_sav(path)
            add(file, rows.columns, rows.itertuples(index=False))
        else:
            came = duckdb.sql(f"SELECT * FROM '{path}'")
            add(file, came.columns, came.fetchall())
    return found


def column(texts, name):
    """Give the texts of a canonical column, over all files that hold it."""
    found = set()
    for one in FILES:
        if name in one["columns"]:
            place = f"{one['path']}:{one['name']}" if one["kind"] in ("sqlite", "xlsx") else one["path"]
            found |= texts.get((place, one["columns"][name]), set())
    return found


# nobody real


@pytest.mark.parametrize(("name", "form"), [("phone", reserved.PHONE), ("e_mail", reserved.E_MAIL), ("postcode", reserved.POSTCODE),
                                            ("tax_id", reserved.TAX_ID), ("openid", reserved.OPENID), ("device_id", reserved.DEVICE)])
def test_contact_data_lie_in_the_reserved_ranges(texts, name, form):
    found = column(texts, name)
    assert len(found) > 50
    assert [one for one in found if not form.fullmatch(one)] == []


def test_addresses_are_streets_that_exist_nowhere_and_numbers_from_zero(texts):
    streets = words("names")["streets"]
    found = column(texts, "address")
    here = re.compile(f"(.+?)({'|'.join(streets['zh'])})0\\d{{3}}号\\d+栋\\d+室")
    there = re.compile(f"0\\d{{3}} ({'|'.join(streets['en'])}), [A-Z][a-z]+( [A-Z][a-z]+)?")
    assert len(found) > 1_000
    assert [one for one in found if not here.fullmatch(one) and not there.fullmatch(one)] == []
    cities = {one["zh"] for one in words("regions")["cities"]}
    before = {match[1].removesuffix("市")[-6:] for one in found if (match := here.fullmatch(one))}
    assert all(any(city in one for city in cities) for one in before)


def test_no_text_of_any_file_holds_a_number_or_address_of_somebody(texts):
    mobile = re.compile(r"(?<![0-9A-Za-z.])1[3-9]\d{9}(?![0-9A-Za-z.])")
    card = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
    mail = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
    link = re.compile(r"https?://|www\.")
    wrong = []
    for place, values in texts.items():
        for one in values:
            wrong += [(place, "mobile")] if mobile.search(one) else []
            wrong += [(place, "card")] if card.search(one) else []
            wrong += [(place, "link")] if link.search(one) else []
            wrong += [(place, "mail") for found in mail.findall(one) if not reserved.E_MAIL.fullmatch(found)]
    assert wrong == []


def test_companies_and_offices_are_the_invented_ones(texts):
    lists = words("names")["organisations"]
    found = column(texts, "company_name")
    assert len(found) > 20
    assert [one for one in found if not any(word in one for word in [*lists["words"], *lists["districts"]])] == []


def test_the_true_identity_stands_in_no_raw_file(texts, delivered):
    truth = pd.read_parquet(delivered[0] / "truth" / "true_identity.parquet")
    held = set(truth["true_identity"])
    # the ids of products look alike (P001), those of true people have seven digits
    assert not any(one in held for values in texts.values() for one in values)
    assert set(truth["record_id"]) == column(texts, "record_id")


# the same bytes


def hashes(folder):
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_bytes_do_not_depend_on_the_clock_nor_on_the_chunk(delivered, tmp_path):
    first = hashes(delivered[0] / "raw")
    time.sleep(2.1)  # the clock of a zip archive has two seconds
    raw.deliver(WORLD, tmp_path / "raw", chunk=3)
    assert hashes(tmp_path / "raw") == first
    assert hashes(tmp_path / "truth") == hashes(delivered[0] / "truth")
    assert {Path(one).suffix for one in first} == {".csv", ".db", ".parquet", ".xlsx", ".sav", ".jsonl"}


def test_another_seed_makes_other_people(delivered, tmp_path):
    raw.deliver(World(customers=100, seed=12), tmp_path / "raw")
    raw.deliver(World(customers=100, seed=13), tmp_path / "other")
    one, other = hashes(tmp_path / "raw"), hashes(tmp_path / "other")
    same = {name for name in one if one[name] == other[name]}
    assert same == {"shop/calendar.csv"}  # the holidays are public facts


def test_files_left_from_another_world_are_replaced(tmp_path):
    world = World(customers=100, seed=3)
    raw.deliver(world, tmp_path / "raw")
    before = hashes(tmp_path / "raw")
    raw.deliver(World(customers=400, seed=4), tmp_path / "raw")
    raw.deliver(world, tmp_path / "raw")
    assert hashes(tmp_path / "raw") == before


# through the build


def canonical(column, values):
    """Make a column comparable: money as exact decimals, times and days as text, blanks as None."""
    if isinstance(values.dtype, pd.ArrowDtype) or values.dtype == object:
        cells_of = [None if one is None or pd.isna(one) else one for one in values.tolist()]
    else:
        cells_of = [None if blank else one for one, blank in zip(values.tolist(), values.isna().tolist(), strict=True)]
    if column.type in ("dec2", "dec4"):
        return [None if one is None else Decimal(one) for one in cells_of]
    if column.type in ("ts", "date"):
        return [None if one is None else str(pd.Timestamp(one))[:10 if column.type == "date" else 19] for one in cells_of]
    if column.type in ("int", "float"):
        return [None if one is None else float(one) for one in cells_of]
    return cells_of


@pytest.mark.parametrize("name", [one.name for one in schema.tables().values() if one.kind == "input"])
def test_the_build_gives_the_clean_table_again(built, clean, name):
    table, want = schema.table(name), clean[name]
    columns = [one for one in table.columns if not one.written and one.name in want.columns]
    assert {one.name for one in table.columns if not one.written} - {one.name for one in columns} <= {"true_identity"}
    came = duckdb.sql(f"SELECT * FROM '{built / f'{name}.parquet'}'").to_arrow_table()
    got = {one.name: canonical(one, came.column(one.name).to_pandas(types_mapper=pd.ArrowDtype)) for one in columns}
    made = {one.name: canonical(one, want[one.name]) for one in columns}
    assert came.num_rows == len(want) > 0

    def ordered(held):
        order = sorted(range(len(want)), key=lambda row: [str(held[key][row]) for key in table.key])
        return {column: [values[row] for row in order] for column, values in held.items()}

    got, made = ordered(got), ordered(made)
    for one in columns:
        if one.type == "float":
            np.testing.assert_allclose(np.array(got[one.name], float), np.array(made[one.name], float), rtol=0, atol=1e-9, err_msg=one.name)
        else:
            assert got[one.name] == made[one.name], one.name


def test_every_reference_is_to_a_row_that_is_there(built):
    broken = {}
    for table in schema.tables().values():
        if table.kind != "input":
            continue
        for one in table.columns:
            if one.refers and not one.refers.startswith(("sessions.", "identity_map.")):
                target, key = one.refers.split(".")
                lost = duckdb.sql(f'SELECT count(*) FROM \'{built / table.name}.parquet\' a WHERE a."{one.name}" IS NOT NULL '
                                  f'AND a."{one.name}" NOT IN (SELECT "{key}" FROM \'{built / target}.parquet\' WHERE "{key}" IS NOT NULL)')
                if count := lost.fetchall()[0][0]:
                    broken[f"{table.name}.{one.name}"] = count
    assert broken == {}


def test_orders_are_the_sums_of_their_lines_to_the_cent(built):
    off = duckdb.sql(f"SELECT count(*) FROM (SELECT order_id, sum(net_amount) AS n FROM '{built / 'order_lines.parquet'}' GROUP BY 1) l "
                     f"JOIN '{built / 'orders.parquet'}' o USING (order_id) WHERE l.n <> o.net_amount").fetchall()[0][0]
    assert off == 0


def test_only_the_planted_faults_are_set_aside_and_quality_is_high(built):
    facts = json.loads((built / "build.json").read_text(encoding="utf-8"))
    rejects = duckdb.sql(f"SELECT rule, count(*) FROM '{built / 'rejects.parquet'}' GROUP BY 1").fetchall()
    assert dict(rejects) == {"broken_json": 3, "out_of_range": 3, "unreadable_number": 3}  # three blocks of customers
    assert {one["name"]: one["value"] for one in raw.facts(WORLD)} == {"faults_points": 3, "faults_events": 3, "faults_reviews": 3}
    assert 90 < facts["quality"]["score"] < 99.5


def test_the_dataset_of_the_project_is_that_of_the_words():
    assert DATASET.read_text(encoding="utf-8") == mapping.dataset_toml(generated={"customers": 5000, "seed": 20250123})


def test_the_dataset_is_said_to_be_simulated_and_maps_every_input_table():
    held = tomllib.loads(DATASET.read_text(encoding="utf-8"))
    assert held["simulated"] is True
    assert "模拟" in held["title"]["zh"]
    assert "imulated" in held["title"]["en"]
    assert set(held["tables"]) == {one.name for one in schema.tables().values() if one.kind == "input"}
    assert set(held["sources"]) == {one["source"] for one in FILES}
    mapped = "\n".join(str(one) for one in held["tables"].values())
    assert "true_identity" not in mapped
    assert "truth" not in mapped


def test_rows_told_are_rows_written(delivered, clean):
    _, rows = delivered
    by_table = {}
    for one in FILES:
        by_table[one["table"]] = by_table.get(one["table"], 0) + rows[one["source"]]
    assert by_table == {name: len(one) for name, one in clean.items()}


# by themselves


def test_a_world_of_its_own_is_known_by_size_seed_and_code():
    one = fetch.identity({"customers": 500, "seed": 3})
    assert one == fetch.identity({"seed": 3, "customers": 500})
    assert one != fetch.identity({"customers": 500, "seed": 4})
    assert one != fetch.identity({"customers": 501, "seed": 3})
    assert len(one["code"]) == 64


def test_the_files_of_a_data_set_are_made_with_the_truth_beside_them(tmp_path):
    told = []
    fetch.make(tmp_path / "raw", {"customers": 100, "seed": 5}, say=told.append)
    assert len(told) == 1
    assert sorted(path.name for path in (tmp_path / "truth").iterdir()) == ["true_identity.parquet", "truth.json", "truth.toml"]
    assert {path.relative_to(tmp_path / "raw").as_posix() for path in (tmp_path / "raw").rglob("*.*")} == {one["path"] for one in FILES}


def test_a_plain_world_leaves_out_the_tables_it_has_not(tmp_path):
    rows = raw.deliver(World(customers=100, seed=5, plain=True), tmp_path / "raw")
    (tmp_path / "dataset.toml").write_text(mapping.dataset_toml(rows), encoding="utf-8")
    held = load(tmp_path / "dataset.toml")
    build(held, memory="256MB")
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path / 'build' / 'customers.parquet'}'").fetchall() == [(100,)]
    assert {one["table"] for one in FILES} - set(held.tables) == {"assignments", "responses"}


def test_a_blank_cell_stays_blank_in_every_kind_of_column():
    frame = pd.DataFrame({"a": pd.Series([None, "x"], dtype=object), "b": [np.nan, 1.5], "c": pd.array([None, 3], dtype="Int64"),
                          "d": pd.Series([None, "2024-01-02"], dtype="datetime64[us]"), "e": pd.Series([None, True], dtype=object)})
    spec = {"columns": {one: one.upper() for one in frame}, "dates": {"d": "%Y/%m/%d"}, "yes_no": ["e"]}
    assert cells.of_file(frame, spec) == {"A": [None, "x"], "B": [None, 1.5], "C": [None, 3], "D": [None, "2024/01/02"], "E": [None, "是"]}


def test_the_command_writes_a_world_whole_and_leaves_other_files_alone(tmp_path):
    world, said = World(customers=100, seed=3), []
    rows = synth_command(world, tmp_path / "w", say=said.append)
    assert sorted(one.name for one in (tmp_path / "w").iterdir()) == ["dataset.toml", "raw", "truth"] and rows["stores"] == 30
    synth_command(World(customers=100, seed=4), tmp_path / "w")  # a world gives way to another
    (tmp_path / "mine" / "raw").mkdir(parents=True)
    (tmp_path / "mine" / "raw" / "mine.csv").write_text("x")
    with pytest.raises(Problem) as caught:
        synth_command(world, tmp_path / "mine")
    assert caught.value.key == "generated_in_the_way"
    assert [one.name for one in (tmp_path / "mine").rglob("*")] == ["raw", "mine.csv"]
    (tmp_path / "file").write_text("x")
    with pytest.raises((Trouble, Problem)) as caught:
        synth_command(world, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x" and caught.value.key == "out_unwritable"
