"""What a frame's columns mean: labels, labels of codes, user-missing codes, measure levels and types."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from custlib.checks import nearest, one_of
from custlib.i18n import Problem

MEASURES = ("nominal", "ordinal", "scale")
TEXTS = ("str", "cat", "json")
NUMBERS = ("int", "dec2", "dec4", "float", "bool")
KINDS = (*TEXTS, *NUMBERS, "date", "ts")
VERSION = 1


@dataclass(frozen=True)
class Codebook:
    """The codebook of one frame.

    Parameters
    ----------
    labels : dict of column → text
        What the column is.
    values : dict of column → dict of code → text
        What a code (int, float, bool or str, as in the column) stands for.
    missing : dict of column → list
        User-missing codes, or ranges ``{"lo": 97, "hi": 99}`` of numbers (both ends included; None: open).
    measure : dict of column → text
        ``nominal``, ``ordinal`` or ``scale``.
    kinds : dict of column → text
        Type of the workbench: str, cat, json, int, dec2, dec4, float, bool, date or ts.

    Examples
    --------
    >>> book = Codebook(labels={"sex": "性别"}, values={"sex": {1: "男", 2: "女"}})
    >>> Codebook.from_dict(book.as_dict()) == book
    True
    """

    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[object, str]] = field(default_factory=dict)
    missing: dict[str, list] = field(default_factory=dict)
    measure: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """Give the codebook as JSON-ready values; codes keep their type because they stand in lists, not as keys."""
        return {**{part.name: dict(getattr(self, part.name)) for part in fields(self)},
                "values": {column: [[code, label] for code, label in codes.items()] for column, codes in self.values.items()}}

    @classmethod
    def from_dict(cls, given: dict) -> "Codebook":
        """Read what `as_dict` gave."""
        values = {column: dict(pairs) for column, pairs in given.get("values", {}).items()}
        return cls(**{part.name: dict(given.get(part.name, {})) for part in fields(cls) if part.name != "values"}, values=values)

    def only(self, columns: Iterable[str]) -> "Codebook":
        """Keep the entries of some columns.

        Examples
        --------
        >>> Codebook(labels={"a": "A", "b": "B"}).only(["a"]).labels
        {'a': 'A'}
        """
        kept = set(columns)
        return replace(self, **{part.name: {column: entry for column, entry in getattr(self, part.name).items() if column in kept}
                                for part in fields(self)})


def check(book: Codebook, columns: list[str]) -> None:
    """Refuse entries of columns that are not there, and kinds, measures, codes or labels of the wrong form.

    Raises
    ------
    Problem
        Names the column and what is wrong with its entry.
    """
    for part in fields(book):
        for column, entry in getattr(book, part.name).items():
            if column not in columns:
                raise Problem("export_no_column", part=part.name, column=column, near=nearest(str(column), columns))
            if part.name in ("kinds", "measure"):
                one_of(f"{part.name}[{column!r}]", entry, KINDS if part.name == "kinds" else MEASURES)
            elif part.name == "labels" and not _text(entry):
                raise Problem("export_label", column=column)


def check_codes(book: Codebook, kinds: dict[str, str]) -> None:
    """Refuse codes that the column of their kind cannot hold, once every column's kind is known.

    Raises
    ------
    Problem
        Names the column.
    """
    for column, codes in book.values.items():
        if not isinstance(codes, dict) or not all(_code(code, kinds[column]) for code in codes):
            raise Problem("export_code", column=column, kind=kinds[column])
        if not all(map(_text, codes.values())):
            raise Problem("export_label", column=column)
    for column, codes in book.missing.items():
        if not isinstance(codes, list) or not all(_code(code, kinds[column]) or _range(code, kinds[column]) for code in codes):
            raise Problem("export_code", column=column, kind=kinds[column])


def _text(value: object) -> bool:
    """Text that can be written as UTF-8 without an end mark inside."""
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)


def _code(code: object, kind: str) -> bool:
    if kind in TEXTS:
        return _text(code)
    return kind in NUMBERS and isinstance(code, int | float) and math.isfinite(code) and abs(code) < 1e15


def _range(code: object, kind: str) -> bool:
    if not isinstance(code, dict) or set(code) != {"lo", "hi"} or kind not in NUMBERS:
        return False
    low, high = code["lo"], code["hi"]
    ends = [end for end in (low, high) if end is not None]
    return bool(ends) and all(_code(end, kind) for end in ends) and (len(ends) < 2 or low <= high)
