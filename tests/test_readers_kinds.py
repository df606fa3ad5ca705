"""Spreadsheets, JSON, statistics files, Parquet and archives: what a person sees in the file is what is staged, in rows they can find."""

import base64
import gzip
import io
import json
import zipfile
import zlib
from datetime import date, datetime

import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from test_readers_text import refused, rows, staged

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import Staged, limits, parts, stage, write

# a sheet "数据" of an old .xls: names in C4:E4, "o1" merged over C5:C7, 1 and 2 in D5 and D6, true in E7, an error in C8
XLS = zlib.decompress(base64.b85decode("".join([
    'c-rk)O=uHA6#iy5n?KStt*Ow8Ar!1ydnsPLw5x*lWT{>h5j072kd~wbFM7~w%~23MDP9V_c&U2v2aD*<gHX|fAP9-',
    '#$&;Yqq0Rc<+gVJbhX%CxvtO7uZ{B=w=4I#2?9YqkuG;+FzB*bk3JVQ4hH#TjQHlAD6sX^IS@r8E6*s_Ng;<mpGHl~f$MXoUA+L8G8h1iZNdoVvoWKmm%cWv',
    '=1F>IX$SICtgrvevvLw+fQFV(fh}<OdwlJ4O?iI@wkt4*dspD97#s~M9EIy|Dr7sB{_rCbN5z8=o@Qkzg!d2yQZS1R@&Q1TB9hp!93!rryE0&6t+;k0TTEGQ',
    '-akIc@f2Tgl2KJ4$E0F!`T6^Rt_G>x>%)&h-30_44OBVNNHB&4VRw&u2UkW8>d6*VIM<q|C5a+X4_HJs;-',
    'tCZ_PLP~Lr|4ah*(o}mS8jcJc_=^OoD|EfoY&r|zKsKci;L_*&PiD2JlB+Kz@T{S5_w5R-6DFQ$TV@N9+>Dc%E39|T$bJe8fUlQm9xD`-',
    '$8oy<KYLH>U(D=>5F6abLqv`&OG|*E;C8~{F}p&8d5i|GafpAt;`AVR%GuFr$JPw%%yY9t*aBOh*MkB^<bRW+_I<@HhjB<|CnO3g|CHe3p;Mu>}9vG!-',
    'j2Z)<dK#;aV+Rj>Hl!Uwf}*nRW77>}#2scxkOB?=ZHKO&bQ^alNhxG71^Wf)6x=q9HgOjZxi=dpt57i{BAPfB*pk1PBlyK!E=e%6qwxXUUK}r+V)Z5%XPVl}',
    'aP{O!Cj-2+H(3LocQWP@=kmvu)+iX4uLfORdw#|6a&AO0!omg}lTu)pq{Ud!TCmKkIf({kkpG?);5*;{46?e**&P$Ib',
])))

MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def book(tmp_path, fill, *, name: str = "book.xlsx"):
    path = tmp_path / name
    with xlsxwriter.Workbook(path) as one:
        fill(one)
    return path


def read(tmp_path, path, **options) -> Staged:
    (tmp_path / "stage").mkdir(exist_ok=True)
    return stage(path, Source("one", options), tmp_path / "stage")


def test_cells_become_the_text_that_a_spreadsheet_shows(tmp_path):
    def fill(one):
        sheet = one.add_worksheet()
        sheet.write_row("A1", ["k", "v"])
        day, moment = one.add_format({"num_format": "yyyy-mm-dd"}), one.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for row, (value, form) in enumerate([(0.1 + 0.2, None), (5.0, None), (45296, None), (1e20, None), (True, None), ("007", None)], 1):
            sheet.write(row, 0, row)
            sheet.write(row, 1, value, form)
        sheet.write_row("A8", [7])
        sheet.write_datetime("B8", date(2024, 1, 5), day)
        sheet.write_row("A9", [8])
        sheet.write_datetime("B9", datetime(2024, 1, 5, 9, 30), moment)
        sheet.write_row("A10", [9])
        sheet.write_formula("B10", "=NA()", None, "#N/A")

    found = [v for _, _, v in rows(read(tmp_path, book(tmp_path, fill)), "v")]
    assert found == ["0.3", "5", "45296", "100000000000000000000", "true", "007", "2024-01-05", "2024-01-05 09:30:00", ""]


