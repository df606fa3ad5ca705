"""A state that grew by batches equals a rebuild to the last cent; the same batch twice changes nothing; what is erased is gone."""

import json
import os
from dataclasses import astuple
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from custlib.engine import DuckEngine, tables_in
from custlib.engine.state import Difference, StateEngine, append, check, compact, erase
from custlib.i18n import Problem

ANY_DAY = 36500
START = date(2024, 1, 1)
DATA = Path(os.environ.get("CUSTLIB_DATA", "/nonexistent"))


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def orders_csv(path: Path, rows: list[tuple]) -> Path:
    """(order_id, customer_id, time, amount[, channel]) as CSV."""
    lines = [",".join(str("" if one is None else one) for one in (*row, *[""] * (5 - len(row)))) for row in rows]
    return put(path, "\n".join(["order_id,customer_id,order_ts,net_amount,channel", *lines]) + "\n")


def rebuilt(folder: Path, orders: Path, lines: Path | None, as_of: date, **more) -> DuckEngine:
    """Give an engine over a build of the same files."""
    build = folder / "build"
    build.mkdir(exist_ok=True)
    tables_in.take(tables_in.opened(orders, "orders", lines=lines is not None), tables_in.opened(lines, "lines") if lines else None, build)
    return DuckEngine(build, as_of, **more)


def same(one, other) -> None:
    """Whatever the engines give is equal, bit by bit."""
    for full in (False, True):
        assert_frame_equal(one.customers(full=full), other.customers(full=full), check_exact=True)
    assert_frame_equal(one.gap_counts(), other.gap_counts())
    assert_frame_equal(one.cohorts(), other.cohorts(), check_exact=True)
    for column in ("recency_days", "orders", "net_amount"):
        assert one.edges(column, 5) == other.edges(column, 5)
    assert one.rate_edges() == other.rate_edges()
    assert one.share_edges((0.7, 0.9)) == other.share_edges((0.7, 0.9))
    money = ["gross", "returned", "net"]
    assert_frame_equal(*(which.ledger().sort_values("step").set_index("step")[money].astype(str) for which in (one, other)))


def core(state: Path, as_of: str = "2025-01-01") -> list[list]:
    with StateEngine(state, date.fromisoformat(as_of)) as engine:
        return engine.customers()[["identity_id", "recency_days", "orders", "net_amount"]].to_numpy().tolist()


def refused(*words, **more) -> tuple[str, dict]:
    with pytest.raises(Problem) as caught:
        append(*words, **more)
    assert caught.value.said("en") and caught.value.said("zh")
    return caught.value.key, caught.value.values


FIRST = [(1, "a", "2024-01-05 10:00:00", "10.00", "web"), (2, "b", "2024-01-06", "20.50", "app"), (3, "a", "2024-02-01", "-4.25", "web"),
         (4, None, "2024-01-07", "3")]  # fmt: skip


@pytest.fixture
def begun(tmp_path):
    state = tmp_path / "shop.state"
    append(state, orders_csv(tmp_path / "1.csv", FIRST))
    return state


# one batch


def test_the_first_batch_makes_the_state(begun):
    assert core(begun, "2024-03-01") == [["a", 56, 1, 5.75], ["b", 55, 1, 20.5]]
    assert [one.name for one in begun.parent.glob(".*")] == []


def test_new_known_corrected_late_and_returned_orders_are_told_apart(begun):
    rows = [(2, "b", "2024-01-06", "21.50", "app"), (1, "a", "2024-01-05 10:00:00", "10.00", "web"), (5, "a", "2024-01-20", "7"),
            (6, "b", "2024-02-03", "-1.50"), (7, "c", "2024-02-03", "9")]  # fmt: skip
    done = append(begun, orders_csv(begun.with_name("2.csv"), rows))
    assert astuple(done) == (5, 3, 1, 1, 0, 0, 2, 1, False, date(2024, 2, 3))
    assert core(begun, "2024-03-01") == [["a", 41, 2, 12.75], ["b", 55, 1, 20.0], ["c", 27, 1, 9.0]]
    assert check(begun) == []


def test_the_same_batch_changes_nothing_whatever_its_order_and_name(begun):
    before = begun.read_bytes()
    done = append(begun, orders_csv(begun.with_name("other.csv"), FIRST[::-1]))
    assert (done.again, done.same, done.new) == (True, 4, 0)
    assert begun.read_bytes() == before


