"""Columns as the doubles that SPSS, SAS and Excel hold, and back; what a double cannot hold exactly becomes text."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export.codebook import TEXTS
from custlib.tables.export.columns import SCALE, arrow_type

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

LARGEST = 10**15 - 1  # fifteen digits: what Excel, SPSS and SAS all show and keep
UNIX = date(1970, 1, 1)


@dataclass(frozen=True)
class Clock:
    """How a program counts time: its day 0, what a day is (1, or 86400 s), and its first day."""

    zero: date
    day: int
    first: date


SPSS = Clock(date(1582, 10, 14), 86400, date(1582, 10, 15))
SAS = Clock(date(1960, 1, 1), 1, date(1582, 10, 15))
EXCEL = Clock(date(1899, 12, 30), 1, date(1900, 3, 1))  # Excel believes in a 29 February 1900


def why_text(column: "pa.ChunkedArray", kind: str, clock: Clock, *, file: str, name: str) -> str | None:
    """Say why a column has to be written as text (``digits``, ``early``, ``fine``), or None where a double holds it.

    Raises
    ------
    Problem
        A float is infinite.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind in TEXTS or column.null_count == len(column):
        return None
    if kind == "float":
        row = pc.index(pc.is_inf(column), True).as_py()
        if row >= 0:
            raise Problem("export_infinite", file=file, column=name, row=f"{row + 1:,}")
    elif kind == "int" or kind in SCALE:
        ends = pc.min_max(whole(column, kind)).as_py()
        return "digits" if max(ends["max"], -ends["min"]) > LARGEST else None
    elif kind in ("date", "ts"):
        first = pc.min(column).as_py()
        if (first.date() if kind == "ts" else first) < clock.first:
            return "early"
        if kind == "ts" and clock is EXCEL:
            return "fine" if pc.any(pc.not_equal(pc.microsecond(column), 0)).as_py() else None
        if kind == "ts":
            back = typed(doubles(column, kind, clock), kind, clock)
            return None if back is not None and column.equals(pa.chunked_array([back])) else "fine"
    return None


def whole(column: "pa.ChunkedArray", kind: str) -> "pa.ChunkedArray":
    """Give whole numbers: money in its smallest part, all others as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind not in SCALE:
        return column
    return pc.multiply(column, pa.scalar(Decimal(10 ** SCALE[kind]))).cast(pa.int64())


def doubles(column: "pa.ChunkedArray", kind: str, clock: Clock) -> "np.ndarray":
    """Give a column as doubles, NaN where it is blank.

    Division of whole numbers below 2⁵³ is rounded once, so that money comes back exact to the cent.
    """
    import numpy as np
    import pyarrow as pa

    blank = np.asarray(column.is_null())
    if kind == "float":
        made = np.asarray(column.fill_null(0.0), dtype="f8")
    elif kind == "date":
        made = (_whole(column.cast(pa.int32())) + (UNIX - clock.zero).days) * float(clock.day)
    elif kind == "ts":
        us = _whole(column.cast(pa.int64())) + (UNIX - clock.zero).days * 86_400_000_000
        made = us / 1e6
    else:
        made = _whole(whole(column, kind)) / float(10 ** SCALE.get(kind, 0))
    return np.where(blank, np.nan, made)


def typed(values: "np.ndarray", kind: str, clock: Clock) -> "pa.Array | None":
    """Turn doubles back into a column of `kind`; None where they are no such values (another program changed them)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    blank = np.isnan(values)
    full = np.where(blank, 0.0, values)
    if kind == "float":
        return pa.array(values, mask=blank)
    scale = 10 ** SCALE.get(kind, 0)
    if kind == "ts":
        # seconds since 1582 as a double are good for 2 µs: whole milliseconds are meant where all values are as near as that
        near = np.abs(full * 1000 - np.rint(full * 1000)) <= np.spacing(np.abs(full)) * 1000
        parts = 1000 if near.all() else 1_000_000
        ticks, good = np.rint(full * parts), np.isfinite(full)
    else:
        ticks = np.rint(full / clock.day) if kind == "date" else np.rint(full * scale)
        good = ticks * clock.day == full if kind == "date" else ticks / float(scale) == full
    if not (good & (np.abs(ticks) < 2**63)).all() or (kind == "bool" and not np.isin(full, (0, 1)).all()):
        return None
    units = pa.array(ticks.astype("i8"), mask=blank)
    if kind in SCALE:
        units = pc.multiply(units.cast(pa.decimal128(19, 0)), pa.scalar(Decimal(1).scaleb(-SCALE[kind])))
    elif kind == "date":
        units = pc.subtract(units, (UNIX - clock.zero).days).cast(pa.int32())
    elif kind == "ts":
        units = pc.subtract(pc.multiply(units, 1_000_000 // parts), (UNIX - clock.zero).days * 86_400_000_000)
    try:
        return units.cast(arrow_type(kind))
    except pa.ArrowInvalid:
        return None


def as_text(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Write a column as text that `from_text` reads exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return column.cast(pa.string())


def from_text(column: "pa.ChunkedArray", kind: str) -> "pa.ChunkedArray | None":
    """Read text as `kind`, blank where it is blank; None where some text is no such value."""
    import pyarrow as pa

    try:
        return column.cast(arrow_type(kind))
    except pa.ArrowInvalid:
        return None


def read_text(column: "pa.ChunkedArray", kind: str, *, name: str, first: int) -> "pa.ChunkedArray":
    """Read text as `kind`; `first` is the number that a spreadsheet shows for the first row.

    Raises
    ------
    Problem
        A text is no such value; names column and row.
    """
    made = from_text(column, kind)
    if made is None:
        bad = next(row for row in range(len(column)) if from_text(column.slice(row, 1), kind) is None)
        raise Problem("export_value", column=name, row=f"{bad + first:,}", kind=kind)
    return made


def _whole(column: "pa.ChunkedArray") -> "np.ndarray":
    import numpy as np
    import pyarrow as pa

    return np.asarray(column.cast(pa.int64()).fill_null(0), dtype="i8")
