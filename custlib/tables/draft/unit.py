"""One group of files as the drafter sees it: its rows, what its columns may mean, what it was taken for."""

import re
from dataclasses import dataclass, field

from custlib.tables.draft.assign import best, column_of
from custlib.tables.draft.fit import Candidate
from custlib.tables.draft.structure import Rows


@dataclass
class Unit:
    """A group with what its columns may mean and the table it was taken for (``kind``; "" where it is none)."""

    rows: Rows
    found: dict[str, list[Candidate]]
    kind: str = ""
    sure: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)

    labels: dict[str, dict] = field(default_factory=dict)  # what the codes of a statistics file mean

    first_only: set[str] = field(default_factory=set)  # amounts that stand in the first row of an order

    joined: dict[str, list[str]] = field(default_factory=dict)  # columns that stand for several joined ones

    sides: tuple[str, str] | None = None  # what was paid and what went back, in two columns that are never both filled

    @property
    def title(self) -> str:
        return self.rows.title

    @property
    def japanese(self) -> bool:
        """Heads hold kana."""
        return bool(re.search("[\u3040-\u30ff]", "".join(self.rows.columns)))

    @property
    def chinese(self) -> bool:
        """Heads or texts are Chinese."""
        texts = [profile for profile in self.rows.columns.values() if profile.values and not profile.number and not profile.date]
        han = sum(sum(bool(re.search("[\u4e00-\u9fff]", value)) for value, _ in one.values) >= 0.5 * len(one.values) for one in texts)
        heads = sum(bool(re.search("[\u4e00-\u9fff]", name)) for name in self.rows.columns)
        return not self.japanese and (heads * 2 >= len(self.rows.columns) or han >= 2)

    def best(self, *concepts: str) -> float:
        """Give how sure the best column of any of these meanings is."""
        return best(self.found, *concepts)

    def column(self, *concepts: str, least: float = 0.5) -> str:
        """Give the best column of any of these meanings, "" where none is that sure."""
        return column_of(self.found, *concepts, least=least)