def test_the_same_content_from_parquet_with_whole_numbers_is_the_same_batch(begun):
    frame = pd.DataFrame(FIRST[:3], columns=["order_id", "customer_id", "order_ts", "net_amount", "channel"])
    frame = frame.assign(order_ts=pd.to_datetime(frame["order_ts"], format="mixed"), net_amount=frame["net_amount"].astype(float))
    frame.to_parquet(begun.with_name("o.parquet"))
    append(begun, orders_csv(begun.with_name("3.csv"), FIRST[:3]))
    assert append(begun, begun.with_name("o.parquet")).again


def test_a_correction_is_undone_only_where_that_is_said(begun):
    append(begun, orders_csv(begun.with_name("2.csv"), [(2, "b", "2024-01-06", "99")]))
    first = begun.with_name("1.csv")
    assert append(begun, first).again and core(begun)[1][3] == 99
    assert append(begun, first, anyway=True).corrected == 1 and core(begun)[1][3] == 20.5
    assert check(begun) == []


def test_a_corrected_customer_leaves_the_one_and_comes_to_the_other(begun):
    rows = [(2, "z", "2024-01-06", "20.50", "app"), (4, "b", "2024-01-07", "3"), (3, None, "2024-02-01", "-4.25", "web")]
    assert append(begun, orders_csv(begun.with_name("2.csv"), rows)).corrected == 3
    assert core(begun, "2024-03-01") == [["a", 56, 1, 10.0], ["b", 54, 1, 3.0], ["z", 55, 1, 20.5]]
    append(begun, orders_csv(begun.with_name("3.csv"), [(4, None, "2024-01-07", "3")]))
    assert [one[0] for one in core(begun)] == ["a", "z"] and check(begun) == []


def test_what_is_older_than_the_window_is_refused_with_the_option_that_takes_it(begun):
    late = orders_csv(begun.with_name("late.csv"), [(8, "a", "2023-12-01", "5"), (9, "a", "2024-02-02", "5")])
    key, said = refused(begun, late)
    assert (key, said["orders"], said["needed"], str(said["since"])) == ("state_too_late", 1, 62, "2023-12-18")
    assert len(core(begun)) == 2
    assert append(begun, late, late_days=62).late == 1
    # a correction takes something away from an old day, wherever the new version lies
    moved = orders_csv(begun.with_name("moved.csv"), [(8, "a", "2024-02-02", "5")])
    assert refused(begun, moved)[0] == "state_too_late"
    unchanged = orders_csv(begun.with_name("same.csv"), [(8, "a", "2023-12-01", "5"), (10, "a", "2024-02-03", "1")])
    assert append(begun, unchanged).same == 1


def test_a_return_under_the_id_of_its_order_would_take_the_sale_away(begun):
    key, said = refused(begun, orders_csv(begun.with_name("r.csv"), [(2, "b", "2024-02-05", "-20.50")]))
    assert (key, said["orders"]) == ("state_return_id", 1)
    assert append(begun, orders_csv(begun.with_name("c.csv"), [(2, "b", "2024-01-06", "-20.50")])).corrected == 1


def test_lines_are_wanted_from_the_first_batch_on_or_never(begun, tmp_path):
    lines = put(tmp_path / "l.csv", "order_id,net_amount,quantity,discount_amount\n1,4,1,0\n1,6,2,1.5\n2,20.5,1,0\n3,-4.25,-1,0\n")
    orders = orders_csv(tmp_path / "o.csv", FIRST[:3])
    assert refused(begun, orders, lines=lines)[0] == "state_without_lines"
    other = tmp_path / "lines.state"
    assert append(other, orders_csv(tmp_path / "4.csv", FIRST), lines=lines).without_lines == 1
    assert refused(other, orders)[0] == "state_with_lines"
    # an order that comes again without a line is no order any more
    one = orders_csv(tmp_path / "one.csv", [(1, "a", "2024-01-05 10:00:00", 0, "web"), (7, "a", "2024-01-05", 0)])
    seven = put(tmp_path / "l7.csv", "order_id,net_amount\n7,1.00\n")
    assert append(other, one, lines=seven).corrected == 1
    assert core(other, "2024-03-01")[0] == ["a", 56, 1, -3.25] and check(other) == []


