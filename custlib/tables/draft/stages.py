"""Profile and classify groups of files; stage again what needs blanks filled from above, and purchases that hide among events."""

from dataclasses import replace
from pathlib import Path

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
            found[number] = replace(
                found[number], parts=tuple(look.restage(one, {"fill_down": wanted}, work, folder, memory) for one in found[number].parts)
            )
            units[number] = unit_of(db, number, found[number])
            units[number].kind = units[number].kind or unit.kind
    return found


def _blank_below(unit: Unit) -> list[str]:
    """Name the order's number and day where they stand in the first row of an order only."""
    order, day = unit.column("order_id", least=0.6), unit.column("order_ts", "created_ts", "ts", "paid_ts", least=0.6)
    rows, total = unit.rows, unit.rows.rows
    goods = unit.column("product_id", "product_name", "quantity", "line_amount", least=0.6)
    if not order or not goods:
        return []

    def blank(name: str) -> int:
        return rows.ask(f"SELECT count(*) FROM {rows.table} WHERE {rows.sql(name)} IS NULL AND {rows.sql(goods)} IS NOT NULL")[0][0]

    if blank(order) >= 0.05 * total:
        return [order, *([day] if day and blank(day) >= 0.05 * total else [])]
    if day and blank(day) >= 0.05 * total:
        inside = rows.ask(
            f"SELECT count(*) FROM (SELECT 1 FROM {rows.table} WHERE {rows.sql(order)} IS NOT NULL GROUP BY {rows.sql(order)} "
            f"HAVING count({rows.sql(day)}) = 0)"
        )[0][0]
        return [day] if inside <= 0.01 * total else []
    return []


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
        parts = tuple(look.restage(one, {"only": {"column": kind, "equals": levels}}, work, folder, memory) for one in groups[number].parts)
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
