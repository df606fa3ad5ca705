"""How the drafter reads names, numbers, dates and header rows, one value or one grid at a time."""

import pytest

from custlib.tables.draft import dates, forms, header, levels, names
from custlib.tables.draft.fit import country, currency


def counted(*values):
    return [(value, 1) for value in values]


@pytest.mark.parametrize(("name", "concept"), [
    ("订单号", "order_id"), ("小票号", "order_id"), ("InvoiceNo", "order_id"), ("VBELN", "order_id"), ("注文番号", "order_id"),
    ("Bestell-Nr.", "order_id"),
    ("会员卡号", "customer_id"), ("cust_id", "customer_id"), ("CUSTOMER NO.", "customer_id"), ("KUNNR", "customer_id"), ("user.id", "customer_id"),
    ("下单时间", "order_ts"), ("TRX_DT", "order_ts"), ("交易日期", "order_ts"), ("付款时间", "paid_ts"), ("Ship Date", "shipped_ts"),
    ("实付金额(元)", "net_amount"), ("应收", "gross_amount"), ("Line Discount Amt", "discount_amount"), ("数量", "quantity"), ("qty", "quantity"),
    ("单价", "unit_price"), ("Einzelpreis EUR", "unit_price"), ("商品编码", "product_id"), ("StockCode", "product_id"), ("品名", "product_name"),
    ("手机号", "phone"), ("E-Mail", "e_mail"), ("收货地址", "address"), ("生日", "birth_date"), ("备注", "remark"), ("订单备注", "remark"),
    ("订单信息_订单号", "order_id"), ("orders.customer.id", "customer_id"), ("原订单号", "returned_order_id"), ("order_cust_id", "customer_id")])
def test_a_name_means_first_of_all(name, concept):
    general = [one.concept for one in names.meanings(name) if "." not in one.concept]
    assert general[0] == concept


@pytest.mark.parametrize("name", ["", "  ", "()", "xqzv", "列17", "Unnamed: 0"])
def test_a_name_that_says_nothing_is_sure_of_nothing(name):
    assert all(one.sure < 0.8 for one in names.meanings(name))


def test_the_unit_in_a_name_is_no_part_of_its_meaning():
    assert names.meanings("合同金额（万元）") == names.meanings("合同金额")
    assert (names.unit_of("合同金额（万元）"), names.unit_of("amount_cents"), names.unit_of("金额")) == ("万元", "cents", "金额")


@pytest.mark.parametrize(("values", "options", "read"), [
    (("12.50", "3"), {}, [12.5, 3.0]),
    (("1,234.50", "-7"), {"thousands": ","}, [1234.5, -7.0]),
    (("1.234,50", "0,5"), {"decimal": ",", "thousands": "."}, [1234.5, 0.5]),
    (("1 234,50", "2,00"), {"decimal": ",", "thousands": " "}, [1234.5, 2.0]),
    (("1.234.567", "89"), {"decimal": ",", "thousands": "."}, [1234567.0, 89.0]),
    (("1.234", "12.5"), {}, [1.234, 12.5]),
    (("￥12.00", "￥3.5"), {"strip": "￥"}, [12.0, 3.5]),
    (("$1,000.00", "($12.50)"), {"thousands": ",", "negative": "parentheses", "strip": "$"}, [1000.0, -12.5]),
    (("12.50-", "8"), {"negative": "trailing"}, [-12.5, 8.0]),
    (("１２．５０", "３"), {}, [12.5, 3.0]),
    (("EUR 12", "3 EUR"), {"strip": "EUR"}, [12.0, 3.0]),
    (("`9.90", "`10"), {"strip": "`"}, [9.9, 10.0]),
    (("1e3", "2"), {}, [1000.0, 2.0])])
def test_numbers_are_read_as_they_are_written(values, options, read):
    form = forms.numbers(counted(*values))
    assert form.options == options
    assert [forms.value_of(value, form) for value in values] == read


@pytest.mark.parametrize("values", [
    ("A1001", "A1002"), ("100-0000-0001", "100-0000-0002"), ("2024-01-05", "2024-02-06"), ("abc", "d"), ("12 Main", "7 Oak")])
def test_what_is_no_number_is_taken_for_none(values):
    assert forms.numbers(counted(*values)) is None


def test_a_comma_before_three_digits_is_unsure_only_where_thousands_stand_without_it():
    assert not forms.numbers(counted("1,234", "999")).unsure
    assert forms.numbers(counted("1,234", "5678")).unsure