def test_ids_that_a_state_of_whole_numbers_cannot_hold(tmp_path):
    frame = pd.DataFrame({"order_id": [1], "customer_id": [7], "order_ts": pd.to_datetime(["2024-01-01"]), "net_amount": [1.0]})
    frame.to_parquet(tmp_path / "1.parquet")
    append(tmp_path / "s", tmp_path / "1.parquet")
    assert append(tmp_path / "s", orders_csv(tmp_path / "2.csv", [(2, 7, "2024-01-02", 2)])).new == 1
    key, said = refused(tmp_path / "s", orders_csv(tmp_path / "3.csv", [("x3", 7, "2024-01-02", 2), ("04", 7, "2024-01-02", 2)]))
    assert (key, said["column"], said["rows"]) == ("state_ids", "order_id", 2)
    assert core(tmp_path / "s", "2024-01-04") == [["7", 2, 2, 3.0]]


@pytest.mark.parametrize("content", ["no database", ""])
def test_what_is_no_state_is_refused(tmp_path, content):
    orders = orders_csv(tmp_path / "o.csv", FIRST)
    put(tmp_path / "s", content)
    if content:
        assert refused(tmp_path / "s", orders)[0] == "state_not_one"
    for reader in (lambda: StateEngine(tmp_path / "s", START), lambda: check(tmp_path / "s"), lambda: compact(tmp_path / "s")):
        with pytest.raises(Problem) as caught:
            reader()
        assert caught.value.key == "state_not_one"
    with duckdb.connect(str(tmp_path / "other")) as db:
        db.execute("CREATE TABLE t AS SELECT 1 AS a")
    assert refused(tmp_path / "other", orders)[0] == "state_not_one"
    with pytest.raises(Problem) as caught:
        check(tmp_path / "none")
    assert caught.value.key == "state_missing"
    assert refused(tmp_path / "no" / "s", orders)[0] == "state_folder"


def test_a_first_batch_that_is_refused_leaves_no_state(tmp_path):
    assert refused(tmp_path / "s", orders_csv(tmp_path / "o.csv", [*FIRST, FIRST[0]]))[0] == "orders_duplicate_as"
    assert {one.name for one in tmp_path.iterdir()} == {"o.csv"}


def test_a_state_of_another_version_is_refused_with_the_command_to_run(begun):
    with duckdb.connect(str(begun)) as db:
        db.execute("UPDATE meta SET rules = 0")
    key, said = refused(begun, begun.with_name("1.csv"))
    assert (key, said["got"], said["want"]) == ("state_rules", 0, 1) and "state compact --state shop.state" in Problem(key, **said).said("en")
    with duckdb.connect(str(begun)) as db:
        db.execute("UPDATE sums SET orders = 77")
    compact(begun)
    assert core(begun, "2024-03-01")[0] == ["a", 56, 1, 5.75]
    with duckdb.connect(str(begun)) as db:
        db.execute("UPDATE meta SET schema = 9")
    key, said = refused(begun, begun.with_name("1.csv"))
    assert key == "state_schema" and "append --state shop.state" in Problem(key, **said).said("zh")


# checked, compacted, erased


def test_check_names_what_differs(begun, tmp_path):
    sources = orders_csv(tmp_path / "all.csv", [*FIRST[:3], (9, "q", "2024-01-09", 1)])
    assert check(begun, orders=sources) == [Difference("order_index", "missing", 1), Difference("order_index", "too many", 1)]
    with duckdb.connect(str(begun)) as db:
        db.execute("UPDATE sums SET gross_amount = gross_amount + 0.01 WHERE customer_id = 'a'")
        db.execute("UPDATE shapes SET gap_mean_days = 3 WHERE customer_id = 'b'")
        db.execute("DELETE FROM order_days WHERE order_day = DATE '2024-02-01'")
    assert check(begun) == [Difference("order_days", "missing", 1), Difference("sums", "gross_amount", 1), Difference("shapes", "gap_mean_days", 1)]
    compact(begun)
    assert check(begun) == [] and check(begun, one_in=2) == []


