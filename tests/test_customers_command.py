"""`custlib customers --orders`: files of orders in, customers, labels and thresholds out; bad input ends in one sentence."""

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from custlib import cli
from custlib.i18n import Problem
from custlib.report import orders_tables
from custlib.report.orders_tables import write_from_orders

PLAIN = "order_id,customer_id,order_ts,net_amount\n1,a,2024-01-05 10:00:00,10.00\n2,b,2024-01-06,20.5\n3,a,2024-02-01,-4.25\n4,,2024-01-07,3\n"
FILES = {"customers.parquet", "labels.parquet", "edges.json"}


def csv(folder: Path, text: str = PLAIN, name: str = "orders.csv") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def parquet(path: Path, **columns) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False)
    return path


def three(**more) -> dict:
    return {"order_id": [1, 2, 3], "customer_id": ["a", "b", "a"], "net_amount": [10.0, 20.5, -4.25],
            "order_ts": pd.to_datetime(["2024-01-05 10:00", "2024-01-06 00:00", "2024-02-01 00:00"])} | more  # fmt: skip


def rows(out: Path, columns: tuple = ("identity_id", "recency_days", "orders", "net_amount")) -> list[list]:
    return pd.read_parquet(out / "customers.parquet")[list(columns)].to_numpy().tolist()


def refused(*words, **more) -> tuple[str, dict]:
    with pytest.raises(Problem) as caught:
        write_from_orders(*words, **{"as_of": "2024-03-01", **more})
    assert caught.value.said("en") and caught.value.said("zh")
    return caught.value.key, caught.value.values


AB = [["a", 56, 1, 5.75], ["b", 55, 1, 20.5]]


def test_csv_in_three_files_out(tmp_path):
    said = []
    out = write_from_orders(csv(tmp_path), tmp_path / "out", as_of="2024-03-01", say=said.append)
    assert {one.name for one in out.iterdir()} == FILES
    assert rows(out) == AB
    labels = pd.read_parquet(out / "labels.parquet")
    assert len(labels) == 14 and labels["as_of"].unique().tolist() == [date(2024, 3, 1)]
    stored = json.loads((out / "edges.json").read_text())
    assert (stored["as_of"], stored["dataset"], stored["engine"], stored["returns"], stored["bins"]) == (
        "2024-03-01", "orders.csv", "duckdb", "net", 5)  # fmt: skip
    assert said[0] == "orders.csv: 4 orders of 2024-01-05 to 2024-02-01, each order id once"
    assert [one.split(":")[0] for one in said[1:]] == ["tables built and checked", "customer table", "thresholds", "labels"]


@pytest.mark.parametrize(
    "columns",
    [
        three(),
        three(order_id=["x1", "x2", "x3"], net_amount=[Decimal("10.00"), Decimal("20.50"), Decimal("-4.25")]),
        three(order_id=[1.0, 2.0, 3.0], order_ts=[date(2024, 1, 5), date(2024, 1, 6), date(2024, 2, 1)]),
        three(order_ts=pd.to_datetime(["2024-01-05", "2024-01-06", "2024-02-01"]).tz_localize("UTC"), customer_id=[" a", "b ", "a"]),
    ],
    ids=["plain", "text and decimals", "fractions and days", "a zone and spaces"],
)
def test_parquet_of_several_types_gives_the_same_customers(tmp_path, columns):
    out = write_from_orders(parquet(tmp_path / "o.parquet", **columns), tmp_path / "out", as_of="2024-03-01")
    assert rows(out) == AB


def test_whole_numbers_as_customer_ids_come_out_as_text_by_alphabet(tmp_path):
    source = parquet(tmp_path / "o.parquet", **three(customer_id=[10, 9, 10]))
    out = write_from_orders(source, tmp_path / "out", as_of="2024-03-01")
    assert rows(out) == [["10", *AB[0][1:]], ["9", *AB[1][1:]]]


def test_a_folder_with_partitions_is_one_table(tmp_path):
    folder = tmp_path / "orders"
    frame = pd.DataFrame(three())
    for part, one in enumerate((frame[:1], frame[1:])):
        parquet(folder / f"year={part}/part-0.snappy.parquet", **one.to_dict("series"))
    (folder / "_SUCCESS").write_text("")
    parquet(folder / "_temporary/half.parquet", x=[1])
    assert rows(write_from_orders(folder, tmp_path / "out", as_of="2024-03-01")) == AB


