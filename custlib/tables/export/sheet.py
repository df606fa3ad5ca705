"""Write a table as an Excel workbook (sheets: data, codebook); text is text, never a formula or a link."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem, text
from custlib.tables.export import numbers, side
from custlib.tables.export.codebook import TEXTS, Codebook
from custlib.tables.export.notice import Notice

if TYPE_CHECKING:
    import pyarrow as pa

ROWS, COLUMNS, CHARACTERS = 1_048_575, 16_384, 32_767  # below the heading; Excel counts UTF-16 units
HIDDEN, PIECE = "custlib", 30_000
SHOWN = {"int": "0", "dec2": "#,##0.00", "dec4": "#,##0.0000", "float": "General", "bool": "General", "date": "yyyy-mm-dd",
         "ts": "yyyy-mm-dd hh:mm:ss.000"}
PARTS = ("column", "label", "kind", "measure", "values", "missing")


class _Exact(float):
    """A float that the library writes with all its digits, where it would write sixteen."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def write(table: "pa.Table", book: Codebook, path: Path, *, lang: str, notice: Notice) -> list[Path]:
    """Write the sheets ``data`` and ``codebook``, and the same codebook for `read` in a hidden sheet.

    Text cells are text whatever they begin with. That holds in Excel, not in a CSV file that Excel makes of them: write .csv
    for that, which guards them. Numbers of 16 and more digits, days before March 1900 and parts of a millisecond are text.

    Raises
    ------
    Problem
        More rows, columns or characters in a cell than Excel takes, or a character that XML refuses; names column and row.
    """
    from xlsxwriter.exceptions import XlsxFileError

    if len(table) > ROWS or table.num_columns > COLUMNS:
        raise Problem("export_sheet_size", file=notice.file, rows=f"{len(table):,}", columns=f"{table.num_columns:,}",
                      limit=f"{ROWS:,}", limit_columns=f"{COLUMNS:,}")
    folded, undo = side.fold(table, book.kinds, ends=False)
    heads = _heads(table.column_names, book, lang)
    texts = {name: book.kinds[name] in TEXTS or _told(table[name], book.kinds[name], name, notice) for name in table.column_names}
    for name, head in zip(table.column_names, heads, strict=True):
        _fits([head], notice.file, name, 1)
        if texts[name]:
            _fits(numbers.as_text(folded[name]).to_pylist(), notice.file, name, 2)
    try:
        _book(table=folded, book=book, path=path, heads=heads, texts=texts, undo=undo, lang=lang, file=notice.file)
    except XlsxFileError as error:  # a full disk, in the library's words
        raise (error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))) from error
    return [path]


def _book(*, table: "pa.Table", book: Codebook, path: Path, heads: list[str], texts: dict[str, bool], undo: dict, lang: str, file: str) -> None:
    """Write the workbook, row by row, so that Excel's parts of it do not fill the memory."""
    import xlsxwriter

    options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as out:
        plain = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
        # "@" keeps a cell text after somebody edits it
        forms = {kind: out.add_format({**plain, "num_format": shown}) for kind, shown in {**SHOWN, "text": "@"}.items()}
        head = out.add_format({**plain, "bold": True, "bg_color": "#E8EEF4", "bottom": 1, "text_wrap": True, "num_format": "@"})
        sheet = _sheet(out, "data")
        kinds = ["text" if texts[name] else book.kinds[name] for name in table.column_names]
        for place, name in enumerate(heads):
            sheet.set_column(place, place, 19 if kinds[place] == "ts" else 13)
            sheet.write_string(0, place, name, head)
        sheet.freeze_panes(1, 0)
        writers = [_writer(sheet, kind, forms[kind]) for kind in kinds]
        row = 0
        for batch in table.to_batches(max_chunksize=20_000):
            cells = [numbers.as_text(column).to_pylist() if kind == "text" else column.to_pylist()
                     for column, kind in zip(batch.columns, kinds, strict=True)]
            for values in zip(*cells, strict=True):
                row += 1
                for place, value in enumerate(values):
                    if value is not None:
                        writers[place](row, place, value)
        _describe(_sheet(out, "codebook"), book, lang, head, forms["text"], file)
        hidden = _sheet(out, HIDDEN)
        hidden.hide()
        kept = json.dumps(side.content(book, dict(zip(heads, table.column_names, strict=True)), blanks=undo,
                                       tail=_tail(table)), allow_nan=False)
        for place, start in enumerate(range(0, len(kept), PIECE)):
            hidden.write_string(place, 0, kept[start:start + PIECE])