def test_a_table_in_the_middle_of_a_sheet_is_found_and_merged_cells_are_filled(tmp_path):
    def fill(one):
        one.add_worksheet("封面")
        sheet = one.add_worksheet("数据")
        sheet.merge_range("C2:F2", "一月销售")
        sheet.merge_range("C4:C5", "订单号")
        sheet.merge_range("D4:E4", "金额")
        sheet.write_row("D5", ["应付", "实付"])
        sheet.merge_range("C6:C8", "o1")
        sheet.write("D6", 1)
        sheet.merge_range("D7:E8", 2)
        sheet.write_row("C10", ["o2", "", 3, "note"])

    path = book(tmp_path, fill)
    one = read(tmp_path, path, header=[4, 5])
    assert rows(one, "订单号", "金额_应付", "金额_实付") == [
        (6, None, "o1", "1", ""), (7, None, "o1", "2", "2"), (8, None, "o1", "2", "2"), (10, None, "o2", "", "3")]
    assert list(one.columns) == ["订单号", "金额_应付", "金额_实付"]
    assert one.found == {"kind": "excel", "sheet": "数据", "header_row": 5, "rows": 4, "unnamed": [6]}
    assert parts(path) == [{}]


def test_an_old_xls_file_has_its_merged_cells_filled(tmp_path):
    found = rows(staged(tmp_path, XLS, name="old.xls"), "a", "b", "c")
    assert found == [(5, None, "o1", "1", ""), (6, None, "o1", "2", ""), (7, None, "o1", "", "true")]


def test_an_ods_file_is_read(tmp_path):
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(f"<table:table-row>{''.join(cell.format(one) for one in line)}</table:table-row>" for line in ["ab", "xy"])
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="S">{lines}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>")
    packed = zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content,
                     "META-INF/manifest.xml": MANIFEST})
    assert rows(staged(tmp_path, packed, name="s.ods"), "a", "b") == [(2, None, "x", "y")]


def test_each_sheet_that_holds_anything_is_a_part(tmp_path):
    def fill(one):
        for name in ("订单", "空", "客户"):
            sheet = one.add_worksheet(name)
            if name != "空":
                sheet.write_column("A1", [name, 1])
        one.add_chartsheet("图")

    path = book(tmp_path, fill)
    assert parts(path) == [{"sheet": "订单"}, {"sheet": "客户"}]
    assert rows(read(tmp_path, path, sheet="客户"), "客户") == [(2, None, "1")]
    for sheet, key in (("空", "empty_file"), ("图", "no_sheet"), ("*", "no_sheet")):
        with pytest.raises(Problem) as caught:
            read(tmp_path, path, sheet=sheet)
        assert caught.value.key == key


def test_blanks_of_a_sheet_are_filled_from_above_where_that_is_declared(tmp_path):
    path = book(tmp_path, lambda one: one.add_worksheet().write_column("A1", ["order", "o1", "", "o2"]) or one.worksheets()[0].write_column(
        "B1", ["item", "a", "b", "c"]))
    assert rows(read(tmp_path, path, fill_down=["order"])) == [(2, None, "o1", "a"), (3, None, "o1", "b"), (4, None, "o2", "c")]


def test_a_file_read_whole_has_a_limit(tmp_path, monkeypatch):
    path = book(tmp_path, lambda one: one.add_worksheet().write_column("A1", ["a", 1]))
    for name, value in (("WHOLE_FILE_MB", -1), ("UNPACKED_MB", -1)):
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, value)
            with pytest.raises(Problem) as caught:
                read(tmp_path, path)
            assert caught.value.key == "file_too_large"


def test_a_file_is_what_its_bytes_say(tmp_path):
    path = book(tmp_path, lambda one: one.add_worksheet().write_column("A1", ["a", 1]), name="book.csv")
    assert rows(read(tmp_path, path)) == [(2, None, "1")]
    assert rows(staged(tmp_path, "a\tb\n1\t2\n".encode("utf-16"), name="export.xls")) == [(2, None, "1", "2")]
    assert refused(tmp_path, "<html><table><tr><td>a</td></tr></table>", name="export.xls").key == "web_page"
    locked = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert refused(tmp_path, locked, name="locked.xlsx").key == "encrypted_file"


ORDERS = [
    {"order": "o1", "customer": {"id": 7, "name": "张"}, "items": [{"sku": "a", "qty": 1}, {"sku": "b"}], "tags": [1, "x"]},
    {"order": "o2", "customer": {"id": 8}, "items": [], "vip": True, "note": None},
]


