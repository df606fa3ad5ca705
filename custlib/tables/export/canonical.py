"""Export one canonical table of a build: columns labelled from the schema, personal ones left out unless asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.checks import nearest
from custlib.i18n import Problem
from custlib.tables import schema
from custlib.tables.build import Built
from custlib.tables.export import sheet, statwrite
from custlib.tables.export import text as plain
from custlib.tables.export.codebook import Codebook
from custlib.tables.export.columns import arrow_type, kind_of
from custlib.tables.export.files import CSV, SHEET, STATISTICS, door, published
from custlib.tables.export.notice import Notice
from custlib.tables.store import Say, quiet

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 50_000
MEASURE = {"str": "nominal", "cat": "nominal", "json": "nominal", "bool": "nominal"}


def export_table(built: Built, table: str, path: str | Path, *, personal: bool = False, lang: str = "en", bom: bool = False,
                 overwrite: bool = False, xport: int = 8, say: Say = quiet) -> list[Path]:
    """Write a canonical table of a build; .csv and .parquet in batches, so that memory does not grow with the rows.

    Parameters
    ----------
    built : Built
        What `build` gave.
    table : str
        A table of the build, such as ``orders``.
    path : str or Path
        As for `write`. An .xlsx takes 1,048,575 rows, a .sav or .xpt 1,000,000.
    personal : bool
        Also write the columns that hold, or may hold, personal data.
    lang, bom, overwrite, xport, say
        As for `write`; `lang` also chooses the labels. `say` hears which personal columns were left out, or are in the file.

    Returns
    -------
    list of Path
        The files written, the table first; rows in the order of the build.

    Raises
    ------
    Problem
        The build has no such table, or as for `write`.
    Trouble
        As for `write`.
    """
    import pyarrow.parquet as pq

    path = door(path, overwrite=overwrite, lang=lang, xport=xport)
    have = sorted(name for name in schema.tables() if (built.folder / f"{name}.parquet").is_file())
    if table not in have:
        raise Problem("export_no_table", table=table, near=nearest(table, have) if have else "–")
    marked = schema.pii_columns(table)
    notice = Notice(path.name, lang, say)
    with pq.ParquetFile(built.folder / f"{table}.parquet", pre_buffer=False, buffer_size=1 << 20) as source:
        hidden = [name for name in source.schema_arrow.names if name in marked]
        names = [name for name in source.schema_arrow.names if personal or name not in hidden]
        if hidden:
            notice.tell("personal_in" if personal else "personal_out", columns=", ".join(hidden))
        book = described(table, source.schema_arrow, names, lang)
        limit = statwrite.ROWS if path.suffix.lower() in STATISTICS else sheet.ROWS if path.suffix.lower() in SHEET else None
        if limit and source.metadata.num_rows > limit:
            raise Problem("export_rows", file=path.name, rows=f"{source.metadata.num_rows:,}", limit=f"{limit:,}")

        def fill(target: Path) -> list[Path]:
            if target.suffix.lower() in CSV:
                return plain.write_csv(_batches(source, book), book, target, bom=bom, notice=notice)
            if not limit:
                return plain.write_parquet(_batches(source, book), book, target)
            whole = _whole(source, book)
            if target.suffix.lower() in SHEET:
                return sheet.write(whole, book, target, lang=lang, notice=notice)
            return statwrite.write(whole, book, target, xport=xport, notice=notice)

        return published(path, fill)


def described(table: str, found: "pa.Schema", names: list[str], lang: str) -> Codebook:
    """Give the codebook of a canonical table's columns: label in `lang`, kind, and the measure that the kind has."""
    written = schema.provenance_columns()
    columns = {column.name: column for column in (*schema.table(table).columns, *written)}
    kinds = {name: columns[name].type if name in columns else kind_of(found.field(name).type) for name in names}
    labels = {name: _label(columns[name], lang) for name in names if name in columns}
    return Codebook(labels=labels, measure={name: MEASURE.get(kind, "scale") for name, kind in kinds.items()}, kinds=kinds)


def _label(column: schema.Column, lang: str) -> str:
    return f"{column.zh} / {column.en}" if lang == "bi" else getattr(column, lang)


def _batches(source: "pq.ParquetFile", book: Codebook) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    wanted = pa.schema([(name, arrow_type(kind)) for name, kind in book.kinds.items()])
    for batch in source.iter_batches(BATCH, columns=list(book.kinds)):
        yield batch.select(list(book.kinds)).cast(wanted)


def _whole(source: "pq.ParquetFile", book: Codebook) -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_batches(_batches(source, book), schema=pa.schema([(name, arrow_type(kind)) for name, kind in book.kinds.items()]))
