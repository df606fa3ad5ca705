"""Export: what is written comes back without a difference, other programs see the same, and what cannot be held is refused."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pyreadstat
import pytest
from helpers import shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.i18n import Problem, Trouble
from custlib.tables import build
from custlib.tables.export import Codebook, export_table, read, statload, statread, write

FORMATS = (".csv", ".parquet", ".xlsx", ".sav", ".zsav", ".xpt")
STATISTICS = (".sav", ".zsav", ".xpt")


@pytest.fixture(autouse=True)
def within(request, monkeypatch):
    """Read statistics files in this process, but for the tests that ask for `apart`: a process each would take minutes."""
    if "apart" not in request.fixturenames:
        monkeypatch.setattr(statread, "load", lambda path, apart: statload.load(path, apart=False))


@pytest.fixture
def apart():
    """Leave reading as it is: in a process of its own."""


def people() -> pd.DataFrame:
    """Every kind, each with a blank, an awkward text in each text column."""
    return pd.DataFrame({
        "id": [1, 2, 3],
        "性别": pd.array([1, None, 9], dtype="Int64"),
        "姓 名": pd.Series(["=1+1", "", None], dtype="str"),
        "amount": [Decimal("1.10"), None, Decimal("-0.05")],
        "price": [Decimal("0.0001"), Decimal("-12345678901.2345"), None],
        "day": [date(2024, 1, 5), None, date(1999, 12, 31)],
        "ts": pd.Series([datetime(2024, 1, 5, 10, 11, 12, 345000), None, datetime(1970, 1, 1)], dtype="datetime64[us]"),
        "ok": [True, False, True],
        "maybe": pd.array([True, None, False], dtype="boolean"),
        "x": [0.1 + 0.2, np.nan, -5.0],
        "nothing": pd.Series([None, None, None], dtype="str"),
        "note": pd.Series(["ends in a space ", 'b\nc\r\n"q",\t', "😀中文"], dtype="str"),
        "code": pd.Series(["a", "b", "'=x"], dtype="str"),
    })


BOOK = Codebook(
    labels={"性别": "性别", "id": "long label " * 40},
    values={"性别": {1: "男", 2: "女", 9: "不详"}, "ok": {True: "是", False: "否"}, "code": {"a": "甲", "b": "乙"}, "x": {-5.0: "no answer" * 20}},
    missing={"性别": [9, {"lo": 97, "hi": 99}], "x": [{"lo": None, "hi": -1}], "code": ["b"]},
    measure={"性别": "nominal", "x": "scale", "id": "ordinal"},
)


def there_and_back(frame: pd.DataFrame, folder: Path, suffix: str, book: Codebook | None = None, **options) -> tuple[pd.DataFrame, Codebook]:
    return read(write(frame, folder / f"out{suffix}", codebook=book, **options)[0])


# --- round trips


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
def test_values_types_and_codebook_come_back_without_a_difference(tmp_path, suffix, lang):
    frame, before = people(), people()
    back, book = there_and_back(frame, tmp_path, suffix, BOOK, lang=lang)
    assert_frame_equal(back, before)
    assert_frame_equal(frame, before)
    kinds = {"id": "int", "性别": "int", "姓 名": "str", "amount": "dec2", "price": "dec4", "day": "date", "ts": "ts", "ok": "bool",
             "maybe": "bool", "x": "float", "nothing": "str", "note": "str", "code": "str"}
    assert book == Codebook(BOOK.labels, BOOK.values, BOOK.missing, BOOK.measure, kinds)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rows", [0, 1], ids=["no row", "one row"])
def test_few_rows(tmp_path, suffix, rows):
    frame = people().iloc[:rows].astype({"性别": "int64", "maybe": "bool"} if rows else {})
    frame["性别"], frame["maybe"] = frame["性别"].astype("int64"), frame["maybe"].astype("bool")
    kinds = {"amount": "dec2", "price": "dec4", "day": "date"}
    assert_frame_equal(there_and_back(frame, tmp_path, suffix, Codebook(kinds=kinds))[0], frame)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("column", [[None, None], ["", None], ["", ""], [None, "x", None, ""], [" ", "  ", "a  "]], ids=repr)
def test_a_lone_column_of_blanks_and_empty_texts(tmp_path, suffix, column):
    frame = pd.DataFrame({"t": pd.Series(column, dtype="str")})
    assert_frame_equal(there_and_back(frame, tmp_path, suffix)[0], frame)


@pytest.mark.parametrize("suffix", FORMATS)
def test_blank_rows_at_the_end_are_kept(tmp_path, suffix):
    frame = pd.DataFrame({"a": pd.Series(["x", None, None], dtype="str"), "b": [1.5, np.nan, np.nan]})
    assert_frame_equal(there_and_back(frame, tmp_path, suffix)[0], frame)


def test_blank_rows_at_the_end_are_kept_in_version_5(tmp_path):
    frame = pd.DataFrame({"a_long_name": pd.Series(["x", None, None], dtype="str"), "a_long_names": pd.Series(["y", None, None], dtype="str")})
    back, book = there_and_back(frame, tmp_path, ".xpt", Codebook(labels={"a_long_name": "金额" * 20}), xport=5)
    assert_frame_equal(back, frame)
    assert book.labels == {"a_long_name": "金额" * 20}
    assert list(pyreadstat.read_xport(tmp_path / "out.xpt")[0].columns) == ["a_long_n", "a_long_2"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_three_hundred_columns(tmp_path, suffix):
    frame = pd.DataFrame({f"第 {place} 列": [place, -place] for place in range(300)})
    book = Codebook(labels={name: name for name in frame}, values={name: {0: "零"} for name in frame})
    back, found = there_and_back(frame, tmp_path, suffix, book)
    assert_frame_equal(back, frame)
    assert (found.labels, found.values) == (book.labels, book.values)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=12),
    st.sampled_from(["=1+1", "+86", "-5", "@a", "'=1", "''", "'", " =1", "\t=", "\r", "\n", "\r\n", " ", "a ", '"', '""', ",", "<r>x</r>", "_x0041_",
                     "NULL", "nan", "None", "true", "1", "1e5", "😀", "中文，“引”", "＝1", "\ufeff", "a\x1fb", "\u2028", "#N/A"]))
COLUMN = st.one_of(
    st.tuples(st.just("int"), st.lists(st.none() | st.integers(-2**63, 2**63 - 1), max_size=6)),
    st.tuples(st.just("int"), st.lists(st.integers(-10**6, 10**6), max_size=6)),
    st.tuples(st.just("dec2"), st.lists(st.none() | st.integers(-10**17, 10**17).map(lambda one: Decimal(one).scaleb(-2)), max_size=6)),
    st.tuples(st.just("dec4"), st.lists(st.none() | st.integers(-10**14, 10**14).map(lambda one: Decimal(one).scaleb(-4)), max_size=6)),
    st.tuples(st.just("float"), st.lists(st.none() | st.floats(-1e60, 1e60, allow_subnormal=False).filter(lambda one: abs(one) > 1e-60 or one == 0),
                                         max_size=6)),
    st.tuples(st.just("bool"), st.lists(st.none() | st.booleans(), max_size=6)),
    st.tuples(st.just("date"), st.lists(st.none() | st.dates(), max_size=6)),
    st.tuples(st.just("ts"), st.lists(st.none() | st.datetimes(), max_size=6)),
    st.tuples(st.just("ts"), st.lists(st.datetimes(datetime(1990, 1, 1)).map(lambda one: one.replace(microsecond=0)), max_size=6)),
    st.tuples(st.just("str"), st.lists(st.none() | TEXTS, max_size=6)),
    st.tuples(st.just("str"), st.lists(TEXTS, max_size=6)),
)
NAMES = st.one_of(st.sampled_from(["a", "A", "all", "客户 号", "x" * 70, "_", "1", "=a", "'=a", "a/b", "好" * 30, "\n"]),
                  st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), min_size=1, max_size=8))


@st.composite
def frames(draw) -> tuple[pd.DataFrame, dict[str, str]]:
    """A frame in the form that `read` gives, and its kinds."""
    names = draw(st.lists(NAMES.filter(str.strip), min_size=1, max_size=5, unique=True))
    rows = draw(st.integers(0, 6))
    columns, kinds = {}, {}
    for name in names:
        kinds[name], values = draw(COLUMN)
        values = [values[row] if row < len(values) else values[-1] if values else None for row in range(rows)]
        full = None not in values
        types = {"int": "int64" if full else "Int64", "bool": "bool" if full else "boolean", "float": "f8", "str": "str", "ts": "datetime64[us]"}
        columns[name] = pd.Series(values, dtype=types.get(kinds[name], object))
    return pd.DataFrame(columns, index=pd.RangeIndex(rows)), kinds


@pytest.mark.parametrize("suffix", FORMATS)
@given(made=frames())
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_frame_comes_back_without_a_difference(tmp_path, suffix, made):
    frame, kinds = made
    back, book = there_and_back(frame, tmp_path, suffix, Codebook(kinds=kinds), overwrite=True)
    assert_frame_equal(back, frame)
    assert book.kinds == kinds


@given(made=frames())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kinds_need_not_be_named_where_values_show_them(tmp_path, made):
    frame, kinds = made
    shown = {name: kind for name, kind in kinds.items() if kind in ("dec2", "dec4", "date")}  # objects, perhaps all blank
    back, book = there_and_back(frame, tmp_path, ".parquet", Codebook(kinds=shown), overwrite=True)
    assert_frame_equal(back, frame)
    assert book.kinds == kinds



@pytest.mark.parametrize("suffix", FORMATS)
def test_other_types_of_pandas_are_taken_as_the_kind_they_are(tmp_path, suffix):
    given = pd.DataFrame({
        "small": pd.Series([1, 2], dtype="int8"),
        "level": pd.Categorical(["low", None], categories=["low", "high"]),
        "arrow": pd.Series([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(9, 1))),
        "money": [10.1, np.nan],
        "whole": [3.0, np.nan],
        "nano": pd.Series([datetime(2024, 1, 1), None], dtype="datetime64[ns]"),
        "day": pd.Series([datetime(2024, 1, 1), None], dtype="datetime64[us]"),
        "objects": pd.Series([True, False], dtype=object),
    })
    expected = pd.DataFrame({
        "small": [1, 2],
        "level": pd.Series(["low", None], dtype="str"),
        "arrow": [Decimal("1.50"), None],
        "money": [Decimal("10.10"), None],
        "whole": pd.array([3, None], dtype="Int64"),
        "nano": pd.Series([datetime(2024, 1, 1), None], dtype="datetime64[us]"),
        "day": [date(2024, 1, 1), None],
        "objects": [True, False],
    })
    back, book = there_and_back(given, tmp_path, suffix, Codebook(kinds={"money": "dec2", "whole": "int", "day": "date"}))
    assert_frame_equal(back, expected)
    assert book.kinds == {"small": "int", "level": "cat", "arrow": "dec2", "money": "dec2", "whole": "int", "nano": "ts", "day": "date",
                          "objects": "bool"}


# --- what other programs see


def test_spss_sees_labels_missing_codes_measures_days_and_money(tmp_path):
    write(people(), tmp_path / "p.sav", codebook=BOOK)
    frame, meta = pyreadstat.read_sav(tmp_path / "p.sav", user_missing=True)
    assert list(frame.columns) == ["id", "性别", "姓_名", "amount", "price", "day", "ts", "ok", "maybe", "x", "nothing", "note", "code"]
    assert frame["性别"].tolist()[::2] == [1.0, 9.0]
    assert frame["amount"].tolist()[::2] == [1.1, -0.05]
    assert frame["day"].tolist()[::2] == [date(2024, 1, 5), date(1999, 12, 31)]
    assert abs(frame["ts"].iloc[0] - pd.Timestamp("2024-01-05 10:11:12.345")) <= pd.Timedelta(1, "us")
    assert frame["ok"].tolist() == [1.0, 0.0, 1.0]
    assert meta.column_names_to_labels["性别"] == "性别" and meta.column_names_to_labels["姓_名"] == "姓 名"
    assert len(meta.column_names_to_labels["id"]) == 255
    assert meta.variable_value_labels["性别"] == {1.0: "男", 2.0: "女", 9.0: "不详"}
    assert meta.variable_value_labels["ok"] == {1.0: "是", 0.0: "否"}
    assert meta.variable_value_labels["code"] == {"a": "甲", "b": "乙"}
    assert meta.missing_ranges["性别"] == [{"lo": 97.0, "hi": 99.0}, {"lo": 9.0, "hi": 9.0}]
    assert meta.missing_ranges["code"] == [{"lo": "b", "hi": "b"}]
    assert [meta.variable_measure[name] for name in ("id", "性别", "x", "note")] == ["ordinal", "nominal", "scale", "unknown"]
    assert meta.original_variable_types["amount"] == "F18.2"
    # SPSS itself leaves the user-missing ones out
    assert np.isnan(pyreadstat.read_sav(tmp_path / "p.sav")[0]["性别"].iloc[2])


def test_sas_sees_the_same_values(tmp_path):
    made = write(people(), tmp_path / "p.xpt", codebook=BOOK)
    assert [one.name for one in made] == ["p.xpt", "p.xpt.codebook.json"]
    frame, meta = pyreadstat.read_xport(tmp_path / "p.xpt")
    assert list(frame.columns)[:3] == ["id", "v2", "v3"] and meta.column_names_to_labels["v3"] == "姓 名"
    assert frame["day"].tolist()[::2] == [date(2024, 1, 5), date(1999, 12, 31)]
    assert frame["ts"].iloc[0] == pd.Timestamp("2024-01-05 10:11:12.345")
    assert frame["amount"].tolist()[::2] == [1.1, -0.05]


def test_changes_made_in_spss_win_over_the_kept_codebook(tmp_path):
    path = tmp_path / "p.sav"
    write(pd.DataFrame({"a b": [1, 2], "t": pd.Series(["", None], dtype="str"), "gone": [1, 2]}), path,
          codebook=Codebook(labels={"t": "text"}, values={"a b": {1: "one"}}, measure={"a b": "nominal"}))
    raw, meta = pyreadstat.read_sav(path)
    changed = raw.drop(columns="gone").assign(a_b=[2.0, 1.5], new=["x", "y"])
    pyreadstat.write_sav(changed, path, note=meta.notes, column_labels={"t": "words"}, variable_value_labels={"a_b": {2.0: "two"}},
                         variable_measure={"a_b": "ordinal"})
    frame, book = read(path)
    # no position is trusted any more, so the blank texts are blank
    expected = pd.DataFrame({"a b": [2.0, 1.5], "t": pd.Series([None, None], dtype="str"), "new": pd.Series(["x", "y"], dtype="str")})
    assert_frame_equal(frame, expected)
    assert book == Codebook({"t": "words"}, {"a b": {2.0: "two"}}, {}, {"a b": "ordinal"}, {"a b": "float", "t": "str", "new": "str"})


def test_excel_gets_text_as_text_and_days_as_days(tmp_path):
    write(people(), tmp_path / "p.xlsx", codebook=BOOK, lang="bi")
    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    assert [(sheet.title, sheet.sheet_state) for sheet in book] == [("data", "visible"), ("codebook", "visible"), ("custlib", "hidden")]
    rows = list(book["data"].iter_rows())
    assert [one.value for one in rows[0]][:3] == ["long label " * 40 + " / id", "性别", "姓 名"]
    first = dict(zip(people().columns, rows[1], strict=True))
    assert (first["姓 名"].value, first["姓 名"].data_type, first["姓 名"].number_format) == ("=1+1", "s", "@")
    assert (first["day"].value, first["day"].number_format) == (datetime(2024, 1, 5), "yyyy-mm-dd")
    assert first["ts"].value == datetime(2024, 1, 5, 10, 11, 12, 345000)
    assert (first["amount"].value, first["ok"].value, first["x"].value) == (1.1, True, 0.1 + 0.2)
    assert all(cell.hyperlink is None for row in rows for cell in row)
    codes = {row[0]: row for row in book["codebook"].iter_rows(min_row=2, values_only=True)}
    assert codes["性别"] == ("性别", "性别", "整数 / whole number", "名义 / nominal", "1 = 男; 2 = 女; 9 = 不详", "9; 97–99")


def test_no_text_becomes_markup_or_a_formula_in_excel(tmp_path):
    texts = ["<r><t>x</t></r>", "=cmd|' /C calc'!A0", "{=1}", "http://example.invalid", "mailto:a@example.invalid", "internal:a!A1"]
    write(pd.DataFrame({"t": texts, "=h": texts}), tmp_path / "p.xlsx")
    with zipfile.ZipFile(tmp_path / "p.xlsx") as parts:
        data = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not any("rels" in name and "sheet1" in name for name in parts.namelist())
    assert "<f>" not in data and "<r>" not in data
    assert [row[0].value for row in openpyxl.load_workbook(tmp_path / "p.xlsx")["data"].iter_rows(min_row=2)] == texts


def test_a_csv_holds_no_formula_and_numbers_stay_numbers(tmp_path):
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1", "'=1", "'x", "plain", "a-b"]
    frame = pd.DataFrame({"=t": texts, "n": range(-6, 6)})
    made = write(frame, tmp_path / "p.csv", bom=True)
    raw = (tmp_path / "p.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["'=t", "n"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "' =1", "'＝1", "''=1", "'x", "plain", "a-b"]
    assert [row[1] for row in rows[1:3]] == ["-6", "-5"]
    assert_frame_equal(read(made[0])[0], frame.astype({"=t": "str"}))


def test_parquet_keeps_money_as_decimals_and_is_read_without_us(tmp_path):
    write(people(), tmp_path / "p.parquet", codebook=BOOK)
    schema = pq.read_schema(tmp_path / "p.parquet")
    assert [str(schema.field(name).type) for name in ("amount", "price", "day", "ts", "性别")] == [
        "decimal128(18, 2)", "decimal128(18, 4)", "date32[day]", "timestamp[us]", "int64"]
    assert pd.read_parquet(tmp_path / "p.parquet")["amount"].tolist() == [Decimal("1.10"), None, Decimal("-0.05")]


def test_ids_of_sixteen_digits_are_text_and_said(tmp_path):
    frame, said = pd.DataFrame({"id": [6222021234567890, 1], "small": [10**15 - 1, 2]}), []
    for suffix in (".xlsx", ".sav", ".xpt"):
        assert_frame_equal(there_and_back(frame, tmp_path, suffix, say=said.append)[0], frame)
    assert [one.split(" has ")[0] for one in said] == [f"out{suffix}: column id" for suffix in (".xlsx", ".sav", ".xpt")]
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["data"]["A2"].value == "6222021234567890"
    assert pyreadstat.read_sav(tmp_path / "out.sav")[0]["id"].tolist() == ["6222021234567890", "1"]


def test_moments_that_a_format_cannot_count_are_text_and_said(tmp_path):
    fine = pd.DataFrame({"fine": pd.Series([datetime(2024, 1, 1, 0, 0, 0, 1), datetime(2024, 1, 1, 0, 0, 0, 7)], dtype="datetime64[us]"),
                         "early": [date(1, 1, 1), date(2024, 1, 1)]})
    said = []
    for suffix in (".xlsx", ".sav", ".xpt"):
        assert_frame_equal(there_and_back(fine, tmp_path, suffix, say=said.append)[0], fine)
    assert [re.search(r"out(\.\w+): column (\w+) has (\w+)", one).groups() for one in said] == [
        (".xlsx", "fine", "times"), (".xlsx", "early", "days"), (".sav", "fine", "times"), (".sav", "early", "days"), (".xpt", "early", "days")]


# --- other programs' files


def test_a_foreign_spss_file_keeps_codes_missing_codes_and_levels(tmp_path):
    frame = pd.DataFrame({"q1": [1.0, 9.0, np.nan], "w": [0.5, 1.0, 2.0], "t": ["a", "", "b"], "d": [date(2024, 1, 5), None, date(1900, 1, 1)],
                          "clock": [13.5, 90061.0, np.nan]})
    pyreadstat.write_sav(frame, tmp_path / "f.sav", column_labels={"q1": "满意度"}, variable_value_labels={"q1": {1.0: "好", 9.0: "不知道"}},
                         missing_ranges={"q1": [9, {"lo": 97, "hi": 99}]}, variable_measure={"q1": "ordinal"}, variable_format={"clock": "TIME8"})
    back, book = read(tmp_path / "f.sav")
    assert_frame_equal(back, pd.DataFrame({
        "q1": pd.array([1, 9, None], dtype="Int64"), "w": [0.5, 1.0, 2.0], "t": pd.Series(["a", None, "b"], dtype="str"),
        "d": [date(2024, 1, 5), None, date(1900, 1, 1)], "clock": pd.Series(["00:00:13.5", "25:01:01", None], dtype="str")}))
    assert book == Codebook({"q1": "满意度"}, {"q1": {1: "好", 9: "不知道"}}, {"q1": [{"lo": 97, "hi": 99}, 9]}, {"q1": "ordinal"},
                            {"q1": "int", "w": "float", "t": "str", "d": "date", "clock": "str"})
    again, same = read(write(back, tmp_path / "g.sav", codebook=book)[0])
    assert_frame_equal(again, back)
    assert same == book


def test_a_foreign_stata_file_keeps_labels_days_and_special_missing(tmp_path):
    frame = pd.DataFrame({"q1": [1, 2, 3], "miss": [1.0, "a", 2.0], "d": [date(2024, 1, 5), None, date(1950, 1, 1)],
                          "ts": pd.Series([datetime(2024, 1, 5, 1, 2, 3), None, datetime(1999, 1, 1)]), "t": ["中", "", "b"]})
    pyreadstat.write_dta(frame, tmp_path / "f.dta", column_labels={"q1": "问一"}, variable_value_labels={"q1": {1: "是"}},
                         missing_user_values={"miss": ["a"]})
    back, book = read(tmp_path / "f.dta")
    assert back["q1"].tolist() == [1, 2, 3]
    assert back["miss"].tolist() == ["1", "a", "2"]
    assert back["d"].tolist() == [date(2024, 1, 5), None, date(1950, 1, 1)]
    assert back["ts"].iloc[0] == pd.Timestamp("2024-01-05 01:02:03") and back["ts"].isna().tolist() == [False, True, False]
    assert (book.labels, book.values, book.missing) == ({"q1": "问一"}, {"q1": {1: "是"}}, {"miss": ["a"]})
    assert book.kinds == {"q1": "int", "miss": "str", "d": "date", "ts": "ts", "t": "str"}


def test_a_foreign_xpt_and_parquet_are_read_by_their_types(tmp_path):
    pyreadstat.write_xport(pd.DataFrame({"n": [1.0, 2.5], "d": [date(2024, 1, 5), None]}), tmp_path / "f.xpt", column_labels={"n": "number"})
    back, book = read(tmp_path / "f.xpt")
    assert_frame_equal(back, pd.DataFrame({"n": [1.0, 2.5], "d": [date(2024, 1, 5), None]}))
    assert book == Codebook(labels={"n": "number"}, kinds={"n": "float", "d": "date"})
    pd.DataFrame({"n": [1, 2], "t": ["a", None]}).to_parquet(tmp_path / "f.parquet")
    back, book = read(tmp_path / "f.parquet")
    assert_frame_equal(back, pd.DataFrame({"n": [1, 2], "t": pd.Series(["a", None], dtype="str")}))
    assert book.kinds == {"n": "int", "t": "str"}


# --- refusals


def problem(frame: pd.DataFrame, path: Path, book: Codebook | None = None, **options) -> str:
    """Write what is refused, give the sentence, and see that nothing was left."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(Problem) as caught:
        write(frame, path, codebook=book, **options)
    assert caught.value.said("zh") != caught.value.said("en")
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before
    return f"{caught.value.key}: {caught.value}"


