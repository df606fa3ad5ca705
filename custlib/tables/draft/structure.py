"""What the rows themselves prove: unique keys, what is the same in every row of an order, which amount follows from which."""

from dataclasses import dataclass, field
from itertools import combinations

import duckdb

from custlib.tables.draft.profile import Profile
from custlib.tables.schema import Column
from custlib.tables.typing import typed

KEYS = 400_000  # keys that dependencies are tested on; whole keys, never parts of one
CENT = 0.0151


@dataclass
class Rows:
    """A group's rows in DuckDB, with what was counted on the way; every count is of all sound rows unless it says otherwise."""

    db: duckdb.DuckDBPyConnection
    number: int
    title: str
    rows: int
    columns: dict[str, Profile]
    seen: dict = field(default_factory=dict)

    @property
    def table(self) -> str:
        return f"all_{self.number}"

    def sql(self, name: str) -> str:
        """Give the SQL of a column, placeholders as NULL."""
        return f"({self.columns[name].sql})"

    def ask(self, query: str) -> list[tuple]:
        """Run a query once and remember its answer."""
        if query not in self.seen:
            self.seen[query] = self.db.execute(query).fetchall()
        return self.seen[query]

    def key(self, *names: str) -> tuple[int, int]:
        """Count (rows in which all of `names` are filled, different combinations)."""
        cells = [self.sql(name) for name in names]
        filled = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
        what = cells[0] if len(cells) == 1 else f"({', '.join(cells)})"
        return self.ask(f"SELECT count(*), count(DISTINCT {what}) FROM {self.table} WHERE {filled}")[0]

    def unique(self, *names: str) -> float:
        """Give the share of filled rows that are the only ones of their key."""
        filled, distinct = self.key(*names)
        return distinct / filled if filled else 0.0

    def repeats(self) -> int:
        """Count rows that repeat an earlier row in every column."""
        cells = ", ".join(profile.sql for profile in self.columns.values())
        return self.ask(f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM {self.table} GROUP BY {cells})")[0][0]

    def constant(self, key: str, names: list[str]) -> dict[str, float]:
        """Give for each of `names` the share of keys of several rows in which it has one value; 1.0 where no key repeats."""
        wanted = [name for name in names if name != key]
        if not wanted:
            return {}
        step = max(1, self.rows // KEYS)
        some = f" AND hash({self.sql(key)}) % {step} = 0" if step > 1 else ""
        inner = ", ".join(f"min({self.sql(name)}) IS NOT DISTINCT FROM max({self.sql(name)}) AS s{i}" for i, name in enumerate(wanted))
        outer = ", ".join(f"avg(s{i}::INT)" for i in range(len(wanted)))
        found = self.ask(
            f"SELECT count(*), {outer} FROM (SELECT {inner} FROM {self.table} WHERE {self.sql(key)} IS NOT NULL{some} "
            f"GROUP BY {self.sql(key)} HAVING count(*) > 1)"
        )[0]
        return {name: 1.0 if share is None else float(share) for name, share in zip(wanted, found[1:], strict=True)}

    def split_keys(self, key: str, name: str) -> int:
        """Count keys under which `name` has more than one value."""
        return self.ask(
            f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {self.sql(key)} IS NOT NULL GROUP BY {self.sql(key)} "
            f"HAVING min({self.sql(name)}) <> max({self.sql(name)}))"
        )[0][0]

    def same_partition(self, one: str, other: str) -> bool:
        """Tell whether two columns name the same things, each by its own number."""
        both = f"{self.sql(one)} IS NOT NULL AND {self.sql(other)} IS NOT NULL"
        a, b, c, n = self.ask(
            f"SELECT count(DISTINCT {self.sql(one)}), count(DISTINCT {self.sql(other)}), "
            f"count(DISTINCT ({self.sql(one)}, {self.sql(other)})), count(*) FROM {self.table} WHERE {both}"
        )[0]
        return n > 0 and n >= 0.98 * self.rows and c <= 1.002 * max(a, b) and min(a, b) >= 0.998 * max(a, b)

    def figure(self, name: str) -> str:
        """Give the SQL of a column's number, exact to four places; NULL where it is none."""
        profile = self.columns[name]
        options = profile.number.options if profile.number else {}
        return numeric(profile, options)

    def share(self, test: str, *, where: str = "true", sample: bool = True) -> tuple[float, int]:
        """Give (share of rows for which `test` holds, rows for which it could be asked)."""
        table = f"sample_{self.number}" if sample else self.table
        hits, asked = self.ask(f"SELECT count(*) FILTER (WHERE {test}), count(*) FILTER (WHERE ({test}) IS NOT NULL) FROM {table} WHERE {where}")[0]
        return (hits / asked if asked else 0.0), asked


def numeric(profile: Profile, options: dict) -> str:
    """Give the SQL that reads a number as the build will read it, full-width signs included."""
    from custlib.tables.declared import Source
    from custlib.tables.readers import Staged

    native = profile.native if profile.native != "VARCHAR" else "VARCHAR"
    source = Source("part", {"fullwidth": True} if profile.wide else {})
    staged = Staged("", "", {"v": profile.sql}, {"v": "VARCHAR"}, "", "")
    found = typed(Column("v", "dec4", "", "", null=True), {"from": "v", **options}, staged, source, None, alias="__came__")
    del native
    return "(" + found.value.replace("__came__", f"({found.came})") + ")"


def follows(rows: Rows, target: str, start: str, less: list[str], more: list[str]) -> tuple[float, list[str], list[str]]:
    """Find the best `target` = `start` − some of `less` + some of `more`, to the cent.

    Returns
    -------
    (float, list of str, list of str)
        Share of rows in which it holds, what is taken off, what is added; of equally good ones the one that uses fewer, but
        never none where something is taken off in at least one row in fifty.
    """
    best = (0.0, 0, [], [])
    for off in _subsets(less[:3]):
        for on in _subsets(more[:2]):
            terms = "".join(f" - abs(coalesce({rows.figure(one)}, 0))" for one in off) + "".join(f" + coalesce({rows.figure(one)}, 0)" for one in on)
            share, asked = rows.share(f"abs({rows.figure(target)} - ({start}{terms})) < {CENT}")
            if asked >= 5 and (round(share, 3), -len(off) - len(on)) > (best[0], best[1]):
                best = (round(share, 3), -len(off) - len(on), off, on)
    return best[0], best[2], best[3]


def found_in(db: duckdb.DuckDBPyConnection, child: Rows, name: str, parent: Rows, key: str) -> float:
    """Give the share of different values of one column that are values of another."""
    query = (
        f"SELECT avg((v IN (SELECT {parent.sql(key)} FROM {parent.table} WHERE {parent.sql(key)} IS NOT NULL))::INT) FROM "
        f"(SELECT DISTINCT {child.sql(name)} AS v FROM {child.table} WHERE {child.sql(name)} IS NOT NULL LIMIT 20000)"
    )
    got = child.ask(query)[0][0]
    return float(got or 0.0)


def _subsets(listed: list[str]) -> list[list[str]]:
    return [list(one) for size in range(len(listed) + 1) for one in combinations(listed, size)]
