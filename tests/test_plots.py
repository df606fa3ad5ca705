"""Figures: they show the frame, in every language, with no glyph box, no trace left, and equal bytes."""
import json

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from custlib import plots
from custlib.plots.style import readable_on, wrap

pytestmark = pytest.mark.filterwarnings("error:Glyph .* missing")
LINE = {"source": "网店 Shop", "as_of": "2025-01-01", "n": 4}
CELLS = pd.DataFrame({
    "r": [5, 1, 5], "f": [5, 1, 1], "customers": [1, 2, 1], "customer_share": [0.25, 0.5, 0.25],
    "net_amount": [20000.0, 30.0, 8.0], "amount_share": [0.998, 0.0015, 0.0005],
    "median_net_amount": [20000.0, 15.0, 8.0],
})
CURVE = pd.DataFrame({"customer_share": [0, 0.5, 0.75, 1], "amount_share": [0, 0.1, 0.3, 1]})
ABC = pd.DataFrame({
    "class": ["A", "B", "C"], "customers": [1, 1, 2], "customer_share": [0.25, 0.25, 0.5],
    "net_amount": [70.0, 20.0, 10.0], "amount_share": [0.7, 0.2, 0.1], "threshold": [70.0, 20.0, 4.0],
})
WHALE = pd.DataFrame({"customer_share": [0.25, 0.5, 0.75, 1], "amount_share": [0.7, 0.9, 1.1, 1]})
SEGMENTS = pd.DataFrame({
    "segment": ["lost", "champions"], "rank": [2, 1], "customers": [3, 1],
    "customer_share": [0.75, 0.25], "customer_share_low": [0.6, 0.1], "customer_share_high": [0.9, 0.4],
    "amount_share": [-0.1, 1.1], "amount_share_low": [-0.2, None], "amount_share_high": [0.0, None],
})
BARS = pd.DataFrame({"left": [1.0, 10.0], "right": [10.0, 100.0], "customers": [3, 1]})
SPREAD = {"column": "net_amount", "mean": 12.4, "median": 8.0, "currency": "CNY"}
FIGURES = {
    "rfm_grid": (plots.rfm_grid, CELLS, {"currency": "CNY"}),
    "lorenz": (plots.lorenz, CURVE, {"gini": 0.475, "abc": ABC, "interval": (0.4, 0.55)}),
    "whale_curve": (plots.whale_curve, WHALE, {}),
    "segment_bars": (plots.segment_bars, SEGMENTS, {}),
    "distribution": (plots.distribution, BARS, SPREAD | {"edges": {"1": 5, "2": 50}}),
}
each_figure = pytest.mark.parametrize("name", FIGURES)
ONE = {
    "rfm_grid": CELLS.head(1).assign(customer_share=1.0),
    "lorenz": pd.DataFrame({"customer_share": [0, 1], "amount_share": [0, 1]}),
    "whale_curve": pd.DataFrame({"customer_share": [1.0], "amount_share": [1.0]}),
    "segment_bars": SEGMENTS.tail(1),
    "distribution": pd.DataFrame({"left": [8.0], "right": [8.0], "customers": [1]}),
}


@pytest.fixture(autouse=True)
def close_all():
    plt.close("all")  # what docstring examples drew
    yield
    plt.close("all")


def draw(name, *, lang="en", frame=None, **more):
    function, default, options = FIGURES[name]
    return function(default if frame is None else frame, lang=lang, **LINE, **options, **more)


def words_of(ax):
    return [text.get_text() for text in ax.figure.texts]


def save(ax, folder, name="04_lorenz", **more):
    facts = {"title": {"zh": "题", "en": "t"}, "alt": {"zh": "文", "en": "a"}, "reading": None}
    facts["sql"] = ["customer_table"]
    return plots.publish(ax, run_dir=folder, name=name, frame=CURVE, n=4, as_of="2025-01-01", **(facts | more))


@each_figure
@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
def test_every_language_is_drawn_with_units_source_n_and_day(name, lang, tmp_path):
    ax = draw(name, lang=lang)
    save(ax, tmp_path)
    said = "\n".join(words_of(ax))
    day = {"zh": ["2025年1月1日"], "en": ["1 Jan 2025"], "bi": ["2025年1月1日", "1 Jan 2025"]}[lang]
    assert all(part in said for part in [*day, "网店 Shop", "n = 4"])
    assert ax.get_xlabel() and (ax.get_ylabel() or name == "segment_bars")


@each_figure
def test_words_stay_inside_the_picture(name):
    for lang in ("zh", "en", "bi"):
        ax = draw(name, lang=lang)
        box, whole = ax.figure.get_tightbbox(), ax.figure.bbox_inches
        assert box.x0 >= -0.02 and box.y0 >= -0.02
        assert box.x1 <= whole.x1 + 0.02 and box.y1 <= whole.y1 + 0.02


