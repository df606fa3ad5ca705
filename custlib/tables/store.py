"""Keep a data set's build folder whole: one writer at a time, readers in peace, a swap that is all or nothing."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from custlib.tables.dataset import Dataset

Say = Callable[[str], None]


def quiet(line: str) -> None:
    """Say nothing: the default of everything that could tell its progress."""


@contextmanager
def held(dataset: Dataset, *, alone: bool, say: Say = quiet, waiting: str = "") -> Iterator[None]:
    """Hold the data set: together with other readers, or alone to write; wait (and say so once) while others hold it."""
    with (dataset.folder / ".build.lock").open("a") as file:
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(file, kind)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target` that replaces it when the block ends well, and vanishes when it does not."""
    for left in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left)
    work = target.parent / f".{target.name}-{os.getpid()}"
    work.mkdir(parents=True)
    try:
        yield work
        swap(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target` by renames; the old content goes only when the new stands."""
    old = target.parent / f".{target.name}-old-{os.getpid()}"
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_json(path: Path) -> dict | None:
    """Read JSON, or give None where there is no readable file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
