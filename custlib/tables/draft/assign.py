"""Give each column of a canonical table the column of a file that fits it best, with how sure that is and why."""

from dataclasses import dataclass, field, replace

from custlib.tables import schema
from custlib.tables.draft import names
from custlib.tables.draft.fit import Candidate, why

SURE, AHEAD = 0.8, 0.07


@dataclass(frozen=True)
class Pick:
    """What a canonical column is taken from: ``spec`` as dataset.toml writes it ("?" where a person decides)."""

    spec: object
    sure: float
    why: tuple = ()
    rivals: tuple[tuple[str, float], ...] = ()
    options: dict = field(default_factory=dict, hash=False)

    @property
    def column(self) -> str:
        """The one column it comes from, "" where it comes from none or several."""
        if self.spec == "?":
            return ""
        return self.spec if isinstance(self.spec, str) else self.spec.get("from", "") if isinstance(self.spec, dict) else ""

    @property
    def clear(self) -> bool:
        """Sure, and clearly ahead of the next."""
        return self.sure >= SURE and (not self.rivals or self.sure - self.rivals[0][1] >= AHEAD)

    def because(self, key: str, /, *, sure: float | None = None, **values: object) -> "Pick":
        """Give the pick with one more reason, and surer where one is given."""
        return replace(self, sure=self.sure if sure is None else min(0.99, sure), why=(*self.why, why(key, **values)))


def assign(table: str, found: dict[str, list[Candidate]], *, taken: set[str] = frozenset(), boost: dict[str, float] | None = None) -> dict[str, Pick]:
    """Give the best column for each canonical column of `table`; a source column serves one of them only.

    Parameters
    ----------
    found : dict
        Meaning → candidates (see `fit.candidates`).
    taken : set of str
        Source columns that are not to be used.
    boost : dict, optional
        Meaning → factor, such as for ``own_id`` where the file's name says whose id it is.
    """
    options: dict[str, dict[str, Candidate]] = {}
    for column, listed in names.accepted(table).items():
        if schema.table(table).column(column).written and column != "line_no":
            continue
        for concept, weight in listed:
            for one in found.get(concept, []):
                sure = min(0.97, one.sure * weight * (boost or {}).get(concept, 1.0))
                had = options.setdefault(column, {}).get(one.column)
                if one.column not in taken and (had is None or sure > had.sure):
                    options[column][one.column] = replace(one, sure=round(sure, 3))
    ranked = sorted(
        ((one.sure, column, one) for column, offers in options.items() for one in offers.values()),
        key=lambda each: (-each[0], each[1], each[2].column),
    )
    picks: dict[str, Pick] = {}
    used: set[str] = set()
    for sure, column, one in ranked:
        if column not in picks and one.column not in used and sure >= 0.35:
            picks[column] = Pick(one.column, sure, one.why)
            used.add(one.column)
    for column, pick in picks.items():
        rest = sorted(
            ((one.column, one.sure) for one in options[column].values() if one.column != pick.column and one.column not in used),
            key=lambda each: (-each[1], each[0]),
        )
        picks[column] = replace(pick, rivals=tuple(rest[:4]))
    return picks


def best(found: dict[str, list[Candidate]], *concepts: str) -> float:
    """Give how sure the best column of any of these meanings is."""
    return max((listed[0].sure for concept in concepts if (listed := found.get(concept))), default=0.0)


def column_of(found: dict[str, list[Candidate]], *concepts: str, least: float = 0.5) -> str:
    """Give the best column of any of these meanings, "" where none is that sure."""
    offers = [listed[0] for concept in concepts if (listed := found.get(concept))]
    top = max(offers, key=lambda one: one.sure, default=None)
    return top.column if top and top.sure >= least else ""
