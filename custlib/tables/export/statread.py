"""Read SPSS, SAS and Stata files: codes stay codes, and a file of ours comes back as the frame that was written."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export import names as naming
from custlib.tables.export import numbers, side
from custlib.tables.export.codebook import MEASURES, TEXTS, Codebook
from custlib.tables.export.columns import kind_of
from custlib.tables.export.statload import load

if TYPE_CHECKING:
    import pyarrow as pa

SPSS_FILES = (".sav", ".zsav", ".por")
DAYS = re.compile(r"[AEJS]?DATE(\d|$)|QYR|MOYR|WKYR|MMDDYY|DDMMYY|YYMMDD|[EB]8601DA|MONYY|WORDDAT|WEEKDAT|JULIAN|MMYY|YYMM|YYQ|DTDATE")
MOMENTS = re.compile(r"DATETIME|YMDHMS|[EB]8601DT|DATEAMPM|MDYAMPM")
TIMES = re.compile(r"[DM]?TIME(\d|$)|HHMM|MMSS|TOD|[EB]8601TM|TIMEAMPM")


def read(path: Path, *, apart: bool = True) -> tuple["pa.Table", Codebook]:
    """Read a statistics file; codes stay codes, user-missing ones too, and blank text is blank.

    Parameters
    ----------
    apart : bool
        Read in a process of its own, which a damaged file may end; False for a file that we have just written.

    Returns
    -------
    Table, Codebook
        A .sav or .xpt of ours: the columns, types, texts and codebook that were written, with what another program changed since.
        Else: whole numbers are int, days and times by their format, times of day text, and special missing values (.A) text.
        Missing codes of days, answer sets and display widths are not read.

    Raises
    ------
    Problem
        The file is damaged or its codebook is.
    """
    import pyarrow as pa

    suffix = path.suffix.lower()
    raw, meta = load(path, apart=apart)
    kept = side.read_beside(path) if suffix == ".xpt" else side.from_lines(meta["notes"]) if suffix in SPSS_FILES else None
    own, names = (side.book_of(kept, path.name), kept["names"]) if kept else (Codebook(), {})
    stored = {name: names.get(name, name) for name in raw.column_names}
    if len(set(stored.values())) < len(stored):  # another program gave a new column the name of one of ours
        stored = {name: name for name in stored}
    columns, kinds = {}, {}
    for name, column in stored.items():
        columns[column], kinds[column] = _typed(raw[name], meta["formats"].get(name, ""), own.kinds.get(column),
                                                  numbers.SPSS if suffix in SPSS_FILES else numbers.SAS)
    table = pa.table(columns)
    own = own.only(name for name, kind in kinds.items() if own.kinds.get(name) == kind)  # a column of another type is another column
    found = _native_of(meta, stored, kinds)
    if suffix == ".xpt":
        wrote = (native_labels(own, stored, kept["label_bytes"]) if kept else {}, {}, {}, {})
    else:
        texts = {name: pa.types.is_string(raw[name].type) for name in stored}
        wrote = native(own, stored, texts, path.name) if kept else ({}, {}, {}, {})
    if kept:
        table = side.unfold(_padded(table, kept.get("rows", 0)), kept.get("blanks") or {})
    return table, _merged(own, wrote, found, stored, kinds)


def native(book: Codebook, stored: dict[str, str], texts: dict[str, bool], file: str) -> tuple[dict, dict, dict, dict]:
    """Give labels, labels of codes, missing codes and measures as SPSS holds them: shorter where it must be.

    Raises
    ------
    Problem
        SPSS cannot hold the missing codes of a column: then its means would count them.
    """
    values, missing = {}, {}
    for name, column in stored.items():
        as_stored = _text_code if texts[name] else float
        pairs = {as_stored(code): naming.clip(text, 120).rstrip(" ") for code, text in book.values.get(column, {}).items()}
        if pairs:
            values[name] = pairs
        if book.missing.get(column):
            missing[name] = _missing(book.missing[column], as_stored, text=texts[name])
            if missing[name] is None:
                raise Problem("export_missing_codes", file=file, column=column)
    return native_labels(book, stored, 255), values, missing, {name: book.measure[one] for name, one in stored.items() if one in book.measure}


def native_labels(book: Codebook, stored: dict[str, str], size: int) -> dict[str, str]:
    """Give the labels of columns as the file holds them; a column without one that had to be renamed shows its true name."""
    labels = {name: naming.clip(book.labels.get(column, column if name != column else ""), size).rstrip(" ") for name, column in stored.items()}
    return {name: label for name, label in labels.items() if label}


def _text_code(code: object) -> str:
    return str(code).rstrip(" ")


def _missing(codes: list, as_stored: Callable[[object], object], *, text: bool) -> list | None:
    """Give missing codes in SPSS's order (range first), None where it cannot hold them."""
    spans = [code for code in codes if isinstance(code, dict)]
    if text:
        made = list(dict.fromkeys(as_stored(code) for code in codes if not isinstance(code, dict)))
        return made if not spans and len(made) <= 3 and all(len(code.encode()) <= 8 for code in made) else None
    single = list(dict.fromkeys(as_stored(code) for code in codes if not isinstance(code, dict)))
    ends = [{"lo": float("-inf") if one["lo"] is None else float(one["lo"]),
             "hi": float("inf") if one["hi"] is None else float(one["hi"])} for one in spans]
    return ends + single if len(ends) <= 1 and len(single) <= (1 if ends else 3) else None


