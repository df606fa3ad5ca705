"""The HTML report: one file that asks for nothing, escapes everything, and shows the account before any picture."""

import base64
import hashlib
import json
import re
from io import BytesIO
from itertools import pairwise

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from report_fixture import EDGES, HOSTILE, write_run

from custlib.i18n import Problem, keys, money, text
from custlib.report.context import ledger_gap, move, named, read_run
from custlib.report.definitions import thresholds
from custlib.report.html import render_html
from custlib.report.subset import subset

SECTIONS = ["conclusions", "ledger", "segments", "customers", "limits", "methods", "definitions"]
LOADING = {"src", "srcset", "href", "data", "action", "poster", "background", "formaction", "xlink:href"}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def pages(run_dir):
    return {lang: BeautifulSoup(render_html(run_dir, lang=lang).read_bytes(), "html.parser") for lang in ("zh", "en", "bi")}


@pytest.fixture(params=["zh", "en", "bi"])
def page(request, pages):
    return pages[request.param]


def _rows(page, table):
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.select(f"#grid-{table} tbody tr")]


def test_page_loads_nothing_from_outside(page):
    found = [tag[name] for tag in page.find_all(True) for name in LOADING & set(tag.attrs)]
    assert found and all(value.startswith(("data:", "#")) for value in found)
    css = page.style.string
    assert re.findall(r"url\((?!data:)", css) == [] and "@import" not in css
    assert page.find(["iframe", "object", "embed", "base"]) is None