def test_an_order_is_the_sum_of_its_lines_and_the_full_table_uses_them(tmp_path):
    orders = parquet(tmp_path / "o.parquet", order_id=[1, 2, 3], customer_id=["a", "b", "a"], channel=["web", "app", "web"],
                     order_ts=pd.to_datetime(["2024-01-05", "2024-01-06", "2024-02-01"]))  # fmt: skip
    lines = parquet(tmp_path / "l.parquet", order_id=["1", "1", "2", "3"], net_amount=[4.0, 6.0, 20.5, -4.25], quantity=[1, 2, 1, -1],
                    product_id=["x", "y", "x", "y"], discount_amount=[1.0, 0, 0, 0])  # fmt: skip
    out = write_from_orders(orders, tmp_path / "out", lines=lines, as_of="2024-03-01", full=True)
    assert rows(out) == AB
    columns = ("top_channel", "average_basket_lines", "average_basket_items", "deal_line_share")
    assert rows(out, columns) == [["web", 2.0, 3.0, 0.5], ["app", 1.0, 1.0, 0.0]]
    assert rows(out, ("orders_90d", "gap_open_days")) == [[1, 55], [1, 54]]


def test_the_same_rows_as_the_data_set_form(tmp_path):
    folder = tmp_path / "shop"
    csv(folder, PLAIN, "sales.csv")
    columns = "\n".join(f'{one} = "{one}"' for one in ("order_id", "customer_id", "order_ts", "net_amount"))
    (folder / "dataset.toml").write_text(
        'schema = 1\nname = "shop"\ncurrency = "CNY"\ntimezone = "Asia/Shanghai"\n[sources.sales]\npath = "sales.csv"\n'
        f'[tables.orders]\nsource = "sales"\n[tables.orders.columns]\n{columns}\n'
    )
    from custlib.report.segment_tables import write_segment_tables

    one = write_segment_tables(folder / "dataset.toml", tmp_path / "1", as_of="2024-03-01", set_=["bins=3"])
    other = write_from_orders(folder / "sales.csv", tmp_path / "2", as_of="2024-03-01", set_=["bins=3"])
    assert_frame_equal(*(pd.read_parquet(out / "customers.parquet").astype(str) for out in (one, other)))
    first, second = (pd.read_parquet(out / "labels.parquet").drop(columns="evidence") for out in (one, other))
    assert_frame_equal(first, second.iloc[: len(first)], check_dtype=False)
    theirs, ours = (json.loads((out / "edges.json").read_text()) for out in (one, other))
    assert {name: ours[name] for name in ("rfm", "cn8", "abc", "tier3", "map", "bins")} == {
        name: theirs[name] for name in ("rfm", "cn8", "abc", "tier3", "map", "bins")}  # fmt: skip


def test_an_order_id_of_whole_numbers_and_of_text_meet_in_lines(tmp_path):
    orders = csv(tmp_path, "order_id,customer_id,order_ts\n1,a,2024-01-05\n")
    lines = parquet(tmp_path / "l.parquet", order_id=[1, 1], net_amount=[2.0, 3.0])
    assert rows(write_from_orders(orders, tmp_path / "out", lines=lines, as_of="2024-03-01")) == [["a", 56, 1, 5.0]]


# what is refused


@pytest.mark.parametrize("column", ["order_id", "customer_id", "order_ts", "net_amount"])
def test_a_missing_column_is_named(tmp_path, column):
    frame = three()
    del frame[column]
    assert refused(parquet(tmp_path / "o.parquet", **frame), tmp_path / "out") == (
        "orders_no_column",
        {"file": "o.parquet", "column": column, "needed": "order_id, customer_id, order_ts, net_amount", "have": ", ".join(frame)},
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("column", "values", "got"),
    [
        ("net_amount", ["10", "20", "30"], "VARCHAR"),
        ("order_ts", ["2024-01-05"] * 3, "VARCHAR"),
        ("order_ts", [20240105] * 3, "BIGINT"),
        ("customer_id", [datetime(2024, 1, 1)] * 3, "TIMESTAMP"),
        ("order_id", [True, False, True], "BOOLEAN"),
    ],
)
def test_a_wrong_type_is_named(tmp_path, column, values, got):
    key, said = refused(parquet(tmp_path / "o.parquet", **three(**{column: values})), tmp_path / "out")
    assert (key, said["column"], said["got"].split("_")[0]) == ("orders_type", column, got)


