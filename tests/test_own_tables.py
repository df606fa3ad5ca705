"""Tables as companies have them: several files for one table, markers, other signs, other dates, other currencies."""

from pathlib import Path

import pytest
from helpers import orders_of, rejects, rows, shop, tolerant

from custlib.i18n import GateRefused, Problem
from custlib.tables import build, check, load

HEAD = 'schema = 1\nname = "own"\ncurrency = "CNY"\ntimezone = "Asia/Shanghai"\n'


def own(folder: Path, toml: str, **files: str) -> Path:
    """Write a dataset.toml and its files (name with _ for the dot)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / ".".join(name.rsplit("_", 1))).write_text(content, encoding="utf-8")
    (folder / "dataset.toml").write_text(HEAD + toml, encoding="utf-8")
    return folder


RETURNS = """
[sources.sales]
path = "sales.csv"
[sources.returns]
path = "returns.csv"
[tables.orders]
source = ["sales", "returns"]
[tables.orders.columns]
order_id = "no"
customer_id = "who"
order_ts = "day"
net_amount = "paid"
[tables.orders.by_source.returns]
order_id = "return_no"
customer_id = ""
order_ts = "on"
net_amount = { from = "refund", sign = -1 }
returned_order_id = "of"
"""
SALES = "no,who,day,paid\no1,a,2024-01-05,10.00\no2,b,2024-01-06,20.50\n"


def test_returns_of_a_file_of_their_own_are_orders_below_zero_of_the_same_customer(tmp_path):
    folder = own(tmp_path, RETURNS, sales_csv=SALES, returns_csv="return_no,of,refund,on\nr1,o2,5.5,2024-01-09\nr2,o9,1,2024-01-09\n")
    built = build(load(folder))
    assert rows(built, "orders", "order_id, customer_id, CAST(order_day AS VARCHAR), CAST(net_amount AS VARCHAR), is_return", "1") == [
        ("o1", "a", "2024-01-05", "10.00", False),
        ("o2", "b", "2024-01-06", "20.50", False),
        ("r1", "b", "2024-01-09", "-5.50", True),  # the customer of the order that came back
        ("r2", None, "2024-01-09", "-1.00", True),  # of an order that is not there: anonymous
    ]
    assert (built.facts["rows_in"], built.facts["kept"]) == (4, 4)
    assert built.facts["inputs"]["returns"]["used"] == ["return_no", "of", "refund", "on"]


def test_rules_of_each_file_keep_their_own_places(tmp_path):
    sales = SALES + "o3,c,soon,1\no4,c,2024-01-07,x\n" + "".join(f"p{i},c,2024-01-08,1\n" for i in range(8))
    folder = own(tmp_path, "max_reject_share = 0.5\n" + RETURNS, sales_csv=sales, returns_csv="return_no,of,refund,on\nr1,o2,y,2024-01-09\n")
    built = build(load(folder))
    assert rejects(built, 'file, row, rule, "column", value') == [
        ("returns.csv", 2, "unreadable_number", "refund", "y"),
        ("sales.csv", 4, "unreadable_date", "day", "soon"),
        ("sales.csv", 5, "unreadable_number", "paid", "x"),
    ]
    assert (built.facts["rows_in"], built.facts["rejected"], built.facts["kept"]) == (13, 3, 10)


def test_one_order_in_both_files_is_two_things_of_one_key(tmp_path):
    folder = own(tmp_path, "max_reject_share = 0.5\n" + RETURNS, sales_csv=SALES, returns_csv="return_no,of,refund,on\no2,o1,5,2024-01-09\n")
    with pytest.raises(GateRefused) as caught:
        build(load(folder))
    assert caught.value.values["rule"] == "one_key_two_rows"


def test_a_table_only_some_sources_feed_takes_no_rows_of_the_others(tmp_path):
    toml = RETURNS + '[tables.customers]\nsource = "sales"\ncollapse = true\n[tables.customers.columns]\ncustomer_id = "who"\n'
    folder = own(tmp_path, toml, sales_csv=SALES, returns_csv="return_no,of,refund,on\nr1,o2,5.5,2024-01-09\n")
    assert rows(build(load(folder)), "customers", "customer_id", "1") == [("a",), ("b",)]


def test_a_source_that_lacks_a_needed_column_is_named(tmp_path):
    toml = RETURNS.replace('order_ts = "on"', 'order_ts = ""')
    with pytest.raises(Problem) as caught:
        build(load(own(tmp_path, toml, sales_csv=SALES, returns_csv="return_no,of,refund,on\n")))
    assert (caught.value.key, caught.value.values["column"]) == ("column_unmapped", "order_ts")


MARKED = "order,customer,day,amount,kind\no1,a,2024-01-05,10,sale\no2,a,2024-01-06,4,退货\no3,b,2024-01-07,-3,退货\no4,b,2024-01-08,2,\n"


def test_a_marker_column_makes_amounts_negative_whatever_sign_they_carry(tmp_path):
    sign = '{ from = "amount", sign = { column = "kind", negative = ["退货", "退款"] } }'
    found = [str(one[3]) for one in orders_of(MARKED, tmp_path, columns={"net_amount": sign})]
    assert found == ["10.00", "-4.00", "-3.00", "2.00"]


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ('"%Y%m%d"', ["20240131", "20231301", "2024-01-31"]),
        ('"%d.%m.%Y"', ["31.01.2024", "13.13.2024", "01/31/2024"]),
        ('["%d.%m.%Y", "%Y%m%d"]', ["31.01.2024", "20240131x", "20243101"]),
        ('"%Y年%m月%d日"', ["2024年1月31日", "2024年13月1日", "2024-01-31"]),
        ('"excel"', ["45322", "many", "31.01.2024"]),
        ('"excel1904"', ["43860", "-5", "x"]),
        ('"unix"', ["1706659200", "soon", "2024-01-31"]),
        ('"unix_ms"', ["1706659200000.0", "soon", "2024-01-31"]),
    ],
)
def test_each_way_to_write_a_day_is_read_and_nothing_else(tmp_path, form, cells):
    content = "order,customer,day,amount\n" + "".join(f"o{i},a,{cell},1\n" for i, cell in enumerate(cells)) + "".join(
        f"p{i},a,{cells[0]},1\n" for i in range(4))
    built = build(shop(tmp_path, content, source=f"date_format = {form}", head=tolerant()))
    assert {day for (day,) in rows(built, "orders", "CAST(order_day AS VARCHAR)")} == {"2024-01-31"}
    assert rejects(built) == [(3, "unreadable_date"), (4, "unreadable_date")]


def test_a_serial_with_a_fraction_is_a_time_to_the_second_and_day_60_is_no_trap(tmp_path):
    content = "order,customer,day,amount\no1,a,45322.999988426,1\no2,a,61,1\n"
    built = build(shop(tmp_path, content, source='date_format = "excel"'))
    assert rows(built, "orders", "CAST(order_ts AS VARCHAR)", "order_id") == [("2024-01-31 23:59:59",), ("1900-03-01 00:00:00",)]


@pytest.mark.parametrize("form", ['"%Q"', '"dd.mm.yyyy"', "5", '["%Y", "nonsense"]'])
def test_a_form_no_date_could_have_is_refused(tmp_path, form):
    with pytest.raises(Problem) as caught:
        build(shop(tmp_path, source=f"date_format = {form}"))
    assert caught.value.key == "bad_parameter" and "date_format" in caught.value.values["name"]


def test_full_width_signs_are_read_as_half_width_where_declared(tmp_path):
    content = "order,customer,day,amount\nＯ１,ａ,２０２４－０１－０５,１２．５０\nO2,a,2024-01-06,３\n"
    assert orders_of(content, tmp_path / "a", source="fullwidth = true")[0][:3] == ("O1", "a", "2024-01-05")
    with pytest.raises(GateRefused):
        orders_of(content, tmp_path / "b", head=tolerant())


@pytest.mark.parametrize(
    ("options", "cells", "wanted"),
    [
        ('negative = "parentheses"', ["(12.50)", "3", "-1", "((1))", "(x)"], ["-12.50", "3.00", "-1.00"]),
        ('negative = "trailing"', ["12.50-", "3", "-1", "1--", "-1-"], ["-12.50", "3.00", "-1.00"]),
        ('thousands = "."\ndecimal = ","', ['"1.234,50"', '"-7,5"', "12", "1.23.4", "1.5"], ["1234.50", "-7.50", "12.00"]),
    ],
)
def test_each_way_to_write_a_negative_number_is_read_and_nothing_else(tmp_path, options, cells, wanted):
    content = "order,customer,day,amount\n" + "".join(f"o{i},a,2024-01-05,{cell}\n" for i, cell in enumerate(cells))
    built = build(shop(tmp_path, content, source=options, head=tolerant()))
    assert [str(one) for (one,) in rows(built, "orders", "net_amount", "order_id")] == wanted
    assert rejects(built) == [(5, "unreadable_number"), (6, "unreadable_number")]


def test_several_marks_are_cut_out_of_a_number(tmp_path):
    spec = '{ from = "amount", strip = ["￥", "元", ","] }'
    content = 'order,customer,day,amount\no1,a,2024-01-05,"￥1,234.50"\no2,a,2024-01-05,12 元\n'
    assert [str(one[3]) for one in orders_of(content, tmp_path, columns={"net_amount": spec})] == ["1234.50", "12.00"]


LINES = """
[sources.x]
path = "x.csv"
[tables.order_lines]
source = "x"
[tables.order_lines.columns]
order_id = "no"
quantity = "n"
unit_price = "each"
[tables.orders]
source = "x"
collapse = true
[tables.orders.columns]
order_id = "no"
customer_id = "who"
order_ts = "day"
"""


def test_an_amount_of_the_order_that_stands_on_each_line_counts_once(tmp_path):
    toml = LINES + 'net_amount = { from = "total", repeated = true }\nshipping = "post"\n'
    content = "no,n,each,who,day,total,post\no1,2,3.00,a,2024-01-05,10.00,1\no1,1,4.00,a,2024-01-05,10.00,2\n"
    built = build(load(own(tmp_path, toml, x_csv=content)))
    assert rows(built, "orders", "CAST(net_amount AS VARCHAR), CAST(shipping AS VARCHAR)") == [("10.00", "3.00")]


RATED = '\n[rates]\nsource = "rates"\ndate = "on"\ncurrency = "of"\nrate = "worth"\nmax_age_days = 3\n[sources.rates]\npath = "rates.csv"\n'
RATES = "on,of,worth\n2024-01-05,USD,7.1\n2024-01-06,USD,7.2\n2024-01-05,EUR,7.8123\n"


def test_another_currency_is_converted_at_the_last_rate_before_its_day(tmp_path):
    toml = RATED + """
