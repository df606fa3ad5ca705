"""The workbook: every customer, text that stays text, and the same bytes for the same run."""

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from report_fixture import FORMULAS, HOSTILE, write_run
from test_report_html import INPUTS, QUALITY, with_intake, with_schemes

from custlib.i18n import text
from custlib.report.xlsx import _column, write_xlsx

SHEETS = ["conclusions", "ledger", "segments", "customers", "lists", "definitions", "rejects"]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def book(run_dir):
    return openpyxl.load_workbook(write_xlsx(run_dir, lang="en"))


def _frame(book, name):
    head, *rows = book[text(f"report.sheet.{name}", "en")].values
    return pd.DataFrame(rows, columns=head)


def test_sheets_stand_in_order_frozen_and_filtered(book):
    assert book.sheetnames == [text(f"report.sheet.{name}", "en") for name in SHEETS]
    assert all(sheet.freeze_panes == "B2" and sheet.auto_filter.ref for sheet in book)


def test_no_cell_is_a_formula_or_a_link(book):
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    ids = set(_frame(book, "customers")["Customer"])
    # a workbook stores a bare carriage return as a line feed or escaped; every other text is as it was
    assert {HOSTILE, *FORMULAS} - ids <= {"\r=1"}
    assert "=HYPERLINK(1)" in set(_frame(book, "rejects")["Value as read"])


def test_every_customer_is_there_by_net_amount(book, run_dir):
    shown, known = _frame(book, "customers"), pd.read_parquet(run_dir / "tables/customers.parquet")
    assert len(shown) == len(known) == 130
    assert shown["Net amount"].tolist() == sorted(known["net_amount"], reverse=True)
    second = shown.iloc[1]
    assert [second[name] for name in ("Customer", "Segment", "R score", "F score", "M score", "Why here")] == [
        "=1+1", "Loyal", 4, 4, 5, "R 4, F 4, M 5 meet the rule R 3–5 · FM 4"]


def test_call_lists_go_by_segment_then_net_amount(book):
    shown = _frame(book, "lists")
    assert shown["Segment"].iloc[0] == "Champions" and shown["Segment"].iloc[-1] == "Unknown"
    assert all(group["Net amount"].is_monotonic_decreasing for _, group in shown.groupby("Segment"))
    assert shown["Segment"].ne(shown["Segment"].shift()).sum() == shown["Segment"].nunique()


def test_money_and_shares_carry_their_formats(book):
    sheet = book[text("report.sheet.segments", "en")]
    formats = {head.value: cell.number_format for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert formats["Net amount"].startswith('"£"#,##0.00') and formats["Share of customers"] == "0.0%"
    assert formats["Share of customers · Low"] == "0.0%" and formats["Customers"] == "#,##0"


def test_unknown_values_are_blank(book):
    shown = _frame(book, "customers").set_index("Customer")
    last = shown[shown["Orders"] == 0].iloc[0]
    assert pd.isna(last["R score"]) and pd.isna(last["Stability"]) and last["Why here"] == text("report.why.unknown", "en")


def test_headings_are_bilingual_on_request(tmp_path):
    book = openpyxl.load_workbook(write_xlsx(write_run(tmp_path), lang="bi"))
    sheet = book["客户 Customers"]
    assert sheet["A1"].value == "客户号\nCustomer" and sheet["B2"].value == "冠军客户 Champions"


def test_same_run_gives_the_same_bytes(run_dir):
    first = write_xlsx(run_dir, lang="zh").read_bytes()
    assert write_xlsx(run_dir, lang="zh").read_bytes() == first
    assert list(run_dir.glob(".*")) == []


def test_file_carries_the_as_of_day_not_the_clock(book):
    assert book.properties.created.date().isoformat() == "2011-12-10"


def test_unknown_language_is_refused(run_dir):
    with pytest.raises(ValueError, match="lang must be zh, en or bi, got 'fr'"):
        write_xlsx(run_dir, lang="fr")


def test_intake_has_a_sheet_for_the_judgement_and_one_for_the_files(tmp_path):
    book = openpyxl.load_workbook(write_xlsx(with_intake(tmp_path, quality=QUALITY, inputs=INPUTS), lang="en"))
    assert book.sheetnames == [text(f"report.sheet.{name}", "en") for name in (*SHEETS[:2], "quality", "files", *SHEETS[2:])]
    judged = [row[1:] for row in list(book["Data quality"].values)[1:]]
    assert [(row[0], row[1], row[5], row[7]) for row in judged] == [
        (None, 91.96, None, None), (0.625, 87.19, None, None), (None, None, 1, 0.0001), (0, None, None, None), (None, None, 7, 0.007)]
    assert list(book["Files"].values)[1:] == [(HOSTILE, "sales", "csv", "gb18030", 1000), ("shops.xlsx", "shops", None, None, None)]


def test_own_labels_stand_one_row_a_customer_and_one_column_a_scheme(tmp_path):
    book = openpyxl.load_workbook(write_xlsx(with_schemes(tmp_path), lang="zh"))
    assert book.sheetnames == [text(f"report.sheet.{name}", "zh") for name in (*SHEETS[:5], "schemes", "labels", *SHEETS[5:])]
    head, *rows = book["自己的标签"].values
    assert head == ("客户号", "x.mood", "x.size") and len(rows) == 133
    assert {row[0]: row[1:] for row in rows}["a"] == (HOSTILE, None) and {row[0]: row[1:] for row in rows}["=1+1"] == (None, "小")
    assert [row[1:4] for row in list(book["自己的方案"].values)[3:]] == [
        ("小", "net_amount < 100", 100), ("中", "100 ≤ net_amount < 1000", 0), ("大", "net_amount ≥ 1000", 30)]
    assert {cell.data_type for row in book["自己的标签"].iter_rows() for cell in row} <= {"s", "n"}


def test_a_text_that_looks_like_a_spreadsheets_own_xml_stays_a_text(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as out:
        _column(out.add_worksheet(), 0, ["<r><t>a</t></r>", "<r>b"], "text", out.add_format())
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert [cell.value.strip("\u200b") for cell in sheet["A"][1:]] == ["<r><t>a</t></r>", "<r>b"]
