"""Write SPSS (.sav, .zsav) and SAS transport (.xpt) files, and prove that they read back as what was written."""

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem, Trouble
from custlib.tables.export import names as naming
from custlib.tables.export import numbers, side, statread
from custlib.tables.export.codebook import TEXTS, Codebook
from custlib.tables.export.notice import Notice
from custlib.tables.export.statread import native

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1_000_000  # these files are written and read whole, in memory
TEXT_BYTES, OLD_TEXT_BYTES = 32767, 200
SPSS_FORMATS = {"int": "F16.0", "bool": "F1.0", "dec2": "F18.2", "dec4": "F20.4", "float": "F16.6", "date": "SDATE10", "ts": "DATETIME23.3"}
SAS_FORMATS = {"date": "E8601DA10.", "ts": "E8601DT26.6"}


def write(table: "pa.Table", book: Codebook, path: Path, *, xport: int, notice: Notice) -> list[Path]:
    """Write .sav, .zsav or .xpt, then read the file and compare: what differs is refused, not published.

    Returns
    -------
    list of Path
        The file, and for .xpt the codebook beside it (an .xpt holds only the labels of columns).

    Raises
    ------
    Problem
        More rows, longer text, more missing codes or other numbers than the format holds; names the column.
    """
    sas = path.suffix.lower() == ".xpt"
    if len(table) > ROWS:
        raise Problem("export_rows", file=notice.file, rows=f"{len(table):,}", limit=f"{ROWS:,}")
    form = naming.SPSS if not sas else naming.SAS8 if xport == 8 else naming.SAS5
    folded, undo = side.fold(table, book.kinds, ends=True)
    stored = dict(zip(naming.safe(table.column_names, form), table.column_names, strict=True))
    columns, texts = {}, {}
    for name, column in stored.items():
        columns[name], texts[name] = _stored(folded[column], book.kinds[column], numbers.SAS if sas else numbers.SPSS, column, notice)
        if texts[name]:
            _fits(columns[name], OLD_TEXT_BYTES if sas and xport == 5 else TEXT_BYTES, notice.file, column)
    formats = {name: shown for name, column in stored.items()
               if not texts[name] and (shown := (SAS_FORMATS if sas else SPSS_FORMATS).get(book.kinds[column]))}
    if sas:
        size = 40 if xport == 5 else 255
        _save("write_xport", columns, path, column_labels=statread.native_labels(book, stored, size),
              file_format_version=xport, variable_format=formats)
        width = sum(max((len(one.encode()) for one in values), default=0) if texts[name] else 8 for name, values in columns.items())
        if path.stat().st_size < width * len(table):  # the library is silent about a full disk here
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        kept = side.content(book, stored, blanks=undo, rows=len(table), label_bytes=size)
        made = [path, side.write_beside(kept, path)]
    else:
        labels, values, missing, measure = native(book, stored, texts, notice.file)
        _save("write_sav", columns, path, column_labels=labels, variable_value_labels=values, missing_ranges=missing,
              variable_measure={name: measure.get(name, "unknown") for name in stored}, variable_format=formats,
              note=side.lines(side.content(book, stored, blanks=undo)), compress=path.suffix.lower() == ".zsav")
        made = [path]
    _compare(table, book, path, notice.file)
    return made


def _stored(column: "pa.ChunkedArray", kind: str, clock: numbers.Clock, name: str, notice: Notice) -> tuple[object, bool]:
    """Give a column as the file holds it, and whether that is text."""
    reason = numbers.why_text(column, kind, clock, file=notice.file, name=name)
    if reason:
        notice.tell(f"as_text_{reason}", column=name)
    if kind in TEXTS or reason:
        return numbers.as_text(column).fill_null("").to_pylist(), True
    return numbers.doubles(column, kind, clock), False


def _fits(values: list[str], limit: int, file: str, column: str) -> None:
    for row, value in enumerate(values, 1):
        if len(value.encode()) > limit:
            raise Problem("export_long_text", file=file, column=column, row=f"{row:,}", limit=f"{limit:,}")
        if "\0" in value:
            raise Problem("export_character", file=file, column=column, row=f"{row:,}")


def _save(function: str, columns: dict, path: Path, **options: object) -> None:
    """Call the library's writer; its errors are sentences of its own, not of the user's disk or data."""
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame({name: pd.Series(values, dtype=object if isinstance(values, list) else "f8") for name, values in columns.items()})
    if frame.empty:  # without a row the library takes text for a number: one row that is then counted out would be worse
        frame = frame.astype({name: "str" for name, values in columns.items() if isinstance(values, list)})
    try:
        getattr(pyreadstat, function)(frame, str(path), **options)
    except pyreadstat.ReadstatError as error:
        raise Trouble("export_unwritable", file=path.name, detail=str(error)) from error


def _compare(table: "pa.Table", book: Codebook, path: Path, file: str) -> None:
    """Refuse to publish a file that does not read back as what was written."""
    back, found = statread.read(path, apart=False)
    for name in table.column_names:
        if name not in back.column_names or not back[name].equals(table[name]):
            raise Problem("export_differs", file=file, column=name)
    if json.dumps(found.as_dict(), sort_keys=True) != json.dumps(book.as_dict(), sort_keys=True):
        raise Problem("export_differs", file=file, column="codebook")
