"""Profile and classify groups of files; stage again what needs blanks filled from above, and purchases that hide among events."""

from dataclasses import replace
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.draft import look
from custlib.tables.draft.fit import candidates
from custlib.tables.draft.kinds import classify
from custlib.tables.draft.names import raw
from custlib.tables.draft.profile import profiled
from custlib.tables.draft.structure import Rows
from custlib.tables.draft.unit import Unit


def unit_of(db, number: int, group: look.Group) -> Unit:
    """Profile and classify one group of files."""
    rows, columns = profiled(db, number, group)
    unit = Unit(Rows(db, number, group.title, rows, {one.name: one for one in columns}), candidates(columns))
    unit.labels = {
        name: {str(code): label for code, label in labels.items()} for name, labels in group.parts[0].staged.found.get("value_labels", {}).items()
    }
    classify(unit)
    return unit


def filled_down(db, units: list[Unit], groups: list[look.Group], work: Path, folder: Path, memory: str) -> list[look.Group]:
    """Stage again, blanks filled from above, what names its order in the first of its rows only."""
    found = list(groups)
    for number, unit in enumerate(units):
        if unit.kind not in ("orders", "lines", "payments"):
            continue
        wanted = _blank_below(unit)
        if wanted and all("database" not in one.options for one in found[number].parts):
            found[number] = replace(found[number], parts=tuple(_filled(one, wanted, work, folder, memory) for one in found[number].parts))
            units[number] = unit_of(db, number, found[number])
            units[number].kind = units[number].kind or unit.kind
    return found


def _filled(part: look.Part, wanted: list[str], work: Path, folder: Path, memory: str) -> look.Part:
    there = [name for name in wanted if name in part.staged.columns]
    try:
        return look.restage(part, {"fill_down": there}, work, folder, memory) if there else part
    except Problem:  # a kind of file that cannot be filled down
        return part


def _blank_below(unit: Unit) -> list[str]:
    """Name the order's number and day where they stand in the first row of an order only.

    A row belongs to the order above where it names goods and none of the two; a row with a day of its own and no number does not.
    """
    order, day = unit.column("order_id", least=0.6), unit.column("order_ts", "created_ts", "ts", "paid_ts", least=0.6)
    rows, total = unit.rows, unit.rows.rows
    named = unit.column("product_id", "product_name", least=0.6)
    goods = named or unit.column("quantity", "line_amount", least=0.6)
    if not order or not goods:
        return []

    def count(test: str) -> int:
        return rows.ask(f"SELECT count(*) FROM {rows.table} WHERE {rows.sql(goods)} IS NOT NULL AND {test}")[0][0]

    least = 1 if named else 0.05 * total  # a row of totals names an amount, and no goods
    no_order, no_day = f"{rows.sql(order)} IS NULL", f"{rows.sql(day)} IS NULL" if day else "true"
    if named and _bare_total(unit, order, named):
        return []
    if (below := count(no_order)) >= max(1, least):
        return (
            [order, *([day] if day and count(no_day) else [])]
            if not day or count(f"{no_order} AND {no_day}") >= 0.95 * below
            else ([order] if below >= 0.05 * total and _same_day(unit, order, day) else [])
        )
    if day and count(no_day) >= max(1, least):
        ends = rows.ask(
            f"SELECT count(*), count(*) FILTER (had = 0 AND days > 0), count(*) FILTER (days = 0) FROM (SELECT arg_min({rows.sql(day)} "
            f"IS NOT NULL, (part, line))::INT AS had, count({rows.sql(day)}) AS days FROM {rows.table} "
            f"WHERE {rows.sql(order)} IS NOT NULL GROUP BY {rows.sql(order)})"
        )[0]
        return [day] if ends[1] == 0 and ends[2] <= 0.01 * ends[0] else []
    return []


def _bare_total(unit: Unit, order: str, goods: str) -> bool:
    """Tell whether a row of neither number nor goods holds a sum: filled from above it would count as a sale."""
    rows, money = unit.rows, unit.column("line_amount", "net_amount", "amount", "quantity", least=0.6)
    if not money:
        return False
    bare = f"{rows.sql(order)} IS NULL AND {rows.sql(goods)} IS NULL"
    most, all_of = rows.ask(f"SELECT max({rows.figure(money)}) FILTER ({bare}), sum({rows.figure(money)}) FILTER (NOT ({bare})) FROM {rows.table}")[0]
    return bool(most and all_of and 5 * most >= abs(all_of))


def _same_day(unit: Unit, order: str, day: str) -> bool:
    """Tell whether rows without a number have the day of the numbered row above them."""
    rows = unit.rows
    key, when = rows.sql(order), rows.sql(day)
    share = rows.ask(
        f"SELECT avg((d IS NOT DISTINCT FROM above)::INT) FROM (SELECT {key} AS k, {when} AS d, "
        f"last_value(CASE WHEN {key} IS NOT NULL THEN {when} END IGNORE NULLS) OVER (PARTITION BY part ORDER BY line) AS above "
        f"FROM {rows.table}) WHERE k IS NULL"
    )[0][0]
    return bool(share and share > 0.95)


def bought(db, units: list[Unit], groups: list[look.Group], work: Path, folder: Path, memory: str) -> None:
    """Where nothing else tells of sales, read the purchases among the events as orders: the same file, those rows only."""
    if any(unit.kind in ("orders", "payments", "lines", "heads") for unit in units):
        return
    for number, unit in enumerate(list(units)):
        kind = unit.column("event_type", "marker", least=0.6) if unit.kind == "events" else ""
        if not kind:
            continue
        words = raw()["purchases"]["words"]
        levels = [value for value in unit.rows.columns[kind].levels if value.casefold() in words]
        if not levels:
            continue
        parts = tuple(
            look.restage(one, {"only": {"column": kind, "equals": levels}}, work, folder, memory)
            for one in groups[number].parts
            if kind in one.staged.columns
        )
        groups.append(look.Group("purchases", parts))
        sold = unit_of(db, len(units), groups[-1])
        money = sold.column("net_amount", "amount", "line_amount", "event_value", least=0.35)
        if (
            money
            and sold.rows.columns[money].filled >= 0.8 * sold.rows.columns[money].rows
            and (sold.best("order_id") >= 0.5 or sold.best("customer_id") >= 0.6)
        ):
            sold.kind, sold.sure = "orders", 0.85
            units.append(sold)
            return
        groups.pop()