def test_policy_allows_only_this_style_and_this_script(page):
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag in (page.style, page.script):
        assert base64.b64encode(hashlib.sha256(tag.string.encode()).digest()).decode() in policy
    handlers = [name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on") or name == "style"]
    assert handlers == []


def test_every_value_from_data_is_escaped(tmp_path):
    folder = write_run(tmp_path)
    for path, column in (("segments", "rule"), ("ledger", "step")):
        frame = pd.read_parquet(folder / f"tables/{path}.parquet")
        frame.loc[1, column] = HOSTILE
        frame.to_parquet(folder / f"tables/{path}.parquet", index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["run"]["title"]["zh"] = manifest["run"]["licence"] = '"><img src=x onerror=alert(1)>'
    (folder / "manifest.json").write_text(json.dumps(manifest))
    raw = render_html(folder, lang="bi").read_text()
    page = BeautifulSoup(raw, "html.parser")
    assert len(page.find_all("script")) == 1 and HOSTILE not in raw and "<img src=x" not in raw
    assert HOSTILE in page.select_one("#grid-customers").get_text()
    assert [HOSTILE in page.select_one(f"#grid-{name}").get_text() for name in ("segments", "ledger")] == [True, True]


def test_sections_stand_in_order_and_headings_do_not_jump(page):
    assert [tag["id"] for tag in page.find_all("h2")] == SECTIONS
    levels = [int(tag.name[1]) for tag in page.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ledger_stands_before_the_first_picture(page):
    named_or_drawn = page.find_all(lambda tag: tag.name == "img" or tag.get("id") == "grid-ledger")
    assert named_or_drawn[0]["id"] == "grid-ledger" and len(named_or_drawn) == 3


def test_ledger_shows_every_step_and_says_that_the_sum_is_exact(pages, run_dir):
    rows = _rows(pages["en"], "ledger")
    assert [row[0] for row in rows] == [
        "Read", text("ledger.rejected", "en"), "Not a product (postage, fees, adjustments)", text("ledger.anonymous", "en"),
        text("ledger.return", "en"), text("ledger.zero", "en"), text("ledger.kept", "en")]
    assert rows[0][1:] == ["541,909", "100.0%", "£10,359,090.02", "−£713,212.20", "£9,645,877.82"]
    assert "541,909 rows read equal" in pages["en"].select_one(".check.good").get_text()
    assert "Rows that repeat another in full" in pages["en"].select_one(".plain").get_text()


def test_ledger_that_does_not_add_up_is_called_out(tmp_path):
    folder = write_run(tmp_path)
    ledger = pd.read_parquet(folder / "tables/ledger.parquet")
    ledger.loc[1, ["rows", "net"]] = [11, -0.01]
    ledger.to_parquet(folder / "tables/ledger.parquet", index=False)
    assert ledger_gap(ledger) == (1, 0.01)
    page = BeautifulSoup(render_html(folder, lang="en").read_bytes(), "html.parser")
    assert "differ by 1 rows and £0.01" in page.select_one(".check.bad").get_text()


def test_every_picture_has_alt_text_source_and_sql(page):
    assert len(page.find_all("figure")) == 2
    for figure in page.find_all("figure"):
        assert "70%" in figure.img["alt"] and figure.img["src"].startswith("data:image/svg+xml;base64,")
        assert "130" in figure.select_one(".source").get_text() and figure.find("h4").get_text()
        assert "count(DISTINCT order_id)" in figure.select_one("details.sql pre").get_text()
        assert not figure.details.has_attr("open")


def test_every_threshold_is_printed(page):
    shown = page.select_one("#grid-definitions").get_text()
    for measure, spec in EDGES["rfm"].items():
        for edge in spec["edges"].values():
            assert (money(edge, "GBP") if measure == "net_amount" else str(edge)) in shown
    amounts = [*EDGES["abc"]["edges"].values(), *EDGES["tier3"]["edges"].values(), EDGES["cn8"]["net_amount"]]
    for said in [*(money(amount, "GBP") for amount in amounts), "51", "70%", "90%", "2011-12-10", "GBP", "R 5 · FM 4–5", "73.25"]:
        assert said in shown


def test_thresholds_say_what_scoring_does(run_dir):
    said = thresholds(read_run(run_dir), "en")
    assert [(level, limit) for name, level, limit in said if name.startswith("Frequency")] == [
        ("score 1", "≤ 1 order"), ("score 3", "> 1 order and ≤ 3 orders"),
        ("score 4", "> 3 orders and ≤ 5 orders"), ("score 5", "> 5 orders")]
    recency = [(level, limit) for name, level, limit in said if name.startswith("Recency")]
    assert recency[0] == ("score 5", "≤ 12 days") and recency[-1] == ("score 1", "> 178 days")


@pytest.mark.parametrize(("change", "said"), [
    ({"abc": {"shares": [.7, .9], "edges": {"A": None, "B": None}}}, "no customer reaches it"),
    ({"tier3": {"rule": "quantile", "shares": [.7, .9], "edges": {"high": 5, "mid": 3}}}, "from quantile 80%"),
    ({"rfm": {"orders": {"edges": {}, "top": 5, "reversed": False}}}, "any value"),
], ids=["no edge", "quantiles", "all equal"])
def test_odd_thresholds_are_said_in_words(tmp_path, change, said):
    folder = write_run(tmp_path)
    (folder / "tables/edges.json").write_text(json.dumps(EDGES | change))
    assert any(said in " ".join(row) for row in thresholds(read_run(folder), "en"))


def test_conclusions_come_in_the_language_of_the_page(pages):
    first = {lang: page.select_one(".conclusions li").get_text() for lang, page in pages.items()}
    assert first["zh"].startswith("“冠军客户”占客户的 16.0%") and first["en"].startswith("Champions: 16.0%")
    assert first["bi"] == first["zh"] + first["en"]


def test_language_is_marked_and_bi_has_both(pages):
    assert [pages[lang].html["lang"] for lang in ("zh", "en", "bi")] == ["zh-CN", "en", "zh-CN"]
    assert pages["zh"].select(".en") == [] and not re.search("[\u4e00-\u9fff]", pages["en"].main.get_text())
    for heading in pages["bi"].find_all("h2"):
        assert heading.select_one(".en")["lang"] == "en" and re.search("[\u4e00-\u9fff]", heading.get_text())


def test_tables_have_scopes_captions_and_sortable_heads(page):
    for table in page.find_all("table"):
        assert table.caption.get_text()
        assert all(head.get("scope") == "col" for head in table.thead.find_all("th"))
        assert all(row.th["scope"] == "row" for row in table.tbody.find_all("tr"))
    sortable = page.select(".sortable thead th")
    assert sortable and all(head["aria-sort"] == "none" and head.button["type"] == "button" for head in sortable)


def test_first_100_customers_come_by_net_amount(pages, run_dir):
    rows = _rows(pages["en"], "customers")
    known = pd.read_parquet(run_dir / "tables/customers.parquet").sort_values("net_amount", ascending=False)
    assert [row[0] for row in rows[:3]] == known["identity_id"].head(3).tolist() and len(rows) == 100
    assert rows[1][-2:] == ["R 4, F 4, M 5 meet the rule R 3–5 · FM 4", "£310.50 more: “Champions”"]


@pytest.mark.parametrize(("evidence", "best", "said"), [
    ({"r": 5, "next": None}, True, "report.move.top"),
    ({"r": 2, "next": None}, False, "report.move.none"),
    ({"r": None}, False, "report.move.unknown"),
])
def test_customer_without_a_next_step_is_told_why(evidence, best, said):
    assert move(evidence, "zh", "CNY", best=best) == text(said, "zh")


def test_one_more_order_is_singular():
    said = move({"r": 3, "next": {"label": "loyal", "lever": "orders", "need": 1.0}}, "en", "GBP")
    assert said == "1 more order: “Loyal”"


def test_simulated_data_carries_a_banner(tmp_path, pages):
    page = BeautifulSoup(render_html(write_run(tmp_path, simulated=True), lang="bi").read_bytes(), "html.parser")
    assert "模拟数据" in page.select_one(".banner").get_text() and "Simulated data" in page.select_one(".banner").get_text()
    assert pages["bi"].select_one(".banner") is None


def test_method_cards_answer_eight_questions(page):
    cards = page.select("details.card")
    assert len(cards) == 5
    assert all(len(card.find_all("dt")) == 8 and all(dd.get_text() for dd in card.find_all("dd")) for card in cards)


def test_same_run_gives_the_same_bytes_and_leaves_no_scraps(run_dir):
    first = render_html(run_dir, lang="bi").read_bytes()
    assert render_html(run_dir, lang="bi").read_bytes() == first
    assert list(run_dir.glob("*.tmp")) + list(run_dir.glob(".*")) == []


def test_texts_of_the_report_exist_in_both_languages():
    for part in ("report.", "method."):
        zh, en = ({key for key in keys(lang) if key.startswith(part)} for lang in ("zh", "en"))
        assert zh == en and zh
        for key in zh:
            holes = [set(re.findall(r"\{(\w+)\}", text(key, lang))) for lang in ("zh", "en")]
            assert holes[0] == holes[1], key


def test_font_holds_the_glyphs_of_the_page_and_little_more(page):
    data = re.search(r"base64,([^)]+)\)format\(.woff2", page.style.string).group(1)
    glyphs = set(TTFont(BytesIO(base64.b64decode(data))).getBestCmap())
    chinese = {ord(one) for one in page.get_text() if "\u4e00" <= one <= "\u9fff"}
    assert chinese <= glyphs and len(glyphs) < 1500


def test_subset_is_small_and_the_same_every_time():
    assert subset("客户分群") == subset("群分户客") and len(subset("客户分群")) < 40_000


def test_missing_file_and_unknown_language_are_refused(tmp_path):
    with pytest.raises(ValueError, match="lang must be zh, en or bi, got 'fr'"):
        render_html(tmp_path, lang="fr")
    with pytest.raises(Problem, match=r"manifest\.json"):
        render_html(tmp_path, lang="zh")


def test_unknown_label_stands_as_it_is():
    assert named("segment", "house_style", "bi") == "house_style"


def test_returns_that_are_left_out_are_told_from_the_ledger(tmp_path):
    folder = write_run(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["run"]["returns"] = "exclude"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    shown = BeautifulSoup(render_html(folder, lang="en").read_bytes(), "html.parser").get_text(" ")
    assert "before returns of £611,342" in shown


QUALITY = {
    "score": 91.96, "parts": [{"part": "completeness", "weight": 0.625, "score": 87.19, "rules": 2},
                              {"part": "timeliness", "weight": 0.0, "score": None, "rules": 0}],
    "rules": [
        {"rule": "anonymous_order", "part": "completeness", "severity": "warning", "table": "orders", "column": "customer_id", "checked": 1000,
         "failing": 1, "share": 0.0001},
        {"rule": "unreadable_date", "part": "validity", "severity": "error", "table": "orders", "column": "day", "checked": 1000, "failing": 7,
         "share": 0.007},
        {"rule": "repeated_row", "part": "uniqueness", "severity": "error", "table": "–", "column": "–", "checked": 0, "failing": 0, "share": None}]}
INPUTS = {
    "sales": {"files": [{"file": HOSTILE, "kind": "csv", "encoding": "gb18030", "encoding_sure": False, "rows": 1000}], "new": ["街道"], "gone": []},
    "shops": {"files": [{"file": "shops.xlsx"}], "new": [], "gone": ["lat", "lon"]}}


def with_intake(folder, **intake):
    """Write the fixture's run folder and an `intake` into its manifest."""
    write_run(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"intake": intake}))
    return folder


def test_intake_shows_score_parts_broken_rules_and_files(tmp_path):
    folder = with_intake(tmp_path, quality=QUALITY, inputs=INPUTS, assumptions=[{"zh": "金额含税。", "en": "Amounts include <tax>."}])
    raw = render_html(folder, lang="en").read_text()
    page = BeautifulSoup(raw, "html.parser")
    assert [tag["id"] for tag in page.find_all("h2")] == ["conclusions", "ledger", "quality", *SECTIONS[2:]]
    quality = page.find("section", attrs={"aria-labelledby": "quality"})
    assert quality.strong.get_text() == "91.9" and "Checks made: 2; of these, 2" in quality.select_one(".lead").get_text()
    assert [row[1:] for row in _rows(page, "quality_parts")] == [["62%", "87.1"], ["0%", "–"]]
    assert [row[1:] for row in _rows(page, "quality_rules")] == [["dayorders", "error", "7", "1,000", "0.7%"],
                                                                 ["customer_idorders", "warning", "1", "1,000", "<0.1%"]]
    assert _rows(page, "files") == [[HOSTILE, "sales", "csv", "gb18030a guess; please check", "1,000"], ["shops.xlsx", "shops", "–", "–", "–"]]
    assert [tag.get_text() for tag in page.select(".banner.note")] == [
        "The source sales has columns that the mapping does not know: 街道. They are not used; if they matter, add them to dataset.toml.",
        "The source shops no longer has these columns: lat, lon."]
    assert "Amounts include <tax>." in quality.get_text() and HOSTILE not in raw
    levels = [int(tag.name[1]) for tag in page.find_all(re.compile("^h[1-6]$"))]
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("intake", [{}, {"quality": {}}, {"quality": {"score": None}}, {"inputs": {"sales": [["old.csv", "ab12"]]}},
                                    {"inputs": {"sales": {}}}, {"quality": {"rules": [{"rule": "of_a_later_version", "failing": 3}]}}], ids=str)
def test_an_intake_that_lacks_parts_is_shown_as_far_as_it_goes(intake, tmp_path):
    page = BeautifulSoup(render_html(with_intake(tmp_path, **intake), lang="bi").read_bytes(), "html.parser")
    section = page.find("section", attrs={"aria-labelledby": "quality"})
    told = "old.csv" if "inputs" in intake and intake["inputs"]["sales"] else "of_a_later_version" if "rules" in intake.get("quality", {}) else "–"
    assert (section is None) == (intake in ({}, {"quality": {}}, {"inputs": {"sales": {}}}))
    assert section is None or told in section.get_text()


def with_schemes(folder):
    """Write the fixture's run folder with one declared scheme and one of a user's notebook, and a figure of hers."""
    write_run(folder)
    people = pd.read_parquet(folder / "tables/customers.parquet")["identity_id"]
    shipped = pd.read_parquet(folder / "tables/labels.parquet")
    size = pd.DataFrame({"identity_id": people, "as_of": shipped["as_of"].iloc[0], "scheme": "x.size", "score": 1.0, "confidence": float("nan"),
                         "label": ["small" if place < 100 else "large" for place in range(len(people))],
                         "evidence": json.dumps({"rule": None})})
    pd.concat([shipped, size], ignore_index=True).to_parquet(folder / "tables/labels.parquet", index=False)
    mood = pd.DataFrame({"identity_id": ["a", "b", "c"], "scheme": "x.mood", "label": [HOSTILE, HOSTILE, "unknown"], "score": [2.0, 2.0, None],
                         "evidence": [json.dumps({"rule": "said so"}), json.dumps({"rule": "said so"}), "{}"]})
    mood.to_parquet(folder / "tables/labels_mood.parquet", index=False)
    labels = {"small": {"rule": "net_amount < 100", "zh": "小"}, "medium": {"rule": "100 ≤ net_amount < 1000", "zh": "中"},
              "large": {"rule": "net_amount ≥ 1000", "zh": "大"}}
    edges = EDGES | {"schemes": {"x.size": {"column": "net_amount", "cuts": [100, 1000], "labels": labels}}}
    (folder / "tables/edges.json").write_text(json.dumps(edges))
    for kind in ("svg", "json"):
        made = (folder / f"figures/04_lorenz.{kind}").read_text().replace("04_lorenz", "50_mood")
        (folder / f"figures/50_mood.{kind}").write_text(made)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"figures": [*manifest["figures"], "50_mood"]}))
    return folder


