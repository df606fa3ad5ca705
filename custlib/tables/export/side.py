"""What a file format cannot hold, kept beside or inside the file: the codebook, the true names, the exact blanks."""

import base64
import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export.codebook import TEXTS, VERSION, Codebook, check, check_codes

if TYPE_CHECKING:
    import pyarrow as pa

MARK = "custlib codebook (read back by custlib; other programs: leave as it is)"
WIDTH = 78
LARGEST = 1 << 26  # bytes of an unpacked codebook


def content(book: Codebook, names: dict[str, str], **more: object) -> dict:
    """Give what is kept: `names` leads from the file's column names to the true ones."""
    return {"custlib": "codebook", "version": VERSION, "codebook": book.as_dict(), "names": names, **more}


def book_of(kept: dict, file: str) -> Codebook:
    """Read the codebook out of what was kept.

    Raises
    ------
    Problem
        It is damaged, or of a later version.
    """
    try:
        if kept["custlib"] != "codebook" or kept["version"] != VERSION:
            raise KeyError("version")
        book, columns = Codebook.from_dict(kept["codebook"]), list(kept["names"].values())
        check(book, columns)
        if set(book.kinds) != set(columns):
            raise KeyError("kinds")
        check_codes(book, book.kinds)
        return book
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # a Problem is a ValueError
        raise Problem("export_codebook_broken", file=file) from error


def beside(path: Path) -> Path:
    """Give the place of the codebook beside a file: ``orders.csv.codebook.json``."""
    return path.with_name(f"{path.name}.codebook.json")


def read_beside(path: Path) -> dict | None:
    """Read the codebook beside a file; None where there is none.

    Raises
    ------
    Problem
        It is no JSON.
    """
    try:
        found = json.loads(beside(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise Problem("export_codebook_broken", file=beside(path).name) from error
    if not isinstance(found, dict):
        raise Problem("export_codebook_broken", file=beside(path).name)
    return found


def write_beside(kept: dict, path: Path) -> Path:
    """Write the codebook beside a file, and give its place."""
    target = beside(path)
    with target.open("w", encoding="utf-8", newline="\n") as file:
        json.dump(kept, file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    return target


def lines(kept: dict) -> list[str]:
    """Pack into short ASCII lines, as the documents of an SPSS file are."""
    packed = base64.b64encode(zlib.compress(json.dumps(kept, allow_nan=False).encode(), 9)).decode()
    return [MARK, *(f"#{packed[start:start + WIDTH]}" for start in range(0, len(packed), WIDTH)), "#."]


def from_lines(found: list[str]) -> dict | None:
    """Unpack what `lines` packed; None where it is not there or not whole."""
    rows = [one.rstrip() for one in found]
    if MARK not in rows:
        return None
    rows = rows[rows.index(MARK) + 1:]
    if "#." not in rows:
        return None
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode("".join(one[1:] for one in rows[:rows.index("#.")]), validate=True), LARGEST)
        kept = json.loads(raw) if unpacker.eof else None
    except (ValueError, zlib.error, RecursionError):
        return None
    return kept if isinstance(kept, dict) else None


def fold(table: "pa.Table", kinds: dict[str, str], *, ends: bool) -> tuple["pa.Table", dict]:
    """Give texts as a format without empty texts holds them, and what `unfold` needs to undo it.

    With `ends` the format drops spaces at the end of a text too. An empty text becomes a blank.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    empty, texts, made = [], {}, {}
    for name in table.column_names:
        made[name] = column = table[name]
        if kinds[name] not in TEXTS:
            continue
        cut = pc.utf8_rtrim(column, " ") if ends else column
        cut = pc.if_else(pc.equal(cut, ""), pa.scalar(None, pa.string()), cut)
        changed = pc.and_(column.is_valid(), pc.fill_null(pc.not_equal(cut, column), True))
        if not pc.any(changed).as_py():
            continue
        made[name] = cut
        if not column.null_count:
            empty.append(name)
            changed = pc.and_(changed, pc.not_equal(column, ""))
        rows = pc.indices_nonzero(changed)
        if len(rows):
            texts[name] = [list(pair) for pair in zip(rows.to_pylist(), column.take(rows).to_pylist(), strict=True)]
    folded = pa.table(made)
    return folded, ({"empty": empty, "texts": texts, "print": fingerprint(folded)} if empty or texts else {})


def unfold(table: "pa.Table", undo: dict) -> "pa.Table":
    """Put exact texts back; rows that another program changed or sorted keep what the file holds."""
    import pyarrow as pa

    texts = undo.get("texts", {}) if undo and undo.get("print") == fingerprint(table) else {}
    for name in dict.fromkeys((*undo.get("empty", ()), *texts)):
        if name not in table.column_names or not pa.types.is_string(table[name].type):
            continue
        values = table[name].to_pylist()
        if name in undo.get("empty", ()):
            values = ["" if one is None else one for one in values]
        for row, text in texts.get(name, ()):
            if isinstance(row, int) and 0 <= row < len(values) and isinstance(text, str):
                values[row] = text
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.chunked_array([pa.array(values, pa.string())]))
    return table


def fingerprint(table: "pa.Table") -> str:
    """Give a hash of all values in their order."""
    import numpy as np
    import pyarrow as pa

    made = hashlib.sha256()
    for name in table.column_names:
        column = table[name]
        text = column.cast(pa.string()) if pa.types.is_decimal(column.type) or pa.types.is_boolean(column.type) else column
        made.update(repr((name, len(column))).encode() + np.asarray(column.is_null()).tobytes())
        if pa.types.is_string(text.type):
            made.update("\x1f".join(text.fill_null("").to_pylist()).encode())
        else:
            number = text.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date(text.type) else text
            number = number if pa.types.is_floating(number.type) else number.cast(pa.int64())
            made.update((np.asarray(number.fill_null(0)) + 0).tobytes())  # -0.0 + 0 is 0.0: the same number
    return made.hexdigest()
