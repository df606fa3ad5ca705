"""Make the committed notebooks from their percent text twins: same cells, executed, with outputs and nothing of this machine."""

from pathlib import Path

from custlib.i18n import Trouble
from custlib.report.execute import ENCRYPTED
from custlib.report.graph import OWN
from custlib.tables import project_root
from custlib.tables.store import Say, quiet

TIMEOUT_S = 900


def sources() -> list[Path]:
    """Give the text twins of the shipped notebooks in reading order; a user's own (50 to 89) are hers alone."""
    return sorted(path for path in (project_root() / "notebooks" / "src").glob("[0-9][0-9]_*.py") if not OWN.fullmatch(path.stem))


def rebuild(*, say: Say = quiet) -> list[Path]:
    """Execute every text twin on its default parameters and write ``notebooks/<name>.ipynb``.

    Raises
    ------
    Trouble
        A cell raised; the notebooks before it are written.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    written = []
    for source in sources():
        say(f"notebook {source.stem}")
        notebook = read(source)
        try:
            NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3", config=Config(ENCRYPTED),
                           resources={"metadata": {"path": str(project_root())}}).execute()
        except CellExecutionError as error:
            raise Trouble("notebook_failed", notebook=source.stem, cell="–", cause=f"{error.ename}: {error.evalue}"[:500]) from error
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # clock times: they differ on every run and say nothing
        target = project_root() / "notebooks" / f"{source.stem}.ipynb"
        nbformat.write(notebook, target)
        written.append(target)
    return written


def read(source: Path):
    """Read a text twin as a notebook whose cell ids depend on nothing but their place."""
    import jupytext

    notebook = jupytext.read(source)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place:02d}"
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def differences() -> list[str]:
    """Give the cells in which a committed notebook and its text twin differ, as ``name: cell N``."""
    import nbformat

    found = []
    names = {source.stem for source in sources()}
    found += [f"{path.stem}: no text twin" for path in sorted((project_root() / "notebooks").glob("*.ipynb"))
              if path.stem not in names and not OWN.fullmatch(path.stem)]
    for source in sources():
        target = project_root() / "notebooks" / f"{source.stem}.ipynb"
        if not target.exists():
            found.append(f"{source.stem}: not built")
            continue
        mine, theirs = read(source), nbformat.read(target, as_version=4)
        if len(mine.cells) != len(theirs.cells):
            found.append(f"{source.stem}: {len(mine.cells)} cells in the text, {len(theirs.cells)} in the notebook")
        found += [f"{source.stem}: cell {place}" for place, (a, b) in enumerate(zip(mine.cells, theirs.cells, strict=False), 1)
                  if (a.cell_type, a.source, a.metadata.get("tags", [])) != (b.cell_type, b.source, b.metadata.get("tags", []))]
        if mine.metadata.get("custlib") != theirs.metadata.get("custlib"):
            found.append(f"{source.stem}: reads and writes")
    return found
