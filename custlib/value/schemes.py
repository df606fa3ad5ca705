"""A data set's own ways to sort customers, declared in dataset.toml: cuts of a column, or a segment map. No code of the user's."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from custlib.checks import nearest, require, within
from custlib.i18n import Problem
from custlib.value.segment_map import UNKNOWN, SegmentMap, load_map

PREFIX = "x."
COLUMNS = ("recency_days", "tenure_days", "orders", "order_days", "gross_amount", "returned_amount", "net_amount", "average_order_amount")
NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True)
class Scheme:
    """One scheme: a segment map (``plan``), or a ``column`` cut at rising ``cuts`` into ``labels`` (one more than cuts)."""

    name: str
    plan: SegmentMap | None = None
    column: str = ""
    cuts: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()

    def rules(self) -> dict[str, str]:
        """Give the rule of every label, such as ``100 ≤ net_amount < 1000``."""
        if self.plan:
            return {one.name: self.plan.rule(one.name) for one in self.plan.segments}
        ends = [None, *map(_written, self.cuts), None]
        return {label: _between(low, self.column, high) for label, (low, high) in zip(self.labels, pairwise(ends), strict=True)}

    def as_dict(self) -> dict:
        """Give the thresholds JSON-ready, as ``edges.json`` stores them."""
        shown = dict(zip(self.labels, self.zh, strict=False))
        said = {label: {"rule": rule, **({"zh": shown[label]} if label in shown else {})} for label, rule in self.rules().items()}
        return {"map": self.plan.name, "bins": self.plan.bins, "labels": said} if self.plan else {
            "column": self.column, "cuts": list(self.cuts), "labels": said}


@dataclass(frozen=True)
class Own:
    """What ``[segments]`` declares: the map for rfm.named (a shipped name or a path) and the data set's own schemes."""

    map: str = "named"
    schemes: tuple[Scheme, ...] = field(default=())


def own(raw: dict, *, folder: Path, file: str = "dataset.toml") -> Own:
    """Read ``[segments]`` of a dataset.toml, and prove every map it names sound.

    Parameters
    ----------
    raw : dict
        ``map`` and ``schemes`` (name → ``map``, or ``column``, ``cuts``, ``labels`` and optionally ``zh``).
    folder : Path
        Paths of maps are relative to it: the data set's folder.
    file : str
        Name for messages.

    Raises
    ------
    Problem
        A key or column is unknown (the nearest is named), cuts do not rise, labels do not fit them, a map is broken.

    Examples
    --------
    >>> cut = {"column": "orders", "cuts": [2], "labels": ["once", "again"]}
    >>> own({"schemes": {"habit": cut}}, folder=Path()).schemes[0].rules()
    {'once': 'orders < 2', 'again': 'orders ≥ 2'}
    """
    _known(raw, {"map", "schemes"}, file, "segments.")
    schemes = raw.get("schemes", {})
    _known(schemes, set(schemes) if isinstance(schemes, dict) else set(), file, "segments.schemes.")
    chosen = "named"
    if "map" in raw:
        chosen = _path(raw["map"], folder, "segments.map")
        sound(chosen)
    return Own(chosen, tuple(_scheme(name, one, folder, file) for name, one in schemes.items()))


def sound(source: str | Path) -> SegmentMap:
    """Read a segment map and prove it sound.

    Raises
    ------
    Problem
        The file is missing or unreadable, or the map is broken: its cells are named.
    """
    plan = load_map(source)
    # before the grid is laid out: a number of scores that is none, or a huge one, has no grid
    if not isinstance(plan.bins, int) or any(isinstance(one.rank, bool) or not isinstance(one.rank, int | float) for one in plan.segments):
        raise Problem("map_unreadable", file=plan.file, detail="bins and rank must be numbers")
    within(f"{plan.file}: bins", plan.bins, 2, 10)
    plan.grid()
    return plan


