"""`tables init` is never silently wrong: what it cannot prove it asks, what it leaves out it names, and its own draft builds."""

import random
import tomllib
from decimal import Decimal

import pytest
from helpers import rows

from custlib.i18n import Problem
from custlib.tables import build, check, load
from custlib.tables.draft import draft, write_draft

ZH, EN = ["订单号", "会员号", "下单日期", "实付金额"], ["order_id", "customer_id", "order_date", "Total (USD)"]


def table(path, head, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(head), *(",".join("" if cell is None else str(cell) for cell in row) for row in body)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def orders(count, mark="D", month=None):
    return [[f"{mark}{n:04d}", f"V{n * 7 % 23}", f"2024-{month or n % 12 + 1:02d}-{n % 27 + 1:02d}", f"{n % 50 + 10}.90"] for n in range(count)]


def drafted(path, **more):
    return draft([path], name="shop", folder=path if path.is_dir() else path.parent, **{"currency": "CNY", **more})


def columns_of(made, name="orders"):
    return tomllib.loads(made.text)["tables"][name]["columns"]


def asked(made):
    return {one.key: [choice for choice, _ in one.choices] for one in made.questions}


def said(made, part):
    return [one.en for one in made.notes if part in one.en and one.zh]


def built(made, folder):
    return build(load(write_draft(made, folder)))


# --- 1. every input ends in a source, or is named

@pytest.mark.parametrize("head", [ZH, EN])
def test_monthly_files_whose_columns_come_go_and_change_places_are_one_source(tmp_path, head):
    order, who, day, money = head
    table(tmp_path / "2024-01.csv", head, orders(20, "A", 1))
    table(tmp_path / "2024-02.csv", [who, order, money, day, "channel"], [[r[1], r[0], r[3], r[2], "web"] for r in orders(20, "B", 2)])
    table(tmp_path / "2024-03.csv", [order, day, money, "channel"], [[r[0], r[2], r[3], "shop"] for r in orders(20, "C", 3)])
    made = drafted(tmp_path)
    assert made.certain
    assert len(said(made, "3 files or sheets of one form")) == len(said(made, f"{who}, channel")) == 1
    raw = tomllib.loads(made.text)
    names = {one["path"]: name for name, one in raw["sources"].items()}
    by = raw["tables"]["orders"]["by_source"]
    assert {path: by.get(name, {}) for path, name in names.items()} == {
        "2024-01.csv": {"channel": ""}, "2024-02.csv": {}, "2024-03.csv": {"customer_id": ""}}
    assert rows(built(made, tmp_path), "orders", "count(*), count(customer_id), count(channel)") == [(60, 40, 40)]


def test_a_column_that_was_renamed_over_time_is_read_under_both_names(tmp_path):
    table(tmp_path / "销售_202401.csv", ZH, orders(20, "A", 1))
    table(tmp_path / "销售_202402.csv", ["订单号", "会员号", "下单日期", "金额"], orders(20, "B", 2))
    made = drafted(tmp_path)
    assert made.certain
    assert rows(built(made, tmp_path), "orders", "count(*), count(net_amount)") == [(40, 40)]


def test_a_mark_of_returns_that_came_later_is_read_where_it_stands(tmp_path):
    table(tmp_path / "sales_202401.csv", EN, orders(20, "A", 1))
    table(tmp_path / "sales_202402.csv", [*EN, "type"], [[*r, "refund" if n == 3 else "sale"] for n, r in enumerate(orders(20, "B", 2))])
    made = drafted(tmp_path)
    assert made.certain
    total = 2 * sum(Decimal(r[3]) for r in orders(20)) - 2 * Decimal(orders(20)[3][3])
    assert rows(built(made, tmp_path), "orders", "sum(net_amount)") == [(total,)]


@pytest.mark.parametrize(("name", "head", "body"), [
    ("小票.csv", ["小票号", "会员号", "交易日期", "商品编码", "数量", "单价"],
     [[f"R{n // 2}", f"V{n // 2 % 9}", "2024-03-01", f"P{n}", 1, "2.50"] for n in range(40)]),
    ("members_old.csv", ["customer_id", "tier", "registered_at"], [[f"V{n}", "gold", "2023-01-05"] for n in range(23)]),
    ("x9.csv", ["Doc", "Kto", "A1", "F3"], orders(40, "X"))])
def test_an_unused_file_of_a_kind_that_is_mapped_is_asked_about(tmp_path, name, head, body):
    table(tmp_path / "orders.csv", EN, orders(40))
    table(tmp_path / "members.csv", ["customer_id", "name", "gender"], [[f"V{n}", f"Sample {n}", "f"] for n in range(23)])
    table(tmp_path / name, head, body)
    made = drafted(tmp_path)
    assert [key.startswith("sources.") for key in asked(made)] == [True]
    left = "orders" if name == "小票.csv" else name.removesuffix(".csv")  # one row there is another thing; the surer file is the one that is read
    assert made.questions[0].en.startswith(f"{left} holds") and said(made, f"{left} is not used")
    with pytest.raises(Problem, match="not_read"):
        load(write_draft(made, tmp_path))
    (tmp_path / "dataset.toml").write_text("\n".join(one for one in made.text.split("\n") if "_not_read" not in one), encoding="utf-8")
    assert check(load(tmp_path / "dataset.toml"))["rejected"] == 0


def test_what_has_nothing_to_do_with_sales_is_named_and_not_asked_about(tmp_path):
    table(tmp_path / "orders.csv", EN, orders(40))
    table(tmp_path / "climate.csv", ["temp", "humidity"], [[n, n * 2] for n in range(30)])
    made = drafted(tmp_path)
    assert made.certain and said(made, "climate is not used")


# --- 2. the customer

@pytest.mark.parametrize("head", ["vip_no", "subscriber", "buyer", "client", "会员", "买家昵称", "手机号", "patron", "旺旺号"])
def test_a_customer_by_any_of_its_names(tmp_path, head):
    body = [[r[0], f"100-0000-{int(r[1][1:]):04d}" if head == "手机号" else r[1], *r[2:]] for r in orders(200)]
    made = drafted(table(tmp_path / "订单.csv", [ZH[0], head, *ZH[2:]], body))
    assert columns_of(made)["customer_id"] == head
    assert bool(said(made, "personal")) == (head in ("手机号", "买家昵称"))


@pytest.mark.parametrize(("head", "value"), [("xref7", "X{}"), ("收货人", "测试{}"), ("Kto", "{}")])
def test_orders_without_a_known_customer_ask_while_a_column_could_be_one(tmp_path, head, value):
    path = table(tmp_path / "订单.csv", [ZH[0], head, *ZH[2:]], [[r[0], value.format(70000 + int(r[1][1:])), *r[2:]] for r in orders(200)])
    made = drafted(path)
    assert asked(made) == {"tables.orders.columns.customer_id": [head]}
    assert "70001" not in made.text


@pytest.mark.parametrize("extra", [[], ["城市"], ["备注"]])
def test_orders_without_any_candidate_say_that_all_are_anonymous(tmp_path, extra):
    made = drafted(table(tmp_path / "订单.csv", [ZH[0], *ZH[2:], *extra], [[r[0], *r[2:], *["北京"][:len(extra)]] for r in orders(200)]))
    assert made.certain and said(made, "all orders are anonymous")


# --- 3. numbers that start again

def till(stores, *, lines=3, seed=1):
    chance, body = random.Random(seed), []
    for day in range(1, 22):
        for store in range(stores):
            for number in range(1, 6):
                who = f"V{chance.randint(1, 60)}" if chance.random() < 0.7 else ""
                for line in range(lines):
                    body.append([f"2024-03-{day:02d}", f"S{store}", f"{number:03d}", who, f"P{(number + line) % 9}", line + 1, "5.00"])
    return body


@pytest.mark.parametrize(("head", "stores", "lines"), [
    (["日期", "门店", "小票号", "会员号", "商品编码", "数量", "单价"], 3, 3),
    (["date", "store", "receipt_no", "member_no", "sku", "qty", "price"], 2, 2),
    (["date", "store", "receipt_no", "member_no", "sku", "qty", "price"], 2, 1)])
def test_a_receipt_number_that_starts_again_is_joined_until_its_rows_agree(tmp_path, head, stores, lines):
    body = till(stores, lines=lines)
    random.Random(2).shuffle(body)
    made = drafted(table(tmp_path / "sales.csv", head, body))
    assert made.certain
    assert columns_of(made)["order_id"] == columns_of(made, "order_lines")["order_id"] == {"concat": [head[0], head[1], head[2]], "sep": "-"}
    assert said(made, f"{head[2]} starts again")
    assert rows(built(made, tmp_path), "orders", "count(*)") == [(21 * stores * 5,)]


def test_one_shop_needs_the_day_only_and_where_nothing_helps_it_is_asked(tmp_path):
    head = ["date", "receipt_no", "member_no", "sku", "qty", "price"]
    made = drafted(table(tmp_path / "a" / "sales.csv", head, [[row[0], *row[2:]] for row in till(1)]))
    assert columns_of(made)["order_id"] == {"concat": ["date", "receipt_no"], "sep": "-"}
    made = drafted(table(tmp_path / "b" / "sales.csv", head, [[row[0], *row[2:]] for row in till(4)]))
    assert {"tables.orders.columns.order_id", "tables.order_lines.columns.order_id"} == set(asked(made))


def test_returns_on_a_later_day_and_a_few_slips_leave_the_number_alone(tmp_path):
    back = [[r[0], r[1], "2024-12-30", f"-{r[3]}"] for r in orders(300)[::10]]
    made = drafted(table(tmp_path / "orders.csv", EN, [*orders(300), *back]))
    assert "order_id" in (columns_of(made)["order_id"], *asked(made).get("tables.orders.columns.order_id", []))
    slips = [*orders(300)[:-1], [orders(300)[5][0], "V99", "2024-05-05", "1.00"]]
    assert columns_of(drafted(table(tmp_path / "b" / "orders.csv", EN, slips)))["order_id"] == "order_id"


def test_orders_and_lines_in_two_files_whose_number_starts_again_are_asked_about(tmp_path):
    heads = [[f"2024-03-{day:02d}", f"{n:03d}", f"V{(day * 5 + n * 7) % 31}"] for day in range(1, 22) for n in range(1, 8)]
    lines = [[day, number, f"P{k}", k + 1, "5.00"] for day, number, _ in heads for k in range(2)]
    table(tmp_path / "订单.csv", ["日期", "小票号", "会员号"], heads)
    table(tmp_path / "订单明细.csv", ["日期", "小票号", "商品编码", "数量", "单价"], lines)
    made = drafted(tmp_path)
    assert {"tables.orders.columns.order_id", "sources.file_not_read"} <= set(asked(made))
    assert said(made, "订单明细 is not used")


# --- 4. the draft is tried

def test_continuation_rows_are_filled_down_and_a_row_of_totals_is_not_sold(tmp_path):
    body = []
    for n in range(200):
        body.append([f"D{n}", f"V{n % 9}" if n % 3 else "", f"2024-{n % 12 + 1:02d}-05", f"P{n % 30}", 1, "9.90"])
        if n % 40 == 3:
            body.append(["", "", "", f"P{n % 29}", 2, "4.50"])
    head = ["订单号", "会员号", "下单日期", "商品编码", "数量", "单价"]
    made = drafted(table(tmp_path / "销售.csv", head, [*body, ["合计", "", "", "", 210, "2025.00"]]))
    assert made.certain
    assert [one["fill_down"] for one in tomllib.loads(made.text)["sources"].values()] == [["订单号", "下单日期"]]
    done = built(made, tmp_path)
    assert rows(done, "order_lines", "count(*), sum(net_amount)") == [(205, Decimal("2025.00"))]
    assert rows(done, "orders", "count(*), count(customer_id)") == [(200, sum(1 for n in range(200) if n % 3))]


def test_a_sum_in_a_row_without_a_name_is_not_filled_from_above(tmp_path):
    body = [[f"D{n // 2}" if n % 2 == 0 else "", "2024-01-05" if n % 2 == 0 else "", f"P{n}", "9.90"] for n in range(60)]
    made = drafted(table(tmp_path / "销售.csv", ["订单号", "下单日期", "商品编码", "小计"], [*body, ["", "", "", "594.00"]]))
    assert not made.certain and all("fill_down" not in one for one in tomllib.loads(made.text)["sources"].values())


@pytest.mark.parametrize(("column", "odd", "declared"), [
    (3, "(7.50)", {"negative": "parentheses"}), (3, "7.50-", {"negative": "trailing"}), (2, "15.03.2024", {"date_format": ["%Y-%m-%d", "%d.%m.%Y"]}),
    (2, "20240315", {"date_format": ["%Y-%m-%d", "%Y%m%d"]})])
@pytest.mark.parametrize("share", [2, 900])
def test_a_rare_way_of_writing_is_declared_whatever_its_share(tmp_path, column, odd, declared, share):
    body = [[*r[:3], f"{n + 10}.{n % 97:02d}"] for n, r in enumerate(orders(3300))]
    for place in range(share):
        body[place * 3][column] = odd
    made = drafted(table(tmp_path / "订单.csv", ZH, body))
    spec = columns_of(made)["net_amount" if column == 3 else "order_ts"]
    assert made.certain
    assert {key: set(one) if isinstance(one, list) else one for key, one in spec.items() if key != "from"} == {
        key: set(one) if isinstance(one, list) else one for key, one in declared.items()}
    assert check(load(write_draft(made, tmp_path)))["rejected"] == 0


def test_a_draft_that_would_be_refused_names_the_rule_and_the_column(tmp_path):
    body = [[*r[:3], "见附件" if n % 9 == 7 else r[3]] for n, r in enumerate(orders(900))]
    made = drafted(table(tmp_path / "订单.csv", ZH, body))
    assert list(asked(made)) == ["max_reject_share"]
    assert "no number" in made.questions[0].en and "实付金额" in made.questions[0].en


def test_exact_repeats_beyond_the_limit_raise_the_limit_with_the_proof(tmp_path):
    body = [r for n, r in enumerate(orders(300)) for _ in range(1 + (n % 10 == 7))]
    made = drafted(table(tmp_path / "订单.csv", ZH, body))
    assert made.certain and tomllib.loads(made.text)["max_reject_share"] == 0.11
    assert said(made, "repeat an earlier row exactly")
    assert rows(built(made, tmp_path), "orders", "count(*)") == [(300,)]


# --- 5. names that say nothing

@pytest.mark.parametrize("head", [["Doc", "Kto", "A1", "F3"], ["字段1", "字段2", "字段3", "字段4"]])
def test_names_that_say_nothing_become_questions_that_a_name_answers(tmp_path, head):
    body = [[r[0], 70000 + int(r[1][1:]), f"{r[2][8:]}.{r[2][5:7]}.2024", r[3]] for r in orders(300)]
    made = drafted(table(tmp_path / "dump.csv", head, body))
    places = [f"tables.orders.columns.{name}" for name in ("order_id", "customer_id", "order_ts", "net_amount")]
    assert [asked(made)[place][0] for place in places] == head
    text = made.text
    for place, name in zip(places, head, strict=True):
        text = text.replace(f'{place.rpartition(".")[2]} = "?"', f'{place.rpartition(".")[2]} = "{name}"')
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    assert rows(build(load(tmp_path / "dataset.toml")), "orders", "count(*), count(DISTINCT customer_id)") == [(300, 23)]


def test_lines_without_names_are_drafted_as_lines_beside_a_file_that_is_known(tmp_path):
    table(tmp_path / "customers.csv", ["customer_id", "name", "gender"], [[f"V{n}", f"Sample {n}", "f"] for n in range(23)])
    table(tmp_path / "dump.csv", ["A", "B", "C", "D"], [r for r in orders(100) for _ in range(2)])
    made = drafted(tmp_path)
    assert {"tables.orders.columns.order_id", "tables.order_lines.columns.net_amount"} <= set(asked(made))
    assert {"orders", "order_lines", "customers"} == set(tomllib.loads(made.text)["tables"])


# --- 6. payments and refunds side by side

def paired(blank):
    found = []
    for n in range(150):
        back = n % 15 == 4
        found.append([f"2024-{n % 12 + 1:02d}-05 10:00:00", f"T{n - 1 if back else n}", f"U{(n - 1 if back else n) % 19}",
                      "REFUND" if back else "SUCCESS", blank if back else "20.00", "5.00" if back else blank])
    return found


@pytest.mark.parametrize("blank", ["0.00", ""])
@pytest.mark.parametrize("head", [["交易时间", "商户订单号", "用户标识", "交易状态", "订单金额", "退款金额"],
                                  ["paid_at", "order_id", "customer_id", "type", "amount", "refund_amount"]])
def test_refunds_in_a_column_of_their_own_are_taken_off(tmp_path, head, blank):
    made = drafted(table(tmp_path / "pay.csv", head, paired(blank)))
    assert made.certain
    assert rows(built(made, tmp_path), "orders", "count(*), sum(net_amount), count(returned_order_id)") == [(150, Decimal("2750.00"), 10)]


def test_refunds_that_no_state_tells_apart_are_asked(tmp_path):
    head = ["paid_at", "order_id", "customer_id", "amount", "refund_amount"]
    made = drafted(table(tmp_path / "pay.csv", head, [[*row[:3], *row[4:]] for row in paired("0.00")]))
    assert asked(made) and all(choices == ["amount", "refund_amount"] for choices in asked(made).values())
    beside = [[*r, "1.00" if n % 10 == 3 else "0.00"] for n, r in enumerate(orders(200))]
    made = drafted(table(tmp_path / "b" / "orders.csv", [*EN, "refund_amount"], beside))
    assert said(made, "refunds of 20.00 in all")


# --- 7. two truths for the total

@pytest.mark.parametrize("apart", [True, False])
def test_the_difference_between_lines_and_order_totals_is_told_in_money(tmp_path, apart):
    heads, lines, gap = [], [], Decimal(0)
    for n in range(60):
        own = [[f"D{n}", f"P{n % 7 + k}", k + 1, f"{10 + n % 9}.00"] for k in range(2)]
        total = sum(row[2] * Decimal(row[3]) for row in own)
        off = Decimal("3.00") if n % 3 == 0 else Decimal(0)
        gap += off
        heads.append([f"D{n}", f"V{n % 9}", f"2024-{n % 12 + 1:02d}-05", total - off])
        lines += own
    if apart:
        table(tmp_path / "订单.csv", ZH, heads)
        table(tmp_path / "订单明细.csv", ["订单号", "商品编码", "数量", "单价"], lines)
    else:
        by = {row[0]: row[1:] for row in heads}
        head = ["订单号", "商品编码", "数量", "单价", "会员号", "下单日期", "订单实付"]
        table(tmp_path / "sales.csv", head, [[*row, *by[row[0]]] for row in lines])
    made = drafted(tmp_path)
    assert made.certain
    assert gap == 60 and said(made, "+60.00 apart (67% of the orders agree)")