def test_erasure_leaves_no_trace_in_the_file_and_no_name_in_the_receipt(tmp_path):
    state, name = tmp_path / "s", "somebody@example.invalid"
    append(state, orders_csv(tmp_path / "1.csv", [*FIRST, (9, name, "2024-02-02", 5), (10, name, "2024-02-03", 6)]))
    assert name.encode() in state.read_bytes()
    receipt = erase(state, [name, "nobody"])
    assert {key: receipt[key] for key in ("asked", "found", "orders", "customers_left", "orders_left", "traces")} == {
        "asked": 2, "found": 1, "orders": 2, "customers_left": 2, "orders_left": 4, "traces": 0}  # fmt: skip
    assert name not in json.dumps(receipt, default=str) and len(receipt["hashes"]) == 2
    assert b"example.invalid" not in state.read_bytes() and sorted(one.name for one in tmp_path.iterdir()) == ["1.csv", "s"]
    # her old orders do not come back with a later file; a new one makes a new customer
    done = append(state, orders_csv(tmp_path / "2.csv", [(9, name, "2024-02-02", 5), (11, "a", "2024-02-03", 1)]))
    assert (done.erased, done.new) == (1, 1)
    append(state, orders_csv(tmp_path / "3.csv", [(12, name, "2024-02-04", 7)]))
    assert [one for one in core(state, "2024-02-05") if one[0] == name] == [[name, 1, 1, 7.0]]
    every = [*FIRST, (9, name, "2024-02-02", 5), (10, name, "2024-02-03", 6), (11, "a", "2024-02-03", 1), (12, name, "2024-02-04", 7)]
    assert check(state, orders=orders_csv(tmp_path / "all.csv", every)) == []
    with pytest.raises(Problem):
        erase(state, [" "])


def test_gaps_that_an_append_left_out_are_found_when_they_are_read(begun, tmp_path):
    append(begun, orders_csv(tmp_path / "2.csv", [(5, "a", "2024-02-07", "1", "app"), (6, "c", "2024-02-07", "1")]), full=False)
    with StateEngine(begun, date(2024, 3, 1)) as engine:
        found = engine.customers(full=True)[["identity_id", "gaps", "gap_longest_days", "channels"]]
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == [["a", 1, 33, 2], ["b", 0, None, 1], ["c", 0, None, None]]
    assert check(begun) == []


def test_products_are_not_kept(begun):
    with StateEngine(begun, date(2024, 3, 1)) as engine, pytest.raises(Problem) as caught:
        engine.pairs(min_orders=1)
    assert caught.value.key == "state_no_products"


# any history equals a rebuild

WHO = st.sampled_from(["a", "b", "c", "d", None])
MONEY = st.integers(-3000, 9000).map(lambda cents: cents / 100)
LINE = st.tuples(MONEY, st.sampled_from([1, 2, 3]), st.sampled_from([0.0, 0.0, 0.5]))
ORDER = st.tuples(WHO, st.integers(0, 60), st.sampled_from([0, 9, 23]), st.sampled_from(["web", "app", None]), st.lists(LINE, min_size=0, max_size=3))
BATCHES = st.lists(st.dictionaries(st.integers(1, 9), ORDER, min_size=1, max_size=5), min_size=1, max_size=6)


def files_of(folder: Path, name: str, orders: dict, *, lines: bool) -> tuple[Path, Path | None]:
    """Write orders; without lines, an order's amount is that of its first line."""
    rows = [(order, who, datetime(START.year, START.month, START.day, hour) + timedelta(days), f"{items[0][0]:.2f}" if items else "0.00", channel)
            for order, (who, days, hour, channel, items) in orders.items()]  # fmt: skip
    path = orders_csv(folder / f"{name}.csv", rows)
    if not lines:
        return path, None
    listed = [f"{order},{amount:.2f},{quantity if amount >= 0 else -quantity},{discount}"
              for order, one in orders.items() for amount, quantity, discount in one[4]]  # fmt: skip
    return path, put(folder / f"{name}.lines.csv", "\n".join(["order_id,net_amount,quantity,discount_amount", *listed]) + "\n")


def only_returns(one: tuple, *, lines: bool) -> bool:
    return bool(one[4]) and all(line[0] < 0 for line in (one[4] if lines else one[4][:1]))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=BATCHES, again=st.lists(st.integers(0, 5), max_size=2), lines=st.booleans(), full=st.booleans(), past=st.integers(1, 60))