@each_figure
def test_one_customer_is_drawn(name, tmp_path):
    abc = {"abc": ABC.head(1).assign(customer_share=1.0, amount_share=1.0)} if name == "lorenz" else {}
    function, _, options = FIGURES[name]
    save(function(ONE[name], lang="bi", **LINE, **(options | abc)), tmp_path)


@each_figure
def test_empty_frame_and_missing_column_are_refused(name):
    frame = FIGURES[name][1]
    with pytest.raises(ValueError, match="has no rows: nothing to draw"):
        draw(name, frame=frame.head(0))
    with pytest.raises(ValueError, match=f"lacks .*{frame.columns[0]}"):
        draw(name, frame=frame.drop(columns=frame.columns[0]))
    assert not plt.get_fignums()


@each_figure
def test_nothing_is_left_behind(name, tmp_path):
    before, frame = dict(mpl.rcParams), FIGURES[name][1].copy()
    ax = draw(name)
    save(ax, tmp_path)
    assert dict(mpl.rcParams) == before
    pd.testing.assert_frame_equal(FIGURES[name][1], frame)
    assert plt.get_fignums() == [ax.figure.number]


@each_figure
def test_same_frame_gives_same_bytes(name, tmp_path):
    first, second = (save(draw(name, lang="bi"), tmp_path / run) for run in "ab")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "savefig.bbox": "tight"}):
        third = save(draw(name, lang="bi"), tmp_path / "c")
    for kind in (".svg", ".png", ".csv", ".json"):
        assert first.with_suffix(kind).read_bytes() == second.with_suffix(kind).read_bytes()
        assert first.with_suffix(kind).read_bytes() == third.with_suffix(kind).read_bytes()
    assert b"<dc:date>" not in first.read_bytes()


@each_figure
def test_simulated_data_is_watermarked(name):
    assert "模拟数据 / simulated" in words_of(draw(name, simulated=True))
    assert "模拟数据 / simulated" not in words_of(draw(name))


def test_grid_stands_best_at_top_right_and_hatches_what_does_not_occur():
    ax = draw("rfm_grid")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["5", "4", "3", "2", "1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3", "4", "5"]
    said = {text.get_position(): text.get_text() for text in ax.texts}
    assert said == {(4.5, 0.5): "25.0%\n¥20k", (0.5, 4.5): "50.0%\n¥15", (0.5, 0.5): "25.0%\n¥8"}
    assert sum(patch.get_hatch() == "///" for patch in ax.patches) == 25 - 3


def test_grid_refuses_scores_outside_the_bins():
    with pytest.raises(ValueError, match="scores must be 1 to bins = 4, got 5"):
        draw("rfm_grid", bins=4)


@pytest.mark.parametrize("colour", [(level / 20,) * 3 for level in range(21)])
def test_words_on_a_colour_keep_a_contrast_of_4_5(colour):
    level = colour[0] / 12.92 if colour[0] <= 0.03928 else ((colour[0] + 0.055) / 1.055) ** 2.4
    ratio = (level + 0.05) / 0.05 if readable_on(colour) == "#000000" else 1.05 / (level + 0.05)
    assert ratio >= 4.5


def test_lorenz_draws_the_curve_and_cuts_where_the_classes_end():
    ax = draw("lorenz")
    curve = next(line for line in ax.lines if line.get_gid() == "curve")
    assert curve.get_xydata().tolist() == CURVE.to_numpy().tolist()
    cuts = [line.get_xydata().tolist() for line in ax.lines if line.get_gid() == "cut"]
    assert cuts == [[[0.5, 0], [0.5, 0.1], [0, 0.1]], [[0.75, 0], [0.75, 0.3], [0, 0.3]]]
    keys = [text.get_text() for text in ax.get_legend().get_texts()]
    assert keys == ["A  25.0% · 70.0%", "B  25.0% · 20.0%", "C  50.0% · 10.0%", "all alike"]
    assert any("0.475 (95% interval 0.400–0.550" in line for line in words_of(ax))


def test_curve_without_a_total_is_refused():
    with pytest.raises(ValueError, match="is the total amount above zero"):
        draw("whale_curve", frame=WHALE.assign(amount_share=float("nan")))


def test_whale_marks_80_percent_and_a_peak_above_100():
    said = [text.get_text() for text in draw("whale_curve").texts]
    assert said == ["80% reached: best 50.0%", "Peak: best 75.0%, 110.0%"]
    flat = WHALE.assign(amount_share=[0.4, 0.7, 0.9, 1])
    assert [text.get_text() for text in draw("whale_curve", frame=flat).texts] == ["80% reached: best 75.0%"]


def test_segments_stand_by_rank_with_their_shares_and_known_intervals():
    ax = draw("segment_bars")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Champions", "Lost"]
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.75, 1.1, -0.1]
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    whiskers = [segment[:, 0].round(9).tolist() for lines in ax.collections for segment in lines.get_segments()]
    assert whiskers == [[0.1, 0.4], [0.6, 0.9], [-0.2, 0.0]]


