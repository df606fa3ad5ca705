"""One place that a rule looks at (a table and column), and counting many of them in one reading of the table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.tables import schema
from custlib.tables.quality.settings import DatasetLike, Settings

if TYPE_CHECKING:
    import duckdb


def quoted(value: object) -> str:
    """Write a text as an SQL literal; its own here, since the module that has one imports the data set, which may import this."""
    return "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class Place:
    """Where a rule looks: ``checked`` and ``failing`` are SQL conditions on a row of ``table``."""

    rule: str
    table: str
    column: str
    failing: str
    checked: str = "true"


@dataclass(frozen=True)
class Result:
    """What a rule found at one place: rows looked at, rows that fail, or the reason why it could not look.

    ``measured`` replaces failing ÷ checked where the rule measures something else; ``detail`` holds days and numbers, never
    values of personal columns; ``places`` is the number of places that the rule looks at, where it is not the number of results.
    """

    rule: str
    table: str
    column: str
    checked: int
    failing: int
    reason: str = ""
    measured: float | None = None
    detail: dict = field(default_factory=dict, hash=False)
    places: int | None = None

    @property
    def share(self) -> float | None:
        """The failing share of 1; None where nothing could be checked."""
        if self.checked == 0 or self.reason:
            return None
        return self.failing / self.checked if self.measured is None else self.measured


@dataclass(frozen=True)
class Tables:
    """The canonical tables of a build as the checks see them: a connection, the mapping, the folder and the settings."""

    db: "duckdb.DuckDBPyConnection" = field(hash=False)
    dataset: DatasetLike = field(hash=False)
    folder: Path
    settings: Settings = field(hash=False)

    def names(self) -> list[str]:
        """Name the mapped tables that stand in the folder, in the order of the schema."""
        return [name for name in schema.tables() if name in self.dataset.tables and (self.folder / f"{name}.parquet").is_file()]

    def has(self, table: str, *columns: str) -> bool:
        """Say whether a table stands and all of `columns` are mapped in it."""
        return table in self.names() and set(columns) <= set(self.mapped(table))

    def mapped(self, table: str) -> list[str]:
        """Name the mapped columns of a table."""
        return list(self.dataset.tables[table].columns)

    def scan(self, table: str) -> str:
        """Give the SQL that reads a table."""
        return f"read_parquet({quoted(self.folder / f'{table}.parquet')})"

    def rows(self, query: str) -> list[tuple]:
        """Run a query and give its rows."""
        return self.db.execute(query).fetchall()

    @property
    def sale(self) -> str:
        """The table whose rows are the sales; empty where there is none."""
        return next((name for name in ("order_lines", "orders") if self.has(name)), "")


def count(tables: Tables, places: list[Place]) -> list[Result]:
    """Count all `places` of rules that are switched on, reading each table once."""
    found = []
    for table in tables.names():
        here = [place for place in places if place.table == table and tables.settings.on(place.rule)]
        if not here:
            continue
        cells = ", ".join(f"count(*) FILTER ({place.checked}), count(*) FILTER (({place.checked}) AND ({place.failing}))" for place in here)
        counts = tables.rows(f"SELECT count(*), {cells} FROM {tables.scan(table)}")[0]
        for number, place in enumerate(here):
            checked, failing = counts[1 + 2 * number:3 + 2 * number]
            reason = "" if checked else "all_blank" if counts[0] else "no_rows"
            found.append(Result(place.rule, table, place.column, checked, failing, reason))
    return found
