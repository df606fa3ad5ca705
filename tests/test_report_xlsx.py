"""The workbook: every customer, text that stays text, and the same bytes for the same run."""

import openpyxl
import pandas as pd
import pytest
from report_fixture import FORMULAS, HOSTILE, write_run

from custlib.i18n import text
from custlib.report.xlsx import write_xlsx

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
