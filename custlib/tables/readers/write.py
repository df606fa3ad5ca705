"""Write records to Parquet in batches, so that memory stays small however long the source is."""

from collections.abc import Callable, Iterable
from pathlib import Path

CELLS = 1_000_000  # in memory at once

Record = tuple[int, list[str | None] | None, str | None]


def write_records(records: Iterable[Record], width: int, target: Path) -> int:
    """Write records as Parquet with the columns source_row, broken, c0, c1, …, all but the first as text.

    Parameters
    ----------
    records : iterable of (row number, fields or None, rule or None)
        A record that could not be read has no fields, but the name of the rule that it broke.
    width : int
        Number of fields.

    Returns
    -------
    int
        How many records there were.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_records([(2, ["o1", "5"], None), (3, None, "unclosed_quote")], 2, Path(folder) / "0.parquet")
    2
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    form = pa.schema([("source_row", pa.int64()), ("broken", pa.string()), *((f"c{i}", pa.string()) for i in range(width))])
    most, blank, count = max(1, CELLS // (width + 2)), [None] * width, 0
    with pq.ParquetWriter(target, form) as out:
        batch: list[tuple] = []
        for row, fields, rule in records:
            batch.append((row, rule, *(blank if fields is None else fields)))
            if len(batch) == most:
                out.write_table(table(batch, form))
                count, batch = count + len(batch), []
        out.write_table(table(batch, form))
    return count + len(batch)


def table(batch: list[tuple], form: object) -> object:
    """Turn rows into an Arrow table of the schema `form`."""
    import pyarrow as pa

    columns = zip(*batch, strict=True) if batch else [[] for _ in form]
    return pa.table([pa.array(values, type=one.type) for values, one in zip(columns, form, strict=True)], schema=form)


def write_growing(records: Iterable[tuple[int, dict[str, str | None] | None, str | None]], target: Callable[[], Path],
                  most: int) -> tuple[list[str], list[Path]]:
    """Write records whose names differ from one to the next: the union of the names, in the order in which they were first seen.

    Parameters
    ----------
    records : iterable of (row number, values by name or None, rule or None)
    target : function
        Gives a path that is not taken yet; each set of names begins a new file.
    most : int
        Stop when there are more names than this: the caller sees it by their number.

    Returns
    -------
    (list of str, list of Path)
        The names; column ``c<i>`` holds the i-th. The files, of which later ones may have more columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    places: dict[str, int] = {}
    paths: list[Path] = []
    out, form, batch = None, None, []

    def flush() -> None:
        nonlocal out, form
        width = len(places) + 2
        if out is None or len(form) < width:
            if out:
                out.close()
            form = pa.schema([("source_row", pa.int64()), ("broken", pa.string()), *((f"c{i}", pa.string()) for i in range(width - 2))])
            paths.append(target())
            out = pq.ParquetWriter(paths[-1], form)
        blank = [None] * width
        out.write_table(table([row + blank[len(row):] for row in batch], form))

    try:
        for number, values, rule in records:
            row = [number, rule, *[None] * len(places)]
            for name, value in (values or {}).items():
                place = places.setdefault(name, len(places)) + 2
                if place < len(row):
                    row[place] = value
                else:
                    row.append(value)
            if len(places) > most:
                return list(places), paths
            batch.append(row)
            if len(batch) * (len(places) + 2) >= CELLS:
                flush()
                batch = []
        flush()
    finally:
        if out:
            out.close()
    return list(places), paths
