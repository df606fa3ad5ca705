"""`tables init`: files nobody described become a dataset.toml that loads and builds, or one that asks."""

import random
import tomllib
from decimal import Decimal

import duckdb
import exports
import pytest
from helpers import rows

from custlib.i18n import Problem
from custlib.tables import build, load
from custlib.tables.draft import draft, write_draft

SALES = [("D1", "V1", "2024-01-05 10:00:00", "30.00"), ("D2", "V2", "2024-02-06 11:30:00", "20.50"), ("D3", "V1", "2024-03-01 09:15:00", "9.90"),
         ("D4", "", "2024-03-02 18:20:00", "7.00"), ("D5", "V3", "2024-04-11 12:00:00", "15.25"), ("D6", "V2", "2024-05-20 20:45:00", "8.00")]
LINES = [("D1", "V1", "2024-01-05", "A1", 2, "10.00"), ("D1", "V1", "2024-01-05", "B2", 1, "10.00"), ("D2", "V2", "2024-02-06", "A1", 3, "10.00"),
         ("D2", "V2", "2024-02-06", "C3", 1, "5.50"), ("D3", "V1", "2024-03-01", "B2", 2, "12.00"), ("D3", "V1", "2024-03-01", "A1", 1, "10.00"),
         ("D4", "V3", "2024-04-01", "C3", 4, "5.50")]