NOT_A_COLUMN = {
    "twin names": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "export_name"),
    "number as name": (pd.DataFrame({1: [1]}), "export_name"),
    "blank name": (pd.DataFrame({" ": [1]}), "export_name"),
    "no column": (pd.DataFrame(index=[0, 1]), "export_empty"),
    "named index": (pd.DataFrame({"a": [1]}, index=pd.Index([5], name="id")), "export_index"),
    "zone": (pd.DataFrame({"a": pd.to_datetime(["2024-01-01"], utc=True)}), "export_zone"),
    "mixture": (pd.DataFrame({"a": [1, "x"]}), "export_kind_unknown"),
    "bool and number": (pd.DataFrame({"a": pd.Series([1, True], dtype=object)}), "export_kind_unknown"),
    "list": (pd.DataFrame({"a": [[1]]}), "export_kind_unknown"),
    "complex": (pd.DataFrame({"a": [1j]}), "export_kind_unknown"),
    "duration": (pd.DataFrame({"a": [timedelta(1)]}), "export_kind_unknown"),
    "number levels": (pd.DataFrame({"a": pd.Categorical([1, 2])}), "export_kind_unknown"),
    "five decimals": (pd.DataFrame({"a": [Decimal("0.12345")]}), "export_kind_unknown"),
    "too large": (pd.DataFrame({"a": pd.Series([1, 2**63], dtype="uint64")}), "export_value"),
    "half a surrogate": (pd.DataFrame({"a": pd.Series(["x", "\ud800"], dtype=object)}), "export_value"),
    "nanoseconds": (pd.DataFrame({"a": pd.Series([0, 1], dtype="datetime64[ns]")}), "export_value"),
    "year 12000": (pd.DataFrame({"a": pd.Series(np.array([0, 10**16 * 32], dtype="datetime64[us]"))}), "export_value"),
}


