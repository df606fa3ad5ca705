"""Ask the program that opens spreadsheets and statistics files, so that a damaged file can never end or hang this one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.readers import child

MEMORY = 8 << 30  # bytes of address space
SECONDS, SECONDS_A_MB = 20, 5  # processor time; what takes longer goes round in circles
BROKEN = {"excel": "broken_excel", "statistics": "broken_statistics"}


def ask(kind: str, path: Path, part: str, options: dict | None = None) -> tuple[dict, Iterator[list[list]]]:
    """Open `path` in a program of its own and give what it tells: the facts, and batches of rows of text.

    Raises
    ------
    Problem
        The file is damaged or protected; raised at once, or while the rows are read.
    """
    messages = _messages(kind, path, part, options or {})
    facts = next(messages)
    if "error" in facts:
        raise Problem(facts["error"], file=path.name)
    return facts, messages


def _messages(kind: str, path: Path, part: str, options: dict) -> Iterator:
    seconds = SECONDS + SECONDS_A_MB * (path.stat().st_size >> 20)
    question = json.dumps([kind, str(path.resolve()), part, options, MEMORY, seconds])
    places = {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    worker = subprocess.Popen([sys.executable, "-P", child.__file__, question], env={**os.environ, **places},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                message = json.loads(worker.stdout.readline())
            except ValueError as error:  # it ended before its time
                raise Problem(_why(kind, path), file=path.name) from error
            if message == "end":
                return
            yield message
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def _why(kind: str, path: Path) -> str:
    """Name the sentence for a file that could not be read: a password is the one good reason."""
    with path.open("rb") as file:
        locked = "EncryptedPackage".encode("utf-16-le") in file.read(1 << 22)
    return "encrypted_file" if kind == "excel" and locked else BROKEN[kind]


def rows_of(batches: Iterator[list[list]]) -> Iterator[list]:
    """Give the rows of all batches."""
    return chain.from_iterable(batches)
