"""Run one notebook in a kernel of its own, and believe nothing but its cells."""

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

from custlib.i18n import Problem, Trouble
from custlib.report.graph import Notebook
from custlib.tables import project_root

START_S = 120
ENCRYPTED = {"KernelManager": {"transport_encryption": "required"}}  # ipykernel warns about anything less


def execute(one: Notebook, run_dir: Path, parameters: dict[str, Any], *, timeout: int) -> Path:
    """Execute a notebook into ``<run_dir>/notebooks/<name>.ipynb``.

    The executed copy takes its place only when every code cell was seen to run: a killed kernel or a timeout leaves an
    output that looks successful.

    Raises
    ------
    Trouble
        A cell raised, the kernel died, or a cell took longer than `timeout` seconds; the notebook and cell are named.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillException, PapermillExecutionError
    from traitlets.config import Config

    # papermill logs every fault as well; what matters is checked here and said once
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    done = run_dir / "notebooks" / f"{one.name}.ipynb"
    part = done.with_name(f".{one.name}.{os.getpid()}.ipynb")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(str(one.path), str(part), parameters=parameters, cwd=str(project_root()), progress_bar=False,
                                   log_output=False, request_save_on_cell_execute=True, execution_timeout=timeout,
                                   start_timeout=START_S, report_mode=False,
                                   config=Config(ENCRYPTED))
        if _first_unrun(part):
            raise Trouble("kernel_died", notebook=one.name, cell=_died_at(part))
        os.replace(part, done)
    except PapermillExecutionError as error:
        raise _failed(one, error) from error
    except CellTimeoutError as error:
        raise Trouble("notebook_timeout", notebook=one.name, cell=_first_unrun(part) or 1, seconds=timeout) from error
    except (DeadKernelError, RuntimeError, PapermillException) as error:
        raise Trouble("kernel_died", notebook=one.name, cell=_died_at(part)) from error
    finally:
        part.unlink(missing_ok=True)
    return done


def declared_parameters(one: Notebook) -> set[str]:
    """Give the names in a notebook's parameter cell."""
    raw = json.loads(one.path.read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in raw["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    return set(re.findall(r"^(\w+)\s*(?::[^=]+)?=", cells[0], flags=re.MULTILINE)) if cells else set()


def _first_unrun(path: Path) -> int:
    """Give the number (from 1) of the first code cell that did not finish; 0 where all did."""
    if not path.exists():
        return 1
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip() and cell.get("execution_count") is None:
            return number
    return 0


def _died_at(path: Path) -> int | str:
    """Give the number of the cell at which a kernel died, or a dash: a dying kernel may take the record of all cells along."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
    begun = [number for number, cell in enumerate(cells, 1) if cell.get("execution_count")]
    # a cell is numbered when it begins: the kernel ended in the code cell after the last numbered one, or in that one if it is the last
    after = [number for number, cell in enumerate(cells, 1) if begun and number > begun[-1] and cell["cell_type"] == "code"]
    return [*after, *begun[-1:], "–"][0]


def _failed(one: Notebook, error: Any) -> Problem:
    """Put a cell's exception in words; a Problem of ours keeps its own sentence."""
    cause = f"{error.ename}: {error.evalue}".strip()
    return Trouble("notebook_failed", notebook=one.name, cell=error.cell_index + 1, cause=cause[:500])
