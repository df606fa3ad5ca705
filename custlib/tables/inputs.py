"""Gather what a build reads: find the files, fetch from servers, hash, stage, and describe what came."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os.path import commonpath
from pathlib import Path

from custlib.tables import database, generated
from custlib.tables.dataset import Dataset
from custlib.tables.locate import locate, sha256
from custlib.tables.readers import Staged, stage
from custlib.tables.store import Say


@dataclass(frozen=True)
class Inputs:
    """The located files of each source, their hashes, what servers gave, and a folder to stage in."""

    folder: Path
    memory: str
    paths: dict[str, list[Path]]
    hashes: dict[str, list]
    fetched: dict[str, Staged]

    def of(self, dataset: Dataset, name: str, *, say: Say) -> list[Staged]:
        """Stage one source: its files, or its query."""
        if name in self.fetched:
            return [self.fetched[name]]
        source, paths = dataset.sources[name], self.paths[name]
        if "database" in source.options:
            say(f"build: reading {database.redacted(source.options['database'])}")
            return [database.stage_database(source, dataset.folder, _own(self.folder, name), memory=self.memory)]
        say(f"build: reading {', '.join(path.name for path in paths)}")
        return _told_apart(paths, [stage(path, source, _own(self.folder, name), memory=self.memory) for path in paths])

    def staged(self, dataset: Dataset, group: str, *, say: Say) -> list[tuple[str, Staged]]:
        """Stage every source of a group that some table takes rows of."""
        return [(name, one) for name in dataset.groups[group] for one in self.of(dataset, name, say=say)]


@contextmanager
def gathered(dataset: Dataset, *, say: Say, memory: str) -> Iterator[Inputs]:
    """Find and hash every source that is used. A server has no file to hash: its rows are fetched, and hashed as such.

    Raises
    ------
    Problem
        A file or table is not there, or is not what its sha256 says.
    Trouble
        A download or a server failed.
    """
    folder = Path(tempfile.mkdtemp(prefix=".stage-", dir=dataset.folder))
    try:
        paths, hashes, fetched = {}, {}, {}
        if dataset.generated is not None:
            generated.ready(dataset.folder, dataset.generated, say=say)
        for name in used(dataset):
            source = dataset.sources[name]
            if "database" not in source.options:
                paths[name] = locate(dataset, source, say=say)
            else:
                paths[name] = database.files_of(source, dataset.folder)
                if not paths[name]:
                    say(f"build: reading {database.redacted(source.options['database'])}")
                    fetched[name] = database.stage_database(source, dataset.folder, _own(folder, name), memory=memory)
            hashes[name] = [[path.name, sha256(path)] for path in paths[name]] or [
                [fetched[name].file, database.content_hash(fetched[name])]]
        yield Inputs(folder, memory, paths, hashes, fetched)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def used(dataset: Dataset) -> list[str]:
    """Name the sources that a table, or the exchange rates, are read from, in declared order."""
    wanted = {name for one in dataset.tables.values() for name in one.sources}
    wanted |= {dataset.rates["source"]} if dataset.rates else set()
    return [name for name in dataset.sources if name in wanted]


def described(dataset: Dataset, came: Inputs, readings: list[tuple[str, Staged]]) -> dict:
    """Tell what came, per source: its files, which of their columns the mapping uses, and which are new or gone.

    Returns
    -------
    dict
        Source → ``files`` (name, sha256, kind, encoding, rows …), ``used``, ``unused``, and against the columns that
        dataset.toml lists as known: ``new`` and ``gone``.
    """
    told = {}
    for name in dict.fromkeys(source for source, _ in readings):
        staged = [one for source, one in readings if source == name]
        there = list(dict.fromkeys(column for one in staged for column in one.columns))
        wanted, known = _wanted(dataset, name), dataset.sources[name].get("known")
        files = [{"file": one.file, "sha256": mark, **one.found} for one, (_, mark) in
                 zip(staged, came.hashes[name] * (len(staged) if len(came.hashes[name]) == 1 else 1), strict=False)]
        told[name] = {"files": files, "used": [one for one in there if one in wanted], "unused": [one for one in there if one not in wanted],
                      "new": [one for one in there if known is not None and one not in known],
                      "gone": [one for one in known or [] if one not in there]}
    return told


def _wanted(dataset: Dataset, name: str) -> set[str]:
    """Name the columns of a source that the mapping reads."""
    specs = [spec for one in dataset.tables.values() for spec in one.columns_of(name).values()]
    found = {spec["from"] for spec in specs if "from" in spec} | {one for spec in specs for one in spec.get("concat", [])}
    found |= {spec["sign"]["column"] for spec in specs if isinstance(spec.get("sign"), dict)}
    only = dataset.sources[name].get("only")
    return found | ({only["column"]} if only else set())


def _own(folder: Path, name: str) -> Path:
    """Give a source its own folder to stage in."""
    own = folder / name
    own.mkdir(exist_ok=True)
    return own


def _told_apart(paths: list[Path], staged: list[Staged]) -> list[Staged]:
    """Name files of one name by their folders too: a row is known by its file and its number."""
    if len({one.file for one in staged}) == len(staged):
        return staged
    root = commonpath([path.parent for path in paths])
    return [replace(one, file=str(path.relative_to(root))) for path, one in zip(paths, staged, strict=True)]
