"""A user's own notebooks, 50 to 89: what they must declare, how they join a run, and what of theirs the report shows."""

import json
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import shop

from custlib.i18n import Problem
from custlib.report import folder, graph, own_labels, rebuild, rules
from custlib.report.execute import check_kernels, declared_parameters, own_parameters
from custlib.report.parameters import check
from custlib.report.run import run
from custlib.report.segment_tables import write_segment_tables
from custlib.report.summary import completed
from custlib.tables import build

pytestmark = pytest.mark.xdist_group("own notebooks")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
DAY = "2024-06-01"
PEOPLE = """schema = 1
name = "people"
currency = "CNY"
timezone = "Asia/Shanghai"
max_reject_share = 0.5
[sources.people]
path = "people.csv"
known = ["id", "born"]
[tables.customers]
source = "people"
[tables.customers.columns]
customer_id = "id"
birth_date = "born"
"""


def write(where: Path, name: str, *cells: str, parameters: str = "", kernel: dict | None = KERNEL, **declared) -> Path:
    """Write a notebook; `declared` are reads, writes and needs (none: no declaration at all)."""
    where.mkdir(parents=True, exist_ok=True)
    made = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
    notebook = nbformat.v4.new_notebook(cells=[*made, *map(nbformat.v4.new_code_cell, cells)])
    notebook.metadata = {**({"kernelspec": kernel} if kernel else {}), **({"custlib": declared} if declared else {})}
    nbformat.write(notebook, where / f"{name}.ipynb")
    return where


def refused(where: Path, own: Path | None = None) -> str:
    """Give the key of the sentence that these notebooks are refused with."""
    with pytest.raises(Problem) as caught:
        rules.check(graph.notebooks(where, own))
    assert caught.value.exit_code == 2
    return caught.value.key


@pytest.fixture
def ours(tmp_path) -> Path:
    """Stand-ins for the shipped notebooks: 04 needs orders, 90 reads every summary."""
    where = tmp_path / "notebooks"
    write(where, "04_value", "1 / 0", reads=["data/build"], writes=["tables/customers.parquet", "tables/labels.parquet"], needs=["orders"])
    end = ("import json, pathlib\nfolder = pathlib.Path(run_dir)\n"
           "names = sorted(path.stem for path in folder.glob('summary/[0-8]*.json'))\n"
           "from custlib.report.summary import number, write_summary\n"
           "write_summary(folder, '90_report', dataset='people', as_of=as_of, lang='en', numbers={'seen': number(len(names), unit='n', n=1)})")
    return write(where, "90_report", end, parameters="run_dir: str = ''\nas_of: str = ''", reads=["summary/*", "tables/*"], writes=[])


@pytest.fixture
def people(tmp_path) -> Path:
    """A data set without orders: three customers and one row that is rejected."""
    shelf = tmp_path / "people"
    shelf.mkdir()
    (shelf / "dataset.toml").write_text(PEOPLE, encoding="utf-8")
    (shelf / "people.csv").write_text("id,born,town\nc1,1990-01-02,A\nc2,1985-03-04,B\nc3,no day,B\nc4,1970-05-06,C\n", encoding="utf-8")
    return shelf


# what must be declared


def test_own_notebooks_stand_beside_ours_and_beside_the_data_set(ours, people):
    write(ours, "50_mine", "1", reads=["summary/04_value.json"], writes=["tables/mine.parquet"])
    write(people / "notebooks", "61_more", "1", reads=["tables/mine.parquet"], writes=[])
    (people / "notebooks" / ".hidden.ipynb").write_text("{}")
    listed = graph.notebooks(ours, people / "notebooks")
    assert [(one.name, one.own) for one in listed] == [("04_value", False), ("50_mine", True), ("61_more", True), ("90_report", False)]
    assert {one.name: graph.needs(one, listed) for one in listed} == {
        "04_value": [], "50_mine": ["04_value"], "61_more": ["50_mine"], "90_report": ["04_value", "50_mine", "61_more"]}
    assert listed[1].writes == ("tables/mine.parquet", "summary/50_mine.json")
    rules.check(listed)


