"""Read delimited text: fast where the file is clean, line by line where it is not, with exact row numbers always.

A row number is the line a spreadsheet or an editor shows: the header is row 1.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from custlib.i18n import Problem

MARKS = (",", ";", "\t", "|")
CHUNK = 1 << 20
LONGEST_RECORD = 2_000  # lines; a quote that closes later than this was never meant to open


@dataclass(frozen=True)
class Look:
    """What a first pass over the bytes found: how the text is encoded, its marks, its header, how many lines."""

    encoding: str
    delimiter: str
    header: list[str]
    lines: int


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

    def give_back_all_but_first(self) -> None:
        rest = self.taken[1:]
        self.back.extend(reversed(rest))
        self.number -= len(rest)


def look(path: Path, *, encoding: str = "utf-8", delimiter: str | None = None) -> Look:
    """Read the file once as bytes: prove the encoding, find the delimiter, the header and the number of lines.

    Raises
    ------
    Problem
        Empty file, bytes that the encoding cannot hold (row and column named), two columns of one name.
    """
    first, lines = _decode(path, encoding, delimiter)
    if not first.strip():
        raise Problem("empty_file", file=path.name)
    mark = delimiter or max(MARKS, key=lambda one: (first.count(one), -MARKS.index(one)))
    if mark == "whitespace":
        header = first.split()
    else:
        header = [name.strip() for name in next(csv.reader([first], delimiter=mark))]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        places = [str(i + 1) for i, name in enumerate(header) if name == twice[0]]
        raise Problem("duplicate_column", file=path.name, row=1, column=twice[0], places=", ".join(places))
    return Look(encoding, mark, header, lines)


def _decode(path: Path, encoding: str, delimiter: str | None) -> tuple[str, int]:
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)()
    except LookupError as error:
        raise Problem("unknown_encoding", file=path.name, encoding=encoding) from error
    first, lines, tail, found = "", 0, "", False
    with path.open("rb") as file:
        while True:
            block = file.read(CHUNK)
            try:
                piece = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding, errors="replace")
                raise _undecodable(path, encoding, lines, tail + good, first, delimiter) from error
            if not found:
                first += piece
                if "\n" in first:
                    first, found = first.split("\n", 1)[0].rstrip("\r"), True
            lines += piece.count("\n")
            tail = piece[piece.rfind("\n") + 1:] if "\n" in piece else tail + piece
            if not block:
                return (first.split("\r", 1)[0], lines + bool(tail))


def _undecodable(path: Path, encoding: str, lines: int, text: str, first: str, delimiter: str | None) -> Problem:
    row = lines + text.count("\n") + 1
    line = text[text.rfind("\n") + 1:]
    header = first or (text.split("\n", 1)[0] if row > 1 else line)
    mark = delimiter if delimiter not in (None, "whitespace") else max(MARKS, key=header.count)
    names = header.split(mark)
    place = min(line.count(mark), len(names) - 1)
    column = names[place].strip() if row > 1 else f"#{place + 1}"
    return Problem("undecodable", file=path.name, row=row, column=column, encoding=encoding)


def records(path: Path, seen: Look) -> Iterator[tuple[int, list[str] | None, str | None]]:
    """Give each record as (row, fields, None), or (row, None, rule) where it is broken; blank lines are no records.

    A record with too few, too many or unclosed fields is broken; it takes one line with it, never the rest of the file.
    """
    encoding = "utf-8-sig" if seen.encoding.lower() in ("utf-8", "utf8") else seen.encoding
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(_split(file) if seen.delimiter == "whitespace" else file)
        mark = "\t" if seen.delimiter == "whitespace" else seen.delimiter
        next(lines)
        while True:
            row = lines.start()
            try:
                fields = next(csv.reader(lines, delimiter=mark, strict=True))
            except StopIteration:
                return
            except csv.Error:
                fields = None
            if fields is not None and (not fields or not any(field.strip() for field in fields)):
                continue
            if fields is None or len(fields) != len(seen.header):
                lines.give_back_all_but_first()
                yield row, None, "unclosed_quote" if fields is None else "wrong_number_of_fields"
            else:
                yield row, fields, None


def _split(lines: Iterator[str]) -> Iterator[str]:
    gap = re.compile(r"[ \t]+")
    for line in lines:
        yield gap.sub("\t", line.strip()) + "\n"
