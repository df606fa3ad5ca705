"""What holds for any file: no row is lost, no row is invented, and neither the reader nor the order of rows changes a number."""

import csv
import io
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from helpers import HEADER, engine_over, rejects, rows, shop, tolerant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custlib.engine import DuckEngine
from custlib.i18n import GateRefused, Problem
from custlib.tables import build

FEW = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ids = st.sampled_from(["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "订单9", ""])
clients = st.sampled_from(["a", "b", "c", "", "NULL", "李,四", 'quo"te', " pad "])
days = st.sampled_from(["2024-01-05", "2024-01-06 23:30", "2024-06-30", "2024-07-01", "2024-13-01", "soon", ""])
amounts = st.sampled_from(["10.00", "-3.5", "0", "12,05", "x", "", "1e2", "0.001"])
records = st.lists(st.tuples(ids, clients, days, amounts), min_size=1, max_size=25)
clutter = st.sampled_from(["", "   ", ",,,", "o1,a", "o1,a,2024-01-05,1,1", '"o1,a,2024-01-05,1', 'o1,"a"x,2024-01-05,1'])


SOUND = 40


def folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="custlib-")


def as_csv(lines: list[tuple]) -> list[str]:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().splitlines()


def built_or_refused(place: Path, content: str, **parts):
    """Build with room for rejects: more sound rows are added than there are lines."""
    padding = "".join(f"pad{n},p,2024-02-02,1\n" for n in range(SOUND))
    return build(shop(place, f"{HEADER}\n{padding}{content}", head=tolerant(), **parts))


@given(records, st.lists(st.tuples(st.integers(0, 25), clutter), max_size=4), st.booleans())
@FEW
def test_every_row_is_kept_or_rejected_and_leaves_by_one_door(lines, marks, exclude):
    text = as_csv(lines)
    for place, line in marks:
        text.insert(place, line)
    blank = sum(not line.replace(",", "").strip() for line in text)
    with folder() as name:
        built = built_or_refused(Path(name), "\n".join(text) + "\n")
        facts = built.facts
        assert facts["rows_in"] == facts["kept"] + facts["rejected"] == SOUND + len(text) - blank
        assert len(rows(built, "orders")) == facts["kept"] and len(rejects(built)) == facts["rejected"]
        assert sum(rule["rows"] for rule in facts["rules"]) == facts["rejected"]
        numbers = [row for row, _ in rejects(built)] + [row for (row,) in rows(built, "orders", "source_row")]
        assert len(numbers) == len(set(numbers)) and min(numbers) >= 2
        rules = {"returns": "exclude", "zero": "exclude", "window_days": 100} if exclude else {}
        with DuckEngine(built.folder, date(2024, 7, 1), **rules) as engine:
            doors = engine.ledger()
            assert doors["rows"].sum() == facts["kept"]
            kept = doors.set_index("step")["net"].get("kept", 0)
            assert Decimal(str(round(engine.customers()["net_amount"].sum(), 2))) == Decimal(str(kept))
        money = rows(built, "orders", "coalesce(sum(net_amount), 0)")[0][0]
        assert sum(Decimal(str(one)) for one in doors["net"]) == money


@given(records)
@FEW
def test_both_readers_of_csv_agree(lines):
    """A blank line at the end sends a file to the reader that goes line by line."""
    with folder() as name:
        found = []
        for place, end in (("fast", ""), ("slow", "\n")):
            built = built_or_refused(Path(name) / place, "\n".join(as_csv(lines)) + "\n" + end)
            found.append(
                (rows(built, "orders"), rejects(built, "*"), {key: built.facts[key] for key in ("sources", "rules", "span")})
            )
        assert found[0] == found[1]


@given(records, st.randoms(use_true_random=False))
@FEW
def test_the_order_of_rows_changes_no_customer(lines, chance):
    shuffled = list(lines)
    chance.shuffle(shuffled)
    with folder() as name:
        found = []
        for place, one in (("as came", lines), ("shuffled", shuffled)):
            built = built_or_refused(Path(name) / place, "\n".join(as_csv(one)) + "\n")
            with DuckEngine(built.folder, date(2024, 7, 1)) as engine:
                found.append((engine.customers().astype(str).to_numpy().tolist(), built.facts["rejected"]))
        assert found[0] == found[1]


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=30)
def test_any_bytes_are_read_or_refused_in_words(content):
    with folder() as name:
        try:
            build(shop(Path(name), content))
        except (Problem, GateRefused) as problem:
            assert problem.said("zh") and problem.said("en")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200))
@settings(deadline=None, max_examples=30)
def test_any_text_below_the_header_is_read_or_refused_in_words(text):
    with folder() as name:
        try:
            built = build(shop(Path(name), f"{HEADER}\npad,p,2024-02-02,1\n{text}", head=tolerant()))
            assert built.facts["rows_in"] == built.facts["kept"] + built.facts["rejected"]
        except Problem as problem:
            assert problem.said("zh") and problem.said("en")


orders = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400), st.integers(-5000, 20000)), min_size=1, max_size=30)


@given(orders, st.integers(1, 400), st.integers(1, 400))
@FEW
def test_the_customer_table_is_the_sum_a_person_would_make(sales, as_of, window):
    with folder() as name:
        listed = [(f"o{n}", who, when, Decimal(cents) / 100) for n, (who, when, cents) in enumerate(sales)]
        stop = date.fromordinal(date(2024, 1, 1).toordinal() + as_of)
        with engine_over(Path(name), listed, stop.isoformat(), window_days=window) as engine:
            found = engine.customers().set_index("identity_id")
    seen = [one for one in listed if as_of - window <= one[2] < as_of]
    assert sorted(found.index) == sorted({one[1] for one in seen})
    for who, row in found.iterrows():
        mine = [one for one in seen if one[1] == who]
        bought = [one for one in mine if one[3] >= 0]
        assert row["net_amount"] == float(sum(one[3] for one in mine))
        assert (row["orders"], row["order_days"]) == (len(bought), len({one[2] for one in bought}))
        if bought:
            assert row["recency_days"] == as_of - max(one[2] for one in bought)
            assert row["tenure_days"] == as_of - min(one[2] for one in bought)
            assert 1 <= row["recency_days"] <= row["tenure_days"] <= window