def test_a_folder_that_is_not_there_and_our_own_folder_named_twice_add_nothing(ours):
    assert graph.notebooks(ours, ours / "nowhere") == graph.notebooks(ours, ours) == graph.notebooks(ours)


@pytest.mark.parametrize("name", ["49_low", "90_high", "Untitled", "5_short"])
def test_beside_the_data_set_only_50_to_89_are_read(name, ours, people):
    write(people / "notebooks", name, "1", reads=[], writes=[])
    assert refused(ours, people / "notebooks") == "notebook_number"


@pytest.mark.parametrize(("declared", "key"), [
    ({}, "notebook_undeclared"),
    ({"read": ["x"]}, "notebook_undeclared"),
    ({"reads": "tables/customers.parquet"}, "notebook_undeclared"),
    ({"reads": [1]}, "notebook_undeclared"),
    ({"reads": ["tables/nobody.parquet"]}, "notebook_reads_nothing"),
    ({"writes": ["tables/customers.parquet"]}, "notebook_writes_same"),
    ({"writes": ["tables/*"]}, "notebook_writes_same"),
    ({"writes": ["summary/04_value.json"]}, "notebook_writes_same"),
    ({"writes": ["../elsewhere.parquet"]}, "notebook_writes_where"),
    ({"writes": ["/tables/x.parquet"]}, "notebook_writes_where"),
    ({"writes": ["manifest.json"]}, "notebook_writes_where"),
    ({"reads": ["summary/90_report.json"]}, "notebooks_cycle"),
    ({"needs": ["ordres"]}, "notebook_needs"),
], ids=str)
def test_a_declaration_that_does_not_hold_is_refused(declared, key, ours):
    write(ours, "50_mine", "1", **declared)
    assert refused(ours) == key


@pytest.mark.parametrize("path", ["data/build", "data/shop/raw/x.csv", "build/orders.parquet", "tables/rejects.parquet"])
def test_what_a_run_itself_provides_may_be_read(path, ours):
    write(ours, "50_mine", "1", reads=[path])
    rules.check(graph.notebooks(ours))


def test_two_own_notebooks_that_write_one_file_or_share_a_number_or_wait_for_each_other_are_refused(ours, tmp_path):
    write(ours, "50_a", "1", writes=["tables/x.parquet"])
    assert refused(write(ours, "51_b", "1", writes=["tables/x.parquet"])) == "notebook_writes_same"
    (ours / "51_b.ipynb").unlink()
    assert refused(write(ours, "50_b", "1", writes=[])) == "notebook_number_twice"
    (ours / "50_b.ipynb").unlink()
    write(ours, "50_a", "1", reads=["tables/y.parquet"], writes=["tables/x.parquet"])
    write(ours, "51_b", "1", reads=["tables/x.parquet"], writes=["tables/y.parquet"])
    with pytest.raises(Problem, match="50_a → 51_b → 50_a|51_b → 50_a → 51_b"):
        rules.check(graph.notebooks(ours))


def test_the_same_name_in_both_folders_is_refused(ours, people):
    write(ours, "50_a", "1", reads=[])
    write(people / "notebooks", "50_a", "1", reads=[])
    assert refused(ours, people / "notebooks") == "notebook_number_twice"


def test_a_kernel_must_be_named_and_installed(ours):
    assert refused(write(ours, "50_mine", "1", kernel=None, reads=[])) == "notebook_no_kernel"
    write(ours, "50_mine", "1", kernel={**KERNEL, "name": "fortran"}, reads=[])
    with pytest.raises(Problem, match="kernel fortran, which is not installed"):
        check_kernels(graph.notebooks(ours))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"worksheets": []}', b"\xff\xfe", b'{"cells": [], "metadata": []}'], ids=str)
def test_what_is_no_notebook_is_refused(content, ours):
    (ours / "50_mine.ipynb").write_bytes(content)
    assert refused(ours) == "notebook_unreadable"


