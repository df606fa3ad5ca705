"""What kind of value each key of a `dataset.toml` takes, so that a wrong one is refused by its name before anything reads it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from math import isfinite
from pathlib import Path

from custlib.i18n import Problem

BITS_64 = 1 << 63
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{3}|\.\d{6})?)?)?", re.ASCII)
Kind = tuple[str, Callable[[object], bool]]  # what a value should be, in the words of the catalogues, and a test that it is


def text(value: object) -> bool:
    """Tell a text that is not blank.

    Examples
    --------
    >>> text("sales.csv"), text(" "), text(5)
    (True, False, False)
    """
    return isinstance(value, str) and bool(value.strip())


def number(value: object) -> bool:
    """Tell a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def scalar(value: object) -> bool:
    """Tell one value: a text, a number, true, false, a day or a time."""
    return isinstance(value, str | int | float | date | time)


def texts(value: object) -> bool:
    """Tell a list of texts, which may be blank."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _decimal(value: object) -> bool:
    return number(value) or (isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is not None)


def _some(value: object, kind: Callable[[object], bool]) -> bool:
    """Tell one value of a kind, or a list of at least one."""
    return all(map(kind, value)) and bool(value) if isinstance(value, list) else kind(value)


TEXT: Kind = ("@want.text", text)
WORDS: Kind = ("@want.text_or_texts", lambda value: _some(value, text))
NAME: Kind = ("@want.text_or_whole", lambda value: text(value) or (number(value) and isinstance(value, int)))
SOURCE: dict[str, Kind] = {
    **dict.fromkeys(("url", "package", "database", "sha256", "member", "file", "table", "query", "encoding", "format"), TEXT),
    "path": ("@want.text_or_texts", lambda value: _some(value, lambda one: isinstance(one, str))),
    "records": WORDS, "sheet": NAME, **dict.fromkeys(("missing", "fill_down", "known"), ("@want.texts", texts)),
    "decimal": ("@want.decimal_mark", lambda value: _mark(value) and len(value) == 1),
    "thousands": ("@want.thousands_mark", lambda value: value == "" or _mark(value)),
}
ONLY: dict[str, Kind] = {"column": TEXT, "equals": ("@want.values", lambda value: value == [] or _some(value, scalar))}
EXPECT: dict[str, Kind] = {"rows": ("@want.whole", lambda value: number(value) and isinstance(value, int)),
                           "totals": ("@want.numbers", lambda value: isinstance(value, dict) and all(map(_decimal, value.values())))}
COLUMN: dict[str, Kind] = {
    "from": TEXT, "sep": ("@want.text", lambda value: isinstance(value, str)), "concat": ("@want.names", lambda value: text_list(value)),
    "constant": ("@want.value", scalar), "unit": ("@want.factor", lambda value: number(value) and 1e-8 <= abs(value) <= 1e9),
    "strip": ("@want.text_or_texts", lambda value: isinstance(value, str) or texts(value)),
    "values": ("@want.pairs", lambda value: isinstance(value, dict) and all(isinstance(one, str) or number(one) for one in value.values())),
    "decimal": SOURCE["decimal"], "thousands": SOURCE["thousands"],
}
POLICY: dict[str, Kind] = {
    **dict.fromkeys(("name", "column", "pattern", "zh", "en"), TEXT), "equals": ("@want.values", lambda value: _some(value, scalar)),
    **dict.fromkeys(("below", "above"), ("@want.value", scalar)), "duplicate": ("@want.true", lambda value: value is True),
}
RATES: dict[str, Kind] = dict.fromkeys(("source", "date", "currency", "rate"), TEXT)
SIGN: dict[str, Kind] = {"column": TEXT, "negative": ("@want.names", lambda value: text_list(value))}
TOP: dict[str, Kind] = {"name": TEXT, "licence": ("@want.text", lambda value: isinstance(value, str)), "home_country": TEXT,
                         "tax_included": ("@want.yes_no", lambda value: isinstance(value, bool))}
TITLE: dict[str, Kind] = {"zh": TEXT, "en": TEXT}


def text_list(value: object) -> bool:
    """Tell a list of at least one text."""
    return isinstance(value, list) and bool(value) and texts(value)


def _mark(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not any(one.isalnum() or one in "+-()" for one in value)


def check(options: dict, kinds: dict[str, Kind], where: str) -> None:
    """Refuse an option that is not of the kind that its key takes.

    Examples
    --------
    >>> check({"path": "sales.csv"}, SOURCE, "sources.sales.")
    """
    for key, (want, fits) in kinds.items():
        if key in options and not fits(options[key]):
            raise Problem("bad_parameter", name=f"{where}{key}", want=want, got=repr(options[key]))


def check_plain(tree: object, where: str = "") -> None:
    """Refuse what TOML can write and nothing can be: infinite numbers, whole ones beyond 64 bits, texts with a null character.

    Examples
    --------
    >>> check_plain({"unit": 0.01, "names": ["a", "b"]})
    """
    if isinstance(tree, dict):
        for key, value in tree.items():
            check_plain(str(key), where)
            check_plain(value, f"{where}.{key}" if where else str(key))
    elif isinstance(tree, list):
        for one in tree:
            check_plain(one, where)
    elif isinstance(tree, str) and "\0" in tree:
        raise Problem("bad_parameter", name=where or "–", want="@want.no_null", got=repr(tree))
    elif number(tree) and not (isfinite(tree) if isinstance(tree, float) else -BITS_64 <= tree < BITS_64):
        raise Problem("bad_parameter", name=where, want="@want.a_number", got=f"{tree:.3g}" if isinstance(tree, float) else "…")


def day(value: object) -> bool:
    """Tell a day or a point in time without a zone, or its ISO text.

    Examples
    --------
    >>> day("2024-01-05"), day("2024-01-05 10:30"), day("2024-01-05 or so")
    (True, True, False)
    """
    try:
        return bool(MOMENT.fullmatch(str(value)) and datetime.fromisoformat(str(value)))
    except ValueError:
        return False


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Let a fault that names a key name its file too."""
    try:
        yield
    except Problem as problem:
        if "name" not in problem.values or "file" in problem.values:
            raise
        raise type(problem)(problem.key, **{**problem.values, "name": f"{problem.values['name']} ({path.name})"}) from problem