def test_distribution_draws_bars_lines_and_edges():
    ax = draw("distribution")
    assert ax.get_xscale() == "log"
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches] == [(1, 9, 3), (10, 90, 1)]
    at = {line.get_gid(): line.get_xdata()[0] for line in ax.lines if line.get_gid()}
    assert at == {"mean": 12.4, "median": 8.0}
    edges = next(lines for lines in ax.collections if lines.get_gid() == "edges")
    assert [segment[0, 0] for segment in edges.get_segments()] == [5, 50]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mean ¥12", "median ¥8", "score edges"]


def test_days_stand_on_a_plain_axis_and_money_needs_a_currency():
    days = plots.distribution(BARS, lang="zh", **LINE, column="recency_days", mean=9, median=5)
    assert days.get_xscale() == "linear"
    with pytest.raises(ValueError, match="net_amount is money: currency must be given"):
        plots.distribution(BARS, lang="zh", **LINE, column="net_amount", mean=9, median=5)
    with pytest.raises(ValueError, match="column must be one of"):
        plots.distribution(BARS, lang="zh", **LINE, column="age", mean=9, median=5)


def test_customers_that_a_log_axis_cannot_show_are_counted():
    below = pd.concat([pd.DataFrame({"left": [-5.0], "right": [0.0], "customers": [7]}), BARS])
    said = words_of(draw("distribution", frame=below))
    assert any(line.startswith("7 more customers are at or below 0") for line in said)
    with pytest.raises(ValueError, match="no customer above zero"):
        draw("distribution", frame=below.head(1))


@pytest.mark.parametrize(
    ("alt", "parts"),
    [
        (lambda lang: plots.alt_rfm_grid(CELLS, lang=lang, currency="CNY"), ["R1 F1", "50.0%", "¥15", "25.0%"]),
        (lambda lang: plots.alt_lorenz(CURVE, lang=lang, gini=0.475, abc=ABC), ["0.475", "10.0%", "25.0%", "70.0%"]),
        (lambda lang: plots.alt_whale_curve(WHALE, lang=lang), ["50.0%", "90.0%", "75.0%", "110.0%"]),
        (lambda lang: plots.alt_segment_bars(SEGMENTS, lang=lang), ["75.0%", "−10.0%", "110.0%", "25.0%"]),
        (lambda lang: plots.alt_distribution(BARS, lang=lang, **SPREAD), ["75.0%", "¥1", "¥10", "¥12", "¥8"]),
    ],
    ids=["grid", "lorenz", "whale", "segments", "distribution"],
)
def test_alt_text_names_numbers_of_the_frame(alt, parts):
    for lang in ("zh", "en"):
        assert all(part in alt(lang) for part in parts)
    assert alt("bi") == f"{alt('zh')}\n{alt('en')}"
    assert plots.both(lambda *, lang: alt(lang)) == {"zh": alt("zh"), "en": alt("en")}


def test_publish_writes_the_four_files_and_the_words(tmp_path):
    path = save(draw("lorenz"), tmp_path)
    folder = tmp_path / "figures"
    assert path == folder / "04_lorenz.svg"
    names = sorted(file.name for file in folder.iterdir())
    assert names == [f"04_lorenz.{kind}" for kind in ("csv", "json", "png", "svg")]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "04_lorenz.csv"), CURVE.astype(float), check_dtype=False)
    assert json.loads((folder / "04_lorenz.json").read_text(encoding="utf-8")) == {
        "name": "04_lorenz", "title": {"zh": "题", "en": "t"}, "alt": {"zh": "文", "en": "a"},
        "reading": {"zh": "", "en": ""}, "sql": ["customer_table"], "n": 4, "as_of": "2025-01-01",
    }


def test_publish_that_fails_leaves_no_draft(tmp_path, monkeypatch):
    ax = draw("lorenz")
    monkeypatch.setattr(CURVE.__class__, "to_csv", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(ax, tmp_path)
    assert sorted(file.suffix for file in (tmp_path / "figures").iterdir()) == [".png", ".svg"]


def test_publish_refuses_bad_names_and_half_words(tmp_path):
    ax = draw("lorenz")
    with pytest.raises(ValueError, match="name must look like 04_lorenz"):
        save(ax, tmp_path, name="../lorenz")
    with pytest.raises(ValueError, match="alt needs zh and en, got zh"):
        save(ax, tmp_path, alt={"zh": "文"})


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match="lang must be zh, en or bi"):
        draw("lorenz", lang="fr")


def test_long_lines_break_and_lose_nothing():
    line = "来源：一个名字很长很长的网店 with a very long English name（CC BY 4.0）"
    rows = wrap(line, 12)
    assert len(rows) > 2 and "".join(rows).replace(" ", "") == line.replace(" ", "")