def test_the_text_twins_of_own_notebooks_are_neither_asked_for_nor_executed(ours, monkeypatch):
    write(ours, "50_mine", "1", reads=[])
    (ours / "src").mkdir()
    for name in ("04_value", "50_mine", "60_draft"):
        (ours / "src" / f"{name}.py").write_text("# %%\n1 / 0\n")
    monkeypatch.setattr(rebuild, "project_root", lambda: ours.parent)
    assert [path.stem for path in rebuild.sources()] == ["04_value"]
    assert not [one for one in rebuild.differences() if "50_" in one or "60_" in one]


# parameters


def test_own_parameters_are_read_as_the_type_of_their_default(ours):
    cell = ("bins: int = 5\ndepth = 2\nshare: float = .5\nname: str = 'a'\nquick: bool = False\ncuts: list = [1.5]\n"
            "made = len('ab')\nrun_dir: str = ''")
    write(ours, "50_mine", "1", parameters=cell, reads=[])
    own = own_parameters(graph.notebooks(ours))
    assert own == {"depth": 2, "share": .5, "name": "a", "quick": False, "cuts": [1.5]}
    given = {"depth": "3", "share": "1", "name": "b", "quick": "TRUE", "cuts": "1, 2.5", "bins": "4"}
    assert check(given, own) == {"depth": 3, "share": 1.0, "name": "b", "quick": True, "cuts": [1.0, 2.5], "bins": 4}
    assert [type(value) for value in check(given, own).values()] == [int, float, str, bool, list, int]
    assert declared_parameters(graph.notebooks(ours)[1]) == {*own, "bins", "made", "run_dir"}


@pytest.mark.parametrize(("name", "value", "key"), [
    ("depth", "2.5", "bad_parameter"), ("quick", "perhaps", "bad_parameter"), ("cuts", "a,b", "bad_parameter"),
    ("bins", "99", "out_of_range"), ("deph", "3", "unknown_parameter"), ("made", "3", "unknown_parameter")])
def test_an_own_parameter_of_another_type_is_refused(name, value, key):
    with pytest.raises(Problem) as caught:
        check({name: value}, {"depth": 2, "quick": False, "cuts": [1.5]})
    assert caught.value.key == key
    assert name != "deph" or "did you mean depth?" in str(caught.value)


def test_one_name_with_defaults_of_two_types_is_refused(ours):
    write(ours, "50_a", "1", parameters="depth = 2", reads=[])
    write(ours, "51_b", "1", parameters="depth = 'deep'", reads=[])
    with pytest.raises(Problem, match="depth has defaults of different types in 50_a and 51_b"):
        own_parameters(graph.notebooks(ours))


# summaries


@pytest.mark.parametrize(("given", "key"), [
    ([], "summary_part"), ({"numbers": []}, "summary_part"), ({"numbers": {"a": 1}}, "summary_part"),
    ({"numbers": {"a": {"value": "7"}}}, "summary_part"), ({"conclusions": "fine"}, "summary_part"),
    ({"conclusions": [{"key": "no.such.text"}]}, "summary_part"), ({"warnings": [{"zh": "一"}]}, "summary_part"),
    ({"conclusions": [{"key": "report.move.order"}]}, "summary_part"), ({"conclusions": [{"key": "report.move.none"}]}, None),
    ({"conclusions": [{"key": "report.said.abc", "values": {"n": 1}}]}, "summary_part"),
    ({"as_of": "2020-01-01"}, "summary_other"), ({"dataset": "other"}, "summary_other"),
    ({"conclusions": ["as it is", {"zh": "一", "en": "one"}], "skipped": ["no time"]}, None)], ids=str)
def test_a_summary_that_the_report_cannot_say_is_refused(given, key):
    about = {"dataset": "people", "as_of": DAY, "lang": "en"}
    if key is None:
        assert completed(given, "50_mine", **about)["conclusions"] == given["conclusions"]
        return
    with pytest.raises(Problem) as caught:
        completed(given, "50_mine", **about)
    assert caught.value.key == key


# labels


