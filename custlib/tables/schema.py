"""The canonical tables as data: what each table and column means, its type, range and personal-data mark.

`schema.toml` beside this module is the one place where they are written down; this module only reads it.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name, type, zh, en : str
        English snake_case name; one of str, int, dec2, dec4, float, bool, date, ts, cat, json; display names.
    null, written : bool
        May be blank; computed when the tables are built, so never mapped by a user.
    unit : str, optional
        Such as ``currency``, ``days``, ``s``, ``share``, ``items``.
    pii : str, optional
        ``yes`` (personal) or ``possible`` (free text in which people may be named).
    levels : tuple of str
        Values of a ``cat``; with `open` the usual ones, and others are kept.
    min, max : float, optional
        Numeric range, both ends included.
    refers : str, optional
        ``table.column`` whose values this column repeats.
    note_zh, note_en : str
        The definition, where the name alone could mislead; else empty.

    Examples
    --------
    >>> Column("order_id", "str", "订单号", "Order id").null
    False
    """

    name: str
    type: str
    zh: str
    en: str
    null: bool = False
    unit: str | None = None
    pii: str | None = None
    levels: tuple[str, ...] = ()
    open: bool = False
    min: float | None = None
    max: float | None = None
    refers: str | None = None
    written: bool = False
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Parameters
    ----------
    name, zh, en : str
        English snake_case name and display names.
    kind : str
        ``input`` (mapped from a user's files), ``derived`` or ``output`` (made by the program).
    grain_zh, grain_en : str
        What one row is.
    key : tuple of str
        Columns that together are unique.
    columns : tuple of Column
        In the order in which they are stored, without the provenance columns.

    Examples
    --------
    >>> table("orders").key
    ('order_id',)
    """

    name: str
    zh: str
    en: str
    kind: str
    grain_zh: str
    grain_en: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Give one column by name.

        Parameters
        ----------
        name : str
            Canonical column name.

        Returns
        -------
        Column

        Raises
        ------
        ValueError
            The table has no such column; the message names the nearest one.

        Examples
        --------
        >>> table("orders").column("net_amount").type
        'dec2'
        """
        by_name = {column.name: column for column in self.columns}
        if name not in by_name:
            raise ValueError(_unknown(f"column {name!r} in table {self.name!r}", name, by_name))
        return by_name[name]


def tables() -> dict[str, Table]:
    """Give every canonical table, in the order of the data model.

    Returns
    -------
    dict of str to Table, one entry per table
        A new dict at each call; the tables in it cannot be changed.

    Raises
    ------
    TypeError
        `schema.toml` has an attribute that this module does not know: a fault of the program.

    Examples
    --------
    >>> list(tables())[:3]
    ['customers', 'identities', 'identity_map']
    """
    return dict(_tables())


def table(name: str) -> Table:
    """Give one canonical table by name.

    Parameters
    ----------
    name : str
        Canonical table name.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        There is no such table; the message names the nearest one.

    Examples
    --------
    >>> table("order")
    Traceback (most recent call last):
    ValueError: there is no table 'order'; did you mean 'orders'?
    """
    if name not in _tables():
        raise ValueError(_unknown(f"table {name!r}", name, _tables()))
    return _tables()[name]


def pii_columns(name: str) -> tuple[str, ...]:
    """Name the columns of a table that hold, or may hold, personal data.

    Parameters
    ----------
    name : str
        Canonical table name.

    Returns
    -------
    tuple of str, one per column marked ``yes`` or ``possible``
        In stored order; empty when the table has none.

    Raises
    ------
    ValueError
        There is no such table.

    Examples
    --------
    >>> pii_columns("reviews")
    ('text',)
    """
    return tuple(column.name for column in table(name).columns if column.pii)


def provenance() -> tuple[str, ...]:
    """Name the columns written into every input table to trace a row to its source.

    Returns
    -------
    tuple of str, one per column

    Raises
    ------
    KeyError
        `schema.toml` has no ``provenance``: a fault of the program.

    Examples
    --------
    >>> provenance()
    ('source_system', 'source_file', 'source_row')
    """
    return tuple(column.name for column in provenance_columns())


def provenance_columns() -> tuple[Column, ...]:
    """Give those columns themselves.

    Examples
    --------
    >>> provenance_columns()[2].type
    'int'
    """
    return tuple(_column(column) for column in _raw()["provenance"])


@cache
def _raw() -> dict:
    return tomllib.loads((files("custlib.tables") / "schema.toml").read_text(encoding="utf-8"))


@cache
def _tables() -> dict[str, Table]:
    return {name: _table(name, raw) for name, raw in _raw().items() if isinstance(raw, dict)}


def _table(name: str, raw: dict) -> Table:
    columns = tuple(_column(column) for column in raw["columns"])
    return Table(**{**raw, "name": name, "key": tuple(raw["key"]), "columns": columns})


def _column(raw: dict) -> Column:
    return Column(**{**raw, "levels": tuple(raw.get("levels", ()))})


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(known)}"
    return f"there is no {what}; {hint}"
