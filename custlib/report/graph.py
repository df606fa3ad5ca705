"""The notebooks as a graph: each declares in its metadata what it reads and what it writes."""

import hashlib
import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from custlib.i18n import Problem


@dataclass(frozen=True)
class Notebook:
    """One notebook of a run: its name, file, declared reads and writes, and its code."""

    name: str
    path: Path
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    code: str

    @property
    def code_hash(self) -> str:
        return hashlib.sha256(self.code.encode()).hexdigest()


def notebooks(folder: Path) -> list[Notebook]:
    """Read the numbered notebooks of a folder, in reading order.

    Raises
    ------
    Problem
        The folder holds none.
    """
    found = [_read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not found:
        raise Problem("no_notebooks", folder=folder.name)
    return found


def needs(one: Notebook, others: list[Notebook]) -> list[str]:
    """Give the names of the notebooks that write what `one` reads.

    Examples
    --------
    >>> a = Notebook("04_a", Path("a"), (), ("tables/x.parquet",), "")
    >>> needs(Notebook("90_b", Path("b"), ("tables/*",), (), ""), [a])
    ['04_a']
    """
    return [other.name for other in others if other.name != one.name
            and any(fnmatch(written, wanted) for written in other.writes for wanted in one.reads)]


def _read(path: Path) -> Notebook:
    raw = json.loads(path.read_text(encoding="utf-8"))
    declared = raw["metadata"].get("custlib", {})
    code = "\n".join("".join(cell["source"]) for cell in raw["cells"] if cell["cell_type"] == "code")
    return Notebook(path.stem, path, tuple(declared.get("reads", ())), tuple(declared.get("writes", ())), code)