def labels(*rows: tuple, **columns) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["identity_id", "scheme", "label"]).assign(**columns)


def one(pattern: str = "tables/labels_mine.parquet") -> graph.Notebook:
    return graph.Notebook("50_mine", Path("50_mine.ipynb"), (), (pattern,), "", own=True)


@pytest.fixture
def work(tmp_path) -> Path:
    (tmp_path / "tables").mkdir()
    return tmp_path


def test_the_least_that_labels_need_is_completed(work):
    labels(("a", "x.mood", "glad"), ("b", "x.mood", "sad")).to_parquet(work / "tables/labels_mine.parquet")
    own_labels.written_by(one(), work, as_of=DAY)
    own_labels.check(work, [one()])
    found = own_labels.read(work)
    assert found[["identity_id", "scheme", "label", "evidence", "file"]].to_numpy().tolist() == [
        ["a", "x.mood", "glad", "{}", "labels_mine.parquet"], ["b", "x.mood", "sad", "{}", "labels_mine.parquet"]]
    assert found[["score", "confidence"]].isna().all(axis=None)


@pytest.mark.parametrize(("frame", "told"), [
    (labels(("a", "rfm.named", "lost")), "the scheme rfm.named cannot be written"),
    (labels(("a", "x.mood", "glad"), ("a", "x.mood", "sad")), "labels_mine.parquet"),
    (labels(("a", "mood", "glad")), "labels_mine.parquet"),
    (labels(("a", "x.mood", None)), "labels_mine.parquet"),
    (labels(("a", "x.mood", "glad"), confidence=1.5), "labels_mine.parquet"),
    (labels(("a", "x.mood", "glad"), as_of="2020-01-01"), "are not of the as-of day 2024-06-01"),
    (labels(("a", "x.mood", "glad"))[["scheme", "label"]], "labels_mine.parquet"),
], ids=["our scheme", "twice", "no x.", "blank", "out of range", "another day", "no identity"])
def test_labels_that_break_the_canonical_table_are_refused_and_the_file_is_named(frame, told, work):
    frame.to_parquet(work / "tables/labels_mine.parquet")
    with pytest.raises(Problem, match=told):
        own_labels.written_by(one(), work, as_of=DAY)


def test_labels_from_two_places_under_one_scheme_and_undeclared_ones_are_refused(work):
    for name in ("mine", "more"):
        labels(("a", "x.mood", "glad")).to_parquet(work / f"tables/labels_{name}.parquet")
    with pytest.raises(Problem, match=r"labels_more\.parquet was written, but no notebook declares it"):
        own_labels.check(work, [one()])
    with pytest.raises(Problem, match=r"x\.mood labels the same identities in labels_mine\.parquet and in labels_more\.parquet"):
        own_labels.check(work, [one("tables/labels_*.parquet")])
    labels(("b", "x.mood", "glad")).to_parquet(work / "tables/labels_more.parquet")
    own_labels.check(work, [one("tables/labels_*.parquet")])
    labels(("b", "x.mood", "glad"), ("b", "rfm.named", "lost")).to_parquet(work / "tables/labels.parquet")
    with pytest.raises(Problem, match=r"in labels\.parquet and in labels_more\.parquet"):
        own_labels.check(work, [one("tables/labels_*.parquet")])


def test_no_label_table_at_all_is_an_empty_frame(work):
    found = own_labels.read(work)
    assert found.empty and list(found) == ["identity_id", "scheme", "label", "score", "confidence", "evidence", "file"]


def test_a_file_that_is_no_parquet_is_refused(work):
    (work / "tables/labels_mine.parquet").write_bytes(b"PAR1")
    with pytest.raises(Problem, match=r"labels_mine\.parquet is no whole Parquet file"):
        own_labels.written_by(one(), work, as_of=DAY)


# whole runs, on data without orders


