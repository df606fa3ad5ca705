"""A run: published whole or not at all, resumed where it stopped, the same numbers however it is run."""

import fcntl
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from conftest import ROOT
from helpers import shop

from custlib.i18n import Problem, Trouble
from custlib.report.run import run

pytestmark = pytest.mark.xdist_group("run")
DAY = "2024-06-01"
PARTS = ("manifest.json", "report.xlsx", "tables", "figures", "summary", "notebooks", "sql")


def sales(seed: int = 0) -> str:
    """Sixty customers whose orders and money differ, some with returns, one with returns only, some anonymous."""
    lines = ["order,customer,day,amount"]
    for number in range(60):
        for place in range(1 + number % 5):
            day = f"2024-{1 + (number + place) % 5:02}-{1 + (7 * number + place) % 28:02}"
            lines.append(f"o{number}-{place},c{number:02},{day},{10 + number * (place + 1)}.50")
    lines += ["r1,c03,2024-05-20,-5.25", "r2,lonely,2024-05-21,-8.00", "x1,,2024-03-03,99.99", "late,c01,2024-06-01,500.00"]
    return "\n".join([lines[0], *(pd.Series(lines[1:]).sample(frac=1, random_state=seed) if seed else lines[1:])]) + "\n"


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(folder / "tables" / f"{name}.parquet") for name in ("customers", "labels", "segments", "abc", "ledger")}


def numbers(folder: Path) -> dict:
    return {path.name: json.loads(path.read_text())["numbers"] for path in sorted((folder / "summary").glob("*.json"))}


def same(first: Path, second: Path) -> None:
    for name, frame in tables(first).items():
        pd.testing.assert_frame_equal(frame, tables(second)[name], obj=name)
    assert numbers(first) == numbers(second)
    assert json.loads((first / "tables/edges.json").read_text()) == json.loads((second / "tables/edges.json").read_text())


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    shop(folder, sales(), tail="")
    page = run(folder / "dataset.toml", as_of=DAY, lang="zh", out=folder / "out", workers=2)
    assert page == folder / "out" / "report.zh.html"
    return folder / "out"


@pytest.fixture
def bad_notebook(tmp_path):
    """Make a folder of the shipped notebooks and one more, 50_own, that runs `code`."""
    def make(code: str) -> Path:
        folder = tmp_path / "notebooks"
        folder.mkdir(exist_ok=True)
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            (folder / path.name).write_bytes(path.read_bytes())
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("ready = 1"), nbformat.v4.new_code_cell(code)])
        notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                             "custlib": {"reads": ["summary/00_start.json"], "writes": ["summary/50_own.json"]}}
        nbformat.write(notebook, folder / "50_own.ipynb")
        return folder
    return make


def test_a_run_folder_holds_all_its_parts_and_no_working_files(published):
    assert all((published / part).exists() for part in PARTS)
    assert not [path for path in published.rglob("*") if path.name.startswith(".") or path.name.endswith(".part")]
    assert [path.name for path in published.parent.glob(".out.partial")] == []


def test_the_ledger_accounts_for_every_row(published):
    ledger = tables(published)["ledger"].set_index("step")
    assert ledger.loc["in", "rows"] == ledger["rows"].drop("in").sum() == sales().count("\n") - 1
    assert ledger.loc["anonymous", ["rows", "net"]].tolist() == [1, 99.99]
    assert ledger.loc["after_as_of", "rows"] == 1


def test_each_identity_has_each_scheme_once_and_returns_only_is_unknown(published):
    frames = tables(published)
    counts = frames["labels"].groupby(["identity_id", "scheme"]).size()
    assert (counts == 1).all()
    assert len(counts) == 5 * len(frames["customers"])
    lonely = frames["labels"].set_index(["identity_id", "scheme"])["label"]["lonely"]
    assert lonely.to_dict() == {"rfm.cell": "unknown", "rfm.named": "unknown", "rfm.cn8": "unknown", "value.tier3": "low", "value.abc": "C"}


def test_the_manifest_names_data_code_and_rows_and_no_path_of_this_machine(published):
    manifest = json.loads((published / "manifest.json").read_text())
    rows = manifest["rows"]
    assert rows["in"] == rows["kept"] + rows["excluded"] + rows["rejected"]
    assert all(len(manifest["hashes"][name]) == 16 for name in ("data", "code", "parameters"))
    assert str(published.parent) not in (published / "manifest.json").read_text()


def test_shuffled_rows_other_workers_and_a_rerun_give_the_same_numbers(published, tmp_path):
    shop(tmp_path, sales(seed=7))
    run(tmp_path / "dataset.toml", as_of=DAY, lang="zh", out=tmp_path / "out", workers=1)
    same(published, tmp_path / "out")


