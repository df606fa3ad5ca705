"""What a notebook hands to the report: its key numbers, its sentences, its warnings, and what it had to skip."""

from datetime import date
from math import isfinite
from pathlib import Path

from custlib.tables import project_root, write_json


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
        Each from `say`; an entry of `skipped` also has ``row``, the inventory row that was left out.
    """
    path = Path(run_dir) / "summary" / f"{notebook}.json"
    write_json(path, {"notebook": notebook, "as_of": str(as_of), "dataset": dataset, "lang": lang, "input_hash": None,
                      "numbers": numbers, "conclusions": list(conclusions), "warnings": list(warnings), "skipped": list(skipped)})
    return path
