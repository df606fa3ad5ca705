"""Write tables as CSV (UTF-8, codebook beside it) and Parquet (codebook inside), batch by batch, and read them back."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export import numbers, side
from custlib.tables.export.codebook import TEXTS, Codebook
from custlib.tables.export.columns import arrow_type, kind_of
from custlib.tables.export.notice import Notice

if TYPE_CHECKING:
    import pyarrow as pa

# what a spreadsheet takes for a formula, also after blanks and in its full-width form; the apostrophe before it makes it text
FORMULA = "^'*([\\s\\x{00a0}\\x{3000}]*[=+\\-@＝＋－＠]|[\\t\\r\\n])"
GUARDED = "^'" + FORMULA[1:]
KEY = b"custlib"
BLOCK = 1 << 26  # bytes; one record must fit


def write_csv(batches: Iterable["pa.RecordBatch"], book: Codebook, path: Path, *, bom: bool, notice: Notice) -> list[Path]:
    """Write batches as CSV.

    A blank is nothing between two commas and an empty text is ``""``; text is always in quotes. A text (or heading) that a
    spreadsheet could take for a formula gets an apostrophe in front, which `read_csv` takes away again; numbers stay as they are.

    Returns
    -------
    list of Path
        The file and its codebook.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    columns = list(book.kinds)
    heads = _guarded(pa.chunked_array([columns])).to_pylist()
    for place, head in enumerate(heads):  # an apostrophe must not make two headings one
        while head in heads[:place]:
            head = heads[place] = f"'{head}"
    schema = pa.schema([(head, pa.string() if book.kinds[one] in (*TEXTS, "bool", "ts") else arrow_type(book.kinds[one]))
                        for head, one in zip(heads, columns, strict=True)])
    told = set()
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" if bom else b"")
        file.write((",".join(_quoted(head) for head in heads) + "\n").encode())
        with csv.CSVWriter(file, schema, write_options=csv.WriteOptions(include_header=False, quoting_style="needed")) as out:
            for batch in batches:
                made = []
                for name in columns:
                    column, kind = batch.column(name), book.kinds[name]
                    if bom and kind == "int" and name not in told and (pc.max(pc.abs(column)).as_py() or 0) > numbers.LARGEST:
                        notice.tell("csv_digits", column=name)
                        told.add(name)
                    made.append(_guarded(column) if kind in TEXTS else numbers.as_text(column) if kind in ("bool", "ts") else column)
                out.write_batch(pa.record_batch(made, schema=schema))
        file.flush()
    kept = side.content(book, dict(zip(heads, columns, strict=True)), guarded=True)
    return [path, side.write_beside(kept, path)]


def read_csv(path: Path) -> tuple["pa.Table", Codebook]:
    """Read a CSV file with its codebook.

    Raises
    ------
    Problem
        The codebook is not beside it, the file is damaged, or a text in a column of numbers or days is none (with its row).
    """
    import pyarrow as pa
    from pyarrow import csv

    kept = side.read_beside(path)
    if kept is None:
        raise Problem("export_no_codebook", file=path.name, side=side.beside(path).name)
    book, names = side.book_of(kept, side.beside(path).name), kept["names"]
    try:
        heads = csv.open_csv(path, read_options=csv.ReadOptions(block_size=BLOCK), parse_options=_parsing()).schema.names
        options = csv.ConvertOptions(column_types=dict.fromkeys(heads, pa.string()), strings_can_be_null=True, null_values=[""],
                                     quoted_strings_can_be_null=False)
        found = csv.read_csv(path, read_options=csv.ReadOptions(block_size=BLOCK), parse_options=_parsing(), convert_options=options)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise Problem("export_unreadable", file=path.name) from error
    if len(set(heads)) < len(heads):
        raise Problem("export_unreadable", file=path.name)
    columns = {}
    for head in heads:
        name, column = names.get(head, head), found[head]
        kind = book.kinds.get(name, "str")
        if kind in TEXTS:
            columns[name] = _bare(column) if kept.get("guarded") else column
        else:
            columns[name] = numbers.read_text(column, kind, name=name, first=2)
    return pa.table(columns), Codebook(**{**book.only(columns).__dict__, "kinds": {name: book.kinds.get(name, "str") for name in columns}})


def write_parquet(batches: Iterable["pa.RecordBatch"], book: Codebook, path: Path) -> list[Path]:
    """Write batches as Parquet, money as DECIMAL, with the codebook in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = json.dumps(side.content(book, {name: name for name in book.kinds}), ensure_ascii=False, allow_nan=False).encode()
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in book.kinds.items()], metadata={KEY: kept})
    with pq.ParquetWriter(path, schema) as out:
        for batch in batches:
            out.write_batch(batch.cast(schema))
    return [path]


def read_parquet(path: Path) -> tuple["pa.Table", Codebook]:
    """Read a Parquet file with the codebook in it; of another program's, the types say the kinds.

    Raises
    ------
    Problem
        The file is damaged, or a column is of a type that no kind holds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise Problem("broken_parquet", file=path.name) from error
    found = (table.schema.metadata or {}).get(KEY)
    try:
        kept = json.loads(found) if found else None
    except (ValueError, RecursionError) as error:
        raise Problem("export_codebook_broken", file=path.name) from error
    book = side.book_of(kept, path.name).only(table.column_names) if kept else Codebook()
    kinds = {}
    for field in table.schema:
        own = book.kinds.get(field.name)
        kinds[field.name] = own if own and arrow_type(own) == field.type else kind_of(field.type)
        if kinds[field.name] is None:
            raise Problem("export_kind_unknown", column=field.name, type=str(field.type))
    try:
        table = table.replace_schema_metadata(None).cast(pa.schema([(name, arrow_type(kind)) for name, kind in kinds.items()]))
    except pa.ArrowInvalid as error:
        raise Problem("export_unreadable", file=path.name) from error
    return table, Codebook(**{**book.__dict__, "kinds": kinds})


def _guarded(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Put an apostrophe before what a spreadsheet could take for a formula."""
    import pyarrow.compute as pc

    return pc.if_else(pc.match_substring_regex(column, FORMULA), pc.binary_join_element_wise("'", column, ""), column)


def _bare(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Take the apostrophe of `_guarded` away."""
    import pyarrow.compute as pc

    return pc.if_else(pc.match_substring_regex(column, GUARDED), pc.utf8_slice_codeunits(column, 1), column)


def _quoted(head: str) -> str:
    return '"' + head.replace('"', '""') + '"'


def _parsing() -> object:
    from pyarrow import csv

    return csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
