"""Read an Excel workbook that `sheet` wrote, with what somebody changed in it since."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export import numbers, side
from custlib.tables.export.codebook import TEXTS, Codebook
from custlib.tables.export.columns import SCALE, arrow_type
from custlib.tables.export.sheet import HIDDEN

if TYPE_CHECKING:
    import pyarrow as pa


def read(path: Path) -> tuple["pa.Table", Codebook]:
    """Read a workbook that `write` wrote.

    Raises
    ------
    Problem
        It is damaged, has no codebook of ours, or a cell is no value of its column's kind (with its row).
    """
    import pyarrow as pa
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in ("data", HIDDEN) if name in book.sheet_names}
    except (CalamineError, OSError) as error:
        raise Problem("broken_excel", file=path.name) from error
    if len(sheets) < 2:
        raise Problem("export_no_codebook", file=path.name, side=HIDDEN)
    try:
        kept = json.loads("".join(str(row[0]) for row in sheets[HIDDEN]))
    except (ValueError, IndexError, RecursionError) as error:
        raise Problem("export_codebook_broken", file=path.name) from error
    codes = side.book_of(kept, path.name)
    rows = sheets["data"]
    heads = [str(one) for one in rows.pop(0)] if rows else []
    if not any(heads) or len(set(heads)) < len(heads):
        raise Problem("export_unreadable", file=path.name)
    tail = kept.get("tail") or {}
    if len(rows) + tail.get("blank", 0) == tail.get("rows", -1):  # Excel's sheet ends with its last filled row
        rows += [[""] * len(heads)] * tail["blank"]
    columns, kinds = {}, {}
    for place, head in enumerate(heads):
        name = kept["names"].get(head, head)
        kinds[name] = codes.kinds.get(name, "str")
        columns[name] = _cells([row[place] for row in rows], kinds[name], name)
    table = side.unfold(pa.table(columns), kept.get("blanks") or {})
    return table, Codebook(**{**codes.only(columns).__dict__, "kinds": kinds})


def _cells(values: list, kind: str, name: str) -> "pa.ChunkedArray":
    """Give one column of cells as its kind."""
    import numpy as np
    import pyarrow as pa

    if kind in TEXTS or any(isinstance(one, str) and one for one in values):
        made = pa.chunked_array([pa.array([_text(one) for one in values], pa.string())])
        return made if kind in TEXTS else numbers.read_text(made, kind, name=name, first=2)
    cells = [_cell(one, kind) for one in values]
    bad = next((row for row, (one, cell) in enumerate(zip(values, cells, strict=True), 2) if cell is None and one != ""), None)
    if bad is not None:
        raise Problem("export_value", column=name, row=f"{bad:,}", kind=kind)
    if kind in (*SCALE, "int"):
        doubles = np.array([float("nan") if one is None else one for one in cells], dtype="f8")
        typed = numbers.typed(doubles, kind, numbers.EXCEL)
        if typed is None:
            bad = next(row for row in range(len(doubles)) if numbers.typed(doubles[row:row + 1], kind, numbers.EXCEL) is None)
            raise Problem("export_value", column=name, row=f"{bad + 2:,}", kind=kind)
        return pa.chunked_array([typed])
    return pa.chunked_array([pa.array(cells, type=arrow_type(kind))])


def _cell(value: object, kind: str) -> object:
    """Give one cell as a plain value of the kind, None where it is blank or no such value."""
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind == "date":
        return value if isinstance(value, date) and not isinstance(value, datetime) else _day(value)
    if kind == "ts":
        whole = isinstance(value, date) and not isinstance(value, datetime)
        return datetime(value.year, value.month, value.day) if whole else value if isinstance(value, datetime) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _day(value: object) -> object:
    return value.date() if isinstance(value, datetime) and value == datetime(value.year, value.month, value.day) else None


def _text(value: object) -> str | None:
    """Give a cell as text: a number that somebody typed into a text column is written as Excel shows it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if value != "" else None