def test_a_partition_with_another_schema_is_named(tmp_path):
    parquet(tmp_path / "o/day=1/a.parquet", **three())
    parquet(tmp_path / "o/day=2/b.parquet", **three(order_id=["4", "5", "6"]))
    assert refused(tmp_path / "o", tmp_path / "out") == (
        "partition_schema",
        {"file": "o/day=2/b.parquet", "column": "order_id", "got": "VARCHAR", "want": "BIGINT", "first": "o/day=1/a.parquet"},
    )
    parquet(tmp_path / "p/day=1/a.parquet", **three())
    parquet(tmp_path / "p/day=2/b.parquet", order_id=[9])
    assert refused(tmp_path / "p", tmp_path / "out")[1]["file"] == "p/day=2/b.parquet"


def test_an_order_id_twice_is_counted_and_shown_only_where_it_is_plainly_none_of_a_person(tmp_path):
    again = three(order_id=["C7", "C7", "C8"])
    assert refused(parquet(tmp_path / "o.parquet", **again), tmp_path / "out") == (
        "orders_duplicate_as", {"file": "o.parquet", "count": 1, "example": "C7"})  # fmt: skip
    for personal in ("100-0000-0001", "someone@example.com", "10000000001", "王小明"):
        again = three(order_id=[personal, personal, "x"])
        assert refused(parquet(tmp_path / "o.parquet", **again), tmp_path / "out") == ("orders_duplicate", {"file": "o.parquet", "count": 1})


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",a,2024-01-05,1", "order_id"),
        ("7,a,,1", "order_ts"),
        ("7,a,05.01.2024,1", "order_ts"),
        ("7,a,2024-01-05,", "net_amount"),
        ('7,a,2024-01-05,"1,50"', "net_amount"),
        ("7,a,2024-01-05,99999999999999999", "net_amount"),
        ("7,a,2024-01-05,nan", "net_amount"),
    ],
)
def test_a_blank_or_unreadable_value_is_placed_and_not_shown(tmp_path, line, column):
    key, said = refused(csv(tmp_path, PLAIN + line + "\n"), tmp_path / "out")
    assert (key, said["row"], said["column"], said["rows"]) == ("orders_value", 6, column, 1)
    assert set(said) == {"file", "row", "column", "rows", "want"}


def test_fractions_as_ids_and_infinite_amounts_are_refused(tmp_path):
    key, said = refused(parquet(tmp_path / "o.parquet", **three(order_id=[1.0, 2.5, 3.0])), tmp_path / "out")
    assert (key, said["row"], said["column"]) == ("orders_value", 2, "order_id")
    key, said = refused(parquet(tmp_path / "o.parquet", **three(net_amount=[1.0, 2.0, float("inf")])), tmp_path / "out")
    assert (key, said["row"], said["column"]) == ("orders_value", 3, "net_amount")


def test_a_torn_csv_and_bytes_of_another_encoding_end_in_a_sentence_without_their_content(tmp_path):
    torn = csv(tmp_path, PLAIN + "9,secret,2024-01-05,1,2,3,4\n", "torn.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(PLAIN.encode() + "8,Zoë,2024-01-05,1\n".encode("latin-1"))
    for file in (torn, latin):
        assert refused(file, tmp_path / "out") == ("csv_row", {"file": file.name, "row": "6"})
    bare = csv(tmp_path, "1,secret,2024-01-05,5\n", "bare.csv")
    assert refused(bare, tmp_path / "out") == (
        "orders_no_header", {"file": "bare.csv", "needed": "order_id, customer_id, order_ts, net_amount"})  # fmt: skip
    twice = csv(tmp_path, "order_id,Order_ID,customer_id,order_ts,net_amount\n", "twice.csv")
    assert refused(twice, tmp_path / "out") == ("csv_unreadable", {"file": "twice.csv"})


def test_csv_of_other_forms_and_a_folder_whose_files_order_their_columns_differently(tmp_path):
    import gzip

    folder = tmp_path / "o"
    csv(folder, "\ufefforder_id;net_amount;customer_id;order_ts;note\n1;10.00;a;2024-01-05 10:00:00;\"x; y\"\n", "1.csv")
    (folder / "2.csv.gz").write_bytes(gzip.compress(b"net_amount,order_ts,order_id,customer_id\n20.5,2024-01-06,2,b\n-4.25,2024-02-01,3, a\n"))
    assert rows(write_from_orders(folder, tmp_path / "out", as_of="2024-03-01")) == AB


def test_lines_of_an_order_that_is_not_there(tmp_path):
    orders = csv(tmp_path)
    lines = csv(tmp_path, "order_id,net_amount\n1,5\n77,5\n78,5\n", "lines.csv")
    assert refused(orders, tmp_path / "out", lines=lines) == ("lines_without_order", {"file": "lines.csv", "rows": 2, "orders": "orders.csv"})


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"as_of": None}, "as_of_missing"),
        ({"as_of": "2024-01-05"}, "as_of_too_early"),
        ({"as_of": "soon"}, "not_a_day"),
        ({"engine": "abacus"}, "not_allowed"),
        ({"memory": "lots"}, "bad_parameter"),
        ({"set_": ["bins=1"]}, "out_of_range"),
        ({"set_": ["cut=business"]}, "bad_parameter"),
        ({"set_": ["depth=1"]}, "unknown_parameter"),
    ],
)
def test_bad_use(tmp_path, more, key):
    found, said = refused(csv(tmp_path), tmp_path / "out", **more)
    assert found == key
    if key == "as_of_missing":
        assert (str(said["last"]), str(said["next"])) == ("2024-02-01", "2024-02-02")
    assert not (tmp_path / "out").exists()