def _sheet(out: object, name: str) -> object:
    """Add a sheet that writes a text such as ``<r>…</r>`` as text: the library itself takes it for ready-made XML."""
    from xlsxwriter.worksheet import Worksheet

    class Sheet(Worksheet):
        def _xml_rich_inline_string(self, string: str, attributes: list) -> None:
            self._xml_inline_string(string, True, attributes)

    return out.add_worksheet(name, worksheet_class=Sheet)


def _heads(columns: list[str], book: Codebook, lang: str) -> list[str]:
    """Give the headings: names in English, label and name in Chinese and in both languages."""
    heads = [name if lang == "en" or book.labels.get(name, name) == name else f"{book.labels[name]} / {name}" for name in columns]
    return heads if len(set(heads)) == len(heads) else columns


def _told(column: "pa.ChunkedArray", kind: str, name: str, notice: Notice) -> bool:
    """Say why a column that is no text is written as text, if it is."""
    reason = numbers.why_text(column, kind, numbers.EXCEL, file=notice.file, name=name)
    if reason:
        notice.tell(f"as_text_{reason}", column=name)
    return bool(reason)


def _fits(values: list[str | None], file: str, column: str, first: int) -> None:
    for row, value in enumerate(values, first):
        if value is None:
            continue
        if len(value) > CHARACTERS // 2 and len(value.encode("utf-16-le")) // 2 > CHARACTERS:
            raise Problem("export_long_cell", file=file, column=column, row=f"{row:,}", limit=f"{CHARACTERS:,}")
        if "\ufffe" in value or "\uffff" in value:
            raise Problem("export_character", file=file, column=column, row=f"{row:,}")


def _writer(sheet: object, kind: str, form: object) -> Callable[[int, int, object], None]:
    """Give what writes one cell of a kind."""
    if kind == "text":
        return lambda row, place, value: sheet.write_string(row, place, value, form)
    if kind == "bool":
        return lambda row, place, value: sheet.write_boolean(row, place, value, form)
    if kind in ("date", "ts"):
        return lambda row, place, value: sheet.write_datetime(row, place, value, form)
    return lambda row, place, value: sheet.write_number(row, place, _Exact(value), form)


def _describe(sheet: object, book: Codebook, lang: str, head: object, form: object, file: str) -> None:
    """Write the codebook for people: one row a column."""
    for place, part in enumerate(PARTS):
        sheet.set_column(place, place, 44 if part == "values" else 20)
        sheet.write_string(0, place, text(f"export.head_{part}", lang, sep=" / "), head)
    for row, (name, kind) in enumerate(book.kinds.items(), 1):
        values = "; ".join(f"{code} = {label}" for code, label in book.values.get(name, {}).items())
        missing = "; ".join(f"{_end(one['lo'])}–{_end(one['hi'])}" if isinstance(one, dict) else str(one) for one in book.missing.get(name, ()))
        cells = [name, book.labels.get(name, ""), text(f"export.kind_{kind}", lang, sep=" / "),
                 text(f"export.measure_{book.measure[name]}", lang, sep=" / ") if name in book.measure else "", values, missing]
        for place, cell in enumerate(cells):
            short = cell if len(cell) <= CHARACTERS // 2 else f"{cell[:CHARACTERS // 2 - 1]}…"  # the hidden sheet holds it whole
            _fits([short], file, name, row + 1)
            if short:
                sheet.write_string(row, place, short, form)


def _end(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


def _tail(table: "pa.Table") -> dict:
    """Count the blank rows at the end."""
    import numpy as np

    full = np.zeros(len(table), dtype=bool)
    for column in table.columns:
        full |= np.asarray(column.is_valid())
    return {"rows": len(table), "blank": int(len(table) - (full.nonzero()[0][-1] + 1 if full.any() else 0))}
