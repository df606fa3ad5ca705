"""Count the days of a date column and find where the data begin and end."""

from datetime import date, timedelta

from custlib.tables.declared import Source
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.unit import Unit
from custlib.tables.readers import Staged
from custlib.tables.schema import Column
from custlib.tables.typing import typed


def days(unit: Unit, pick: Pick, zone: str = "UTC") -> list[tuple[date, int]]:
    """Count the rows of each day of a date column, in the clock of `zone` where the times say theirs, else in their own."""
    from types import SimpleNamespace

    spec = pick.spec if isinstance(pick.spec, dict) else {"from": pick.spec}
    columns = {name: profile.sql for name, profile in unit.rows.columns.items()}
    source = Source("part", {"fullwidth": True} if any(unit.rows.columns[name].wide for name in _named(spec)) else {})
    one = typed(
        Column("v", "ts", "", "", null=True),
        spec,
        Staged("", "", columns, dict.fromkeys(columns, "VARCHAR"), "", ""),
        source,
        SimpleNamespace(timezone=zone if zone != "?" else "UTC"),
        alias="came",
    )
    return unit.rows.ask(
        f"SELECT d, count(*) FROM (SELECT CAST({one.value} AS DATE) AS d FROM (SELECT {one.came} AS came FROM {unit.rows.table})) "
        f"WHERE d BETWEEN DATE '1971-01-01' AND DATE '2099-12-30' GROUP BY 1 ORDER BY 1"
    )


def _named(spec: dict) -> list[str]:
    return [spec["from"]] if "from" in spec else list(spec.get("concat", []))


def span(unit: Unit, pick: Pick, zone: str = "UTC") -> tuple[date, date] | None:
    """Give the first and last day of a column; lonely days far from the rest, such as 9999-12-31, do not count."""
    if isinstance(pick.spec, dict) and "?" in pick.spec.values():
        return None
    counted = days(unit, pick, zone)
    total, seen, low, high = sum(count for _, count in counted), 0, None, None
    for one, count in counted:
        low = one if low is None and seen + count > 0.005 * total else low
        seen += count
        if high is None and seen >= 0.995 * total:
            high = one
    if low is None or high is None:
        return None
    near = timedelta(days=max(45, (high - low).days // 10))
    inside = [one for one, _ in counted if low - near <= one <= high + near]
    return inside[0], inside[-1]