def test_nothing_to_read(tmp_path):
    assert refused(tmp_path / "none", tmp_path / "out")[0] == "missing_file"
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty", tmp_path / "out")[0] == "folder_without_files"
    assert refused(csv(tmp_path, "x", "o.txt"), tmp_path / "out")[0] == "unknown_kind"
    csv(tmp_path / "mixed")
    parquet(tmp_path / "mixed/o.parquet", **three())
    assert refused(tmp_path / "mixed", tmp_path / "out")[0] == "folder_mixed"
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and nothing else")
    assert refused(tmp_path / "torn.parquet", tmp_path / "out") == ("broken_parquet", {"file": "torn.parquet"})
    head = PLAIN.splitlines()[0] + "\n"
    assert refused(csv(tmp_path, head, "head.csv"), tmp_path / "out")[0] == "no_orders_before"
    assert refused(csv(tmp_path, head + "1,,2024-01-01,5\n", "anonymous.csv"), tmp_path / "out")[0] == "no_orders_before"
    assert refused(csv(tmp_path, head + "1,a,2024-01-01,-5\n", "returns.csv"), tmp_path / "out")[0] == "no_orders_before"


def test_what_stood_there_stays_when_a_run_fails_and_goes_when_it_ends_well(tmp_path, monkeypatch):
    out = write_from_orders(csv(tmp_path), tmp_path / "out", as_of="2024-03-01")
    before = {one.name: one.read_bytes() for one in out.iterdir()}
    monkeypatch.setattr(orders_tables, "write_json", lambda *_: (_ for _ in ()).throw(duckdb.OutOfMemoryException("no room")))
    with pytest.raises(Problem) as caught:
        write_from_orders(csv(tmp_path), out, as_of="2024-06-01", memory="123MB")
    assert (caught.value.key, caught.value.values) == ("engine_memory", {"memory": "123MB"})
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before
    monkeypatch.undo()
    write_from_orders(csv(tmp_path), out, as_of="2024-06-01")
    assert json.loads((out / "edges.json").read_text())["as_of"] == "2024-06-01" and {one.name for one in out.iterdir()} == FILES


def test_the_order_of_rows_in_the_file_changes_nothing(tmp_path):
    head, *body = PLAIN.splitlines()
    outs = [write_from_orders(csv(tmp_path, "\n".join([head, *lines]) + "\n"), tmp_path / str(n), as_of="2024-03-01")
            for n, lines in enumerate((body, body[::-1]))]  # fmt: skip
    for name in ("customers", "labels"):
        assert_frame_equal(*(pd.read_parquet(out / f"{name}.parquet") for out in outs))


# the command itself


def command(monkeypatch, capsys, *words) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["custlib", "customers", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_the_command_gives_the_folder_and_its_times(tmp_path, monkeypatch, capsys):
    code, out, err = command(monkeypatch, capsys, "--orders", csv(tmp_path), "--as-of", "2024-03-01", "--out", tmp_path / "out", "--engine",
                             "duckdb", "--memory", "512MB")  # fmt: skip
    assert (code, out) == (0, f"{tmp_path / 'out'}\n")
    assert "tables built and checked: " in err and rows(tmp_path / "out") == AB


@pytest.mark.parametrize("words", [[], ["--lines", "l"], ["--orders", "o", "--dataset", "d"], ["--dataset", "d", "--lines", "l"],
                                   ["--dataset", "d", "--engine", "spark"], ["--dataset", "d", "--full"]])  # fmt: skip
def test_exactly_one_source_is_given(tmp_path, monkeypatch, capsys, words):
    code, out, err = command(monkeypatch, capsys, *words, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err == ("Give the data by exactly one of --dataset, --orders and --state (--lines and --engine go with --orders, --frozen and --before "
                   "with --state, --full not with --dataset).\n")