@pytest.mark.parametrize(("values", "form"), [
    (("2024-01-05", "2024-01-06 10:00:00"), ()),
    (("2024/1/5 9:05",), ()),
    (("2024-01-05T10:00:00+08:00", "2024-01-05T10:00:00Z"), ()),
    (("2024-01-05 10:00:00 -0500",), ("%Y-%m-%d %H:%M:%S %z",)),
    (("20240131", "20240201"), ("%Y%m%d",)),
    (("31.01.2024", "1.2.2024"), ("%d.%m.%Y",)),
    (("31/01/2024 08:30", "1/2/2024 9:00"), ("%d/%m/%Y %H:%M",)),
    (("01/31/2024", "02/01/2024"), ("%m/%d/%Y",)),
    (("1/31/2024 2:05 PM",), ("%m/%d/%Y %I:%M %p",)),
    (("2024年1月31日", "2024年12月1日"), ("%Y年%m月%d日",)),
    (("31-Jan-2024",), ("%d-%b-%Y",)),
    (("45321", "45322.5"), ("excel",)),
    (("1704067200",), ("unix",)),
    (("1704067200123",), ("unix_ms",)),
    (("`2024-01-05 10:00:01",), ("`%Y-%m-%d %H:%M:%S",)),
    (("2024-01-05", "20240106", "07.01.2024"), ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y"))])
def test_dates_are_read_as_they_are_written(values, form):
    found = dates.dates(counted(*values), named=True)
    assert (found.forms, found.share, found.other) == (form, 1.0, ())


def test_day_and_month_that_no_value_settles_stay_open():
    found = dates.dates(counted("01/02/2024", "03/04/2024"), named=True)
    assert (found.forms, found.other) == (("%d/%m/%Y",), ("%m/%d/%Y",))


@pytest.mark.parametrize(("values", "named"), [
    (("45321", "45322"), False), (("99999999", "12345678"), True), (("2024-13-45",), True), (("hello",), True)])
def test_what_is_no_date_is_taken_for_none(values, named):
    assert dates.dates(counted(*values), named=named) is None


HEAD = ["订单号", "会员号", "日期", "实收"]
ROWS = [["D1", "V1", "2024-01-01", "3.50"], ["D2", "", "2024-01-02", "4.00"], ["D3", "V2", "2024-01-03", "9.90"]]


def grid(*rows):
    return list(enumerate(rows, 1))


@pytest.mark.parametrize(("rows", "found"), [
    (grid(HEAD, *ROWS), (None, True)),
    (grid(["2024年销售明细", "", "", ""], ["制表人：系统", "", "单位：元", ""], HEAD, *ROWS), ([3], True)),
    (grid(["销售报表", "", "", ""], ["订单信息", "", "", "金额"], ["订单号", "会员号", "日期", "实收"], *ROWS), ([2, 3], True)),
    (grid(["", "", "", ""], ["", "", "", ""], HEAD, *ROWS), (None, True)),
    (grid(*ROWS), (None, False)),
    (grid(["name"], ["x"]), (None, True)),
    ([], (None, True))])
def test_the_row_of_names_is_found(rows, found):
    assert header.found(rows) == found


@pytest.mark.parametrize(("value", "said"), [
    ("退货", "returns"), ("Refunded", "returns"), ("退款成功", "returns"), ("已取消", "cancelled"), ("cancelled by customer", "cancelled"),
    ("待付款", "unpaid"),
    ("销售", "plain"), ("PAID", "plain"), ("合计：", "totals"), ("credit_card", ""), ("blue", ""), ("", "")])
def test_a_value_says_what_became_of_a_sale(value, said):
    assert levels.marker(value) == said


@pytest.mark.parametrize(("value", "code"), [
    ("United Kingdom", "GB"), ("uk", "GB"), ("中国大陆", "CN"), ("Deutschland", "DE"), ("Narnia", ""), ("", "")])
def test_a_country_by_any_of_its_names(value, code):
    assert country(value) == code


@pytest.mark.parametrize(("value", "code"), [("RMB", "CNY"), ("￥", "CNY"), ("€", "EUR"), ("usd", "USD"), ("$", ""), ("¥", ""), ("abc", "")])
def test_a_currency_by_code_or_sign_unless_two_share_it(value, code):
    assert currency(value) == code