MINE = """import pathlib, pandas as pd
from matplotlib import pyplot as plt
from custlib.plots import publish
folder = pathlib.Path(run_dir)
people = pd.DataFrame({'identity_id': ['c1', 'c2', 'c4'], 'scheme': 'x.age', 'label': ['young', 'young', 'old'], 'score': [1., 1., depth]})
people.to_parquet(folder / 'tables/labels_age.parquet')
both = {'zh': '年龄 70%', 'en': 'age 70%'}
fig, ax = plt.subplots()
ax.bar([1, 2], [2, 1])
publish(ax, run_dir=folder, name='50_age', frame=people, title=both, alt=both, reading=both, sql=[], n=3, as_of='2024-06-01')
"""
SAID = """from custlib.report.summary import write_summary
said = [{'zh': '多数年轻。', 'en': 'Most are <b>young</b>.'}]
write_summary(folder, '50_age', dataset='people', as_of='2024-06-01', lang='en', numbers={}, conclusions=said)
"""


def lines(shelf: Path, notebooks: Path, **more) -> list[str]:
    """Run, and give the progress lines of the notebooks without bars and times."""
    said: list[str] = []
    run(shelf / "dataset.toml", lang=more.pop("lang", "en"), as_of=DAY, out=shelf / "out", notebooks=notebooks, say=said.append, workers=1, **more)
    return [line.split(" ", 2)[2] for line in said if line.startswith("[")]


def test_without_orders_the_report_says_why_and_shows_intake_and_own_analyses(ours, people):
    write(people / "notebooks", "50_age", MINE, SAID, parameters="run_dir: str = ''\ndepth: float = 2.0", reads=["data/build"],
          writes=["tables/labels_age.parquet"])
    write(people / "notebooks", "51_late", "1 / 0", reads=["tables/customers.parquet"], writes=["tables/never.parquet"])
    said = lines(people, ours, parameters={"depth": "7"})
    assert said[:2] == ["04_value skipped: no orders", "51_late skipped: no 04_value"]
    assert [line.split()[0] for line in said[2:]] == ["50_age", "90_report"]
    out = people / "out"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["skipped"] == [
        {"notebook": "04_value", "key": "skipped.no_table", "values": {"notebook": "04_value", "tables": "orders"}},
        {"notebook": "51_late", "key": "skipped.no_notebook", "values": {"notebook": "51_late", "other": "04_value"}}]
    assert manifest["rows"] == {"in": 4, "kept": 3, "rejected": 1, "excluded": 0}
    assert (manifest["orders"], manifest["parameters"]["depth"], manifest["figures"]) == (False, 7.0, ["50_age"])
    assert manifest["intake"]["inputs"]["people"]["new"] == ["town"]
    assert json.loads((out / "summary/90_report.json").read_text())["numbers"]["seen"]["value"] == 3

    page = BeautifulSoup((out / "report.en.html").read_bytes(), "html.parser")
    assert [tag["id"] for tag in page.find_all("h2")] == ["conclusions", "quality", "own", "limits"]
    assert [tag["href"] for tag in page.select("nav a")] == ["#conclusions", "#quality", "#own", "#limits"]
    told = [tag.get_text() for tag in page.select(".conclusions li")]
    assert told[0].startswith("These data hold no orders") and told[1] == "Most are <b>young</b>."
    assert "columns that the mapping does not know: town" in page.select_one(".banner").get_text()
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.select("#grid-schemes tbody tr")]
    assert [row[:2] + row[3:] for row in rows] == [["x.age", "old", "1", "33.3%"], ["x.age", "young", "2", "66.7%"]]
    assert page.select_one("#own").find_next("figure")["id"] == "figure-50_age"
    assert [row.get_text() for row in page.select("#grid-files tbody th")] == ["people.csv"]
    assert "51_late was skipped" in page.select_one("#skipped").find_next("ul").get_text()

    book = openpyxl.load_workbook(out / "report.xlsx")
    assert book.sheetnames == ["Conclusions", "Data quality", "Files", "Own schemes", "Own labels", "Rejects"]
    assert list(book["Own labels"].values) == [("Customer", "x.age"), ("c1", "young"), ("c2", "young"), ("c4", "old")]

    # nothing changed: nothing runs; changed code runs again, and what waits for it; a notebook that is gone leaves nothing
    before = (out / "report.en.html").read_bytes()
    assert [line.split()[1] for line in lines(people, ours, parameters={"depth": "7"})] == ["skipped:", "skipped:", "unchanged", "unchanged"]
    assert (out / "report.en.html").read_bytes() == before
    (people / "notebooks" / "50_age.ipynb").unlink()
    assert [line.split()[0] for line in lines(people, ours)] == ["04_value", "51_late", "90_report"]
    assert [path.name for path in sorted((out / "tables").iterdir())] == ["ledger.parquet", "rejects.parquet"]
    assert not list((out / "figures").iterdir()) and not (out / "summary/50_age.json").exists()


