"""dataset.toml: what is wrong is refused at once, with the place and the nearest right name."""

from pathlib import Path

import pytest
from helpers import PLAIN, dataset_toml, orders_of, rows, shop

from custlib.i18n import Problem
from custlib.tables import build, find, load


def refused(folder: Path, **parts) -> Problem:
    with pytest.raises(Problem) as caught:
        build(shop(folder, **parts))
    return caught.value


POLICY = '[[policies]]\nname = "p"\ntable = "orders"\n'


@pytest.mark.parametrize(
    ("parts", "key", "near"),
    [
        ({"head": 'curency = "CNY"'}, "curency", "currency"),
        ({"source": 'encodng = "utf-8"'}, "sources.sales.encodng", "encoding"),
        ({"source": "expect = { row = 3 }"}, "sources.sales.expect.row", "rows"),
        ({"orders": "colapse = true"}, "tables.orders.colapse", "collapse"),
        ({"columns": {"netamount": '"amount"'}}, "tables.orders.columns.netamount", "net_amount"),
        ({"columns": {"order_day": '"day"'}}, "tables.orders.columns.order_day", "order_id"),
        (
            {"columns": {"order_ts": '{ from = "day", date_fromat = "%Y" }'}},
            "tables.orders.columns.order_ts.date_fromat",
            "date_format",
        ),
        ({"tail": '[tables.order]\nsource = "sales"'}, "tables.order", "orders"),
        ({"tail": '[tables.sessions]\nsource = "sales"'}, "tables.sessions", None),
        ({"tail": f'{POLICY}acton = "keep"\nduplicate = true'}, "policies.acton", "action"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_unknown_key_is_refused_at_every_level_with_the_nearest_right_one(tmp_path, parts, key, near):
    problem = refused(tmp_path, **parts)
    assert (problem.key, problem.values["key"]) == ("unknown_key", key)
    assert near is None or problem.values["near"] == near
    assert key in str(problem) and key in problem.said("zh")
    assert problem.exit_code == 2


@pytest.mark.parametrize("line", ["schema = 1", 'name = "shop"', 'currency = "CNY"', 'timezone = "Asia/Shanghai"'])
def test_a_missing_key_is_named(tmp_path, line):
    path = tmp_path / "dataset.toml"
    path.write_text(dataset_toml().replace(line, "", 1), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load(path)
    assert (caught.value.key, caught.value.values["key"]) == ("key_missing", line.split(" ")[0])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('currency = "CNY"', 'currency = "yuan"', "bad_currency"),
        ('currency = "CNY"', 'currency = "cny"', "bad_currency"),
        ('currency = "CNY"', "currency = 156", "bad_currency"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shangai"', "bad_timezone"),
        ('timezone = "Asia/Shanghai"', 'timezone = "+08:00"', "bad_timezone"),
        ('timezone = "Asia/Shanghai"', 'timezone = "../etc/passwd"', "bad_timezone"),
        ("schema = 1", "schema = 2", "schema_version"),
        ("schema = 1", 'schema = 1\nreturns = "nett"', "not_allowed"),
        ("schema = 1", 'schema = 1\nzero = "drop"', "not_allowed"),
        ("schema = 1", "schema = 1\nmax_reject_share = 0.6", "out_of_range"),
        ("schema = 1", "schema = 1\nmax_reject_share = -0.1", "out_of_range"),
        ("schema = 1", "schema = 1\nmax_reject_share = true", "out_of_range"),
        ("schema = 1", 'schema = 1\nmax_reject_share = "5%"', "out_of_range"),
        ("schema = 1", 'schema = 1\nas_of = "2024-1-5"', "not_a_day"),
        ("schema = 1", 'schema = 1\nas_of = "today"', "not_a_day"),
        ("schema = 1", 'schema = 1\nsimulated = "no"', "not_allowed"),
        ("schema = 1", "schema = 1\ntitle = 5", "bad_parameter"),
        ("schema = 1", 'schema = 1\ntitle = { zh = "店" }', "bad_parameter"),
        ("schema = 1", "schema = 1\nschema = 1", "bad_toml"),
        ("[sources.sales]", "[sources.sales", "bad_toml"),
        ('path = "sales.csv"', "", "source_without_file"),
        ('path = "sales.csv"', 'package = "lifetimes"', "source_without_file"),
        ('path = "sales.csv"', 'path = "sales.csv"\ntimezone = "Mars/Base"', "bad_timezone"),
        ('path = "sales.csv"', 'path = "sales.csv"\ndelimiter = ";;"', "bad_parameter"),
        ('source = "sales"', 'source = "sale"', "unknown_source"),
        ('source = "sales"', "", "unknown_source"),
        ('source = "sales"', 'source = "sales"\ncollapse = "false"', "not_allowed"),
    ],
)
def test_a_value_out_of_its_range_is_refused(tmp_path, old, new, problem):
    path = tmp_path / "dataset.toml"
    text = dataset_toml()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load(path)
    assert caught.value.key == problem


@pytest.mark.parametrize("key", ["sources", "tables"])
def test_sources_and_tables_must_be_tables(tmp_path, key):
    path = tmp_path / "dataset.toml"
    path.write_text(
        'schema = 1\nname = "x"\ncurrency = "CNY"\ntimezone = "UTC"\nsources = {}\ntables = {}\n'.replace(
            f"{key} = {{}}", f"{key} = 5"
        ),
        encoding="utf-8",
    )
    with pytest.raises(Problem) as caught:
        load(path)
    assert (caught.value.key, caught.value.values["where"]) == ("not_a_table", key)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("{}", "column_needs_one_origin"),
        ('{ from = "order", constant = "x" }', "column_needs_one_origin"),
        ("{ row_number = false }", "not_allowed"),
        ('{ from = "order", values = 5 }', "bad_parameter"),
        ('{ concat = "order" }', "bad_parameter"),
        ('{ from = "ordr" }', "no_column"),
        ('{ concat = ["order", "shop"] }', "no_column"),
    ],
)
def test_a_column_is_declared_from_exactly_one_origin(tmp_path, spec, problem):
    assert refused(tmp_path, columns={"order_id": spec}).key == problem


def test_a_column_that_the_file_lacks_is_named_with_the_nearest(tmp_path):
    problem = refused(tmp_path, columns={"net_amount": '"amont"'})
    assert {**problem.values, "file": problem.values["file"]} == {"file": "sales.csv", "column": "amont", "near": "amount"}


@pytest.mark.parametrize("column", ["order_id", "order_ts", "net_amount"])
def test_a_required_column_must_be_mapped(tmp_path, column):
    problem = refused(tmp_path, columns={column: ""})
    assert (problem.key, problem.values["table"], problem.values["column"]) == ("column_unmapped", "orders", column)


def test_a_data_set_needs_a_table_but_no_sales(tmp_path):
    toml = dataset_toml(columns={"order_id": "", "order_ts": "", "net_amount": ""})
    (tmp_path / "sales.csv").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(toml.split("[tables.orders]")[0] + "[tables]\n", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        build(load(tmp_path))
    assert caught.value.key == "no_tables"
    people = "order,customer,day,amount\no1,a,2024-01-05,10.00\no2,b,2024-01-06,20.50\n"
    (tmp_path / "sales.csv").write_text(people, encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(toml.replace("tables.orders", "tables.customers"), encoding="utf-8")
    built = build(load(tmp_path))
    assert rows(built, "customers", "customer_id") == [("a",), ("b",)]
    assert built.facts["sale_table"] == "" and built.facts["span"] == {} and built.facts["rows_in"] == 2


def test_lines_need_their_orders_and_collapsed_orders_their_lines(tmp_path):
    lines = dataset_toml(columns={"customer_id": "", "order_ts": ""}).replace("tables.orders", "tables.order_lines")
    (tmp_path / "dataset.toml").write_text(lines, encoding="utf-8")
    with pytest.raises(Problem) as caught:
        build(load(tmp_path))
    assert (caught.value.key, caught.value.values["table"]) == ("column_unmapped", "orders")
    problem = refused(tmp_path, orders="collapse = true")
    assert (problem.key, problem.values["table"]) == ("column_unmapped", "order_lines")


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ('action = "drop"\nduplicate = true', "not_allowed"),
        ('action = "reject"\nduplicate = true', "not_allowed"),
        ("duplicate = true", "key_missing"),
        ('action = "keep"', "policy_needs_one_test"),
        ('action = "keep"\ncolumn = "net_amount"\nbelow = 0\nabove = 5', "policy_needs_one_test"),
        ('action = "keep"\nbelow = 0', "key_missing"),
        ('action = "keep"\ncolumn = "net_amount"\nbelow = "0 OR true"', "bad_parameter"),
        ('action = "keep"\ncolumn = "net_amount"\nequals = ["0", 1]', "bad_parameter"),
        ('action = "keep"\ncolumn = "order_ts"\nbelow = "yesterday"', "bad_parameter"),
        ('action = "keep"\ncolumn = "order_id"\npattern = "("', "bad_parameter"),
        ('action = "keep"\ncolumn = "channel"\nequals = "web"', "unknown_key"),
    ],
)
def test_a_policy_has_one_test_that_fits_a_mapped_column(tmp_path, policy, problem):
    assert refused(tmp_path, tail=POLICY + policy).key == problem


@pytest.mark.parametrize("names", [("kept",), ("anonymous",), ("mine", "mine")], ids=lambda names: " ".join(names))
def test_a_policy_has_a_name_of_its_own(tmp_path, names):
    one = '[[policies]]\ntable = "orders"\nduplicate = true\naction = "keep"\n'
    problem = refused(tmp_path, tail="".join(f'{one}name = "{name}"\n' for name in names))
    assert (problem.key, problem.values["got"]) == ("bad_parameter", repr(names[0]))


def test_a_policy_on_a_table_that_is_not_mapped_is_refused(tmp_path):
    tail = '[[policies]]\nname = "p"\ntable = "order_lines"\ncolumn = "quantity"\nequals = 0\naction = "keep"'
    assert refused(tmp_path, tail=tail).key == "column_unmapped"


def test_what_is_not_said_has_the_declared_defaults(tmp_path):
    dataset = shop(tmp_path)
    assert (dataset.returns, dataset.zero, dataset.max_reject_share, dataset.as_of, dataset.simulated) == (
        "net",
        "count",
        0.05,
        None,
        False,
    )
    assert dataset.title == {"zh": "shop", "en": "shop"}


def test_a_source_that_no_table_uses_is_not_read(tmp_path):
    assert len(orders_of(PLAIN, tmp_path, tail='[sources.more]\npath = "not_there.csv"')) == 3


def test_a_data_set_is_found_by_folder_or_file_and_an_unknown_name_gets_the_nearest(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    shop(tmp_path / "data" / "cornershop")
    monkeypatch.chdir(tmp_path)
    wanted = (tmp_path / "data/cornershop/dataset.toml").resolve()
    assert [find(one) for one in ("cornershop", "data/cornershop", wanted)] == [wanted] * 3
    with pytest.raises(Problem) as caught:
        find("cornershp")
    assert (caught.value.key, caught.value.values["near"]) == ("no_dataset", "cornershop")
    with pytest.raises(Problem) as caught:
        find("data/cornershop/sales.csv")
    assert caught.value.key == "dataset_not_toml"


def test_the_shipped_data_sets_load():
    folder = Path(__file__).resolve().parents[1] / "data"
    names = sorted(path.parent.name for path in folder.glob("*/dataset.toml"))
    assert {"cdnow", "complete_journey", "online_retail"} <= set(names)
    assert [load(folder / name).name for name in names] == names