def test_renamed_customers_and_orders_give_the_same_numbers(published, tmp_path):
    renamed = re.sub(r",c(\d\d),", lambda found: f",k{99 - int(found[1])},", re.sub(r"^o(?=\d)", "q", sales(), flags=re.M))
    shop(tmp_path, renamed)
    run(tmp_path / "dataset.toml", as_of=DAY, lang="zh", out=tmp_path / "out")
    mine, theirs = numbers(tmp_path / "out"), numbers(published)
    for notebook, values in theirs.items():
        for name, number in values.items():
            figures = {part: value for part, value in number.items() if isinstance(value, int | float)}
            assert {part: mine[notebook][name][part] for part in figures} == pytest.approx(figures, rel=1e-12), name
    columns = ["segment", "customers", "customer_share_low", "amount_share_high", "median_net_amount"]
    pd.testing.assert_frame_equal(tables(tmp_path / "out")["segments"][columns], tables(published)["segments"][columns])


def test_every_language_tells_the_same_numbers(published, tmp_path):
    shop(tmp_path, sales())
    for lang in ("en", "bi"):
        page = run(tmp_path / "dataset.toml", as_of=DAY, lang=lang, out=tmp_path / lang, workers=2)
        assert page.name == f"report.{lang}.html"
        same(published, tmp_path / lang)


def test_an_unchanged_rerun_runs_no_notebook_and_changes_no_byte_of_the_report(published):
    before, said = (published / "report.zh.html").read_bytes(), []
    executed = (published / "notebooks/04_rfm_value.ipynb").stat().st_mtime_ns
    run(published.parent / "dataset.toml", as_of=DAY, lang="zh", out=published, say=said.append)
    lines = [line.split(" ", 2)[2] for line in said if line.startswith("[")]
    assert lines == [f"{name} unchanged" for name in ("00_start", "01_collect", "04_rfm_value", "90_report")]
    assert (published / "report.zh.html").read_bytes() == before
    assert (published / "notebooks/04_rfm_value.ipynb").stat().st_mtime_ns == executed


@pytest.mark.parametrize(("code", "key", "told"), [
    ("raise ValueError('no such shelf')", "notebook_failed", "ValueError: no such shelf"),
    ("import os; os.kill(os.getpid(), 9)", "kernel_died", "its kernel died at cell (2|–)"),  # a dash where the record died with it
    ("import time; time.sleep(60)", "notebook_timeout", "took longer than 4 s"),
], ids=["raises", "killed", "timeout"])
def test_a_notebook_that_fails_publishes_nothing_and_what_is_done_is_kept(code, key, told, bad_notebook, tmp_path):
    shop(tmp_path / "shop", sales())
    out = tmp_path / "shop" / "out"
    arguments = {"as_of": DAY, "lang": "en", "out": out, "workers": 1}
    with pytest.raises(Trouble, match=told) as caught:
        run(tmp_path / "shop" / "dataset.toml", notebooks=bad_notebook(code), timeout=4 if key == "notebook_timeout" else 300, **arguments)
    assert (caught.value.key, caught.value.exit_code) == (key, 1)
    assert not out.exists()
    said = []
    (tmp_path / "notebooks" / "50_own.ipynb").unlink()
    run(tmp_path / "shop" / "dataset.toml", notebooks=tmp_path / "notebooks", say=said.append, **arguments)
    assert any("00_start unchanged" in line for line in said)
    assert (out / "report.en.html").exists()


def test_a_failed_run_leaves_the_published_one_as_it_was(published, bad_notebook):
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    with pytest.raises(Trouble):
        run(published.parent / "dataset.toml", as_of=DAY, lang="zh", out=published, notebooks=bad_notebook("1 / 0"))
    assert {path: path.read_bytes() for path in published.rglob("*") if path.is_file()} == before


def test_a_users_notebook_joins_the_graph_by_what_it_reads(bad_notebook, tmp_path):
    code = ("import json, pathlib\nfrom custlib.report.summary import number, write_summary\n"
            "mine = {'mine': number(7, unit='x', n=1)}\n"
            "write_summary(pathlib.Path(run_dir), '50_own', dataset='shop', as_of='2024-06-01', lang='en', numbers=mine)")
    folder = bad_notebook(code)
    notebook = nbformat.read(folder / "50_own.ipynb", as_version=4)
    notebook.cells[0] = nbformat.v4.new_code_cell("run_dir: str = ''", metadata={"tags": ["parameters"]})
    nbformat.write(notebook, folder / "50_own.ipynb")
    shop(tmp_path / "shop", sales())
    run(tmp_path / "shop" / "dataset.toml", as_of=DAY, lang="en", out=tmp_path / "out", notebooks=folder)
    assert numbers(tmp_path / "out")["50_own.json"]["mine"]["value"] == 7


