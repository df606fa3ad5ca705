"""What a notebook hands to the report: its key numbers, its sentences, its warnings, and what it had to skip."""

from datetime import date
from math import isfinite
from pathlib import Path

from custlib.i18n import Problem, keys, text
from custlib.tables import project_root, write_json

LISTS = ("conclusions", "warnings", "skipped")


def run_folder(run_dir: str | Path) -> Path:
    """Give the run folder as a path, with its subfolders made; a relative one lies under the workbench folder."""
    folder = Path(run_dir)
    folder = folder if folder.is_absolute() else project_root() / folder
    for part in ("tables", "figures", "summary", "sql"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return folder


def number(value: float, *, unit: str, n: int, low: float | None = None, high: float | None = None) -> dict:
    """Give one key number with its interval (95 %, blank where none is meant), unit and n.

    Examples
    --------
    >>> number(0.7, unit="share", n=10)
    {'value': 0.7, 'low': None, 'high': None, 'unit': 'share', 'n': 10}
    """
    def plain(one: float | None) -> float | int | None:
        if one is None or not isfinite(one):
            return None
        return int(one) if float(one).is_integer() and unit != "share" else float(one)

    return {"value": plain(value), "low": plain(low), "high": plain(high), "unit": unit, "n": int(n)}


def say(key: str, /, **values: object) -> dict:
    """Give a sentence of the catalogue with its values; a value ``{"key": …}`` is looked up in the reader's language.

    Examples
    --------
    >>> say("conclusion.rows", kept="5")
    {'key': 'conclusion.rows', 'values': {'kept': '5'}}
    """
    return {"key": key, "values": values}


def write_summary(run_dir: Path, notebook: str, *, dataset: str, as_of: str | date, lang: str, numbers: dict[str, dict],
                  conclusions: list[dict] = (), warnings: list[dict] = (), skipped: list[dict] = ()) -> Path:
    """Write ``summary/<notebook>.json`` whole.

    Parameters
    ----------
    numbers : dict
        Name → `number`.
    conclusions, warnings, skipped : list of dict
        Each from `say`, or a text, or ``{"zh": …, "en": …}``; an entry of `skipped` also has ``row``, the inventory row that
        was left out.
    """
    path = Path(run_dir) / "summary" / f"{notebook}.json"
    write_json(path, {"notebook": notebook, "as_of": str(as_of), "dataset": dataset, "lang": lang, "input_hash": None,
                      "numbers": numbers, "conclusions": list(conclusions), "warnings": list(warnings), "skipped": list(skipped)})
    return path


def completed(given: dict | None, notebook: str, *, dataset: str, as_of: str, lang: str) -> dict:
    """Give the summary of a user's notebook with every part that she left out; none at all is an empty one.

    Raises
    ------
    Problem
        A part has another form than `write_summary` gives it, or is of another data set or day.

    Examples
    --------
    >>> completed(None, "50_own", dataset="shop", as_of="2024-06-01", lang="en")["numbers"]
    {}
    """
    empty = {"notebook": notebook, "as_of": as_of, "dataset": dataset, "lang": lang, "input_hash": None, "numbers": {},
             **{part: [] for part in LISTS}}
    if not isinstance(given, dict | None):
        raise Problem("summary_part", notebook=notebook, part="JSON")
    whole = {**empty, **(given or {})}
    numbers = whole["numbers"]
    if not isinstance(numbers, dict) or not all(isinstance(one, dict) and _counted(one) for one in numbers.values()):
        raise Problem("summary_part", notebook=notebook, part="numbers")
    for part in LISTS:
        if not isinstance(whole[part], list) or not all(_sayable(one) for one in whole[part]):
            raise Problem("summary_part", notebook=notebook, part=part)
    for part, want in (("notebook", notebook), ("dataset", dataset), ("as_of", as_of)):
        if whole[part] != want:
            raise Problem("summary_other", notebook=notebook, part=part, got=repr(whole[part]), want=repr(want))
    # a row of the inventory is ours to name; what a user skipped stands under the notebook's number
    return {**whole, "skipped": [{"row": notebook[:2], **(one if isinstance(one, dict) else {"zh": one, "en": one})} for one in whole["skipped"]]}


def _counted(one: dict) -> bool:
    return "value" in one and all(one.get(part) is None or (isinstance(one.get(part), int | float) and not isinstance(one.get(part), bool))
                                  for part in ("value", "low", "high", "n"))


def _sayable(one: object) -> bool:
    """Tell whether the report can say an entry: a text, a text in both languages, or a key of the catalogue with its values."""
    if isinstance(one, str):
        return True
    if not isinstance(one, dict):
        return False
    if all(isinstance(one.get(lang), str) for lang in ("zh", "en")):
        return True
    values = one.get("values") or {}
    try:
        return one.get("key") in keys("en") and ("{" not in text(one["key"], "en") or bool(values and text(one["key"], "en", **values))) and all(
            value["key"] in keys("en") for value in values.values() if isinstance(value, dict))
    except (KeyError, IndexError, TypeError):  # a place of the sentence is left open
        return False
