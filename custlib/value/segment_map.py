"""Segment maps: which scores carry which name, as an editable table; and the linter that proves a map sound."""

import itertools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from custlib.checks import nearest
from custlib.i18n import Problem

AXES = ("r", "f", "m", "fm")
SHIPPED = ("named", "cn8")
UNKNOWN = "unknown"

Cell = tuple[int, int, int]


@dataclass(frozen=True)
class Segment:
    """A name, its rank (higher is better) and the boxes of scores it covers: axis → (low, high), both included."""

    name: str
    rank: int
    boxes: tuple[dict[str, tuple[int, int]], ...]


@dataclass(frozen=True)
class SegmentMap:
    """A map over the full grid of R, F and M scores 1 to `bins`; ``file`` is for messages only."""

    name: str
    bins: int
    segments: tuple[Segment, ...]
    file: str = "map"

    def at(self, cell: Cell) -> list[str]:
        """Give every segment that covers a cell (a sound map gives one)."""
        return [one.name for one in self.segments if any(_inside(box, cell) for box in one.boxes)]

    def grid(self) -> dict[Cell, str]:
        """Give the segment of every cell.

        Raises
        ------
        Problem
            The map is not sound; the cells are named.
        """
        findings = lint(self)
        if findings:
            raise Problem("map_broken", file=self.file, findings="; ".join(findings))
        return {cell: self.at(cell)[0] for cell in self.cells()}

    def cells(self) -> list[Cell]:
        """Give all cells (r, f, m) of the grid."""
        return list(itertools.product(range(1, self.bins + 1), repeat=3))

    def rank(self, name: str) -> int:
        """Give the rank of a segment; 0 for unknown."""
        return next((one.rank for one in self.segments if one.name == name), 0)

    def rule(self, name: str) -> str:
        """Give the rule of a segment in words of scores, such as ``R 5 · FM 4–5 | R 4 · FM 5``."""
        segment = next(one for one in self.segments if one.name == name)
        return " | ".join(" · ".join(f"{axis.upper()} {low}" if low == high else f"{axis.upper()} {low}–{high}"
                                     for axis, (low, high) in box.items()) for box in segment.boxes)


def fm(f: int, m: int) -> int:
    """Give the mean of two scores, rounded half up.

    Examples
    --------
    >>> fm(2, 5), fm(1, 1)
    (4, 1)
    """
    return (f + m + 1) // 2


def load_map(source: str | Path = "named") -> SegmentMap:
    """Read a segment map: a shipped one (``named``, ``cn8``) or the path of a TOML file of the same form.

    Raises
    ------
    Problem
        The file is missing, is no TOML, has an unknown key, or its ranges lie outside the scores.
    """
    if str(source) in SHIPPED:
        entry, label = files("custlib.value") / "maps" / f"{source}.toml", f"{source}.toml"
    else:
        entry, label = Path(source), Path(source).name
        if not entry.is_file():
            raise Problem("missing_file", file=source)
    try:
        raw = tomllib.loads(entry.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem("map_unreadable", file=label, detail=str(error)) from error
    _known(raw, {"schema", "name", "bins", "segments"}, label, "")
    try:
        return SegmentMap(raw["name"], raw["bins"], tuple(_segment(one, raw["bins"], label) for one in raw["segments"]), label)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, Problem):
            raise
        raise Problem("map_unreadable", file=label, detail=str(error)) from error


def lint(plan: SegmentMap) -> list[str]:
    """Prove that a map covers every cell once, that every name can be reached, and that better scores never rank lower.

    Returns
    -------
    list of str
        One finding a fault, with the cells as RFM digits; empty for a sound map.

    Examples
    --------
    >>> lint(load_map("named")), lint(load_map("cn8"))
    ([], [])
    """
    at = {cell: plan.at(cell) for cell in plan.cells()}
    findings = []
    holes = [cell for cell, names in at.items() if not names]
    if holes:
        findings.append(f"no segment covers {_listed(holes)}")
    for pair in sorted({tuple(sorted(names)) for names in at.values() if len(names) > 1}):
        findings.append(f"{' and '.join(pair)} both cover {_listed([c for c, names in at.items() if tuple(sorted(names)) == pair])}")
    reached = {name for names in at.values() for name in names}
    findings += [f"no cell reaches {one.name}" for one in plan.segments if one.name not in reached]
    names = [one.name for one in plan.segments]
    findings += [f"the name {name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    return findings + _falls(plan, at)


def _falls(plan: SegmentMap, at: dict[Cell, list[str]]) -> list[str]:
    """Find steps to a better score that lead to a lower rank."""
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for cell, names in at.items():
        for axis in range(3):
            better = tuple(score + (place == axis) for place, score in enumerate(cell))
            if len(names) == 1 and len(at.get(better, [])) == 1 and plan.rank(at[better][0]) < plan.rank(names[0]):
                found.setdefault((names[0], at[better][0], "RFM"[axis]), []).append(cell)
    return [f"a better {axis} leads from {old} down to {new} at {_listed(cells)}" for (old, new, axis), cells in sorted(found.items())]


def _listed(cells: list[Cell], most: int = 12) -> str:
    written = ["".join(map(str, cell)) if max(cell) < 10 else "-".join(map(str, cell)) for cell in cells[:most]]
    return ", ".join(written) + (f" and {len(cells) - most} more" if len(cells) > most else "")


def _inside(box: dict[str, tuple[int, int]], cell: Cell) -> bool:
    scores = {"r": cell[0], "f": cell[1], "m": cell[2], "fm": fm(cell[1], cell[2])}
    return all(low <= scores[axis] <= high for axis, (low, high) in box.items())


def _segment(raw: dict, bins: int, label: str) -> Segment:
    _known(raw, {"name", "rank", "where"}, label, "segments.")
    boxes = []
    for box in raw["where"]:
        _known(box, set(AXES), label, f"segments.{raw['name']}.")
        for axis, (low, high) in box.items():
            if not 1 <= low <= high <= bins:
                raise Problem("out_of_range", name=f"{label}: {raw['name']}.{axis}", low=1, high=bins, got=[low, high])
        boxes.append({axis: (low, high) for axis, (low, high) in box.items()})
    return Segment(raw["name"], raw["rank"], tuple(boxes))


def _known(given: dict, allowed: set[str], label: str, where: str) -> None:
    for key in given:
        if key not in allowed:
            raise Problem("unknown_key", file=label, key=f"{where}{key}", near=nearest(key, allowed))