@pytest.mark.parametrize("frame, key", NOT_A_COLUMN.values(), ids=NOT_A_COLUMN)
def test_what_is_no_exportable_frame_is_refused(tmp_path, frame, key):
    said = problem(frame, tmp_path / "x.csv")
    assert said.startswith(f"{key}: ")
    if key == "export_value":
        assert "row 2" in said


@pytest.mark.parametrize("kind, value", [("int", 1.5), ("dec2", 1.005), ("dec2", Decimal("1e16")), ("date", datetime(2024, 1, 1, 5)), ("bool", 2),
                                         ("str", 5), ("ts", date(2024, 1, 1)), ("float", 2**53 + 1), ("dec4", float("inf")), ("int", "5")], ids=repr)
def test_a_value_that_its_kind_cannot_hold_is_refused_by_row_and_not_shown(tmp_path, kind, value):
    said = problem(pd.DataFrame({"a": pd.Series([None, value], dtype=object)}), tmp_path / "x.csv", Codebook(kinds={"a": kind}))
    assert said == f"export_value: Column a, row 2: the value cannot be kept exactly as {kind}; correct it, or choose another kind."


NOT_A_BOOK = {
    "column": (Codebook(labels={"b": "x"}), "export_no_column"),
    "kind": (Codebook(kinds={"a": "integer"}), "not_allowed"),
    "measure": (Codebook(measure={"a": "ratio"}), "not_allowed"),
    "label": (Codebook(labels={"a": 5}), "export_label"),
    "label of a code": (Codebook(values={"a": {1: None}}), "export_label"),
    "text code of numbers": (Codebook(values={"a": {"1": "x"}}), "export_code"),
    "NaN code": (Codebook(values={"a": {float("nan"): "x"}}), "export_code"),
    "long code": (Codebook(missing={"a": [10**16]}), "export_code"),
    "open range": (Codebook(missing={"a": [{"lo": None, "hi": None}]}), "export_code"),
    "upside down": (Codebook(missing={"a": [{"lo": 9, "hi": 1}]}), "export_code"),
    "no list": (Codebook(missing={"a": 9}), "export_code"),
}


