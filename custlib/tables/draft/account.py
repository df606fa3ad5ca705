"""See to it that every input ends in a source or is named, and asked about where it holds what a mapped one holds."""

from custlib.tables.draft.guess import sales_shape
from custlib.tables.draft.look import Unread
from custlib.tables.draft.others import slug
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.unit import Unit

SALES = ("orders", "order_lines")
LIKE = {"orders": SALES, "lines": SALES, "payments": SALES, "returns": SALES, "heads": SALES}
NOTHING = ("header_only", "header_blank", "empty_file", "empty", "no_header", "folder_without_files")  # there is nothing to miss in it
WORTH = {"customers", "products", "stores", "campaigns", "service_cases"}  # of two lists of one kind a person knows which is right


def settled(units: list[Unit], unread: list[Unread], found: Findings, rates: dict | str | None) -> None:
    """Name every unit that feeds no table, and ask about one that looks like what another feeds."""
    used = {unit.rows.number for draft in found.tables.values() for unit in draft.units}
    if isinstance(rates, dict):
        used.add(rates["unit"])
    told = {one.values.get("file") for one in found.said}
    for unit in units:
        number = unit.rows.number
        if number in used:
            continue
        asked = [place for place, other in ((one.place, one.said.values.get("file")) for one in found.asked) if other == unit.title]
        if unit.title not in told and not asked:
            found.tell("not_read", file=unit.title)
        if asked or not found.tables:
            continue
        table = _like(unit, found)
        if table:
            found.ask(f"sources.{_name(unit, found)}", "q_not_read", ((f"tables.{table}", 0.5),), file=unit.title, table=table)
    if unread and found.tables:
        for place, one in enumerate((one for one in unread if one.problem.key not in NOTHING), 1):
            found.ask(f"sources.unread_{place}", "q_unread", file=one.title)


def _like(unit: Unit, found: Findings) -> str:
    """Name the table whose kind of content the unit holds, "" where it holds none, or content that would only count twice."""
    kinds = [kind for kind, score in sorted(unit.scores.items(), key=lambda one: -one[1]) if score >= 0.5] or [unit.kind]
    for kind in kinds[:1]:
        if any(one.key in ("payments_unused", "lines_without_money", "wide_survey") and one.values.get("file") == unit.title for one in found.said):
            return ""
        for table in LIKE.get(kind, (kind,)):
            if table in found.tables and (kind in LIKE or kind in WORTH):
                return table
    if "orders" in found.tables and not unit.kind and (shape := sales_shape(unit)) and shape["order_id"] and shape["customer_id"]:
        return "orders"
    money = unit.best("net_amount", "amount", "line_amount", "gross_amount")
    day = unit.best("order_ts", "created_ts", "ts", "paid_ts")
    who = unit.best("order_id", "customer_id")
    if "orders" in found.tables and not unit.kind and min(money, day) >= 0.5 and who >= 0.4:
        return "orders"
    second = any(one.key == "second_sales" and one.values.get("file") == unit.title for one in found.said)
    return "orders" if second and "orders" in found.tables else ""


def _name(unit: Unit, found: Findings) -> str:
    base = f"{slug(unit.title) or 'file'}_not_read"
    taken = {one.place for one in found.asked}
    name, count = base, 1
    while f"sources.{name}" in taken:
        count += 1
        name = f"{base}_{count}"
    return name
