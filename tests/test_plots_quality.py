"""Figures of data quality: they show the frame in every language, with no glyph box, no trace left, and equal bytes."""

from datetime import date, timedelta

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from custlib import plots

pytestmark = pytest.mark.filterwarnings("error:Glyph .* missing")
LINE = {"source": "网店 Shop", "as_of": "2025-01-01", "n": 1234}
PARTS = pd.DataFrame({"part": ["completeness", "validity", "timeliness"], "weight": [0.25, 0.75, 0.0], "score": [99.99, 80.0, None]})
COLUMNS = pd.DataFrame({"table": ["orders", "orders", "customers"], "column": ["order_id", "customer_id", "phone"],
                        "blank_share": [0.0, 0.25, 0.0004]})
FIRST = date(2024, 1, 1)
DAYS = pd.DataFrame({"day": [FIRST, FIRST + timedelta(1), FIRST + timedelta(9)], "orders": [3, 5, 1]})
FIGURES = {
    "quality_parts": (plots.quality_parts, plots.alt_quality_parts, PARTS),
    "missing_by_column": (plots.missing_by_column, plots.alt_missing_by_column, COLUMNS),
    "rows_per_day": (plots.rows_per_day, plots.alt_rows_per_day, DAYS),
}
each_figure = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture(autouse=True)
def close_all():
    yield
    plt.close("all")


def draw(name, *, lang="en", frame=None, **more):
    function, _, default = FIGURES[name]
    return function(default if frame is None else frame, lang=lang, **(LINE | more))


def words_of(ax):
    return [text.get_text() for text in ax.figure.texts]


@each_figure
@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
def test_every_language_is_drawn_with_units_source_n_and_day(name, lang):
    ax = draw(name, lang=lang)
    said = "\n".join(words_of(ax))
    day = {"zh": ["2025年1月1日"], "en": ["1 Jan 2025"], "bi": ["2025年1月1日", "1 Jan 2025"]}[lang]
    assert all(part in said for part in [*day, "网店 Shop", {"en": "n = 1,234 rows"}.get(lang, "n = 1,234 行")])
    assert ax.get_ylabel() if name == "rows_per_day" else ax.get_xlabel()


@each_figure
def test_words_stay_inside_the_picture(name):
    for lang in ("zh", "en", "bi"):
        ax = draw(name, lang=lang)
        box, whole = ax.figure.get_tightbbox(), ax.figure.bbox_inches
        assert box.x0 >= -0.02 and box.y0 >= -0.02
        assert box.x1 <= whole.x1 + 0.02 and box.y1 <= whole.y1 + 0.02


@each_figure
def test_one_row_is_drawn_and_none_is_refused(name):
    frame = FIGURES[name][2]
    draw(name, frame=frame.head(1), lang="bi")
    with pytest.raises(ValueError, match="has no rows: nothing to draw"):
        draw(name, frame=frame.head(0))
    with pytest.raises(ValueError, match=f"lacks .*{frame.columns[0]}"):
        draw(name, frame=frame.drop(columns=frame.columns[0]))


@each_figure
def test_shuffled_rows_and_foreign_settings_give_the_same_bytes_or_order(name, tmp_path):
    frame = FIGURES[name][2]
    before, copy = dict(mpl.rcParams), frame.copy()
    found = []
    for folder in ("a", "b"):
        with mpl.rc_context({"font.size": 10 if folder == "a" else 30}):
            ax = draw(name, lang="bi")
            facts = {"title": {"zh": "题", "en": "t"}, "alt": {"zh": "文", "en": "a"}, "reading": None, "sql": []}
            found.append(plots.publish(ax, run_dir=tmp_path / folder, name="01_quality", frame=frame, n=4, as_of="2025-01-01", **facts).read_bytes())
    assert found[0] == found[1]
    assert dict(mpl.rcParams) == before
    pd.testing.assert_frame_equal(frame, copy)


@each_figure
def test_simulated_data_is_watermarked(name):
    assert "模拟数据 / simulated" in words_of(draw(name, simulated=True))
    assert "模拟数据 / simulated" not in words_of(draw(name))


def test_parts_show_score_weight_and_what_is_unknown():
    ax = draw("quality_parts")
    assert [bar.get_width() for bar in ax.patches if bar.get_gid() == "score"] == [99.99, 80.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Completeness\nweight 25%", "Validity\nweight 75%", "Timeliness"]
    assert [text.get_text() for text in ax.texts] == ["99.9", "80.0", "not checked"]  # cut, never rounded up to 100
    assert any("Whole 84.9" in line for line in words_of(ax))


def test_parts_of_which_nothing_is_known_are_drawn_and_told():
    unknown = PARTS.assign(score=[None] * 3, weight=0.0)
    assert [text.get_text() for text in draw("quality_parts", frame=unknown).texts] == ["not checked"] * 3
    assert plots.alt_quality_parts(unknown, lang="en").endswith("nothing could be checked, the score is unknown.")


def test_columns_stand_emptiest_first_and_at_most_15():
    ax = draw("missing_by_column")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Orders: Customer id", "Customers: Phone", "Orders: Order id"]
    assert [text.get_text() for text in ax.texts] == ["25.0%", "<0.1%", "0.0%"]
    many = pd.concat([COLUMNS] * 7, ignore_index=True)
    assert len(draw("missing_by_column", frame=many).get_yticklabels()) == 15
    full = draw("missing_by_column", frame=COLUMNS.assign(blank_share=0.0))
    assert [text.get_text() for text in full.texts] == ["0.0%"] * 3


def test_days_without_an_order_are_zero_and_long_gaps_are_shaded():
    ax = draw("rows_per_day", frame=DAYS.iloc[[2, 0, 1]])
    line = next(line for line in ax.lines if line.get_gid() == "orders")
    assert line.get_ydata().tolist() == [3, 5, 0, 0, 0, 0, 0, 0, 0, 1]
    gaps = [patch for patch in ax.patches if patch.get_gid() == "gap"]
    assert [round(gap.get_width()) for gap in gaps] == [7]  # 3 to 9 January


def test_beyond_two_years_the_mean_of_each_month_is_drawn():
    long = pd.DataFrame({"day": [date(2020, 1, 16), date(2020, 2, 29), date(2022, 3, 2)], "orders": [16, 29, 4]})
    line = next(line for line in draw("rows_per_day", frame=long).lines if line.get_gid() == "orders")
    assert line.get_ydata().tolist() == [1.0, 1.0, *[0.0] * 24, 2.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("quality_parts", "Bars of the score of each part: the whole is 84.9; the lowest is validity with 80.0 at a weight of 75%; "
                          "parts checked: 2, not checked: 1."),
        ("missing_by_column", "Bars of the blank share of each column: Orders: Customer id has most, 25.0%; columns in all: 3, without a blank: 1."),
        ("rows_per_day", "Line of orders per day, 1 Jan 2024 to 10 Jan 2024: the median day with orders has 3, the most is 5 (2 Jan 2024); "
                         "stretches of 7 days or more without an order: 1."),
    ],
)
def test_alt_text_says_what_is_seen(name, expected):
    _, alt, frame = FIGURES[name]
    assert alt(frame, lang="en") == expected
    assert alt(frame, lang="bi") == f"{alt(frame, lang='zh')}\n{expected}"
