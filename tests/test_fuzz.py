"""Hostile inputs, a slice of what `make fuzz` throws: a result or a Problem, soon, whatever comes."""

import random
import sys
from collections import Counter
from pathlib import Path

import fuzz
import pytest
from helpers import ORDERS, shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custlib.i18n import Problem
from custlib.tables import build, load
from custlib.tables.build import _checked

SEED = 20261122
EASY = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def test_a_slice_of_the_hostile_inputs_ends_in_results_or_problems(tmp_path):
    found = fuzz.watched(SEED, 0, 450, tmp_path, ())
    assert [(number, kind, outcome) for number, kind, outcome, bad, _ in found if bad] == []
    missing = set(fuzz.KINDS) - {kind for _, kind, *_ in found}
    assert missing <= {"statistics"} and len(found) == 450  # the rarest kind may not be drawn in so short a slice
    fine = Counter(kind for _, kind, outcome, *_ in found if outcome == "fine")
    assert fine["text"] > 20 and fine["toml"] > 2 and fine["build"] > 2  # what is refused at once tells nothing of what comes after


def test_a_crash_and_a_fault_are_found_and_kept(tmp_path, monkeypatch):
    """The watcher itself: a case that kills its process is named, and the cases after it still run."""
    script = tmp_path / "fuzz.py"
    text = Path(fuzz.__file__).read_text(encoding="utf-8")
    broken = "def a_text(rng, folder):\n    import os\n    os.abort() if rng.random() < 0.5 else 1 / 0\n\n\nCASES: dict"
    script.write_text(text.replace("CASES: dict", broken, 1), encoding="utf-8")
    monkeypatch.setattr(fuzz, "__file__", str(script))
    monkeypatch.setenv("PYTHONPATH", str(Path(fuzz.__file__).parents[1]))
    found = fuzz.watched(1, 0, 8, tmp_path / "keep", ("text",))
    texts = {number: outcome for number, kind, outcome, *_ in found if kind == "text"}
    assert len(found) == 8 and set(texts.values()) == {"CRASH -6", "FAULT ZeroDivisionError"}
    assert sorted(path.name for path in (tmp_path / "keep").iterdir()) == sorted(f"{number}_text" for number in texts)


def test_a_case_is_the_same_each_time():
    assert [fuzz.case(3, number)[0] for number in range(40)] == [fuzz.case(3, number)[0] for number in range(40)]
    one, two = (fuzz.mutated(fuzz.case(3, 7)[1], fuzz.texts()[0], fuzz.texts()) for _ in range(2))
    assert one == two != fuzz.texts()[0]
    assert fuzz.odd_toml(random.Random(5)) == fuzz.odd_toml(random.Random(5))


def test_the_whole_mapping_that_is_changed_is_sound_itself(tmp_path):
    tree = fuzz.whole_toml()
    (tmp_path / "dataset.toml").write_text("\n".join(f"{key} = {fuzz.toml_of(value)}" for key, value in tree.items()), encoding="utf-8")
    _checked(load(tmp_path))


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["from", "constant", "column", "equals", "negative", "zh", "en", "rows", "sales", "order_id", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@EASY
@given(data=st.data(), value=VALUE)
def test_any_value_at_any_place_of_a_mapping_is_taken_or_refused(tmp_path, data, value):
    tree = fuzz.whole_toml()
    *path, last = data.draw(st.sampled_from(fuzz._places(tree)))
    inside = tree
    for key in path:
        inside = inside[key]
    inside[last] = value
    text = "\n".join(f"{key} = {fuzz.toml_of(one)}" for key, one in tree.items())
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8", errors="replace")
    try:
        _checked(load(tmp_path / "dataset.toml"))
    except Problem as problem:
        assert problem.exit_code == 2


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12) | st.sampled_from(fuzz.VALUES[:-1])


@settings(EASY, max_examples=25)
@given(cells=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=4))
def test_whatever_the_cells_hold_every_row_is_accounted_for(tmp_path, cells):
    import csv

    with (tmp_path / "sales.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[cell.replace("\0", "") for cell in row] for row in cells]
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["order", "customer", "day", "amount"], ["o", "c", "2024-01-05", "1"], *rows])
    data = shop(tmp_path, None, head="max_reject_share = 0.5", columns=ORDERS)
    try:
        facts = build(data).facts["sources"]["sales"]
    except Problem as problem:
        assert problem.key in ("too_many_rejects", "header_only", "line_too_long")
    else:
        assert facts["rows_in"] == facts["kept"] + facts["rejected"]


@pytest.mark.skipif(sys.platform == "win32", reason="select on pipes")
def test_the_command_prints_the_outcomes(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "--n", "30", "--seed", "4", "--kinds", "address", "--keep", str(tmp_path)])
    assert fuzz.main() == 0
    assert "30 inputs, 0 bad" in capsys.readouterr().out