def test_a_notebook_without_summary_and_parameters_gets_an_empty_summary_and_what_is_done_is_kept(ours, people):
    own = write(people / "notebooks", "50_plain", "done = 1", reads=[], writes=[])
    write(own, "51_wrong", "done = 1", reads=["summary/50_plain.json"], writes=["tables/promised.parquet"])
    with pytest.raises(Problem, match=r"51_wrong declares that it writes tables/promised\.parquet"):
        lines(people, ours)
    assert not (people / "out").exists()
    write(own, "51_wrong", "done = 2", reads=["summary/50_plain.json"], writes=[])
    said = lines(people, ours)
    assert said[1] == "50_plain unchanged" and said[2].startswith("51_wrong") and "unchanged" not in said[2]
    summary = json.loads((people / "out/summary/50_plain.json").read_text())
    assert {part: summary[part] for part in ("dataset", "as_of", "numbers", "conclusions")} == {
        "dataset": "people", "as_of": DAY, "numbers": {}, "conclusions": []}


@pytest.mark.parametrize("lang", ["zh", "bi"])
def test_without_orders_every_language_has_a_page(lang, ours, people):
    lines(people, ours, lang=lang)
    page = BeautifulSoup((people / "out" / f"report.{lang}.html").read_bytes(), "html.parser")
    assert page.select_one(".conclusions li").get_text().startswith("这份数据没有订单")
    assert "收到的数据与质量" in page.h1.get_text()


def test_without_any_day_the_snapshot_day_is_asked_for(ours, people):
    with pytest.raises(Problem, match="say the snapshot day with --as-of") as caught:
        run(people / "dataset.toml", lang="en", as_of=None, out=people / "out", notebooks=ours)
    assert caught.value.key == "as_of_no_days"


def test_the_customer_command_needs_orders(people):
    with pytest.raises(Problem, match="people has no orders, so there is no customer table"):
        write_segment_tables(people / "dataset.toml", people / "out", as_of=DAY)


def test_what_a_notebook_wrote_goes_with_it_and_nothing_else(work):
    for part in ("summary", "notebooks", "figures", "sql"):
        (work / part).mkdir()
    kept = ["tables/ours.parquet", "figures/04_lorenz.svg", "summary/04_value.json", "sql/ledger.sql"]
    gone = ["tables/labels_a.parquet", "tables/labels_b.parquet", "figures/50_a.svg", "figures/50_a.json", "notebooks/50_mine.ipynb"]
    for path in (*kept, *gone):
        (work / path).write_text("{}")
    (work / "summary/50_mine.json").write_text(json.dumps({"writes": ["tables/labels_*.parquet", "summary/50_mine.json"]}))
    folder.clear_vanished(work, ["04_value"])
    assert sorted(str(path.relative_to(work)) for path in work.rglob("*") if path.is_file()) == sorted(kept)
    folder.no_sales(work)
    assert pd.read_parquet(work / "tables/ledger.parquet").shape == (0, 5) and not list((work / "sql").iterdir())


def test_a_build_with_orders_skips_nothing(ours, tmp_path):
    built = build(shop(tmp_path / "shop"))
    listed = graph.notebooks(ours)
    assert graph.skipped(listed, [path.stem for path in built.folder.glob("*.parquet")]) == {}
    assert list(graph.skipped(listed, ["customers"])) == ["04_value"]
