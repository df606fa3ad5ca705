"""Read the names of columns from one row or from several stacked ones."""

from collections.abc import Iterable, Iterator

from custlib.checks import column_name, column_names, nearest
from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers.write import Record


def rows_of(source: Source) -> list[int] | None:
    """Give the declared row numbers of the header, None where none is declared."""
    given = source.get("header")
    return given if isinstance(given, list) or given is None else [given]


def joined(rows: list[list[str]]) -> list[str]:
    """Join stacked header rows with ``_``; a blank in an upper row belongs to the cell on its left (a merged cell).

    Examples
    --------
    >>> joined([["订单", "", "金额", ""], ["编号", "日期", "应付", "实付"]])
    ['订单_编号', '订单_日期', '金额_应付', '金额_实付']
    """
    width = max(map(len, rows))
    own = [[*(cell.strip() for cell in row), *[""] * (width - len(row))] for row in rows]
    full = [list(row) for row in own]
    for row in full[:-1]:
        for i in range(1, width):
            row[i] = row[i] or row[i - 1]
    return ["_".join(dict.fromkeys(row[i] for row in full if row[i])) if any(row[i] for row in own) else "" for i in range(width)]


def no_twins(file: str, names: list[str], *, row: int = 1) -> None:
    """Refuse two columns of one name."""
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == twice[0])
        raise Problem("duplicate_column", file=file, row=row, column=column_name(twice[0], names.index(twice[0]) + 1), places=places)


def unnamed(names: list[str]) -> dict:
    """Give the places (from 1) of columns without a name, as a fact to tell."""
    places = [i + 1 for i, name in enumerate(names) if not name]
    return {"unnamed": places} if places else {}


def known(file: str, name: str, names: list[str]) -> None:
    """Refuse the name of a column that is not there."""
    if name not in names:
        raise Problem("no_column", file=file, column=name, near=nearest(str(name), column_names(one for one in names if one)))


def filled_down(records: Iterable[Record], names: list[str], source: Source, file: str) -> Iterable[Record]:
    """Fill blanks of the columns ``fill_down`` from the record above."""
    wanted = source.get("fill_down") or []
    for name in wanted:
        known(file, name, names)
    return _filled(records, [names.index(name) for name in wanted]) if wanted else records


def _filled(records: Iterable[Record], places: list[int]) -> Iterator[Record]:
    last: dict[int, str] = {}
    for row, fields, rule in records:
        if fields is None:
            yield row, fields, rule
            continue
        fields = list(fields)
        for place in places:
            if fields[place] is not None and fields[place].strip():
                last[place] = fields[place]
            else:
                fields[place] = last.get(place, fields[place])
        yield row, fields, rule