@pytest.mark.parametrize("way", ["lines", "lines named json", "array", "array in utf-16", "array in lines", "one object"])
def test_json_is_flat_with_dots_however_it_is_written(tmp_path, way):
    lines = "\n\n".join(json.dumps(one, ensure_ascii=False) for one in ORDERS) + "\n"
    content, name, numbers = {
        "lines": (lines, "o.jsonl", (1, 3)), "lines named json": (lines, "o.json", (1, 3)),
        "array": (json.dumps(ORDERS, ensure_ascii=False), "o.json", (1, 2)),
        "array in utf-16": (json.dumps(ORDERS).encode("utf-16"), "o.json", (1, 2)),
        "array in lines": (json.dumps(ORDERS, indent=1), "o.jsonl", (1, 2)), "one object": (json.dumps(ORDERS[0], indent=1), "o.json", (1,)),
    }[way]
    one = staged(tmp_path, content, name=name)
    assert list(one.columns) == ["order", "customer.id", "customer.name", "items", "tags", "vip", "note"][: 5 if way == "one object" else 7]
    found = rows(one, "order", "customer.id", "customer.name", "items", "tags")
    assert found == [(numbers[0], None, "o1", "7", "张", '[{"sku": "a", "qty": 1}, {"sku": "b"}]', '[1, "x"]'),
                     (numbers[-1], None, "o2", "8", None, "[]", None)][: len(numbers)]
    if way != "one object":
        assert rows(one, "vip", "note")[1][2:] == ("true", None)
    assert parts(tmp_path / name) == [{}, {"records": "items"}]


def test_a_nested_list_gives_a_row_an_element_and_repeats_what_stands_around(tmp_path):
    one = staged(tmp_path, json.dumps(ORDERS), name="o.json", records="items")
    assert rows(one, "order", "customer.id", "items.sku", "items.qty") == [
        (1, None, "o1", "7", "a", "1"), (2, None, "o1", "7", "b", None), (3, None, "o2", "8", None, None)]
    wrapped = json.dumps({"total": 2, "data": {"list": ORDERS}})
    deep = staged(tmp_path, wrapped, name="w.json", records="data.list.items")
    assert rows(deep, "total", "data.list.order", "data.list.items.sku")[0] == (1, None, "2", "o1", "a")
    assert parts(tmp_path / "w.json") == [{}, {"records": "data.list"}, {"records": "data.list.items"}]
    assert refused(tmp_path, wrapped, name="w.json", records="data.rows").values["have"] == "data.list, data.list.items"


def test_numbers_in_json_keep_every_digit(tmp_path):
    content = '{"a": 10.00, "b": 12345678901234567890123.45, "c": 1e400, "d": -0, "e": [1.10], "f": NaN, "g": false}\n'
    assert rows(staged(tmp_path, content, name="n.jsonl"))[0][2:] == ("10.00", "12345678901234567890123.45", "1e400", "-0", "[1.10]", "NaN", "false")


def test_a_broken_line_of_json_is_rejected_alone(tmp_path):
    deep = '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}"
    content = "\n".join(['{"a": 1}', '{"a": 2', "[3]", '{"a": "\\ud800"}', "", deep, '{"a": 5, "a": 6}', "x"])
    found = rows(staged(tmp_path, content, name="n.jsonl"), "a")
    assert found == [(1, None, "1"), (2, "broken_json", None), (3, "broken_json", None), (4, "broken_json", None), (6, "broken_json", None),
                     (7, None, "6"), (8, "broken_json", None)]


def test_columns_that_appear_late_are_columns_of_all_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "CELLS", 8)  # many small batches
    lines = [{"n": i} | ({"late": "x"} if i > 20 else {}) | ({"later": "y"} if i == 25 else {}) for i in range(30)]
    found = rows(staged(tmp_path, "\n".join(map(json.dumps, lines)), name="n.jsonl"), "n", "late", "later")
    assert found == [(i + 1, None, str(i), "x" if i > 20 else None, "y" if i == 25 else None) for i in range(30)]


@pytest.mark.parametrize(
    ("content", "name", "key"),
    [
        ('[{"a": 1},]', "n.json", "broken_json"),
        ("[" * 200_000, "n.json", "json_too_deep"),
        ("[1, 2]", "n.json", "no_records"),
        ("x\ny\n", "n.jsonl", "no_records"),
        ("{}", "n.json", "no_records"),
        ("\n\n", "n.json", "empty_file"),
        (json.dumps({str(i): i for i in range(2_001)}), "n.json", "too_many_columns"),
    ],
)
def test_json_that_holds_no_records_is_refused(tmp_path, content, name, key):
    assert refused(tmp_path, content, name=name).key == key


PEOPLE = pd.DataFrame({
    "id": [1.0, 2.0, 3.0], "q1": [1.0, 2.0, 99.0], "amount": [0.5, 10.25, None], "day": [date(2024, 1, 5), date(2024, 2, 1), None],
    "name": ["甲", "乙", ""]})
WRITERS = {"p.sav": pyreadstat.write_sav, "p.zsav": pyreadstat.write_sav, "p.por": pyreadstat.write_por, "p.xpt": pyreadstat.write_xport,
           "p.dta": pyreadstat.write_dta}


