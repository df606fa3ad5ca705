"""The report in a browser: silent, alone, no wider than a phone, its tables sorted and filtered by hand."""

import pytest
from report_fixture import write_run

from custlib.report.html import render_html

NET, ORDERS = 4, 5
COLUMN = "(column) => [...document.querySelectorAll('#grid-customers tbody tr')].map(row => row.cells[column])"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run"))
    for lang in ("zh", "en", "bi"):
        render_html(folder, lang=lang)
    return folder


@pytest.fixture
def visit(chromium, run_dir):
    """Open a page offline; give it with what it asked for and what it said."""
    contexts = []

    def _open(lang="bi", width=1280):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        context.set_offline(True)
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((run_dir / f"report.{lang}.html").as_uri())
        page.evaluate("document.fonts.ready.then(() => true)")
        return page, asked, said

    yield _open
    for context in contexts:
        context.close()


def _values(page, column):
    return page.evaluate(f"column => ({COLUMN})(column).map(cell => Number(cell.dataset.value))", column)


def _sort(page, column):
    return page.locator("#grid-customers thead th").nth(column).get_attribute("aria-sort")


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
def test_page_asks_for_nothing_and_says_nothing(visit, run_dir, lang):
    page, asked, said = visit(lang)
    assert [url for url in asked if not url.startswith("data:")] == [(run_dir / f"report.{lang}.html").as_uri()]
    assert said == []
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
def test_page_never_scrolls_sideways(visit, lang, width):
    page, _, said = visit(lang, width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width and said == []


@pytest.mark.needs("chromium")
def test_the_page_brings_its_own_chinese_glyphs(visit):
    page, _, _ = visit("bi")
    assert page.evaluate("[...document.fonts].map(font => font.family.replaceAll('\"', '') + ' ' + font.status)") == ["Report Sans loaded"]
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("h1", ".conclusions", "#grid-segments table", "#limits", "#grid-definitions table", "footer"):
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert [font["familyName"] for font in used if not font["isCustomFont"]] == [], selector


@pytest.mark.needs("chromium")
def test_a_click_sorts_by_number_and_a_second_click_turns_it(visit):
    page, _, _ = visit()
    button = page.locator("#grid-customers thead button").nth(NET)
    button.click()
    values = _values(page, NET)
    assert values == sorted(values, reverse=True) and _sort(page, NET) == "descending"
    button.click()
    assert _values(page, NET) == sorted(values) and _sort(page, NET) == "ascending"
    page.locator("#grid-customers thead button").nth(ORDERS).click()
    assert (_sort(page, NET), _sort(page, ORDERS)) == ("none", "descending")


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_sorts_and_the_focus_shows(visit, key):
    page, _, _ = visit()
    page.locator("#filter-customers").focus()
    for _ in range(2):  # the scrolling region, then the first heading
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('th').cellIndex") == 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press(key)
    assert _sort(page, 0) == "ascending"


@pytest.mark.needs("chromium")
def test_the_filter_counts_what_it_shows(visit):
    page, _, _ = visit("en")
    page.locator("#filter-customers").focus()
    page.keyboard.type("champions 5-5")
    rows = page.locator("#grid-customers tbody tr:visible")
    said = page.locator("#grid-customers output").text_content()
    assert 0 < rows.count() < 100 and said == f"{rows.count()} of 100 rows shown"
    assert all("Champions" in row and "5-5" in row for row in rows.all_inner_texts())
    page.locator("#filter-customers").fill("")
    assert page.locator("#grid-customers output").text_content() == "100 of 100 rows shown"


@pytest.mark.needs("chromium")
def test_printing_opens_the_method_cards_and_closes_them_again(visit):
    page, _, _ = visit("zh")
    count = "document.querySelectorAll('details.card[open]').length"
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(count) == 5
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(count) == 0