@pytest.mark.parametrize("book, key", NOT_A_BOOK.values(), ids=NOT_A_BOOK)
def test_a_wrong_codebook_is_refused(tmp_path, book, key):
    assert problem(pd.DataFrame({"a": [1, 2]}), tmp_path / "x.csv", book).startswith(f"{key}: ")


@pytest.mark.parametrize("frame, missing", [
    ({"a": [1, 2]}, [1, 2, 3, 4]), ({"a": [1, 2]}, [{"lo": 1, "hi": 2}, 5, 6]), ({"a": [1, 2]}, [{"lo": 1, "hi": 2}, {"lo": 5, "hi": 6}]),
    ({"a": ["x"]}, ["refused to say"]), ({"a": ["x"]}, ["a", "b", "c", "d"])], ids=["four", "range and two", "two ranges", "long", "four texts"])
def test_missing_codes_that_spss_cannot_hold_are_refused_there_and_kept_elsewhere(tmp_path, frame, missing):
    book = Codebook(missing={"a": missing})
    assert problem(pd.DataFrame(frame), tmp_path / "x.sav", book).startswith("export_missing_codes: x.sav, column a")
    assert there_and_back(pd.DataFrame(frame), tmp_path, ".xpt", book)[1].missing == {"a": missing}


@pytest.mark.parametrize("suffix, value, key", [
    (".sav", "好" * 10923, "export_long_text"), (".xpt", "x" * 32768, "export_long_text"), (".xlsx", "😀" * 16384, "export_long_cell"),
    (".sav", "a\0b", "export_character"), (".xpt", "a\0b", "export_character"), (".xlsx", "\uffff", "export_character"),
    (".sav", float("inf"), "export_infinite"), (".xlsx", float("-inf"), "export_infinite"), (".xpt", 1e76, "export_differs"),
    (".xpt", 1e-90, "export_differs")], ids=lambda one: one if len(str(one)) < 20 else str(one)[:2])