def table(path, head, body, *, mark=",", encoding="utf-8"):
    lines = [mark.join(head), *(mark.join("" if cell is None else str(cell) for cell in row) for row in body)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def zh_sales(folder, body=SALES, name="订单.csv", **more):
    return table(folder / name, ["订单号", "会员号", "下单时间", "实付金额"], body, **more)


def tables_of(made):
    return tomllib.loads(made.text)["tables"]


def columns_of(made, name="orders"):
    return tables_of(made)[name]["columns"]


def asked(made):
    return [one.key for one in made.questions]


def built(made, folder):
    return build(load(write_draft(made, folder)))


def drafted(files, folder, **more):
    return draft(files if isinstance(files, list) else [files], name="shop", folder=folder, **more)


def test_one_row_per_order_becomes_orders_that_build(tmp_path):
    made = drafted(zh_sales(tmp_path), tmp_path)
    said = tomllib.loads(made.text)
    assert made.certain
    assert {key: said[key] for key in ("schema", "name", "currency", "timezone", "as_of", "returns")} == {
        "schema": 1, "name": "shop", "currency": "CNY", "timezone": "Asia/Shanghai", "as_of": "2024-05-21", "returns": "net"}
    assert said["sources"] == {"orders": {"path": "订单.csv", "known": ["订单号", "会员号", "下单时间", "实付金额"]}}
    assert said["tables"] == {"orders": {"source": "orders", "columns": {
        "order_id": "订单号", "customer_id": "会员号", "order_ts": "下单时间", "net_amount": "实付金额"}}}
    assert rows(built(made, tmp_path), "orders", "count(*), count(customer_id), sum(net_amount)") == [(6, 5, Decimal("90.65"))]


def test_the_order_of_the_rows_changes_nothing(tmp_path):
    body = list(SALES)
    random.Random(1).shuffle(body)
    assert drafted(zh_sales(tmp_path, body), tmp_path).text == drafted(zh_sales(tmp_path), tmp_path).text


def test_one_row_is_enough(tmp_path):
    made = drafted(zh_sales(tmp_path, SALES[:1]), tmp_path)
    assert made.certain
    assert list(columns_of(made)) == ["order_id", "customer_id", "order_ts", "net_amount"]


def test_what_the_caller_says_is_not_asked_or_overruled(tmp_path):
    made = drafted(zh_sales(tmp_path), tmp_path, currency="HKD", timezone="Asia/Hong_Kong", as_of="2024-12-31")
    assert made.certain
    assert [tomllib.loads(made.text)[key] for key in ("currency", "timezone", "as_of")] == ["HKD", "Asia/Hong_Kong", "2024-12-31"]


def test_a_currency_that_nothing_tells_is_asked_and_the_draft_is_refused_until_answered(tmp_path):
    made = drafted(table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", "total"], SALES), tmp_path)
    assert asked(made) == ["currency"]
    path = write_draft(made, tmp_path)
    with pytest.raises(Problem, match="currency"):
        load(path)
    path.write_text(made.text.replace('currency = "?"', 'currency = "SEK"'), encoding="utf-8")
    assert load(path).currency == "SEK"


@pytest.mark.parametrize(("head", "values", "currency"), [
    ("Total (USD)", "1.00", "USD"), ("NET_HKD", "1.00", "HKD"), ("total", "€1.00", "EUR"), ("total", "£1.00", "GBP"), ("total", "1.00 CHF", "CHF"),
    ("total", "₩1,000", "KRW")])
def test_a_sign_or_a_code_beside_the_amounts_tells_the_currency(tmp_path, head, values, currency):
    body = [(*row[:3], f'"{values}"') for row in SALES]
    made = drafted(table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", head], body), tmp_path)
    assert (made.certain, tomllib.loads(made.text)["currency"]) == (True, currency)


def test_a_country_of_four_fifths_of_the_rows_tells_currency_zone_and_home(tmp_path):
    body = [(*row, "Germany" if place else "France") for place, row in enumerate(SALES)]
    said = tomllib.loads(drafted(table(tmp_path / "o.csv", ["order_id", "customer_id", "order_date", "total", "country"], body), tmp_path).text)
    assert [said[key] for key in ("currency", "timezone", "home_country")] == ["EUR", "Europe/Berlin", "Germany"]
    body = [(*row, "Germany" if place % 2 else "France") for place, row in enumerate(SALES)]
    assert asked(drafted(table(tmp_path / "o.csv", ["order_id", "customer_id", "order_date", "total", "place"], body), tmp_path)) == ["currency"]


def test_several_currencies_are_asked_unless_a_file_of_rates_says_which_is_the_base(tmp_path):
    body = [(*row, "EUR" if place % 2 else "USD") for place, row in enumerate(SALES)]
    sales = table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", "total", "currency"], body)
    assert asked(drafted(sales, tmp_path)) == ["currency", "rates"]
    rates = table(tmp_path / "fx_rates.csv", ["date", "currency", "rate"], [(f"2024-0{month}-01", "USD", 0.9) for month in range(1, 7)])
    made = drafted([sales, rates], tmp_path)
    assert made.certain
    assert tomllib.loads(made.text)["rates"] == {"source": "fx_rates", "date": "date", "currency": "currency", "rate": "rate", "max_age_days": 31}
    money = sum(Decimal(row[3]) * (1 if place % 2 else Decimal("0.9")) for place, row in enumerate(SALES))
    assert rows(built(made, tmp_path), "orders", "sum(net_amount)") == [(money.quantize(Decimal("0.01")),)]


def test_lines_give_order_lines_orders_and_products(tmp_path):
    path = table(tmp_path / "sales.csv", ["订单号", "会员号", "下单日期", "商品编码", "数量", "单价"], LINES)
    made = drafted(path, tmp_path)
    assert made.certain
    assert tables_of(made) == {
        "orders": {"source": "sales", "collapse": True, "columns": {"order_id": "订单号", "customer_id": "会员号", "order_ts": "下单日期"}},
        "order_lines": {"source": "sales", "columns": {"order_id": "订单号", "product_id": "商品编码", "quantity": "数量", "unit_price": "单价"}}}
    done = built(made, tmp_path)
    assert rows(done, "order_lines", "count(*), sum(net_amount)") == [(7, Decimal("121.50"))]
    assert rows(done, "orders", "count(*)") == [(4,)]


def test_of_several_amounts_the_one_that_the_sum_proves_is_the_paid_one(tmp_path):
    body = [(f"D{n}", f"V{n % 4}", "2024-01-05", 100 + n, n, 100, 7) for n in range(1, 30)]
    head = ["订单号", "会员号", "下单日期", "金额A", "优惠金额", "金额B", "金额C"]
    made = drafted(table(tmp_path / "订单.csv", head, body), tmp_path)
    assert columns_of(made)["net_amount"] == "金额B"
    assert "金额A − 优惠金额" in made.text


def test_an_orders_total_on_each_of_its_lines_is_no_lines_amount(tmp_path):
    totals = {}
    for order, *_, quantity, price in LINES:
        totals[order] = totals.get(order, 0) + quantity * Decimal(price)
    body = [(f"{row[0]}x{k}", *row[1:], totals[row[0]]) for k in range(5) for row in LINES]
    made = drafted(table(tmp_path / "sales.csv", ["订单号", "会员号", "下单日期", "商品编码", "数量", "单价", "实付金额"], body), tmp_path)
    assert "net_amount" not in columns_of(made, "order_lines")
    assert any("repeats the amount of the whole order" in one.en for one in made.notes)


def test_an_order_named_in_its_first_row_only_is_filled_down(tmp_path):
    body, last = [], None
    for row in LINES:
        body.append((*row[:3], *row[3:]) if row[0] != last else ("", "", "", *row[3:]))
        last = row[0]
    made = drafted(table(tmp_path / "sales.csv", ["订单号", "会员号", "下单日期", "商品编码", "数量", "单价"], body), tmp_path)
    assert tomllib.loads(made.text)["sources"]["sales"]["fill_down"] == ["订单号", "下单日期"]
    done = built(made, tmp_path)
    assert rows(done, "orders", "order_id, customer_id, net_amount") == [
        ("D1", "V1", Decimal("30.00")), ("D2", "V2", Decimal("35.50")), ("D3", "V1", Decimal("34.00")), ("D4", "V3", Decimal("22.00"))]


def test_repeats_that_a_line_number_proves_are_left_out_and_others_kept(tmp_path):
    lines = [(f"{row[0]}x{k}", *row[1:]) for k in range(5) for row in LINES]
    body = [(*row[:1], place, *row[1:]) for place, row in enumerate(lines)]
    head = ["订单号", "行号", "会员号", "下单日期", "商品编码", "数量", "单价"]
    proven = drafted(table(tmp_path / "a.csv", head, [*body, body[0]]), tmp_path)
    assert [(one["name"], one["action"]) for one in tomllib.loads(proven.text)["policies"]] == [("repeated_line", "exclude")]
    kept = drafted(table(tmp_path / "b.csv", head[:1] + head[2:], [*lines, lines[0]]), tmp_path)
    assert "policies" not in tomllib.loads(kept.text)


def test_marked_returns_get_a_sign_and_cancelled_orders_are_left_out(tmp_path):
    body = [(*row, "退货" if row[0] == "D3" else "销售") for row in SALES]
    made = drafted(table(tmp_path / "订单.csv", ["订单号", "会员号", "下单时间", "金额(元)", "交易类型"], body), tmp_path)
    assert columns_of(made)["net_amount"] == {"from": "金额(元)", "sign": {"column": "交易类型", "negative": ["退货"]}}
    assert rows(built(made, tmp_path), "orders", "sum(net_amount)") == [(Decimal("70.85"),)]
    body = [(*row, "已取消" if row[0] == "D3" else "已完成") for row in SALES]
    made = drafted(table(tmp_path / "订单.csv", ["订单号", "会员号", "下单时间", "金额(元)", "订单状态"], body), tmp_path)
    assert [(one["column"], one["equals"], one["action"]) for one in tomllib.loads(made.text)["policies"]] == [("status", ["已取消"], "exclude")]
    (tmp_path / "dataset.toml").unlink()
    assert rows(built(made, tmp_path), "orders", "order_id, excluded_by", "1")[1:4] == [("D2", None), ("D3", "cancelled"), ("D4", None)]


def test_a_refunded_order_is_left_out_and_a_refunded_payment_is_taken_off(tmp_path):
    body = [(*row, "Refunded" if row[0] == "D3" else "paid") for row in SALES]
    made = drafted(table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", "Total (USD)", "status"], body), tmp_path)
    assert [(one["name"], one["equals"]) for one in tomllib.loads(made.text)["policies"]] == [("refunded", ["Refunded"])]
    paid = [(f"p{n}", f"O{n // 2}", f"V{n % 3}", f"2024-01-{n // 2 + 1:02d}", "10.00", "refunded" if n in (3, 7) else "captured") for n in range(40)]
    head = ["payment_id", "order_id", "customer_id", "order_date", "Amount (USD)", "status"]
    made = drafted(table(tmp_path / "payments.csv", head, [(*row[:2], f"V{row[1]}", *row[3:]) for row in paid]), tmp_path)
    assert columns_of(made, "order_lines")["net_amount"] == {"from": "Amount (USD)", "sign": {"column": "status", "negative": ["refunded"]}}
    assert rows(built(made, tmp_path), "orders", "count(*), sum(net_amount)") == [(20, Decimal("360.00"))]


def test_payments_carry_the_money_only_where_the_orders_name_none(tmp_path):
    orders = table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", "status"],
                   [(f"O{n}", f"V{n % 4}", f"2024-01-{n + 1:02d}", "paid") for n in range(20)])
    paid = table(tmp_path / "payments.csv", ["payment_id", "order_id", "paid_at", "Amount (USD)"],
                 [(f"p{n}", f"O{n // 2}", f"2024-02-{n % 28 + 1:02d}", "10.00") for n in range(40)])
    made = drafted([orders, paid], tmp_path)
    assert made.certain
    assert {name: one["source"] for name, one in tables_of(made).items()} == {"orders": "orders", "order_lines": "payments"}
    assert rows(built(made, tmp_path), "orders", "sum(net_amount), max(order_day)::VARCHAR") == [(Decimal("400.00"), "2024-01-20")]
    priced = table(tmp_path / "orders.csv", ["order_id", "customer_id", "order_date", "Total (USD)"],
                   [(f"O{n}", f"V{n % 4}", f"2024-01-{n + 1:02d}", "20.00") for n in range(20)])
    made = drafted([priced, paid], tmp_path)
    assert list(tables_of(made)) == ["orders"]
    assert any("would count twice" in one.en for one in made.notes)


@pytest.mark.parametrize("head", [["退货单号", "原订单号", "会员号", "退货时间", "退款金额"], ["订单号", "会员号", "下单时间", "实付金额"]])
def test_returns_in_a_file_of_their_own_are_taken_off(tmp_path, head):
    back = [("T1", "D1", "V1", "2024-01-20 10:00:00", "10.00"), ("T2", "D2", "V2", "2024-02-20 10:00:00", "0.50")]
    body = back if len(head) == 5 else [row[1:] for row in back]
    made = drafted([zh_sales(tmp_path), table(tmp_path / "退货.csv", head, body)], tmp_path)
    assert made.certain
    other = tables_of(made)["orders"]["by_source"]["returns"]
    assert other["net_amount"] == {"from": head[-1], "sign": -1}
    assert other["returned_order_id"] == head[-4]
    done = built(made, tmp_path)
    assert rows(done, "orders", "count(*), sum(net_amount), count(returned_order_id)") == [(8, Decimal("80.15"), 2)]
    assert rows(done, "orders", "customer_id, net_amount", "net_amount")[:2] == [("V1", Decimal("-10.00")), ("V2", Decimal("-0.50"))]


def test_files_of_one_form_are_one_source_and_two_systems_are_one_table(tmp_path):
    zh_sales(tmp_path, SALES[:3], name="sales_202401.csv")
    zh_sales(tmp_path, SALES[3:], name="sales_202402.csv")
    made = drafted(tmp_path, tmp_path / "x")
    assert [one["path"] for one in tomllib.loads(made.text)["sources"].values()] == [[str(tmp_path / f"sales_20240{n}.csv") for n in (1, 2)]]
    other = table(tmp_path / "store_receipts.csv", ["receipt_no", "card_no", "sale_date", "amount_paid"],
                  [("R1", "V1", "31.01.2024", "5.00"), ("R2", "V9", "01.02.2024", "6.00")])
    made = drafted([tmp_path / "sales_202401.csv", other], tmp_path)
    orders = tables_of(made)["orders"]
    assert len(orders["source"]) == 2 and list(orders["by_source"]) == orders["source"][1:]
    assert rows(built(made, tmp_path), "orders", "count(*), sum(net_amount)") == [(5, Decimal("71.40"))]


def test_a_database_of_related_tables_is_put_together(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("CREATE TABLE customers (id INTEGER, name TEXT, email TEXT, created_at TEXT, country TEXT)")
        db.execute("CREATE TABLE orders (id INTEGER, customer_id INTEGER, ordered_at TEXT, status TEXT)")
        db.execute("CREATE TABLE order_items (id INTEGER, order_id INTEGER, product_id INTEGER, quantity INTEGER, unit_price REAL)")
        db.execute("CREATE TABLE products (id INTEGER, name TEXT, category TEXT)")
        db.executemany("INSERT INTO customers VALUES (?, ?, ?, '2023-05-01', 'France')",
                       [(n, f"Sample {n}", f"m{n}@example.com") for n in range(1, 9)])
        db.executemany("INSERT INTO products VALUES (?, ?, 'food')", [(n, f"Product {n}") for n in range(1, 6)])
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)",
                       [(n, n % 8 + 1, f"2024-{n % 9 + 1:02d}-05 10:00:00", "cancelled" if n == 7 else "paid") for n in range(1, 31)])
        db.executemany("INSERT INTO order_items VALUES (?, ?, ?, ?, ?)",
                       [(n * 2 + k, n, (n + k) % 5 + 1, k + 1, 2.5) for n in range(1, 31) for k in (0, 1)])
    db.close()
    made = drafted(f"sqlite:///{tmp_path}/shop.db", tmp_path)
    assert made.certain
    found = tables_of(made)
    assert {name: one["columns"] for name, one in found.items()} == {
        "customers": {"customer_id": "id", "display_name": "name", "e_mail": "email", "country": "country", "registered_at": "created_at"},
        "orders": {"order_id": "id", "customer_id": "customer_id", "order_ts": "ordered_at", "status": "status"},
        "order_lines": {"order_id": "order_id", "product_id": "product_id", "quantity": "quantity", "unit_price": "unit_price"},
        "products": {"product_id": "id", "name": "name", "category_l1": "category"}}
    assert rows(built(made, tmp_path), "orders", "sum(net_amount) FILTER (excluded_by IS NULL)") == [(Decimal("217.50"),)]


def test_lonely_days_do_not_decide_the_day_after(tmp_path):
    body = [(f"D{n}", f"V{n % 9}", f"2024-{n % 6 + 1:02d}-{n % 28 + 1:02d}", "5.00") for n in range(400)]
    body += [("X1", "V1", "9999-12-31", "5.00"), ("X2", "V1", "1900-01-01", "5.00")]
    assert tomllib.loads(drafted(zh_sales(tmp_path, body), tmp_path).text)["as_of"] == "2024-06-29"


def test_day_and_month_are_asked_unless_the_rows_settle_them(tmp_path):
    scattered = [(f"D{n}", f"V{n % 5}", f"{n * 7 % 12 + 1:02d}/{n * 5 % 12 + 1:02d}/2024", "5.00") for n in range(60)]
    made = drafted(zh_sales(tmp_path, scattered), tmp_path)
    assert asked(made) == ["tables.orders.columns.order_ts.date_format"]
    assert columns_of(made)["order_ts"] == {"from": "下单时间", "date_format": "?"}
    rising = [(f"D{n}", f"V{n % 5}", f"{n // 12 + 1:02d}/{n % 12 + 1:02d}/2024", "5.00") for n in range(144)]
    assert columns_of(drafted(zh_sales(tmp_path, rising), tmp_path))["order_ts"]["date_format"] == "%m/%d/%Y"


def test_times_with_a_zone_are_asked_for_the_local_one_unless_their_offsets_tell(tmp_path):
    body = [(f"D{n}", f"V{n % 5}", 1704067200 + n * 86400, "5.00") for n in range(30)]
    head = ["order_id", "customer_id", "created_at", "Total (USD)"]
    assert asked(drafted(table(tmp_path / "orders.csv", head, body), tmp_path)) == ["timezone"]
    body = [(f"D{n}", f"V{n % 5}", f"2024-{n % 12 + 1:02d}-15T10:00:00-0{6 if n % 12 in (0, 1, 10, 11) else 5}:00", "5.00") for n in range(48)]
    said = tomllib.loads(drafted(table(tmp_path / "orders.csv", head, body), tmp_path).text)
    assert said["timezone"] == "America/Chicago"


def test_a_mapping_of_two_equally_likely_columns_is_asked_with_both(tmp_path):
    body = [(f"D{n}", f"V{n % 5}", f"W{n % 7}", "2024-01-05", "5.00") for n in range(40)]
    made = drafted(table(tmp_path / "订单.csv", ["订单号", "会员号", "客户编号", "下单日期", "实付金额"], body), tmp_path)
    assert asked(made) == ["tables.orders.columns.customer_id"]
    assert {choice for choice, _ in made.questions[0].choices} == {"会员号", "客户编号"}


def test_names_that_say_nothing_are_asked_with_what_the_values_allow(tmp_path):
    body = [(n, n % 9, f"2024-01-{n % 28 + 1:02d}", n + 0.5) for n in range(60)]
    made = drafted(table(tmp_path / "dump.csv", ["a", "b", "c", "d"], body), tmp_path)
    assert asked(made)[:4] == [f"tables.orders.columns.{name}" for name in ("order_id", "customer_id", "order_ts", "net_amount")]
    assert [one.choices[0][0] for one in made.questions[:4]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("content", "said"), [
    (b"", "is empty"), (b"order_id,amount\n", "no row below"), (b"x,x\n1,2\n", "more than once"), (b"temp,humidity\n1.5,2\n3.5,4\n", "not used")])
def test_what_cannot_be_used_is_told_and_asked_never_raised(tmp_path, content, said):
    (tmp_path / "odd.csv").write_bytes(content)
    made = drafted(tmp_path / "odd.csv", tmp_path)
    assert asked(made) == ["tables"]
    assert any(said in one.en for one in made.notes)
    assert tomllib.loads(made.text)["tables"] == "?"


def test_a_file_without_a_row_of_names_is_asked_and_its_values_are_not_shown(tmp_path):
    (tmp_path / "dump.csv").write_text("".join(f"{n},100-0000-{n:04d},2024-01-{n % 28 + 1:02d},{n}.50\n" for n in range(60)))
    made = drafted(tmp_path / "dump.csv", tmp_path)
    assert asked(made) == ["sources", "tables"]
    assert "100-0000" not in made.text + str(made.notes) + str(made.questions)


def test_nothing_given_a_missing_file_and_an_empty_folder(tmp_path):
    with pytest.raises(Problem, match="No file was given"):
        draft([], name="shop", folder=tmp_path)
    (tmp_path / "empty").mkdir()
    made = drafted([tmp_path / "none.csv", tmp_path / "empty"], tmp_path)
    assert [("none.csv" in one.en or "empty" in one.en) for one in made.notes[:2]] == [True, True]


def test_a_wide_survey_is_told_and_members_need_no_sales(tmp_path):
    survey = table(tmp_path / "survey.csv", ["ResponseId", *(f"Q{n}" for n in range(1, 9))],
                   [(f"R{n}", *((n * k + n // 5) % 7 + 1 for k in range(1, 9))) for n in range(50)])
    assert any("one column a question (Q1 … Q8, 8 columns)" in one.en for one in drafted(survey, tmp_path).notes)
    people = table(tmp_path / "members.csv", ["会员编号", "姓名", "手机", "性别", "注册日期"],
                   [(f"V{n}", f"测试{n}", f"100-0000-{n:04d}", "女" if n % 2 else "男", "2023-05-01") for n in range(40)])
    made = drafted(people, tmp_path)
    assert made.certain
    assert columns_of(made, "customers")["gender"] == {"from": "性别", "values": {"女": "f", "男": "m"}}
    assert rows(built(made, tmp_path), "customers", "count(*), count(DISTINCT gender)") == [(40, 2)]


def test_personal_values_never_reach_the_draft(tmp_path):
    head = ["订单号", "会员号", "姓名", "手机号", "邮箱", "收货地址", "下单时间", "实付金额", "备注", "联络"]
    body = [(f"D{n}", f"V{n}", f"王测试{n}", f"100-0000-{n:04d}", f"planted{n}@example.com", f"示例省示例市某某路{n}号", "2024-01-05", "5.00",
             f"请致电王测试{n}", f"secret{n}@example.com") for n in range(60)]
    made = drafted(table(tmp_path / "订单.csv", head, body), tmp_path)
    shown = made.text + "".join(f"{one.zh}{one.en}" for one in (*made.notes, *made.questions)) + str([one.choices for one in made.questions])
    assert not [part for part in ("王测试", "100-0000", "planted", "示例省", "secret", "example.com") if part in shown]


def test_a_draft_never_overwrites_unless_forced_and_leaves_nothing_behind(tmp_path):
    made = drafted(zh_sales(tmp_path), tmp_path)
    (tmp_path / "dataset.toml").write_text("mine")
    with pytest.raises(Problem, match="exists already"):
        write_draft(made, tmp_path)
    assert (tmp_path / "dataset.toml").read_text() == "mine"
    assert write_draft(made, tmp_path, force=True).read_text(encoding="utf-8") == made.text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dataset.toml", "订单.csv"]


def test_odd_names_make_no_broken_toml(tmp_path):
    (tmp_path / "o.csv").write_text('订单号,会员号,下单日期,实付金额,"a ""quoted""\tname","two\nlines",\\back\n' + "".join(
        f"D{n},V{n % 3},2024-01-0{n % 9 + 1},5.00,x{n},y,z\n" for n in range(20)), encoding="utf-8")
    made = drafted(tmp_path / "o.csv", tmp_path)
    assert tomllib.loads(made.text)["sources"]["o"]["known"][4:] == ['a "quoted"\tname', "two lines", "\\back"]


def right(got, want):
    source = got if isinstance(got, str) else got.get("from", tuple(got.get("concat", ()))) if isinstance(got, dict) else None
    return source in want if isinstance(want, set) else source == want


@pytest.mark.parametrize("name", list(exports.MAKERS))
def test_a_made_up_export_is_understood_and_its_totals_come_out(tmp_path, name):
    export = exports.MAKERS[name](tmp_path)
    made = draft(export.files, name=name, folder=tmp_path)
    found = tables_of(made)
    wrong = [(table, column, want) for table, columns in export.tables.items() for column, want in columns.items()
             if not right(found.get(table, {}).get("columns", {}).get(column), want)]
    assert wrong == []
    assert {one.key.rpartition(".")[2] for one in made.questions} <= export.unsure
    text = made.text
    for key in export.unsure:
        text = text.replace(f'{key} = "?"', f'{key} = "{export.hints[key]}"')
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    done = build(load(tmp_path / "dataset.toml"))
    if "net" in export.facts:
        money = "order_lines" if "order_lines" in found else "orders"
        with duckdb.connect() as db:
            orders = db.execute("SELECT count(*), count(DISTINCT customer_id), min(order_day), max(order_day) "
                                f"FROM '{done.folder}/orders.parquet'").fetchall()[0]
            net = db.execute(f"SELECT sum(net_amount) FROM '{done.folder}/{money}.parquet' WHERE excluded_by IS NULL").fetchall()[0][0]
        assert (*orders, net) == tuple(export.facts[key] for key in ("orders", "customers", "first_day", "last_day", "net"))