def test_any_history_equals_a_rebuild(tmp_path_factory, batches, again, lines, full, past):
    folder = tmp_path_factory.mktemp("history")
    state, now, taken = folder / "s", {}, []
    for number, batch in enumerate([*batches, *(batches[one] for one in again if one < len(batches))]):
        orders, detail = files_of(folder, f"b{number}", batch, lines=lines)
        kept = {order: (*one[:4], tuple(one[4] if lines else one[4][:1])) for order, one in batch.items()}
        there = {order for order, one in now.items() if one[4] or not lines}
        clash = any(order in there and not only_returns(now[order], lines=lines) and only_returns(one, lines=lines) and one[1] > now[order][1]
                    for order, one in kept.items())  # fmt: skip
        known = kept in taken
        try:
            done = append(state, orders, lines=detail, late_days=ANY_DAY, full=full)
        except Problem as problem:
            assert problem.key == "state_return_id" and clash and not known
            continue
        assert not clash or known
        assert done.again == known
        if not known:
            taken.append(kept)
            now |= kept
    if not taken:
        return
    assert check(state) == []
    every, detail = files_of(folder, "all", now, lines=lines)
    assert check(state, orders=every, lines=detail) == []
    for days, more in ((61, {}), (past, {"window_days": 20} if past % 2 else {})):
        with StateEngine(state, START + timedelta(days), **more) as one, rebuilt(folder, every, detail, START + timedelta(days), **more) as other:
            same(one, other)


@pytest.mark.parametrize("lines", [False, True], ids=["orders", "lines"])
def test_a_month_day_by_day_equals_a_rebuild(tmp_path, lines):
    everything = {order: ("abcdefg"[order * 5 % 7], order // 4, order * 7 % 24, ("web", "app", None)[order % 3],
                          [((order * 37 % 900 - 100) / 100, 1, 0.25), (1.5, 2, 0.0)][: 1 + order % 2]) for order in range(40)}  # fmt: skip
    state = tmp_path / "s"
    for day in range(10):
        orders, detail = files_of(tmp_path, "day", {order: one for order, one in everything.items() if one[1] == day}, lines=lines)
        append(state, orders, lines=detail)
    every, detail = files_of(tmp_path, "all", everything, lines=lines)
    with StateEngine(state, START + timedelta(10)) as one, rebuilt(tmp_path, every, detail, START + timedelta(10)) as other:
        assert one.present
        same(one, other)


# Online Retail, a year day by day


@pytest.mark.skipif(not (DATA / "online_retail.parquet").exists(), reason="needs CUSTLIB_DATA with Online Retail")
def test_online_retail_day_by_day_equals_a_rebuild(tmp_path):
    source = f"read_parquet('{DATA / 'online_retail.parquet'}')"
    with duckdb.connect() as db:
        db.execute(f"""CREATE TABLE lines AS SELECT InvoiceNo AS order_id, StockCode AS product_id, CAST(Quantity AS INTEGER) AS quantity,
            CAST(round(Quantity * UnitPrice, 2) AS DECIMAL(18,2)) AS net_amount, CAST(CAST(CustomerID AS BIGINT) AS VARCHAR) AS customer_id,
            InvoiceDate AS order_ts FROM {source}""")
        db.execute("CREATE TABLE orders AS SELECT order_id, min(customer_id) AS customer_id, min(order_ts) AS order_ts FROM lines GROUP BY order_id")
        days = [one[0] for one in db.execute("SELECT DISTINCT CAST(order_ts AS DATE) AS d FROM orders ORDER BY d").fetchall()]
        assert len(days) == 305
        for day in [*days, None]:
            where = f"WHERE CAST(o.order_ts AS DATE) = DATE '{day}'" if day else ""
            stem = day or "all"
            db.execute(f"COPY (SELECT o.* FROM orders AS o {where}) TO '{tmp_path}/{stem}.o.parquet' (FORMAT parquet)")
            db.execute("COPY (SELECT l.order_id, l.product_id, l.quantity, l.net_amount FROM lines AS l JOIN orders AS o ON o.order_id = l.order_id "
                       f"{where}) TO '{tmp_path}/{stem}.l.parquet' (FORMAT parquet)")  # fmt: skip
    state = tmp_path / "retail.state"
    for day in days:
        append(state, tmp_path / f"{day}.o.parquet", lines=tmp_path / f"{day}.l.parquet")
    every, detail = tmp_path / "all.o.parquet", tmp_path / "all.l.parquet"
    assert check(state, orders=every, lines=detail) == []
    for as_of in (days[-1] + timedelta(1), days[150]):
        with StateEngine(state, as_of) as one, rebuilt(tmp_path, every, detail, as_of) as other:
            assert len(one.customers()) > 2000
            same(one, other)
