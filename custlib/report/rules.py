"""What the notebooks of one run must agree on before any of them starts; every rule has one sentence."""

from fnmatch import fnmatch
from itertools import combinations
from pathlib import Path, PurePosixPath

from custlib.checks import nearest
from custlib.i18n import Problem
from custlib.report.graph import Notebook, meets, needs
from custlib.tables import read_json, schema

FOLDERS = ("tables", "figures", "summary", "sql")
SOURCES = ("data/*", "build", "build/*", "tables/rejects.parquet")  # what a run itself puts there


def check(listed: list[Notebook]) -> None:
    """Refuse notebooks that cannot run together.

    Raises
    ------
    Problem
        Two have one number or write one file, one writes outside the run folder, reads what nobody writes, waits for itself,
        names no kernel, or needs a table that the canonical schema does not have.
    """
    for one in (one for one in listed if one.own):
        if not one.kernel:
            raise Problem("notebook_no_kernel", notebook=one.name)
        for path in one.writes:
            if PurePosixPath(path).parts[0] not in FOLDERS or ".." in path or len(PurePosixPath(path).parts) != 2:
                raise Problem("notebook_writes_where", notebook=one.name, path=path)
    for one in listed:
        for table in one.needs:
            if table not in schema.tables():
                raise Problem("notebook_needs", notebook=one.name, table=table, near=nearest(table, schema.tables()))
    for first, second in combinations(listed, 2):
        if first.name[:2] == second.name[:2]:
            raise Problem("notebook_number_twice", first=first.name, second=second.name, number=first.name[:2])
        for path in first.writes:
            if any(meets(path, other) for other in second.writes):
                raise Problem("notebook_writes_same", first=first.name, second=second.name, path=path)
    for one in (one for one in listed if one.own):
        _reads(one, listed)
    _no_cycle(listed)


def figures(one: Notebook, work: Path) -> None:
    """Refuse a figure of a user's notebook that the report could not show.

    Raises
    ------
    Problem
        Names the file that `plots.publish` would have written otherwise.
    """
    for path in sorted((work / "figures").glob(f"{one.name[:2]}_*.json")):
        said = read_json(path)
        both = all(isinstance(said.get(part), dict) and {"zh", "en"} <= set(said[part]) for part in ("title", "alt")) if isinstance(
            said, dict) else False
        if not both or said.get("name") != path.stem or not {"n", "as_of"} <= set(said) or not path.with_suffix(".svg").is_file():
            raise Problem("figure_part", notebook=one.name, file=path.name)


def _reads(one: Notebook, listed: list[Notebook]) -> None:
    written = [path for other in listed if other.name != one.name for path in other.writes]
    for wanted in one.reads:
        if not any(fnmatch(wanted, source) for source in SOURCES) and not any(meets(path, wanted) for path in written):
            raise Problem("notebook_reads_nothing", notebook=one.name, path=wanted, near=nearest(wanted, written))


def _no_cycle(listed: list[Notebook]) -> None:
    after = {one.name: set(needs(one, listed)) for one in listed}
    while after:
        free = [name for name, before in after.items() if not before & set(after)]
        if not free:
            raise Problem("notebooks_cycle", notebooks=" → ".join(_way(after)))
        for name in free:
            del after[name]


def _way(after: dict[str, set[str]]) -> list[str]:
    """Give one circle among notebooks of which each waits for another."""
    way = [min(after)]
    while way[-1] not in way[:-1]:
        way.append(min(after[way[-1]] & set(after)))
    circle = way[way.index(way[-1]):]
    return circle[::-1]
