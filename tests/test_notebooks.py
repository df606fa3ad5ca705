"""The notebooks: text and executed twin agree, declare what they read, write and take, and carry nothing of one machine."""

import json
import re

import nbformat
import pytest
from conftest import ROOT

from custlib.report.execute import declared_parameters
from custlib.report.graph import needs, notebooks
from custlib.report.parameters import PARAMETERS, check
from custlib.report.rebuild import differences

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


@pytest.fixture(params=NOTEBOOKS, ids=NAMES)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_the_shipped_notebooks_are_those_of_the_table_in_the_readme():
    table = re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", (ROOT / "README.md").read_text())
    assert table == NAMES == ["00_start", "01_collect", "04_rfm_value", "90_report"]


def test_text_and_executed_twin_have_the_same_cells():
    assert differences() == []


def test_every_code_cell_was_executed_in_order_and_none_failed(notebook):
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"]


def test_every_figure_that_is_drawn_is_shown(notebook):
    drawn = [cell for cell in notebook.cells if cell.cell_type == "code" and re.search(r"^ *ax = plots", cell.source, re.M)]
    blind = [cell.source for cell in drawn if not [one for one in cell.outputs if "image/png" in one.get("data", {})]]
    assert blind == []


def test_no_path_of_a_machine_and_no_stream_of_warnings_is_committed(notebook):
    text = json.dumps(notebook)
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)
    assert not [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"]


def test_no_function_is_defined_in_a_notebook(notebook):
    assert not [cell.source for cell in notebook.cells if cell.cell_type == "code" and re.search(r"^\s*(def|class) ", cell.source, re.M)]


def test_prose_comes_in_pairs(notebook):
    tags = [cell.metadata.get("tags", [None])[0] for cell in notebook.cells if cell.cell_type == "markdown"]
    assert tags == ["zh", "en"] * (len(tags) // 2)


@pytest.mark.parametrize("one", notebooks(ROOT / "notebooks"), ids=NAMES)
def test_parameters_are_declared_in_code_and_their_defaults_pass_the_check(one):
    names = declared_parameters(one)
    assert names <= set(PARAMETERS)
    assert {"dataset", "as_of", "lang", "run_dir"} <= names
    cell = next(cell for cell in nbformat.read(one.path, as_version=4).cells if "parameters" in cell.metadata.get("tags", []))
    given = {}
    exec(cell.source, given)  # the parameter cell holds assignments only
    assert check({name: given[name] for name in names}) == {name: PARAMETERS[name].default for name in names}


def test_the_graph_runs_the_notebooks_side_by_side_and_90_after_all_of_them():
    listed = notebooks(ROOT / "notebooks")
    others = ["00_start", "01_collect", "04_rfm_value"]
    assert {one.name: needs(one, listed) for one in listed} == {**{name: [] for name in others}, "90_report": others}