[sources.x]
path = "x.csv"
[tables.orders]
source = "x"
[tables.orders.columns]
order_id = "no"
customer_id = "who"
order_ts = "day"
currency = "cur"
net_amount = "paid"
"""
    content = """no,who,day,cur,paid
o1,a,2024-01-05,USD,10.00
o2,a,2024-01-08,usd,10.00
o3,a,2024-01-05,CNY,3.33
o4,a,2024-01-05,,2.22
o5,a,2024-01-07,EUR,-1.01
o6,a,2024-01-04,USD,1
o7,a,2024-01-10,USD,1
o8,a,2024-01-05,GBP,1
"""
    built = build(load(own(tmp_path, "max_reject_share = 0.5\n" + toml, x_csv=content, rates_csv=RATES)))
    assert rows(built, "orders", "order_id, CAST(net_amount AS VARCHAR)", "1") == [
        ("o1", "71.00"), ("o2", "72.00"), ("o3", "3.33"), ("o4", "2.22"), ("o5", "-7.89")]
    assert rejects(built, "row, rule, value") == [(7, "no_rate", "USD"), (8, "no_rate", "USD"), (9, "no_rate", "GBP")]


def test_lines_are_converted_at_the_rate_of_their_order_whole_and_in_a_file_of_their_own(tmp_path):
    head = RATED + '[sources.heads]\npath = "heads.csv"\n'
    one = head + LINES + 'currency = "cur"\n'
    content = "no,n,each,who,day,cur\no1,1000,0.0125,a,2024-01-05,USD\no2,1,5,a,2024-01-05,CNY\n"
    got = rows(build(load(own(tmp_path / "one", one, x_csv=content, rates_csv=RATES, heads_csv="x\n1\n"))), "order_lines",
               "CAST(net_amount AS VARCHAR), CAST(unit_price AS VARCHAR)", "order_id")
    assert got == [("88.75", "0.0888"), ("5.00", "5.0000")]  # the sum is not made of rounded prices
    two = head + LINES.replace('source = "x"\ncollapse = true', 'source = "heads"') + 'currency = "cur"\n'
    folder = own(tmp_path / "two", two, x_csv="no,n,each\no1,1000,0.0125\no2,1,5\n", rates_csv=RATES,
                 heads_csv="no,who,day,cur\no1,a,2024-01-05,USD\no2,a,2024-01-05,CNY\n")
    assert rows(build(load(folder)), "orders", "CAST(net_amount AS VARCHAR)", "order_id") == [("88.75",), ("5.00",)]


@pytest.mark.parametrize(
    ("rates", "key"),
    [("on,of,worth\n2024-01-05,USD,0\n", "bad_rate"), ("on,of,worth\n,USD,7\n", "bad_rate"),
     ("on,of,worth\n2024-01-05,USD,7\n2024-01-05,usd,8\n", "two_rates")],
)
def test_a_rate_table_must_be_right_in_every_row(tmp_path, rates, key):
    toml = RATED + LINES + 'currency = "cur"\n'
    with pytest.raises(Problem) as caught:
        build(load(own(tmp_path, toml, x_csv="no,n,each,who,day,cur\no1,1,1,a,2024-01-05,USD\n", rates_csv=rates)))
    assert caught.value.key == key


def test_a_draft_with_open_questions_is_refused_and_names_them(tmp_path):
    toml = LINES.replace('"who"', '"?"').replace('path = "x.csv"', 'path = "x.csv"\ndate_format = "?"\nmissing = ["?"]')
    with pytest.raises(Problem) as caught:
        load(own(tmp_path, toml, x_csv="no\n"))
    assert (caught.value.key, caught.value.values["keys"]) == ("open_questions", "sources.x.date_format; tables.orders.columns.customer_id")


def test_columns_that_are_new_or_gone_since_the_mapping_are_told_and_not_guessed(tmp_path):
    toml = LINES.replace('path = "x.csv"', 'path = "x.csv"\nknown = ["no", "n", "each", "who", "day", "remark"]')
    facts = check(load(own(tmp_path, toml, x_csv="no,n,each,who,day,phone\no1,1,1,a,2024-01-05,0\n")))
    told = facts["inputs"]["x"]
    assert (told["new"], told["gone"], told["unused"]) == (["phone"], ["remark"], ["phone"])
    assert told["files"][0]["file"] == "x.csv" and len(told["files"][0]["sha256"]) == 64


def test_a_key_of_several_columns_is_one_key(tmp_path):
    toml = """
