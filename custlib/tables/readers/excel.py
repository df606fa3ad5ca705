"""Read a sheet of a spreadsheet (.xlsx .xlsm .xlsb .xls .ods), merged cells filled, rows numbered as the spreadsheet shows them."""

from collections.abc import Iterator
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import header, isolated, limits
from custlib.tables.readers.staged import Staged, fresh, of_parquet
from custlib.tables.readers.write import write_records

Row = tuple[int, list[str]]


def stage(path: Path, source: Source, folder: Path, *, memory: str) -> Staged:
    """Stage one sheet: the declared one, else the first that holds anything.

    A cell of a merged range has the value of the range; dates are ISO text; numbers are shown to 15 digits, as a spreadsheet
    does; an error such as ``#N/A`` is a blank; a column without a name is left out.

    Raises
    ------
    Problem
        No readable spreadsheet, a password, too large, no such sheet, no header, two columns of one name, no row.
    """
    limits.small_enough(path)
    limits.unpacks(path)
    sheet = source.get("sheet")
    facts, batches = isolated.ask("excel", path, "?" if sheet is None else f"={sheet}")
    if sheet is not None and str(sheet) not in facts["names"]:
        raise Problem("no_sheet", file=path.name, sheet=sheet, have=", ".join(facts["names"]))
    if not facts["name"]:
        raise Problem("empty_file", file=path.name)
    merged = _ranges(facts["merged"])
    top, place, after = _header(path, _rows(batches, facts["left"]), header.rows_of(source), merged)
    header.no_twins(path.name, top, row=place)
    width = max(i + 1 for i, one in enumerate(top) if one)
    seen: set[int] = set()
    records = ((number, row[:width], None) for number, row in _noted(_filled(after, merged, place), seen) if any(row[:width]))
    target, found = fresh(folder, ".parquet"), {"kind": "excel", "sheet": facts["name"], "header_row": place}
    write_records(header.filled_down(records, top[:width], source, path.name), width, target)
    if lost := [i + 1 for i in sorted(seen) if i >= width or not top[i]]:
        found["unnamed"] = lost
    return of_parquet(path, top[:width], target, found, header_row=place)


def sheets(path: Path) -> list[str]:
    """Give the names of the sheets that hold anything."""
    limits.small_enough(path)
    limits.unpacks(path)
    return isolated.ask("excel", path, "*")[0]["names"]


def _rows(batches: Iterator[list[list[str]]], left: int) -> Iterator[Row]:
    """Give each row with the number the spreadsheet shows; cells before the first used column are blank."""
    for number, row in enumerate(isolated.rows_of(batches), 1):
        yield number, [""] * left + row


def _ranges(merged: list) -> list[tuple[int, int, int, int]]:
    """Give merged ranges as (first row, last row, first column, last column), rows from 1, columns from 0."""
    return sorted((a + 1, c + 1, b, d) for (a, b), (c, d) in merged)


def _header(path: Path, rows: Iterator[Row], wanted: list[int] | None, merged: list) -> tuple[list[str], int, Iterator[Row]]:
    """Give the names, the row they stand in, and the rows below."""
    found: dict[int, list[str]] = {}
    for number, row in rows:
        if wanted is None and any(row):
            wanted = [number]
        if wanted and number in wanted:
            found[number] = row
        if wanted and number >= wanted[-1]:
            break
    else:
        raise Problem("header_beyond", file=path.name, row=wanted[-1]) if wanted else Problem("empty_file", file=path.name)
    lines = [found.get(number, []) for number in wanted]
    width = max(map(len, lines))
    lines = [[*line, *[""] * (width - len(line))] for line in lines]
    if any(first <= number <= last for first, last, *_ in merged for number in wanted[:-1]):
        names = _under(lines, wanted, merged)
    else:
        names = header.joined(lines)
    if not any(names):
        raise Problem("header_blank", file=path.name, row=wanted[-1])
    return names, wanted[-1], rows


def _under(lines: list[list[str]], wanted: list[int], merged: list) -> list[str]:
    """Join stacked rows where the merged ranges say exactly which names a title spans."""
    for line, number in zip(lines[:-1], wanted, strict=False):
        for first, last, left, right in merged:
            if first <= number <= last:
                line[left:right + 1] = [line[left]] * (min(right + 1, len(line)) - left)
    return ["_".join(dict.fromkeys(part.strip() for part in column if part.strip())) for column in zip(*lines, strict=True)]


def _filled(rows: Iterator[Row], merged: list, above: int) -> Iterator[Row]:
    """Carry the value of a merged range, which stands in its first cell, over the whole range."""
    waiting = [one for one in merged if one[0] > above][::-1]
    going: list[tuple[int, int, int, str]] = []
    for number, row in rows:
        while waiting and waiting[-1][0] <= number:
            first, last, left, right = waiting.pop()
            going.append((last, left, right, row[left] if first == number and left < len(row) else ""))
        going = [one for one in going if one[0] >= number]
        for _, left, right, value in going:
            for i in range(left, min(right + 1, len(row))):
                row[i] = value
        yield number, row


def _noted(rows: Iterator[Row], seen: set[int]) -> Iterator[Row]:
    """Note which columns hold anything."""
    for number, row in rows:
        seen.update(i for i, value in enumerate(row) if value)
        yield number, row
