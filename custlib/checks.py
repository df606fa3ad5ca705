"""Input checks at the public door, with one wording for every module."""

import difflib
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from custlib.i18n import Problem

if TYPE_CHECKING:
    import pandas as pd


def require(frame: "pd.DataFrame", columns: Iterable[str], *, name: str = "frame") -> None:
    """Refuse a frame that lacks a column.

    Raises
    ------
    Problem
        Names the missing columns and the columns that came.

    Examples
    --------
    >>> import pandas as pd
    >>> require(pd.DataFrame({"orders": [1]}), ["orders"])
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise Problem("frame_lacks", name=name, missing=", ".join(missing), have=", ".join(map(str, frame.columns)))


def within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside `low` to `high` (both allowed).

    Raises
    ------
    Problem
        Names the parameter, its limits and what came.

    Examples
    --------
    >>> within("bins", 5, 2, 10)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Problem("out_of_range", name=name, low=low, high=high, got=repr(value))


def one_of(name: str, value: object, allowed: Iterable[object]) -> None:
    """Refuse a value that is not in a closed list.

    Raises
    ------
    Problem
        Names the parameter, the list and what came.

    Examples
    --------
    >>> one_of("returns", "net", ["net", "exclude"])
    """
    options = list(allowed)
    if value not in options:
        raise Problem("not_allowed", name=name, got=repr(value), allowed=", ".join(map(str, options)))


def nearest(word: str, options: Iterable[str]) -> str:
    """Give the option that `word` most likely meant (the list itself when none is near).

    Examples
    --------
    >>> nearest("curency", ["currency", "timezone"])
    'currency'
    """
    choices = sorted(options)
    return (difflib.get_close_matches(word, choices, n=1, cutoff=0.5) or [", ".join(choices)])[0]


def column_name(name: object, place: int) -> str:
    """Give a column's name for a message; what looks like a person's data instead (a file without a header) is ``#place``.

    Examples
    --------
    >>> column_name("订单号", 1), column_name("zoe@example.invalid", 2), column_name("100-0000-0001 home", 3)
    ('订单号', '#2', '#3')
    """
    digits = sum(one.isdigit() for one in str(name))
    return f"#{place}" if "@" in str(name) or digits > 6 else str(name)


def column_names(names: Iterable[object]) -> list[str]:
    """Give the names of columns for a message, each as `column_name` would."""
    return [column_name(name, place) for place, name in enumerate(names, 1)]


def iso_day(name: str, value: object) -> date:
    """Read an ISO date such as 2011-12-10.

    Raises
    ------
    Problem
        `value` is no such date.

    Examples
    --------
    >>> iso_day("as_of", "2011-12-10")
    datetime.date(2011, 12, 10)
    """
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        if not isinstance(value, str) or len(value.strip()) != 10:
            raise ValueError(value)
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise Problem("not_a_day", name=name, got=repr(value)) from error