def test_what_a_format_cannot_hold_is_refused_and_parquet_holds_it(tmp_path, suffix, value, key):
    frame = pd.DataFrame({"a": [value]})
    said = problem(frame, tmp_path / f"x{suffix}")
    assert said.startswith(f"{key}: x{suffix}, ") and "column a" in said
    assert_frame_equal(there_and_back(frame, tmp_path, ".parquet")[0], frame.astype("str" if isinstance(value, str) else "f8"))


def test_the_longest_texts_are_held(tmp_path):
    for suffix, value in ((".sav", "好" * 10922), (".xpt", "好" * 10922), (".xlsx", "😀" * 16383)):
        frame = pd.DataFrame({"a": [value, "b"]})
        assert_frame_equal(there_and_back(frame, tmp_path, suffix)[0], frame.astype("str"))


def test_version_5_takes_two_hundred_bytes(tmp_path):
    assert problem(pd.DataFrame({"a": ["x" * 201]}), tmp_path / "x.xpt", xport=5).startswith("export_long_text")


@pytest.mark.parametrize("suffix, rows", [(".xlsx", 1_048_576), (".sav", 1_000_001), (".xpt", 1_000_001)])
def test_too_many_rows_are_refused_at_once(tmp_path, suffix, rows):
    assert f"{rows:,}" in problem(pd.DataFrame({"a": np.zeros(rows, dtype="i8")}), tmp_path / f"x{suffix}")