[sources.s]
path = "s.csv"
[tables.survey_responses]
source = "s"
[tables.survey_responses.columns]
survey_id = { constant = "s1" }
respondent_id = "who"
item_id = "item"
value_num = "v"
wave = { constant = "1" }
answered_at = "at"
"""
    content = "who,item,v,at\na,q1,1,2024-01-05\na,q2,2,2024-01-05\nb,q1,,2024-02-01\na,q1,1,2024-01-05\nc,q1,1,\nc,q1,2,\n"
    built = build(load(own(tmp_path, "max_reject_share = 0.5\n" + toml, s_csv=content)))
    assert rows(built, "survey_responses", "respondent_id, item_id, value_num", "1, 2") == [("a", "q1", 1.0), ("a", "q2", 2.0), ("b", "q1", None)]
    assert rejects(built) == [(5, "repeated_row"), (6, "one_key_two_rows"), (7, "one_key_two_rows")]
    assert built.facts["span"] == {"first_day": "2024-01-05", "last_day": "2024-02-01"}


@pytest.mark.parametrize("cell", ["2024-02-01 10:22:11 -0500", "2024-02-01 10:22:11 -05:00", "2024-02-01 10:22:11-05", "2024-02-01T15:22:11Z"])
def test_an_offset_is_read_with_a_space_before_it_and_without(tmp_path, cell):
    content = f"order,customer,day,amount\no1,a,{cell},1\n"
    assert rows(build(shop(tmp_path, content)), "orders", "CAST(order_ts AS VARCHAR)") == [("2024-02-01 23:22:11",)]


def test_a_z_is_an_offset_too_where_the_form_holds_one(tmp_path):
    content = "order,customer,day,amount\no1,a,05.01.2024 10:00:00Z,1\no2,a,05.01.2024 10:00:00+02:00,1\n"
    built = build(shop(tmp_path, content, source='date_format = "%d.%m.%Y %H:%M:%S%z"'))
    assert rows(built, "orders", "CAST(order_ts AS VARCHAR)", "order_id") == [("2024-01-05 18:00:00",), ("2024-01-05 16:00:00",)]


def test_a_value_can_be_declared_to_mean_nobody(tmp_path):
    content = "order,customer,day,amount\no1,0,2024-01-05,1\no2,a,2024-01-05,1\n"
    found = orders_of(content, tmp_path, columns={"customer_id": '{ from = "customer", values = { "0" = "" } }'})
    assert [customer for _, customer, _, _ in found] == [None, "a"]