def test_own_schemes_stand_in_a_section_of_their_own_with_rule_and_counts(tmp_path):
    raw = render_html(with_schemes(tmp_path), lang="zh").read_text()
    page = BeautifulSoup(raw, "html.parser")
    assert [tag["id"] for tag in page.find_all("h2")] == [*SECTIONS[:4], "own", *SECTIONS[4:]]
    assert _rows(page, "schemes") == [
        ["x.mood", HOSTILE, "said so", "2", "66.7%"], ["x.mood", "未知", "–", "1", "33.3%"],
        ["x.size", "小", "net_amount < 100", "100", "76.9%"], ["x.size", "中", "100 ≤ net_amount < 1000", "0", "0.0%"],
        ["x.size", "大", "net_amount ≥ 1000", "30", "23.1%"]]
    own = page.find("section", attrs={"aria-labelledby": "own"})
    assert [tag["id"] for tag in own.find_all("figure")] == ["figure-50_mood"] and HOSTILE not in raw
    assert [tag["id"] for tag in page.find("section", attrs={"aria-labelledby": "segments"}).find_all("figure")] == [
        "figure-01_ledger", "figure-04_lorenz"]
    said = [row[1:] for row in thresholds(read_run(tmp_path), "zh") if "x.size" in row[0]]
    assert said == [("小", "net_amount < 100"), ("中", "100 ≤ net_amount < 1000"), ("大", "net_amount ≥ 1000")]


def test_own_schemes_do_not_touch_the_customer_tables(tmp_path, pages):
    page = BeautifulSoup(render_html(with_schemes(tmp_path), lang="en").read_bytes(), "html.parser")
    for name in ("customers", "segments", "cn8", "abc"):
        assert _rows(page, name) == _rows(pages["en"], name)
