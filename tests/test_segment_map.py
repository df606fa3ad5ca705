"""Segment maps: every cell is covered once, every name can be reached, a better score never ranks lower."""

import itertools
from pathlib import Path

import pandas as pd
import pytest

from custlib.i18n import Problem, keys
from custlib.value import lint, load_map
from custlib.value.segment_map import SHIPPED, Segment, SegmentMap, fm
from custlib.value.why import place

TWO = """
schema = 1
name = "x.two"
bins = 2
[[segments]]
name = "good"
rank = 2
where = [{ r = [2, 2] }]
[[segments]]
name = "poor"
rank = 1
where = [{ r = [1, 1] }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "map.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_is_sound_and_its_names_have_texts(name):
    plan = load_map(name)
    assert lint(plan) == []
    grid = plan.grid()
    assert sorted(grid) == sorted(itertools.product(range(1, plan.bins + 1), repeat=3))
    assert set(grid.values()) == {one.name for one in plan.segments}
    assert len({one.rank for one in plan.segments}) == len(plan.segments)
    group = {"named": "segment", "cn8": "cn8"}[name]
    assert {f"{group}.{one.name}" for one in plan.segments} <= keys("zh")


@pytest.mark.parametrize("name", SHIPPED)
def test_in_a_shipped_map_the_best_cell_has_the_best_name_and_the_worst_the_worst(name):
    plan = load_map(name)
    grid, best = plan.grid(), plan.bins
    ranks = {cell: plan.rank(one) for cell, one in grid.items()}
    assert ranks[best, best, best] == max(ranks.values()) and ranks[1, 1, 1] == min(ranks.values())
    for cell in grid:
        for axis in range(3):
            better = tuple(one + (place_ == axis) for place_, one in enumerate(cell))
            assert better not in ranks or ranks[better] >= ranks[cell]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ((5, 5, 5), "champions"),
        ((4, 5, 5), "champions"),
        ((5, 1, 1), "new"),
        ((4, 1, 1), "promising"),
        ((1, 5, 5), "cannot_lose"),
        ((1, 1, 1), "lost"),
        ((2, 1, 2), "hibernating"),
        ((3, 3, 3), "need_attention"),
        ((5, 1, 4), "potential_loyalist"),
        ((2, 4, 3), "at_risk"),
    ],
)
def test_cells_worked_out_by_hand(cell, name):
    assert load_map("named").at(cell) == [name]


def test_fm_is_the_mean_rounded_half_up():
    assert [fm(f, m) for f, m in ((1, 1), (1, 2), (2, 5), (5, 4), (5, 5), (1, 5))] == [1, 2, 4, 5, 5, 3]


def test_the_eight_classes_stand_where_the_textbook_has_them():
    names = {(r, f, m): load_map("cn8").at((r, f, m))[0] for r, f, m in itertools.product((1, 2), repeat=3)}
    assert {cell: name.split("_")[1] for cell, name in names.items() if cell[2] == 2} == {
        (2, 2, 2): "value",
        (2, 1, 2): "develop",
        (1, 2, 2): "keep",
        (1, 1, 2): "retain",
    }
    assert all(name.startswith("important" if cell[2] == 2 else "general") for cell, name in names.items())


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("{ r = [1, 1] }", "{ r = [1, 1], f = [1, 1] }", "no segment covers 121, 122"),
        ("{ r = [1, 1] }", "{ r = [1, 2], m = [1, 1] }, { r = [1, 1] }", "good and poor both cover 211, 221"),
        ("rank = 2", "rank = 0", "a better R leads from poor down to good at 111, 112, 121, 122"),
        (
            '[[segments]]\nname = "poor"',
            '[[segments]]\nname = "idle"\nrank = 5\nwhere = []\n[[segments]]\nname = "poor"',
            "no cell reaches idle",
        ),
        ('name = "poor"', 'name = "good"', "the name good stands twice"),
    ],
    ids=["hole", "overlap", "falling", "unreachable", "one name twice"],
)
def test_a_broken_map_is_refused_with_the_cells_named(tmp_path, old, new, finding):
    assert old in TWO
    plan = load_map(written(tmp_path, TWO.replace(old, new, 1)))
    assert finding in lint(plan)
    with pytest.raises(Problem) as caught:
        plan.grid()
    assert caught.value.key == "map_broken" and finding in str(caught.value) and "map.toml" in str(caught.value)


def test_all_faults_are_told_at_once_and_long_lists_are_cut():
    findings = lint(SegmentMap("x", 5, (Segment("only", 1, ({"r": (1, 1), "f": (1, 2)},)), Segment("never", 2, ()))))
    assert len(findings) == 2 and findings[0].endswith("and 103 more") and findings[1] == "no cell reaches never"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("bins = 2", "bin = 2", "unknown_key"),
        ("rank = 2", "rnk = 2", "unknown_key"),
        ("{ r = [2, 2] }", "{ x = [2, 2] }", "unknown_key"),
        ("{ r = [2, 2] }", "{ r = [2, 3] }", "out_of_range"),
        ("{ r = [2, 2] }", "{ r = [2, 1] }", "out_of_range"),
        ("{ r = [2, 2] }", "{ r = 2 }", "map_unreadable"),
        ("bins = 2", "", "map_unreadable"),
        ("rank = 2", "", "map_unreadable"),
        ("bins = 2", 'bins = "2"', "map_unreadable"),
        ("bins = 2", "bins =", "map_unreadable"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused_in_words(tmp_path, old, new, problem):
    with pytest.raises(Problem) as caught:
        load_map(written(tmp_path, TWO.replace(old, new, 1)))
    assert caught.value.key == problem


def test_a_missing_map_is_named():
    with pytest.raises(Problem) as caught:
        load_map("nowhere.toml")
    assert caught.value.key == "missing_file"


def test_a_rule_is_written_in_scores():
    assert load_map("named").rule("champions") == "R 5 · FM 4–5 | R 4 · FM 5"
    assert load_map("cn8").rule("general_keep") == "R 1 · F 2 · M 1"


@pytest.mark.parametrize("bins", range(2, 11))
def test_scores_of_any_number_of_bins_find_their_place(bins):
    ends = pd.DataFrame({axis: pd.array([bins, 1, None], dtype="Int8") for axis in "rfm"})
    assert place(ends, load_map(), bins=bins).tolist() == ["champions", "lost", "unknown"]