def sort(values: pd.Series, scheme: Scheme) -> tuple[np.ndarray, np.ndarray]:
    """Give the label and its place (1 = lowest) of every value; a blank value is ``unknown``, its place blank.

    Examples
    --------
    >>> two = Scheme("habit", None, "orders", (2.0,), ("once", "again"))
    >>> sort(pd.Series([1, 2, None]), two)[0].tolist()
    ['once', 'again', 'unknown']
    """
    numbers = pd.to_numeric(values).to_numpy(dtype="float64", na_value=np.nan)
    blank = np.isnan(numbers)
    places = np.searchsorted(np.array(scheme.cuts, dtype="float64"), numbers, side="right")
    names = np.array([*scheme.labels, UNKNOWN], dtype=object)
    return names[np.where(blank, len(scheme.labels), places)], np.where(blank, np.nan, places + 1.0)


def check_columns(customers: pd.DataFrame, schemes: tuple[Scheme, ...]) -> None:
    """Refuse a customer table that lacks a column of a scheme."""
    require(customers, [one.column for one in schemes if one.column], name="customers")


def _scheme(name: str, raw: object, folder: Path, file: str) -> Scheme:
    where = f"segments.schemes.{name}"
    _known(raw, {"map", "column", "cuts", "labels", "zh"}, file, f"{where}.")
    if not name or not name[0].isalpha() or not set(name) <= NAME_LETTERS:
        raise Problem("bad_parameter", name="segments.schemes", want="@want.plain_name", got=repr(name))
    if ("map" in raw) == ("column" in raw):
        raise Problem("scheme_needs_one", file=file, scheme=name)
    if "map" in raw:
        _known(raw, {"map"}, file, f"{where}.")
        return Scheme(PREFIX + name, sound(_path(raw["map"], folder, f"{where}.map")))
    for key in ("cuts", "labels"):
        if key not in raw:
            raise Problem("key_missing", file=file, key=f"{where}.{key}")
    if raw["column"] not in COLUMNS:
        raise Problem("scheme_column", file=file, scheme=name, column=raw["column"], near=nearest(str(raw["column"]), COLUMNS))
    cuts = _cuts(raw["cuts"], f"{where}.cuts")
    labels, zh = (_names(raw[key], f"{where}.{key}", file, name, len(cuts)) if key in raw else () for key in ("labels", "zh"))
    return Scheme(PREFIX + name, None, raw["column"], cuts, labels, zh)


def _path(value: object, folder: Path, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Problem("bad_parameter", name=name, want="@want.map_path", got=repr(value))
    return str((folder / value).resolve())


def _cuts(raw: object, name: str) -> tuple[float, ...]:
    given = raw if isinstance(raw, list) else []
    if not given or any(isinstance(one, bool) or not isinstance(one, int | float) or not isfinite(one) for one in given) or any(
            after <= before for before, after in pairwise(given)):
        raise Problem("bad_parameter", name=name, want="@want.rising", got=repr(raw))
    return tuple(float(one) for one in given)


def _names(raw: object, where: str, file: str, scheme: str, cuts: int) -> tuple[str, ...]:
    given = raw if isinstance(raw, list) else []
    if not given or any(not isinstance(one, str) or not one.strip() or one == UNKNOWN for one in given) or len(set(given)) < len(given):
        raise Problem("bad_parameter", name=where, want="@want.own_labels", got=repr(raw))
    if len(given) != cuts + 1:
        raise Problem("scheme_labels", file=file, scheme=scheme, key=where.rpartition(".")[2], want=cuts + 1, got=len(given), cuts=cuts)
    return tuple(given)


def _known(given: object, allowed: set[str], file: str, where: str) -> None:
    if not isinstance(given, dict):
        raise Problem("not_a_table", file=file, where=where.rstrip("."))
    for key in given:
        if key not in allowed:
            raise Problem("unknown_key", file=file, key=f"{where}{key}", near=nearest(key, allowed))


def _written(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _between(low: str | None, column: str, high: str | None) -> str:
    if low is None:
        return f"{column} < {high}"
    return f"{column} ≥ {low}" if high is None else f"{low} ≤ {column} < {high}"
