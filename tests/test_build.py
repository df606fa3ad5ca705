"""Build: every row is kept or rejected by name, a value is read as declared or not at all, a failed build changes nothing."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from helpers import HEADER, PLAIN, orders_of, rejects, rows, shop, tolerant

from custlib.i18n import GateRefused, Problem
from custlib.tables import build, check, load

LINES_TOML = """
schema = 1
name = "shop"
currency = "CNY"
timezone = "Asia/Shanghai"
max_reject_share = 0.5
[sources.sales]
path = "sales.csv"
[tables.order_lines]
source = "sales"
[tables.order_lines.columns]
order_id = "order"
product_id = "product"
quantity = "quantity"
unit_price = "price"
[tables.orders]
source = "sales"
collapse = true
[tables.orders.columns]
order_id = "order"
customer_id = "customer"
order_ts = "day"
[tables.products]
source = "sales"
collapse = true
[tables.products.columns]
product_id = "product"
name = "name"
"""
LINES = "order,customer,day,product,name,quantity,price\n"


def lines_shop(folder: Path, *lines: str, tail: str = ""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sales.csv").write_text(LINES + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "dataset.toml").write_text(LINES_TOML + tail, encoding="utf-8")
    return load(folder)


def amounts(folder: Path, values: list[str], spec: str = '"amount"', source: str = "") -> list:
    """Give what each text becomes as an amount: a decimal, or the rule that rejects it."""
    content = "order;customer;day;amount\n" + "".join(f"{n:03};a;2024-01-05;{value}\n" for n, value in enumerate(values))
    filler = "".join(f"x{n};a;2024-01-05;1\n" for n in range(len(values)))  # so that half of the rows is never too much
    built = build(
        shop(folder, content + filler, source=f'delimiter = ";"\n{source}', columns={"net_amount": spec}, head=tolerant())
    )
    kept = dict(rows(built, "orders", "order_id, net_amount"))
    broken = dict(rejects(built))
    return [kept.get(f"{n:03}", broken.get(n + 2)) for n in range(len(values))]


def test_an_amount_is_a_plain_number_unless_something_else_is_declared(tmp_path):
    texts = [
        "12.05",
        "-3",
        "+4.5",
        ".5",
        "7.",
        "1e2",
        "1000.07",
        " 8 ",
        "20.08",
        "12,05",
        "1,234.50",
        "¥5",
        "5元",
        "(5)",
        "twelve",
        "1 2",
        "--1",
        "1.2.3",
        "inf",
        "0x10",
        "99999999999999999999",
        "",
    ]
    good = ["12.05", "-3", "4.5", "0.5", "7", "100", "1000.07", "8", "20.08"]
    assert amounts(tmp_path, texts) == [*map(Decimal, good), *["unreadable_number"] * 12, "no_amount"]


@pytest.mark.parametrize(
    ("spec", "source", "came", "expected"),
    [
        ('{ from = "amount", decimal = "," }', "", ["12,05", "12.05", "12"], ["12.05", "unreadable_number", "12"]),
        ('"amount"', 'decimal = ","', ["12,05", "12.05"], ["12.05", "unreadable_number"]),
        (
            '{ from = "amount", decimal = ",", thousands = "." }',
            "",
            ["1.234,50", "1234,50", "12.34,5", "1.2345"],
            ["1234.50", "1234.50", "unreadable_number", "unreadable_number"],
        ),
        (
            '{ from = "amount", thousands = "," }',
            "",
            ["1,234.50", "1,234,567", "12,34", "1234.5"],
            ["1234.50", "1234567", "unreadable_number", "1234.5"],
        ),
        ('{ from = "amount", thousands = " " }', "", ["1 234.50", "-1 234"], ["1234.50", "-1234"]),
        ('{ from = "amount", strip = "¥" }', "", ["¥12.05", "-¥3", "¥ 4", "$5"], ["12.05", "-3", "4", "unreadable_number"]),
        ('{ from = "amount", sign = -1 }', "", ["12.05", "-3"], ["-12.05", "3"]),
        ('{ from = "amount", unit = 0.01 }', "", ["1205", "7", "-50"], ["12.05", "0.07", "-0.50"]),
        ('{ from = "amount", unit = 0.01, sign = -1 }', "", ["1205"], ["-12.05"]),
        ('{ from = "amount", values = { free = "0", "n/a" = "" } }', "", ["free", "5"], ["0", "5"]),
        ("{ constant = 3 }", "", ["x"], ["3"]),
    ],
    ids=[
        "decimal",
        "source decimal",
        "both marks",
        "thousands",
        "blank as thousands",
        "strip",
        "sign",
        "unit",
        "unit and sign",
        "values",
        "constant",
    ],
)
def test_a_declared_form_of_numbers_is_read_and_no_other(tmp_path, spec, source, came, expected):
    assert amounts(tmp_path, came, spec, source) == [one if "_" in one else Decimal(one) for one in expected]


@pytest.mark.parametrize(
    ("text", "spec", "expected"),
    [
        ("2024-01-05", '"day"', "2024-01-05 00:00:00"),
        ("2024/1/5", '"day"', "2024-01-05 00:00:00"),
        ("2024-01-05 10:30", '"day"', "2024-01-05 10:30:00"),
        ("2024-01-05T10:30:15.5", '"day"', "2024-01-05 10:30:15.5"),
        ("05.01.2024", '{ from = "day", date_format = "%d.%m.%Y" }', "2024-01-05 00:00:00"),
        ("20240105", '{ from = "day", date_format = "%Y%m%d" }', "2024-01-05 00:00:00"),
        ("2024年1月5日", '{ from = "day", date_format = "%Y年%m月%d日" }', "2024-01-05 00:00:00"),
        *[
            (text, '"day"', None)
            for text in (
                "05/01/2024",
                "2024-13-01",
                "2024-02-30",
                "20240105",
                "soon",
                "infinity",
                "epoch",
                "2024-01-05 (BC)",
                "44-01-01",
                "2024-01-05 10:00 PM",
                "2024-01-05 10:00:00 CST",
                "45296",
            )
        ],
        ("2024-01-05", '{ from = "day", date_format = "%d.%m.%Y" }', None),
    ],
)
def test_a_date_is_read_as_iso_or_as_declared_and_never_guessed(tmp_path, text, spec, expected):
    sound = text if expected else "01.01.2024" if "format" in spec else "2024-01-01"
    built = build(shop(tmp_path, f"{HEADER}\no1,a,{text},1\no2,a,{sound},1\n", columns={"order_ts": spec}, head=tolerant()))
    found = rows(built, "orders", "CAST(order_ts AS VARCHAR), CAST(order_day AS VARCHAR)", "order_id")
    if expected:
        assert found == [(expected, "2024-01-05")] * 2
    else:
        assert (len(found), rejects(built, 'row, "rule", value')) == (1, [(2, "unreadable_date", text)])


def test_keys_can_be_joined_numbered_or_constant(tmp_path):
    content = "shop,order,customer,day,amount\ns1,1,a,2024-01-05,1\ns2,1,b,2024-01-05,2\ns2,,b,2024-01-05,3\n"
    built = build(
        shop(
            tmp_path,
            content,
            columns={"order_id": '{ concat = ["shop", "order"], sep = "/" }', "channel": '{ constant = "web" }'},
            head=tolerant(),
        )
    )
    assert rows(built, "orders", "order_id, channel", "1") == [("s1/1", "web"), ("s2/1", "web")]
    assert rejects(built) == [(4, "missing_value")]
    found = orders_of(PLAIN, tmp_path / "numbered", columns={"order_id": "{ row_number = true }"})
    assert [one[0] for one in found] == ["sales.csv:2", "sales.csv:3", "sales.csv:4"]


def test_a_value_outside_a_closed_list_or_range_is_rejected(tmp_path):
    ends = ["none,0", "paper,0", "公司,1", "none,-1"]
    content = f"{HEADER},invoice,discount\n" + "".join(f"o{n},a,2024-01-05,1,{end}\n" for n, end in enumerate(ends, 1))
    built = build(
        shop(
            tmp_path,
            content,
            columns={"invoice_type": '{ from = "invoice", values = { "公司" = "company" } }', "discount_amount": '"discount"'},
            head=tolerant(),
        )
    )
    assert rows(built, "orders", "order_id, invoice_type", "1") == [("o1", "none"), ("o3", "company")]
    assert rejects(built) == [(3, "not_a_level"), (5, "out_of_range")]


def test_of_a_repeated_order_one_stays_and_of_two_that_differ_none(tmp_path):
    content = f"{HEADER}\no1,a,2024-01-05,1\no1,a,2024-01-05,1\no2,b,2024-01-06,2\no2,b,2024-01-06,3\n"
    content += "o3,c,2024-01-07,3\no4,,2024-01-07,3\no4,,2024-01-07,3\n"
    built = build(shop(tmp_path, content + "o5,d,2024-01-08,1\no6,d,2024-01-08,1\n", head=tolerant()))
    assert rejects(built) == [(3, "repeated_row"), (4, "one_key_two_rows"), (5, "one_key_two_rows"), (8, "repeated_row")]
    assert rows(built, "orders", "order_id", "1") == [("o1",), ("o3",), ("o4",), ("o5",), ("o6",)]


def test_an_order_of_two_customers_is_rejected_whole(tmp_path):
    built = build(
        lines_shop(
            tmp_path,
            "o1,a,2024-01-05,p1,pen,1,2",
            "o1,b,2024-01-05,p2,ink,1,3",
            "o2,a,2024-01-06,p1,pen,2,2",
            "o3,,2024-01-06,p1,pen,1,2",
            "o3,c,2024-01-06,p2,ink,1,3",
        )
    )
    assert rejects(built) == [(2, "two_customers_in_one_order"), (3, "two_customers_in_one_order")]
    assert rows(built, "orders", "order_id, customer_id, net_amount", "1") == [("o2", "a", Decimal(4)), ("o3", "c", Decimal(5))]


def test_lines_become_orders_and_products(tmp_path):
    built = build(
        lines_shop(
            tmp_path,
            "o1,a,2024-01-05 09:00,p1,pen,3,0.335",
            "o1,a,2024-01-05 08:00,p2,,-1,2",
            "o2,b,2024-01-06,p1,pen,1,0",
            "o2,b,2024-01-06,p1,Pen,1,0.001",
            "o3,b,2024-01-07,p1,pen,x,1",
        )
    )
    assert rows(built, "order_lines", "order_id, product_id, net_amount, is_return, is_zero", "source_row") == [
        ("o1", "p1", Decimal("1.01"), False, False),
        ("o1", "p2", Decimal("-2.00"), True, False),
        ("o2", "p1", Decimal("0.00"), False, True),
        ("o2", "p1", Decimal("0.00"), False, False),
    ]
    assert rows(built, "orders", "order_id, CAST(order_ts AS VARCHAR), net_amount", "1") == [
        ("o1", "2024-01-05 08:00:00", Decimal("-0.99")),
        ("o2", "2024-01-06 00:00:00", Decimal("0.00")),
    ]
    assert rows(built, "products", "product_id, name", "1") == [("p1", "pen"), ("p2", None)]
    assert (built.facts["rows_in"], built.facts["kept"], built.facts["rejected"]) == (5, 4, 1)
    assert built.facts["span"] == {"first_day": "2024-01-05", "last_day": "2024-01-06"}
    assert len(set(rows(built, "order_lines", "order_id, line_no"))) == 4


def test_an_amount_too_large_for_money_is_rejected(tmp_path):
    built = build(
        lines_shop(tmp_path, "o1,a,2024-01-05,p1,pen,99999999999999,99999999999999", "o2,a,2024-01-05,p1,pen,500000,500000")
    )
    assert rejects(built) == [(2, "no_amount")]
    assert rows(built, "order_lines", "net_amount") == [(Decimal(250_000_000_000),)]


def test_lines_without_their_order_are_rejected(tmp_path):
    (tmp_path / "lines.csv").write_text("order,amount\no1,1\no9,2\no2,3\no1,4\n")
    toml = (
        '[sources.lines]\npath = "lines.csv"\n[tables.order_lines]\nsource = "lines"\n[tables.order_lines.columns]\n'
        'order_id = "order"\nnet_amount = "amount"\n'
    )
    built = build(shop(tmp_path, f"{HEADER}\no1,a,2024-01-05,9\no2,b,soon,9\n", tail=toml, head=tolerant()))
    assert rejects(built, 'file, row, "rule"') == [
        ("lines.csv", 3, "order_not_there"),
        ("lines.csv", 4, "order_not_there"),
        ("sales.csv", 3, "unreadable_date"),
    ]
    assert built.facts["sources"] == {
        "sales": {"rows_in": 2, "kept": 1, "rejected": 1},
        "lines": {"rows_in": 4, "kept": 2, "rejected": 2},
    }
    assert (built.facts["sale_table"], built.facts["rows_in"]) == ("order_lines", 4)


def test_rows_in_another_currency_are_rejected_so_that_sums_never_mix(tmp_path):
    content = f"{HEADER},money\no1,a,2024-01-05,1,CNY\no2,a,2024-01-05,5,USD\no3,a,2024-01-05,2,\no4,a,2024-01-05,2,cny\n"
    built = build(shop(tmp_path, content, columns={"currency": '"money"'}, head=tolerant()))
    assert rejects(built, 'row, "rule", "column"') == [(3, "other_currency", "money")]


def policy(name: str, test: str, action: str, table: str = "orders") -> str:
    return f'\n[[policies]]\nname = "{name}"\ntable = "{table}"\n{test}\naction = "{action}"\n'


FIVE = f"{HEADER}\nT1,a,2024-01-05,1\no2,a,2024-01-05,0\no3,b,2024-01-06,5000\no4,b,2024-01-06,-3\no5,c,2024-01-07,7\n"
BELOW = 'column = "net_amount"\nbelow = 0'


@pytest.mark.parametrize(
    ("test", "hit"),
    [
        ('column = "order_id"\npattern = "^T"', "T1"),
        ('column = "net_amount"\nequals = 0', "o2"),
        ('column = "net_amount"\nabove = 1000', "o3"),
        (BELOW, "o4"),
        ('column = "customer_id"\nequals = ["c", "z"]', "o5"),
        ('column = "net_amount"\npattern = "^7"', "o5"),
        ('column = "order_ts"\nabove = 2024-01-06', "o5"),
    ],
)
def test_a_policy_keeps_excludes_or_rejects_and_always_counts(tmp_path, test, hit):
    for action in ("keep", "exclude", "reject"):
        built = build(shop(tmp_path / action, FIVE, tail=policy("mine", test, action), head=tolerant()))
        left = dict(rows(built, "orders", "order_id, excluded_by"))
        assert built.facts["policies"]["mine"]["action"] == action
        if action == "reject":
            assert hit not in left and len(left) == 4
            assert [rule for _, rule in rejects(built)] == ["mine"]
        else:
            assert built.facts["policies"]["mine"]["rows"] == 1
            assert left == {
                one: ("mine" if one == hit and action == "exclude" else None) for one in ("T1", "o2", "o3", "o4", "o5")
            }


def test_the_first_policy_that_fits_gives_its_name(tmp_path):
    tail = policy("small", 'column = "net_amount"\nbelow = 2', "exclude") + policy(
        "test", 'column = "order_id"\npattern = "^T"', "exclude"
    )
    built = build(shop(tmp_path, FIVE, tail=tail))
    assert dict(rows(built, "orders", "order_id, excluded_by")) == {
        "T1": "small",
        "o2": "small",
        "o3": None,
        "o4": "small",
        "o5": None,
    }
    assert {name: one["rows"] for name, one in built.facts["policies"].items()} == {"small": 3, "test": 1}


@pytest.mark.parametrize(("action", "left_out"), [("keep", []), ("exclude", [3, 5])])
def test_exact_repeats_of_a_line_are_counted_and_left_out_where_declared(tmp_path, action, left_out):
    twice = "o1,a,2024-01-05,p1,pen,1,2"
    built = build(
        lines_shop(
            tmp_path,
            twice,
            twice,
            "o1,a,2024-01-05,p1,pen,2,2",
            twice,
            tail=policy("twin", "duplicate = true", action, "order_lines"),
        )
    )
    assert built.facts["policies"]["twin"]["rows"] == 2
    assert rows(built, "order_lines", "source_row", "1") == [(2,), (3,), (4,), (5,)]
    assert [row for row, by in rows(built, "order_lines", "source_row, excluded_by", "1") if by] == left_out


def test_a_policy_on_orders_leaves_out_their_lines_too(tmp_path):
    built = build(
        lines_shop(
            tmp_path,
            "T1,a,2024-01-05,p1,pen,1,2",
            "T1,a,2024-01-05,p2,ink,1,2",
            "o2,a,2024-01-05,p1,pen,1,2",
            tail=policy("test", 'column = "order_id"\npattern = "^T"', "exclude"),
        )
    )
    assert rows(built, "orders", "order_id, excluded_by, net_amount", "1") == [
        ("T1", "test", Decimal(4)),
        ("o2", None, Decimal(2)),
    ]


def test_personal_values_are_marked_in_the_rejects(tmp_path):
    (tmp_path / "people.csv").write_text("id,born,since\na,1990-02-30,2024-01-01\nb,1990-01-01,soon\nc,,\n")
    toml = (
        '[sources.people]\npath = "people.csv"\n[tables.customers]\nsource = "people"\n[tables.customers.columns]\n'
        'customer_id = "id"\nbirth_date = "born"\nregistered_at = "since"\n'
    )
    with pytest.raises(GateRefused):
        build(shop(tmp_path, PLAIN, tail=toml, head=tolerant()))
    assert rows(tmp_path / "refused", "rejects", '"table", "rule", "column", value, personal', "row") == [
        ("customers", "unreadable_date", "born", "1990-02-30", True),
        ("customers", "unreadable_date", "since", "soon", False),
    ]


def test_too_many_rejects_stop_the_build_and_the_old_one_stands(tmp_path):
    old = build(shop(tmp_path, PLAIN))
    bad = PLAIN + "o4,c,soon,1\n"
    with pytest.raises(GateRefused) as caught:
        build(shop(tmp_path, bad))
    assert caught.value.exit_code == 3
    assert {key: caught.value.values[key] for key in ("rows", "of", "share", "limit", "rule", "column")} == {
        "rows": "1",
        "of": "4",
        "share": "25.0%",
        "limit": "5.0%",
        "rule": "unreadable_date",
        "column": "day",
    }
    assert rows(tmp_path / "refused", "rejects", 'row, "rule", value') == [(5, "unreadable_date", "soon")]
    assert len(rows(old, "orders")) == 3
    assert build(shop(tmp_path, bad, head="max_reject_share = 0.25")).facts["rejected"] == 1


def test_the_gate_names_the_worst_rule_of_the_worst_source(tmp_path):
    people = "id,born\n" + "".join(f"p{n},1990-01-0{n}\n" for n in range(1, 10)) + "".join(f"q{n},x\n" for n in range(4))
    (tmp_path / "people.csv").write_text(people)
    toml = (
        '[sources.people]\npath = "people.csv"\n[tables.customers]\nsource = "people"\n[tables.customers.columns]\n'
        'customer_id = "id"\nbirth_date = "born"\n'
    )
    with pytest.raises(GateRefused) as caught:  # 4 of 13 people, but 2 of 4 orders
        build(
            shop(
                tmp_path,
                f"{HEADER}\no1,a,2024-01-05,1\no2,a,2024-01-05,1\no3,a,soon,1\no4,a,soon,1\n",
                tail=toml,
                head="max_reject_share = 0.2",
            )
        )
    assert (caught.value.values["column"], caught.value.values["of"]) == ("day", "4")


def test_a_file_of_which_no_row_is_left_is_refused(tmp_path):
    with pytest.raises(GateRefused) as caught:
        build(shop(tmp_path, f"{HEADER}\no1,a,soon,1\n", head=tolerant()))
    assert caught.value.exit_code == 3
    assert not (tmp_path / "build").exists()


def test_unchanged_inputs_are_not_built_again_and_one_byte_is_enough_to_build(tmp_path):
    said = []
    first = build(shop(tmp_path, PLAIN), say=said.append)
    stamp = (first.folder / "orders.parquet").stat().st_mtime_ns
    again = build(shop(tmp_path, PLAIN), say=said.append)
    assert again.facts == first.facts and (again.folder / "orders.parquet").stat().st_mtime_ns == stamp
    assert said[-1] == "build: unchanged (3 rows)"
    changed = build(shop(tmp_path, PLAIN.replace("20.50", "20.51")))
    assert changed.facts["key"] != first.facts["key"]
    assert rows(changed, "orders", "net_amount", "1")[-1] == (Decimal("20.51"),)
    assert build(shop(tmp_path, PLAIN, head='licence = "x"')).facts["key"] != first.facts["key"]


def test_a_build_that_lost_a_table_is_built_again(tmp_path):
    (build(shop(tmp_path, PLAIN)).folder / "orders.parquet").unlink()
    assert len(rows(build(shop(tmp_path, PLAIN)), "orders")) == 3


def test_a_failed_build_leaves_nothing_behind(tmp_path):
    for content in (f"{HEADER}\no1,a,soon,1\n", "a,b\n1,2\n", "", f"{HEADER}\n"):
        with pytest.raises(Problem):
            build(shop(tmp_path, content))
    names = {path.name for path in tmp_path.iterdir()} - {"sales.csv", "dataset.toml", ".build.lock", "refused"}
    assert names == set()


def test_a_build_holds_its_tables_and_facts_and_nothing_else(tmp_path):
    built = build(shop(tmp_path, PLAIN))
    assert sorted(path.name for path in built.folder.iterdir()) == [
        "build.json",
        "identity_map.parquet",
        "orders.parquet",
        "rejects.parquet",
    ]
    assert rows(built, "identity_map", "id_type, id_value, identity_id", "2") == [("customer", "a", "a"), ("customer", "b", "b")]
    assert rows(built, "orders", "source_system, source_file, source_row, is_return, is_zero", "3") == [
        ("shop", "sales.csv", 2, False, False),
        ("shop", "sales.csv", 3, False, False),
        ("shop", "sales.csv", 4, True, False),
    ]


def test_check_gives_the_facts_and_leaves_the_own_build_alone(tmp_path):
    dataset = shop(tmp_path / "set", PLAIN)
    assert check(dataset)["kept"] == 3
    assert not (tmp_path / "set/build").exists()


@pytest.mark.parametrize(("expect", "what"), [("rows = 4", "rows"), ('totals = { amount = "26.26" }', "sum(amount)")])
def test_a_public_file_must_have_the_published_figures(tmp_path, expect, what):
    with pytest.raises(Problem) as caught:
        build(shop(tmp_path, PLAIN, source=f"expect = {{ {expect} }}"))
    assert (caught.value.key, caught.value.values["what"]) == ("not_as_published", what)
    assert not (tmp_path / "build").exists()
    assert build(shop(tmp_path, PLAIN, source='expect = { rows = 3, totals = { amount = "26.25" } }')).facts["kept"] == 3


def test_expected_totals_of_a_column_that_is_not_there_name_the_nearest(tmp_path):
    with pytest.raises(Problem) as caught:
        build(shop(tmp_path, PLAIN, source='expect = { totals = { amonut = "1" } }'))
    assert (caught.value.key, caught.value.values["near"]) == ("no_column", "amount")


BUILDER = """
import sys, time
from custlib.tables import build, load
said = []
build(load(sys.argv[1]), say=lambda line: (said.append(line), time.sleep(1) if "reading" in line else None))
print("reading" if any("reading" in line for line in said) else "stood")
"""


def test_two_builds_at_once_both_succeed_with_one_build(tmp_path):
    shop(tmp_path, PLAIN)
    root = str(Path(sys.modules["custlib"].__file__).parents[1])
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted(out.strip() for out, _ in said) == ["reading", "stood"]
    assert len(rows(tmp_path / "build", "orders")) == 3