def test_more_columns_than_excel_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("custlib.tables.export.sheet.COLUMNS", 2)
    assert "3 columns" in problem(pd.DataFrame({"a": [1], "b": [1], "c": [1]}), tmp_path / "x.xlsx")
    write(pd.DataFrame({"a": [1], "b": [1]}), tmp_path / "x.xlsx")


# --- files


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_is_replaced_only_where_that_is_allowed(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    made = write(pd.DataFrame({"a": [1]}), path)
    before = {one: one.read_bytes() for one in made}
    assert problem(pd.DataFrame({"a": [2]}), path) == (
        f"export_exists: x{suffix} exists already; give another name, or allow it to be replaced (overwrite).")
    assert {one: one.read_bytes() for one in made} == before
    assert sorted(tmp_path.iterdir()) == sorted(made)
    write(pd.DataFrame({"a": [2]}), path, overwrite=True)
    assert read(path)[0]["a"].tolist() == [2]
    assert sorted(tmp_path.iterdir()) == sorted(made)


def test_a_codebook_in_the_way_counts_as_an_existing_file(tmp_path):
    (tmp_path / "x.csv.codebook.json").write_text("{}")
    assert problem(pd.DataFrame({"a": [1]}), tmp_path / "x.csv").startswith("export_exists: x.csv.codebook.json")


def test_folder_ending_and_language_are_checked(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    assert problem(frame, tmp_path / "no" / "x.csv").startswith("export_no_folder")
    assert problem(frame, tmp_path / "x.sas7bdat").startswith("export_ending")
    assert problem(frame, tmp_path / "x").startswith("export_ending")
    assert problem(frame, tmp_path / "x.csv", lang="de").startswith("not_allowed")
    (tmp_path / "d.csv").mkdir()
    assert problem(frame, tmp_path / "d.csv", overwrite=True).startswith("export_exists")


FULL = """
import resource, sys, pandas as pd
from pathlib import Path
from custlib.i18n import Trouble
from custlib.tables.export import write
frame = pd.DataFrame({"a": range(60_000), "t": [f"{row * 7919 % 60_000:x}" for row in range(60_000)]})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for suffix in sys.argv[2:]:
    try:
        write(frame, Path(sys.argv[1]) / f"x{suffix}", overwrite=True)
        print(suffix, "written")
    except Trouble as error:
        print(suffix, error.key)
"""


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    for suffix in FORMATS:
        write(pd.DataFrame({"a": [1]}), tmp_path / f"x{suffix}")
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path), *FORMATS], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [f"{suffix} export_unwritable" for suffix in FORMATS], done.stderr
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_folder_that_may_not_be_written_ends_in_a_sentence(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(Trouble, match=r"^x.csv could not be written \(Permission denied\)"):
        write(pd.DataFrame({"a": [1]}), tmp_path / "x.csv")


def test_reading_says_what_is_not_there(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "t": ["x", "y"]})
    for name, key in (("no.csv", "missing_file"), ("x.doc", "unknown_kind")):
        with pytest.raises(Problem) as caught:
            read(tmp_path / name)
        assert caught.value.key == key
    write(frame, tmp_path / "x.csv")[1].unlink()
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    for name in ("x.csv", "x.xlsx"):
        with pytest.raises(Problem) as caught:
            read(tmp_path / name)
        assert caught.value.key == "export_no_codebook"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_cell_that_somebody_spoiled_is_named_by_its_row(tmp_path, suffix):
    path = write(pd.DataFrame({"a": [1, 2], "t": ["x", "y"]}), tmp_path / f"x{suffix}")[0]
    if suffix == ".csv":
        path.write_text(path.read_text().replace("2,", "two,"))
    else:
        book = openpyxl.load_workbook(path)
        book["data"]["A3"] = "two"
        book.save(path)
    with pytest.raises(Problem, match=r"^Column a, row 3: the value cannot be kept exactly as int"):
        read(path)


