"""Run as a program of its own: open a spreadsheet or a statistics file and write its cells as text to its output.

The libraries for these formats are not Python: a damaged file can make them loop, ask for all memory, or end the process. Here
that ends this program only. It imports nothing of custlib; each line is JSON: facts first, then batches of rows, then "end".
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

BATCH = 5_000


def cell(value: object) -> str:
    """Write a cell of a spreadsheet as text.

    Examples
    --------
    >>> cell(5.0), cell(0.1 + 0.2), cell(True), cell(datetime(2024, 1, 5, 9, 30)), cell(None)
    ('5', '0.3', 'true', '2024-01-05 09:30:00', '')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)


def exact(value: object) -> str:
    """Write a value of a statistics file as text, every digit of a number kept.

    Examples
    --------
    >>> exact(3.0), exact(0.1 + 0.2), exact(date(2024, 1, 5))
    ('3', '0.30000000000000004', '2024-01-05')
    """
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else cell(value)


def excel(path: str, sheet: str, _: dict) -> Iterator[object]:
    """Give the names of the sheets and the chosen one's place and merged ranges, then its rows from row 1.

    `sheet` is a name, ``?`` for the first sheet that holds anything, or ``*`` for the names of all that do (and no rows).
    """
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum

    try:
        book = CalamineWorkbook.from_path(path)
    except PasswordError:
        yield {"error": "encrypted_file"}
        return
    names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if sheet == "*":
        yield {"names": [name for name in names if (cells := book.get_sheet_by_name(name)) is not None and cells.start]}
        return
    chosen = names if sheet == "?" else [name for name in names if name == sheet[1:]]
    for name in chosen:
        cells = book.get_sheet_by_name(name)
        if cells is not None and cells.start:
            yield {"names": names, "name": name, "left": cells.start[1], "merged": cells.merged_cell_ranges or []}
            rows = cells.iter_rows()
            while batch := [[cell(value) for value in row] for row in islice(rows, BATCH)]:
                yield batch
            return
    yield {"names": names, "name": None}


def statistics(path: str, reader: str, options: dict) -> Iterator[object]:
    """Give the facts about the columns, then the rows; ``most`` in `options` limits the cells, ``labelled`` asks for labels."""
    import pyreadstat

    read, most, labelled = getattr(pyreadstat, reader), options.pop("most"), options.pop("labelled")
    told = {"user_missing": True} if reader in ("read_sav", "read_sas7bdat", "read_dta") else {}
    facts = read(path, metadataonly=True, **told, **options)[1]
    count = (facts.number_rows or 0) * len(facts.column_names)
    labels = {name: {exact(code): str(label) for code, label in codes.items()} for name, codes in facts.variable_value_labels.items()}
    yield {"names": facts.column_names, "labels": {name: label for name, label in facts.column_names_to_labels.items() if label},
           "value_labels": labels, "cells": count,
           "missing_codes": {name: [_range(one) for one in ranges] for name, ranges in facts.missing_ranges.items()}}
    if count > most:
        return
    try:
        columns = read(path, output_format="dict", **options)[0]
    except (OverflowError, ValueError):  # a day beyond the year 9999: the numbers stay numbers
        columns = read(path, output_format="dict", disable_datetime_conversion=True, **options)[0]
    texts = [_texts(columns.pop(name), labels.get(name, {}) if labelled else {}, facts.readstat_variable_types.get(name) == "float")
             for name in facts.column_names]
    rows = zip(*texts, strict=True)
    while batch := [list(row) for row in islice(rows, BATCH)]:
        yield batch


def _texts(values: list, labels: dict[str, str], short: bool) -> list[str | None]:
    """Write a column as text; a `short` float of 32 bits has fewer digits than Python shows."""
    if short:
        import numpy as np

        values = [float(str(np.float32(value))) if isinstance(value, float) else value for value in values]
    return [None if value is None or value != value else labels.get(text := exact(value), text) for value in values]


def _range(one: object) -> str:
    low, high = (exact(one["lo"]), exact(one["hi"])) if isinstance(one, dict) else (exact(one),) * 2
    return low if low == high else f"{low}..{high}"


def limit(memory: int, seconds: int) -> None:
    """Bound this program's memory (bytes) and processor time where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(question: str) -> None:
    """Answer a question, the JSON of [kind, path, part, options, memory, seconds]."""
    kind, path, part, options, memory, seconds = json.loads(question)
    limit(memory, seconds)
    with os.fdopen(1, "w", encoding="ascii") as out:
        for message in {"excel": excel, "statistics": statistics}[kind](path, part, options):
            out.write(json.dumps(message) + "\n")
        out.write('"end"\n')


if __name__ == "__main__":
    main(sys.argv[1])