@pytest.mark.parametrize("name", WRITERS)
def test_a_statistics_file_is_read_as_codes_and_iso_days(tmp_path, name):
    plain = name in ("p.por", "p.xpt")
    frame = PEOPLE.assign(name=["a", "b", ""]) if plain else PEOPLE
    frame = frame.rename(columns=str.upper) if name == "p.por" else frame
    options = {"compress": True} if name == "p.zsav" else {}
    labelled = {} if plain else {"column_labels": {"q1": "满意度"}, "variable_value_labels": {"q1": {1: "好", 2: "坏"}}}
    WRITERS[name](frame, str(tmp_path / name), **options, **labelled)
    one = read(tmp_path, tmp_path / name)
    assert [row[2:6] for row in rows(one)] == [("1", "1", "0.5", "2024-01-05"), ("2", "2", "10.25", "2024-02-01"), ("3", "99", None, None)]
    assert [row[6] for row in rows(one)] == [*frame.iloc[:, 4]]
    if not plain:
        assert (one.found["labels"], one.found["value_labels"]) == ({"q1": "满意度"}, {"q1": {"1": "好", "2": "坏"}})
        assert [row[2] for row in rows(read(tmp_path, tmp_path / name, value_labels=True), "q1")] == ["好", "坏", "99"]


def test_codes_declared_missing_are_blanks_and_told(tmp_path):
    pyreadstat.write_sav(PEOPLE, str(tmp_path / "p.sav"), missing_ranges={"q1": [99, {"lo": 90, "hi": 95}]})
    one = read(tmp_path, tmp_path / "p.sav")
    assert [row[2] for row in rows(one, "q1")] == ["1", "2", None]
    assert one.found["missing_codes"] == {"q1": ["90..95", "99"]}
    assert refused(tmp_path, (tmp_path / "p.sav").read_bytes()[:-40], name="p.sav").key == "broken_statistics"


def test_structs_in_parquet_become_columns_with_dots(tmp_path):
    frame = pd.DataFrame({"n": [1, 2], "c": [{"id": 7, "x": {"y": "a"}}, {"id": 8, "x": {"y": "b"}}], "l": [[1], [2, 3]], "b": [b"x", b"\xff"]})
    frame.to_parquet(tmp_path / "p.parquet")
    one = read(tmp_path, tmp_path / "p.parquet", only={"column": "c.id", "equals": ["8"]})
    assert one.types == {"n": "BIGINT", "c.id": "BIGINT", "c.x.y": "VARCHAR", "l": "VARCHAR", "b": "VARCHAR"}
    assert rows(one) == [(2, None, 2, 8, "b", "[2,3]", "\\xFF")]
    assert one.found == {"kind": "parquet", "rows": 1, "left_aside": 1}
    assert refused(tmp_path, (tmp_path / "p.parquet").read_bytes(), name="p.parquet", fill_down=["n"]).key == "option_not_here"


def zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return out.getvalue()


def test_an_archive_of_one_file_is_that_file(tmp_path):
    packed = zipped({"a/": "", "a/sales.csv": "x,y\n1,2\n", "__MACOSX/a/._sales.csv": "", "a/.DS_Store": ""})
    one = staged(tmp_path, packed, name="sales.zip")
    assert (one.file, one.found["member"], rows(one)) == ("sales.zip", "sales.csv", [(2, None, "1", "2")])
    frame = io.BytesIO()
    pd.DataFrame({"x": [5]}).to_parquet(frame)
    assert rows(staged(tmp_path, gzip.compress(frame.getvalue()), name="p.parquet.gz")) == [(1, None, 5)]
    assert parts(tmp_path / "sales.zip") == [{}]


@pytest.mark.parametrize(
    ("content", "name", "key"),
    [
        (zipped({"a.csv": "a\n1", "b.csv": "a\n1"}), "a.zip", "archive_members"),
        (zipped({}), "a.zip", "archive_members"),
        (zipped({"a.exe": "a"}), "a.zip", "unknown_kind"),
        (zipped({"a.csv": "a"})[:40], "a.zip", "broken_archive"),
        (gzip.compress(b"a,b\n1,2\n")[:-9], "a.csv.gz", "broken_archive"),
        (gzip.compress(gzip.compress(b"a")), "a.gz.gz", "unknown_kind"),
        (zipped({"../../a.csv": "a,b\n1,\xff\n"}), "a.zip", None),
    ],
)
def test_an_archive_that_is_not_one_file_is_refused(tmp_path, content, name, key):
    if key:
        found = refused(tmp_path, content, name=name)
        assert (found.key, found.values["file"]) == (key, name)
    else:
        assert rows(staged(tmp_path, content, name=name)) == [(2, None, "1", "ÿ")]
        assert not (tmp_path.parent / "a.csv").exists()


def test_an_archive_that_grows_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("custlib.tables.readers.archive.ROOM", 1_000)
    monkeypatch.setattr("custlib.tables.readers.archive.TIMES", 2)
    assert refused(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 50_000), name="a.csv.gz").key == "file_too_large"