@pytest.mark.parametrize("kind, good, bad", [("int", 1, 1.5), ("dec2", Decimal("1.10"), 1.005), ("date", date(2024, 1, 1), 5), ("bool", True, 1)])
def test_a_number_that_somebody_typed_into_a_column_of_another_kind_is_named(tmp_path, kind, good, bad):
    path = write(pd.DataFrame({"a": pd.Series([good, good], dtype=object)}), tmp_path / "x.xlsx", codebook=Codebook(kinds={"a": kind}))[0]
    book = openpyxl.load_workbook(path)
    book["data"]["A3"] = bad
    book["data"]["A3"].number_format = "General"
    book.save(path)
    with pytest.raises(Problem, match=f"^Column a, row 3: the value cannot be kept exactly as {kind}"):
        read(path)


def test_columns_and_rows_added_in_excel_are_read(tmp_path):
    path = write(pd.DataFrame({"a": [1, 2], "t": ["x", ""]}), tmp_path / "x.xlsx", codebook=Codebook(labels={"a": "甲"}), lang="zh")[0]
    book = openpyxl.load_workbook(path)
    sheet = book["data"]
    sheet["C1"], sheet["C2"], sheet["A4"] = "extra", 5, 3
    book.save(path)
    back, found = read(path)
    assert_frame_equal(back, pd.DataFrame({"a": [1, 2, 3], "t": pd.Series(["x", "", ""], dtype="str"),
                                           "extra": pd.Series(["5", None, None], dtype="str")}))
    assert (found.labels, found.kinds) == ({"a": "甲"}, {"a": "int", "t": "str", "extra": "str"})