HOUSE = """schema = 1
name = "house"
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
SEGMENTS = """[segments]
map = "house.toml"
[segments.schemes.size]
column = "net_amount"
cuts = [100, 300]
labels = ["small", "medium", "large"]
zh = ["小", "中", "大"]
"""


def test_the_data_sets_own_map_and_schemes_and_a_notebook_beside_it_reach_the_report(tmp_path):
    (tmp_path / "notebooks").mkdir()
    code = ("import pandas as pd\npeople = pd.read_parquet(f'{run_dir}/tables/customers.parquet')\n"
            "own = pd.DataFrame({'identity_id': people['identity_id'], 'scheme': 'x.habit', 'label': 'once'})\n"
            "own['label'] = own['label'].where(people['orders'] == 1, 'again')\nown.to_parquet(f'{run_dir}/tables/labels_habit.parquet')")
    cells = [nbformat.v4.new_code_cell("run_dir: str = ''", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(code)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "custlib": {"reads": ["tables/customers.parquet"], "writes": ["tables/labels_habit.parquet"]}})
    nbformat.write(notebook, tmp_path / "notebooks" / "50_habit.ipynb")
    (tmp_path / "house.toml").write_text(HOUSE, encoding="utf-8")
    shop(tmp_path, sales(), tail=SEGMENTS)
    page = run(tmp_path / "dataset.toml", as_of=DAY, lang="zh", out=tmp_path / "out", workers=2).read_text()
    found = tables(tmp_path / "out")
    wide = found["labels"].pivot(index="identity_id", columns="scheme", values="label")
    assert set(wide["rfm.named"]) == {"good", "poor", "unknown"}
    amounts = found["customers"].set_index("identity_id")["net_amount"]
    expected = pd.cut(amounts, [-1e9, 100, 300, 1e9], right=False, labels=["small", "medium", "large"]).astype(str)
    assert wide["x.size"].to_dict() == expected.to_dict()
    edges = json.loads((tmp_path / "out/tables/edges.json").read_text())
    assert (edges["map"]["name"], edges["schemes"]["x.size"]["cuts"]) == ("house", [100.0, 300.0])
    assert json.loads((tmp_path / "out/manifest.json").read_text())["parameters"]["segment_map"] == "house.toml"
    assert all(said in page for said in ("x.habit", "x.size", "100 ≤ net_amount &lt; 300", ">中<"))


def command(folder: Path, *more: str, **options) -> subprocess.Popen:
    words = [sys.executable, "-m", "custlib", "report", "--dataset", str(folder / "dataset.toml"), "--as-of", DAY, "--lang", "en",
             "--out", str(folder / "out"), *more]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_ctrl_c_ends_with_130_leaves_nothing_and_a_second_call_goes_on(tmp_path):
    shop(tmp_path, sales())
    process = command(tmp_path, start_new_session=True)
    for line in process.stderr:
        if "00_start" in line or "04_rfm" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=60)
    assert (process.returncode, rest) == (130, "")
    assert "Interrupted. Nothing was published" in told
    assert not (tmp_path / "out").exists()
    time.sleep(1)
    left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True, check=False).stdout.split()
    assert left == []
    again = command(tmp_path)
    page, told = again.communicate(timeout=120)
    assert (again.returncode, page.strip()) == (0, str(tmp_path / "out" / "report.en.html")), told
    assert "unchanged" in told


def test_a_full_disk_ends_with_1_and_one_sentence_and_a_second_call_goes_on(tmp_path):
    shop(tmp_path, sales())

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    process = command(tmp_path, preexec_fn=small)
    page, told = process.communicate(timeout=120)
    assert (process.returncode, page) == (1, ""), told
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in told
    assert command(tmp_path).communicate(timeout=120)[0].strip().endswith("report.en.html")


def test_two_runs_on_one_data_set_both_finish_in_folders_of_their_own(tmp_path):
    shop(tmp_path, sales())
    first, second = command(tmp_path), command(tmp_path, "--out", str(tmp_path / "other"))
    results = [process.communicate(timeout=180) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], results
    same(tmp_path / "out", tmp_path / "other")


def test_a_second_run_into_one_folder_is_refused_while_the_first_writes(tmp_path):
    shop(tmp_path, sales())
    with (tmp_path / ".out.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Trouble, match="Another run is writing to out"):
            run(tmp_path / "dataset.toml", as_of=DAY, lang="en", out=tmp_path / "out")


def test_a_folder_that_is_no_run_is_never_replaced(tmp_path):
    shop(tmp_path / "shop", sales())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(Problem, match="holds something that is no run"):
        run(tmp_path / "shop" / "dataset.toml", as_of=DAY, lang="en", out=tmp_path / "mine")
    assert os.listdir(tmp_path / "mine") == ["letter.txt"]


@pytest.mark.parametrize("content", ["order,customer,day,amount\no1,a,2024-01-05,10\n",
                                     "order,customer,day,amount\n" + "".join(f"o{i},c{i},2024-01-05,10\n" for i in range(20))],
                         ids=["one customer", "all alike"])
def test_one_customer_and_all_alike_work_with_a_warning(content, tmp_path):
    shop(tmp_path, content)
    run(tmp_path / "dataset.toml", as_of=DAY, lang="bi", out=tmp_path / "out")
    summary = json.loads((tmp_path / "out/summary/04_rfm_value.json").read_text())
    keys = {warning["key"] for warning in summary["warnings"]}
    assert keys & {"warning.one_customer", "warning.all_equal"}
    assert tables(tmp_path / "out")["customers"]["net_amount"].eq(10).all()
