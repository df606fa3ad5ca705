"""The doors: write a frame to a file whose ending says the format, whole or not at all, and read it back."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.checks import one_of
from custlib.i18n import LANGS, Problem, Trouble
from custlib.tables.export import sheet, sheetread, side, statload, statread, statwrite, text
from custlib.tables.export.codebook import Codebook
from custlib.tables.export.columns import to_arrow, to_pandas
from custlib.tables.export.notice import Notice
from custlib.tables.store import Say, quiet

if TYPE_CHECKING:
    import pandas as pd

STATISTICS, SHEET, CSV, PARQUET = (".sav", ".zsav", ".xpt"), (".xlsx",), (".csv",), (".parquet", ".pq")
WRITTEN = (*STATISTICS, *SHEET, *CSV, *PARQUET)
READ = (*statload.READERS, *SHEET, *CSV, *PARQUET)


def write(frame: "pd.DataFrame", path: str | Path, *, codebook: Codebook | None = None, lang: str = "en", bom: bool = False,
          overwrite: bool = False, xport: int = 8, say: Say = quiet) -> list[Path]:
    """Write a frame so that `read` gives it back without a difference.

    Parameters
    ----------
    frame : DataFrame
        Columns of text, whole numbers, floats, Decimals, bools, days or local times. Row numbers are not kept; a named
        index is refused.
    path : str or Path
        Ends in .sav, .zsav, .xpt, .xlsx, .csv or .parquet. The codebook lies inside; .csv and .xpt have it beside them in
        ``<file>.codebook.json``.
    codebook : Codebook
        Labels, labels of codes, missing codes, measures, kinds; a kind it does not name is found from the column.
    lang : str
        ``zh``, ``en`` or ``bi``: headings of .xlsx, and the sentences given to `say`.
    bom : bool
        Begin a .csv with the mark by which Excel in China knows UTF-8.
    overwrite : bool
        Replace files that are there.
    xport : int
        Version of .xpt: 8, or 5 (names of 8 and labels of 40 bytes, texts of 200).
    say : callable
        Gets one sentence for each column that the format holds as text only (ids of 16 digits, times finer than it counts).

    Returns
    -------
    list of Path
        The files written, the table first.

    Raises
    ------
    Problem
        A column, a value or a size that the format does not hold, an existing file, a missing folder.
    Trouble
        The disk is full, or the folder may not be written; nothing is left behind.

    Examples
    --------
    >>> import pandas as pd
    >>> folder = Path(tempfile.mkdtemp())
    >>> book = Codebook(labels={"sex": "性别"}, values={"sex": {1: "男", 2: "女", 9: "不详"}}, missing={"sex": [9]})
    >>> [one.name for one in write(pd.DataFrame({"sex": [1, 9, 2]}), folder / "people.sav", codebook=book)]
    ['people.sav']
    >>> frame, found = read(folder / "people.sav")
    >>> frame["sex"].tolist(), found.missing, found.kinds
    ([1, 9, 2], {'sex': [9]}, {'sex': 'int'})
    """
    path = door(path, overwrite=overwrite, lang=lang, xport=xport)
    table, book = to_arrow(frame, codebook or Codebook())
    notice = Notice(path.name, lang, say)

    def fill(target: Path) -> list[Path]:
        if target.suffix.lower() in STATISTICS:
            return statwrite.write(table, book, target, xport=xport, notice=notice)
        if target.suffix.lower() in SHEET:
            return sheet.write(table, book, target, lang=lang, notice=notice)
        if target.suffix.lower() in CSV:
            return text.write_csv(table.to_batches(), book, target, bom=bom, notice=notice)
        return text.write_parquet(table.to_batches(), book, target)

    return published(path, fill)


def read(path: str | Path) -> tuple["pd.DataFrame", Codebook]:
    """Read a file that `write` wrote, or another program's .sav, .zsav, .por, .xpt, .sas7bdat, .dta or .parquet.

    Returns
    -------
    DataFrame, Codebook
        Columns are int64 (Int64 with blanks), bool (boolean with blanks), float64, str, datetime64[us], or objects (Decimal,
        date, None). User-missing codes stay in the frame and are named in the codebook; every column has a kind.

    Raises
    ------
    Problem
        No such file, an unknown ending, a damaged file, or no codebook with a .csv or .xlsx.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READ:
        raise Problem("unknown_kind", file=path.name, kinds=", ".join(READ))
    if not path.is_file():
        raise Problem("missing_file", file=path.name)
    reader = text.read_csv if suffix in CSV else text.read_parquet if suffix in PARQUET else sheetread.read if suffix in SHEET else statread.read
    table, book = reader(path)
    return to_pandas(table, book.kinds), book


def door(path: str | Path, *, overwrite: bool, lang: str, xport: int = 8) -> Path:
    """Check where a file is to go, before any work.

    Raises
    ------
    Problem
        Unknown ending, missing folder, or a file that is there already.
    """
    path = Path(path)
    one_of("lang", lang, LANGS)
    one_of("xport", xport, (8, 5))
    if path.suffix.lower() not in WRITTEN:
        raise Problem("export_ending", file=path.name, kinds=", ".join(WRITTEN))
    if not path.parent.is_dir():
        raise Problem("export_no_folder", folder=path.parent)
    places = [path, *([side.beside(path)] if path.suffix.lower() in (".csv", ".xpt") else [])]
    for place in places:
        if place.is_dir() or (place.exists() and not overwrite):
            raise Problem("export_exists", file=place.name)
    return path


def published(path: Path, fill: Callable[[Path], list[Path]]) -> list[Path]:
    """Let `fill` write in a folder of its own beside `path`, then put the files in their place; on any fault nothing is left.

    Raises
    ------
    Trouble
        The disk is full, or the folder may not be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            made = fill(Path(folder) / path.name)
            for one in reversed(made):  # the codebook first: a table never stands without its own
                os.replace(one, path.with_name(one.name))
        return [path.with_name(one.name) for one in made]
    except OSError as error:
        raise Trouble("export_unwritable", file=path.name, detail=error.strerror or type(error).__name__) from error
