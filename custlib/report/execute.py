"""Run one notebook in a kernel of its own, and believe nothing but its cells."""

import ast
import json
import logging
import os
import re
from pathlib import Path
from typing import Any

from custlib.i18n import Problem, Trouble
from custlib.report.graph import Notebook
from custlib.report.parameters import PARAMETERS
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
    return set(re.findall(r"^(\w+)\s*(?::[^=]+)?=", _parameter_cell(one), flags=re.MULTILINE))


def own_parameters(listed: list[Notebook]) -> dict[str, Any]:
    """Give the parameters that the user's notebooks declare with a plain default beside the shipped ones.

    Raises
    ------
    Problem
        Two notebooks give one name defaults of different types.
    """
    found: dict[str, tuple[str, Any]] = {}
    for one in (one for one in listed if one.own):
        for name, default in _defaults(one).items():
            if name in PARAMETERS:
                continue
            first, other = found.setdefault(name, (one.name, default))
            if type(other) is not type(default):
                raise Problem("parameter_kind", name=name, first=first, second=one.name)
    return {name: default for name, (_, default) in found.items()}


def check_kernels(listed: list[Notebook]) -> None:
    """Refuse a notebook whose kernel is not installed.

    Raises
    ------
    Problem
        Names the notebook, its kernel and those that are there.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    there = sorted(KernelSpecManager().find_kernel_specs())
    for one in (one for one in listed if one.own):
        if one.kernel not in there:
            raise Problem("notebook_kernel", notebook=one.name, kernel=one.kernel, have=", ".join(there))


def _parameter_cell(one: Notebook) -> str:
    raw = json.loads(one.path.read_text(encoding="utf-8"))
    return next(("".join(cell["source"]) for cell in raw["cells"] if "parameters" in cell.get("metadata", {}).get("tags", [])), "")


def _defaults(one: Notebook) -> dict[str, Any]:
    """Give the names of a parameter cell whose default is a plain value; what is worked out there cannot be set from outside."""
    found = {}
    try:
        lines = ast.parse(_parameter_cell(one)).body
    except SyntaxError:  # a magic, say: the notebook may run, but nothing can be read off it
        return found
    for line in lines:
        targets = line.targets if isinstance(line, ast.Assign) else [line.target] if isinstance(line, ast.AnnAssign) and line.value else []
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            try:
                value = ast.literal_eval(line.value)
            except (ValueError, TypeError):
                continue
            if isinstance(value, bool | int | float | str | list):
                found[name] = value
    return found


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
