"""Find the row of a text file or sheet in which the columns are named, where titles, notes or blanks stand above it."""

import csv
import itertools
import re
from pathlib import Path

from custlib.tables.draft import names
from custlib.tables.draft.forms import narrow
from custlib.tables.readers import detect

ROWS = 40
BYTES = 1 << 18
DATA = re.compile(r"[^\w]?\s*[+-]?[\d.,'% /:\-年月日时分秒T]+[^\w\d]?(元|%|Z)?")

Grid = list[tuple[int, list[str]]]


def of_text(path: Path, encoding: str) -> Grid:
    """Give the first records of a text with the line each begins in."""
    with path.open("rb") as file:
        head = file.read(BYTES)
    whole = len(head) < BYTES
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="ignore")
    lines = text.splitlines()[: None if whole else -1]
    if not any(line.strip() for line in lines):
        return []
    tail = [line for line in lines if line.strip()]
    mark = (
        detect.delimiter(tail[len(tail) // 2 :] if len(tail) > 4 else tail) if not detect.SEP.fullmatch(tail[0].strip()) else detect.delimiter(tail)
    )
    if mark == "whitespace":
        return [(number, line.split()) for number, line in enumerate(lines[:ROWS], 1)]
    reader, grid, start = csv.reader(lines, delimiter=mark), [], 1
    try:
        for row in itertools.islice(reader, ROWS):
            grid.append((start, [cell.strip() for cell in row]))
            start = reader.line_num + 1
    except csv.Error:
        pass
    return grid


def of_sheet(path: Path, sheet: str | None) -> Grid:
    """Give the first rows of a sheet with the numbers the spreadsheet shows; [] where the file cannot be opened."""
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        cells = (
            book.get_sheet_by_name(sheet) if sheet else next((one for name in book.sheet_names if (one := book.get_sheet_by_name(name)).start), None)
        )
        if cells is None or not cells.start:
            return []
        top, left = cells.start
        rows = itertools.islice(cells.iter_rows(), ROWS)
        return [(number, [""] * left + ["" if value is None else str(value).strip() for value in row]) for number, row in enumerate(rows, top + 1)]
    except BaseException as error:  # the reader may also panic; staging then says what is wrong
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return []


def found(grid: Grid) -> tuple[list[int] | None, bool]:
    """Give (the header's row numbers, None for the first filled row; whether there is a header at all).

    Examples
    --------
    >>> found([(1, ["Sales 2024", "", ""]), (3, ["Order No", "Day", "Amount"]), (4, ["a", "2024-01-01", "3"]), (5, ["b", "2024-01-02", "4"])])
    ([3], True)
    >>> found([(1, ["17", "2024-01-01", "3.5"]), (2, ["18", "2024-01-02", "4"])])
    (None, False)
    """
    rows = [(number, row) for number, row in grid if any(row)]
    if len(rows) < 2:
        return None, True
    widths = sorted(sum(map(bool, row)) for _, row in rows)
    wide = widths[len(widths) * 3 // 4]
    scores = [(_score(rows, i, wide) - 0.03 * i, -i) for i in range(min(len(rows) - 1, 25))]
    best, at = max(scores)
    place = -at
    if best < 0.9:
        return None, not _is_data(rows[0][1])
    stacked = _stacked(rows, place)
    chosen = [rows[one][0] for one in stacked]
    return (None if stacked == [0] else chosen), True


def _score(rows: Grid, place: int, wide: int) -> float:
    cells = [cell for cell in rows[place][1] if cell]
    if not cells or (wide > 1 and len(cells) < 2):
        return 0.0
    texty = sum(not _datum(cell) for cell in cells) / len(cells)
    filled = min(1.0, len(cells) / wide)
    known = sum(_names(cell) for cell in cells) / len(cells)
    unlike = len(set(cells)) / len(cells)
    below = [row for _, row in rows[place + 1 : place + 9]]
    contrast = [any(_datum(row[i]) for row in below if i < len(row) and row[i]) for i, cell in enumerate(rows[place][1]) if cell and not _datum(cell)]
    told = any(re.search(r"[:：]\s*\S", cell) or len(cell) > 60 for cell in cells)
    return texty * filled * unlike * (1.0 + 0.8 * known + 0.4 * (sum(contrast) / max(1, len(contrast)))) - 0.4 * told


def _stacked(rows: Grid, place: int) -> list[int]:
    """Give the rows of a header that stands in two rows: groups of names above, or a second row that fills the gaps."""
    own = rows[place][1]
    if place + 2 < len(rows):
        under = rows[place + 1][1]
        gaps = [i for i in range(max(len(own), len(under))) if not (i < len(own) and own[i])]
        fills = [i for i in gaps if i < len(under) and under[i]]
        texts = [cell for cell in under if cell]
        if (
            gaps
            and fills
            and texts
            and len(fills) * 2 > len(gaps)
            and not any(map(_datum, texts))
            and rows[place + 1][0] == rows[place][0] + 1
            and any(_datum(cell) for cell in rows[place + 2][1] if cell)
            and len(texts) < len([cell for cell in rows[place + 2][1] if cell]) + len(gaps)
        ):
            return [place, place + 1]
    if place > 0 and rows[place - 1][0] == rows[place][0] - 1:
        over = rows[place - 1][1]
        titles = [cell for cell in over if cell]
        if (
            len(titles) >= 2
            and not any(_datum(cell) or re.search(r"[:：]", cell) or len(cell) > 30 for cell in titles)
            and (len(over) >= len(own) - 2 or len(set(own) - {""}) < len([one for one in own if one]))
        ):
            return [place - 1, place]
    return [place]


def _is_data(row: list[str]) -> bool:
    cells = [cell for cell in row if cell]
    return bool(cells) and sum(map(_datum, cells)) * 2 >= len(cells) and not any(map(_names, cells))


def _names(cell: str) -> bool:
    return len(cell) <= 60 and not _datum(cell) and (names.known(cell) or bool((hits := names.meanings(cell)) and hits[0].sure >= 0.75))


def _datum(cell: str) -> bool:
    """Tell a number, a date or a blank mark from a word."""
    return bool(DATA.fullmatch(narrow(cell))) or "@" in cell