@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_files_end_in_a_sentence(tmp_path, suffix, apart):
    made = write(people(), tmp_path / f"x{suffix}", codebook=BOOK)
    whole = {one: one.read_bytes() for one in made}
    random = np.random.default_rng(7)
    for turn in range(2 if suffix in STATISTICS else 60):  # a process each for the first
        target = made[turn % len(made)]
        content = bytearray(whole[target])
        if turn % 3:
            for _ in range(3):
                content[random.integers(len(content))] = random.integers(256)
        else:
            del content[random.integers(len(content)):]
        target.write_bytes(content)
        try:
            read(made[0])
        except Problem:
            pass
        target.write_bytes(whole[target])
    assert_frame_equal(read(made[0])[0], people())


OURS = {"custlib": "codebook", "version": 1, "names": {"a": "a"}}


@pytest.mark.parametrize("kept", [[], {}, {**OURS, "version": 2}, {**OURS, "names": 5, "codebook": {}},
                                  {**OURS, "codebook": {"kinds": {"a": "money"}}},
                                  {**OURS, "codebook": {"kinds": {"a": "int"}, "values": {"a": [[[], 1]]}}}],
                         ids=["list", "empty", "later version", "no names", "no kind", "no code"])
def test_a_codebook_that_is_none_ends_in_a_sentence(tmp_path, kept):
    made = write(pd.DataFrame({"a": [1]}), tmp_path / "x.csv")
    made[1].write_text(json.dumps(kept))
    with pytest.raises(Problem) as caught:
        read(made[0])
    assert caught.value.key == "export_codebook_broken"


def test_a_file_that_kills_its_reader_is_damaged(tmp_path, apart, monkeypatch):
    path = write(pd.DataFrame({"a": [1]}), tmp_path / "x.sav")[0]
    monkeypatch.setattr(statload, "CHILD", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(Problem, match="x.sav is damaged"):
        read(path)
    monkeypatch.setattr(statload, "CHILD", "raise OSError('no space')")
    with pytest.raises(RuntimeError, match="no space"):
        read(path)


# --- canonical tables


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "people.csv").write_text("customer,name,phone,kind\na,=甲,100-0000-0001,person\nb,乙,000 0000 0001,company\n", encoding="utf-8")
    tail = ('[sources.people]\npath = "people.csv"\n[tables.customers]\nsource = "people"\n[tables.customers.columns]\n'
            'customer_id = "customer"\ndisplay_name = "name"\nphone = "phone"\ncustomer_kind = "kind"\n')
    return build(shop(folder, tail=tail))


def test_a_canonical_table_is_exported_with_labels_and_exact_money(built, tmp_path):
    expected = [Decimal("10.00"), Decimal("20.50"), Decimal("-4.25")]
    for suffix in FORMATS:
        made = export_table(built, "orders", tmp_path / f"o{suffix}", lang="zh")
        frame, book = read(made[0])
        assert frame["net_amount"].tolist() == expected
        assert frame["order_day"].tolist() == [date(2024, 1, 5), date(2024, 1, 6), date(2024, 2, 1)]
        assert frame["source_row"].tolist() == [2, 3, 4]
        assert (book.labels["net_amount"], book.labels["source_row"], book.kinds["net_amount"]) == ("实付金额", "来源行号", "dec2")
        assert (book.measure["net_amount"], book.measure["order_id"]) == ("scale", "nominal")
    assert pyreadstat.read_sav(tmp_path / "o.sav")[1].column_names_to_labels["net_amount"] == "实付金额"
    assert read(export_table(built, "orders", tmp_path / "b.csv", lang="bi")[0])[1].labels["order_id"] == "订单号 / Order id"


@pytest.mark.parametrize("suffix", FORMATS)
def test_personal_columns_stay_out_unless_asked_for_and_both_are_said(built, tmp_path, suffix):
    said = []
    frame, _ = read(export_table(built, "customers", tmp_path / f"c{suffix}", say=said.append)[0])
    assert {"display_name", "phone"} & set(frame.columns) == set() and "customer_id" in frame
    assert b"100-0000-0001" not in (tmp_path / f"c{suffix}").read_bytes()
    whole, _ = read(export_table(built, "customers", tmp_path / f"p{suffix}", personal=True, say=said.append)[0])
    assert whole["display_name"].tolist() == ["=甲", "乙"]
    assert whole["phone"].tolist() == ["100-0000-0001", "000 0000 0001"]
    columns = ", ".join(name for name in whole.columns if name not in frame.columns)
    assert said == [f"c{suffix}: the personal columns {columns} were left out; ask for them (personal) where they are needed.",
                    f"p{suffix} holds the personal columns {columns}; store it and pass it on as personal data."]


def test_a_table_that_is_not_in_the_build_is_named(built, tmp_path):
    with pytest.raises(Problem, match="The build has no table order; did you mean orders?"):
        export_table(built, "order", tmp_path / "x.csv")
    with pytest.raises(Problem, match="The build has no table rejects"):
        export_table(built, "rejects", tmp_path / "x.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["shop"]


def test_batches_give_the_rows_in_the_order_of_the_build(tmp_path, monkeypatch, built):
    monkeypatch.setattr("custlib.tables.export.canonical.BATCH", 2)
    for suffix in (".csv", ".parquet"):
        frame, _ = read(export_table(built, "orders", tmp_path / f"o{suffix}")[0])
        assert frame["order_id"].tolist() == ["o1", "o2", "o3"]
