"""Stage delimited text: prove its encoding, then the fast reader where every line is one sound record, else line by line."""

import codecs
import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import duckdb

from custlib.checks import column_name
from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import csvfile, detect, header
from custlib.tables.readers.staged import SOUND, Staged, fresh, of_parquet, quoted
from custlib.tables.readers.write import write_records

LONGEST_LINE = 16 << 20  # characters; a file of one endless line would fill the memory
ENDS = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class Text:
    """A text as UTF-8: the file that holds it, its lines, whether they all end with a newline mark of one kind, the encoding it came in."""

    path: Path
    lines: int
    even: bool
    coding: detect.Coding


def stage(path: Path, source: Source, folder: Path, *, memory: str) -> Staged:
    """Stage a text file of any size; memory stays within `memory` and some tens of MB.

    Raises
    ------
    Problem
        No text, bytes that the encoding cannot hold (row and column named), no header, two columns of one name, no row.
    """
    mark = source.get("delimiter")
    text = as_utf8(path, source, folder)
    try:
        seen = csvfile.layout(text.path, path.name, delimiter=mark, rows=header.rows_of(source))
        header.no_twins(path.name, seen.header, row=seen.header_row)
        found = {"kind": "csv", "encoding": text.coding.name, "encoding_sure": text.coding.sure, "delimiter": seen.delimiter,
                 "header_row": seen.header_row, **header.unnamed(seen.header)}
        target = fresh(folder, ".parquet")
        plain = text.even and len(seen.header) > 1 and seen.delimiter != "whitespace" and not source.get("fill_down")
        if plain and _clean(text, seen, target, memory):
            return of_parquet(path, seen.header, target, found, row=f"file_row_number + {seen.skip + 1}", broken=SOUND,
                              header_row=seen.header_row)
        came = header.filled_down(csvfile.records(text.path, seen), seen.header, source, path.name)
        write_records(came, len(seen.header), target)
        return of_parquet(path, seen.header, target, found, header_row=seen.header_row)
    finally:
        if text.path != path:
            text.path.unlink()


def _clean(text: Text, seen: csvfile.Layout, target: Path, memory: str) -> bool:
    """Stage the text by DuckDB's parallel reader; False where it is not one sound record a line.

    No row number is written: rows stay in the order of the file, so that Parquet's own row number tells the line.
    """
    names = [f"c{i}" for i in range(len(seen.header))]
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    mark = seen.delimiter.replace("'", "''")
    options = (f"header=false, skip={seen.skip}, auto_detect=false, delim='{mark}', quote='\"', escape='\"', "
               f"strict_mode=true, columns={{{types}}}")
    # a row of marks only is blank: it is left out here, so that the count below sends the file to the other reader
    filled = ", ".join(f"nullif(trim({name}), '')" for name in names)
    spill = target.with_suffix(".spill")
    try:
        with connect(memory=memory, spill=spill) as db:
            db.execute(f"COPY (SELECT * FROM read_csv('{quoted(text.path)}', {options}) WHERE coalesce({filled}) IS NOT NULL) "
                       f"TO '{quoted(target)}' (FORMAT parquet)")
            rows = db.execute(f"SELECT count(*) FROM read_parquet('{quoted(target)}')").fetchall()[0][0]
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
        return False
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return rows == text.lines - seen.skip


def as_utf8(path: Path, source: Source, folder: Path, *, longest: int = LONGEST_LINE) -> Text:
    """Prove the encoding of the whole file, block by block; a text that is not UTF-8 is copied into `folder` as UTF-8.

    Raises
    ------
    Problem
        The bytes are no text, the encoding is unknown, a byte does not fit it (row and column are named), or a line is longer than
        `longest` characters.
    """
    given = str(source.get("encoding", "auto"))
    if given.lower() != "auto":
        return _decoded(path, detect.Coding(given, True), source, folder, longest)
    coding = detect.encoding(path)
    if coding is None:
        raise Problem("not_text", file=path.name)
    try:
        return _decoded(path, coding, source, folder, longest)
    except Problem as problem:
        if problem.key != "undecodable" or coding.name != "utf-8":
            raise
        other = detect.other_encoding(path)
        if other.name == "utf-8":
            raise
    return _decoded(path, other, source, folder, longest)


def known(path: Path, encoding: str) -> str:
    """Give the name of an encoding that there is.

    Raises
    ------
    Problem
        There is none of this name, or it is none of text.
    """
    try:
        if not isinstance(codecs.getincrementaldecoder(encoding)().decode(b""), str):
            raise LookupError(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, AssertionError, TypeError) as error:  # codecs of other kinds fail in their own ways
        raise Problem("unknown_encoding", file=path.name, encoding=encoding) from error


def _decoded(path: Path, coding: detect.Coding, source: Source, folder: Path, longest: int) -> Text:
    name = known(path, coding.name)
    decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()
    if name in ("utf-8", "utf-8-sig", "ascii"):
        return _copied(path, coding, decoder, None, source, longest)
    target = fresh(folder, ".txt")
    try:
        return _copied(path, coding, decoder, target, source, longest)
    except Problem:
        target.unlink(missing_ok=True)
        raise


def _copied(path: Path, coding: detect.Coding, decoder: codecs.IncrementalDecoder, target: Path | None, source: Source,
            longest: int) -> Text:
    """Decode all blocks, count the lines and write UTF-8 to `target` if there is one."""
    newlines = returns = pairs = 0
    first, tail, before = "", "", ""
    with path.open("rb") as file, (target.open("wb") if target else nullcontext()) as out:
        while True:
            block = file.read(detect.CHUNK)
            try:
                piece = decoder.decode(block, final=not block)
                if out:
                    out.write(piece.encode("utf-8"))
            except UnicodeError as error:
                above = newlines + returns - pairs
                raise _undecodable(path, coding.name, above, tail + _good(error), first, source) from error
            ends = max(piece.rfind("\n"), piece.rfind("\r"))
            first = first or (ENDS.split(tail + piece)[0] if ends >= 0 else "")
            newlines += piece.count("\n")
            returns += piece.count("\r")
            pairs += piece.count("\r\n") + (before == "\r" and piece[:1] == "\n")
            tail = piece[ends + 1:] if ends >= 0 else tail + piece
            before = piece[-1:] or before
            if len(tail) > longest:
                raise Problem("line_too_long", file=path.name, row=newlines + returns - pairs + 1, limit=longest >> 20)
            if not block:
                return Text(target or path, newlines + bool(tail), returns == pairs, coding)


def _good(error: UnicodeError) -> str:
    """Give what was sound in the block that could not be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        return ""
    try:
        return bytes(error.object[:error.start]).decode(error.encoding, errors="replace")
    except LookupError:
        return ""


def _undecodable(path: Path, encoding: str, above: int, text: str, first: str, source: Source) -> Problem:
    """Name the row and, by counting marks, the column of the byte after `text`; `above` are the lines that ended before it."""
    lines = ENDS.split(text)
    row, head, line = above + len(lines), first or lines[0], lines[-1]
    given = source.get("delimiter")
    mark = given if given not in (None, "whitespace") else max(detect.MARKS, key=head.count)
    names = head.split(mark)
    place = min(line.count(mark), len(names) - 1)
    column = names[place].strip('\ufeff"\r ') if row > 1 and not head.lstrip("\ufeff ").startswith(("{", "[")) else ""  # JSON has no header
    return Problem("undecodable", file=path.name, row=row, column=column_name(column, place + 1) if column else f"#{place + 1}", encoding=encoding)