def _typed(column: "pa.ChunkedArray", shown: str, kind: str | None, clock: numbers.Clock) -> tuple["pa.ChunkedArray", str]:
    """Give one column as the kind it was written as, else as the kind that its format (`shown`) and values show."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_string(column.type):
        back = numbers.from_text(column, kind) if kind and kind not in TEXTS else None
        return (back, kind) if back is not None else (column, kind if kind in TEXTS else "str")
    if not pa.types.is_floating(column.type):
        return column, kind_of(column.type)
    values = np.asarray(column.fill_null(float("nan")), dtype="f8")
    if TIMES.match(shown) and kind is None:
        return pa.chunked_array([pa.array([_time(one) for one in values], pa.string())]), "str"
    guesses = ["ts"] if MOMENTS.match(shown) else ["date", "ts"] if DAYS.match(shown) else ["int"]
    for one in (kind, *guesses):
        made = numbers.typed(values, one, clock) if one and one not in TEXTS else None
        if made is not None and not (one in ("date", "ts") and _outside(made)):
            return pa.chunked_array([made]), one
    return column, "float"


def _outside(made: "pa.Array") -> bool:
    """Say whether days or times lie outside the years 1 to 9999."""
    import pyarrow as pa
    import pyarrow.compute as pc

    units = made.cast(pa.int32()) if pa.types.is_date(made.type) else pc.divide(made.cast(pa.int64()), 86_400_000_000)
    ends = pc.min_max(units).as_py()
    return ends["min"] is not None and (ends["min"] <= -719_163 or ends["max"] >= 2_932_896)


def _time(seconds: float) -> str | None:
    """Write seconds as hh:mm:ss, with hours beyond 24 and parts of a second where there are any."""
    if seconds != seconds:
        return None
    us = round(abs(seconds) * 1_000_000)
    parts = f".{us % 1_000_000:06d}".rstrip("0").rstrip(".")
    return f"{'-' if seconds < 0 else ''}{us // 3_600_000_000:02d}:{us // 60_000_000 % 60:02d}:{us // 1_000_000 % 60:02d}{parts}"


def _padded(table: "pa.Table", rows: int) -> "pa.Table":
    """Put back the blank rows at the end, which an .xpt of version 5 cannot tell from its filling."""
    import pyarrow as pa

    if len(table) >= rows:
        return table
    blank = pa.table({name: pa.nulls(rows - len(table), table[name].type) for name in table.column_names})
    return pa.concat_tables([table, blank])


def _merged(own: Codebook, wrote: tuple, found: tuple, stored: dict[str, str], kinds: dict[str, str]) -> Codebook:
    """Join what was kept for the file with what it says itself; where that is not what we wrote, another program changed it."""
    parts = []
    for kept, mine, theirs in zip((own.labels, own.values, own.missing, own.measure), wrote, found, strict=True):
        part = {}
        for name, column in stored.items():
            if _plain(mine.get(name)) == _plain(theirs.get(name)):
                part |= {column: kept[column]} if column in kept else {}
            elif theirs.get(name):
                part[column] = theirs[name]
        parts.append(part)
    return Codebook(*parts, kinds)


def _plain(entry: object) -> object:
    """Make two entries comparable: a code is a range of one value, and the order of missing codes does not count."""
    if not isinstance(entry, list):
        return entry or None
    return {(_end(one["lo"], -1), _end(one["hi"], 1)) if isinstance(one, dict) else (one, one) for one in entry} or None


def _end(value: float | None, sign: int) -> float:
    return sign * float("inf") if value is None else value


def _native_of(meta: dict, stored: dict[str, str], kinds: dict[str, str]) -> tuple[dict, dict, dict, dict]:
    """Give what the file itself says, by the file's names."""
    values = {name: {_code(code, kinds[stored[name]]): label for code, label in pairs} for name, pairs in meta["values"].items() if name in stored}
    missing = {name: [_code(one["lo"], kinds[stored[name]]) if one["lo"] == one["hi"] else
                      {end: None if abs(value) > 1.7e308 else _code(value, kinds[stored[name]]) for end, value in one.items()} for one in ranges]
               for name, ranges in meta["missing"].items() if name in stored and kinds[stored[name]] not in ("date", "ts")}
    for name, letters in meta["letters"].items():
        missing[name] = [*missing.get(name, []), *letters]
    return meta["labels"], values, missing, {name: level for name, level in meta["measure"].items() if level in MEASURES}


def _code(code: object, kind: str) -> object:
    return int(code) if isinstance(code, float) and kind in ("int", "bool") and code.is_integer() else code
