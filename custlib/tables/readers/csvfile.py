"""Read delimited text line by line, with exact row numbers always: a broken record costs one line, never the rest of the file.

A row number is the line a spreadsheet or an editor shows: the first line is row 1.
"""

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.readers import detect
from custlib.tables.readers.header import joined
from custlib.tables.readers.write import Record

LONGEST_RECORD = 2_000  # lines; a quote that closes later than this was never meant to open
SAMPLE = 1 << 18  # characters
GAP = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Layout:
    """How a text is laid out: the mark, the names, the header's row, the lines before the first record, a sample of lines."""

    delimiter: str
    header: list[str]
    header_row: int
    skip: int
    sample: list[str] = field(repr=False)


class _Lines:
    """Lines of a text file that can be pushed back, so that a broken record costs one line and not the rest."""

    def __init__(self, lines: Iterator[str]):
        self.lines, self.back, self.taken, self.number = lines, [], [], 0

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = self.back.pop() if self.back else next(self.lines)
        self.number += 1
        self.taken.append(line)
        if len(self.taken) > LONGEST_RECORD:
            raise csv.Error("record too long")
        return line

    def start(self) -> int:
        self.taken = []
        return self.number + 1

    def again(self) -> None:
        self.back.append(self.taken.pop())
        self.number -= 1

    def give_back_all_but_first(self) -> None:
        rest = self.taken[1:]
        self.back.extend(reversed(rest))
        self.number -= len(rest)


def layout(path: Path, file: str, *, delimiter: str | None = None, rows: list[int] | None = None) -> Layout:
    """Find the mark and the header of a UTF-8 text; the header is the first line that is not blank unless `rows` says which.

    Raises
    ------
    Problem
        Nothing but blank lines, or a header row that is blank or beyond the end.
    """
    sample = _sample(path)
    first = next((number for number, line in enumerate(sample, 1) if line.strip()), 0)
    if not first:
        raise Problem("empty_file", file=file)
    told = detect.SEP.fullmatch(sample[first - 1].strip())
    rows = rows or [first + bool(told)]
    wanted = _lines_at(path, rows)
    if len(wanted) < len(rows):
        raise Problem("header_beyond", file=file, row=rows[-1])
    mark = delimiter or (told[1] if told else detect.delimiter([*wanted.values(), *sample[rows[-1]:]]))
    cells, last = [], rows[-1]
    for row in rows:
        found, taken = _cells(wanted[row], sample[row:], mark)
        cells.append(found)
        last = max(last, row + taken - 1)
    names = joined(cells)
    if not any(names):
        raise Problem("header_blank", file=file, row=rows[-1])
    return Layout(mark, names, rows[-1], last, sample)


def _sample(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read(SAMPLE)
        text += file.readline(SAMPLE)
    return re.split("\r\n|\r|\n", text)


def _lines_at(path: Path, rows: list[int]) -> dict[int, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {number: line.rstrip("\r\n") for number, line in enumerate(islice(file, min(rows[-1], sys.maxsize)), 1) if number in rows}


def _cells(line: str, after: list[str], mark: str) -> tuple[list[str], int]:
    """Cut a header line into names; where a quote stays open, the lines after it belong to it."""
    if mark == "whitespace":
        return line.split(), 1
    reader = csv.reader((f"{one}\n" for one in [line, *after[:LONGEST_RECORD]]), delimiter=mark, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return line.split(mark), 1
    return [" ".join(cell.split()) if "\n" in cell else cell.strip() for cell in cells], reader.line_num


def records(path: Path, seen: Layout) -> Iterator[Record]:
    """Give each record as (row, fields, None), or (row, None, rule) where it is broken; blank lines are no records.

    A record with too few, too many (filled) or unclosed fields is broken; it takes one line with it, never the rest of the file.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = _Lines(_split(file) if seen.delimiter == "whitespace" else file)
        mark = "\t" if seen.delimiter == "whitespace" else seen.delimiter
        width = len(seen.header)
        for _ in range(seen.skip):
            lines.start()
            next(lines, None)
        while True:
            row = lines.start()
            line = next(lines, None)
            if line is None:
                return
            if '"' not in line:  # nothing to unquote
                fields = line.rstrip("\r\n").split(mark)
            else:
                lines.again()
                try:
                    fields = next(csv.reader(lines, delimiter=mark, strict=True, skipinitialspace=True))
                except csv.Error:
                    fields = _retried(lines.taken, mark)
            if fields is not None and (not any(one.strip(" ") for one in fields) or (len(fields) == 1 and not fields[0].strip())):
                continue
            if fields is not None and len(fields) > width and not any(fields[width:]):
                fields = fields[:width]  # marks at the end of a line hold nothing; the fast reader drops them too
            if fields is None or len(fields) != width:
                lines.give_back_all_but_first()
                yield row, None, "unclosed_quote" if fields is None else "wrong_number_of_fields"
            else:
                yield row, fields, None


def _retried(lines: list[str], mark: str) -> list[str] | None:
    """Read a record again without blanks between a closing quote and the mark, which the fast reader allows too."""
    gap = re.compile(rf'(?<!")"[ ]+(?={re.escape(mark)}|[\r\n]|$)')
    tight = [gap.sub('"', line) for line in lines]
    if tight == lines:
        return None
    try:
        reader = csv.reader(iter(tight), delimiter=mark, strict=True, skipinitialspace=True)
        fields = next(reader)
    except (csv.Error, StopIteration):
        return None
    return fields if reader.line_num == len(lines) else None


def _split(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield GAP.sub("\t", line.strip()) + "\n"
