"""Put the units together: which file gives which table, how files refer to each other, what is left unused."""

from custlib.tables import schema
from custlib.tables.draft import names
from custlib.tables.draft.apart import add, join, lines_apart, order_column, refers, returned
from custlib.tables.draft.others import draft_table, goods_of, people_of, wide_survey
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.sales import draft_sales
from custlib.tables.draft.structure import found_in
from custlib.tables.draft.unit import Unit

PLAIN = (
    "products",
    "survey_responses",
    "campaigns",
    "assignments",
    "responses",
    "consents",
    "stores",
    "service_cases",
    "contacts",
    "reviews",
    "points",
    "inventory",
    "leads",
    "calendar",
    "surveys",
    "survey_items",
    "observations",
    "social_posts",
    "social_edges",
    "events",
)


def compose(units: list[Unit]) -> Findings:
    """Give the tables that the units make together, with everything that is to be told and asked."""
    found = Findings()
    sales = sorted(_of(units, "orders"), key=lambda unit: (-unit.sure, -unit.rows.rows))
    people = max(_of(units, "customers"), key=lambda unit: (unit.sure, unit.rows.rows), default=None)
    lines = next(iter(_of(units, "lines")), None)
    heads = [unit for unit in _of(units, "heads") if any(refers(other, unit) for other in (lines, *_of(units, "payments"), *sales))]
    if heads:
        sales = [heads[0], *sales]
    if not sales:
        sales = (_of(units, "payments") or _of(units, "heads"))[:1]
    if len(sales) > 1 or lines:
        sales, lines = _heads_and_lines(sales, lines)
    if sales:
        draft_sales(sales[0], found, people=people, lines=lines if refers(lines, sales[0]) else None)
        if lines and refers(lines, sales[0]):
            lines_apart(lines, sales[0], found)
        for other in sales[1:]:
            join(other, found, people)
        _payments(units, sales[0], found)
        for unit in _of(units, "returns"):
            returned(unit, found)
    else:
        for unit in [*_of(units, "returns"), *([lines] if lines else [])]:
            found.tell("no_sales_for", file=unit.title)
    people_drafted = False
    for unit in _of(units, "customers"):
        if "customers" not in found.tables:
            people_drafted = draft_table(unit, "customers", found)
        else:
            _second(unit, found, "customers")
    if sales and not people_drafted:
        people_of(found.tables["orders"].units[0], found)
    for table in ("identities", *PLAIN):
        for unit in _of(units, table):
            if table in found.tables:
                _second(unit, found, table)
            elif not draft_table(unit, table, found):
                unit.kind = ""
    if "order_lines" in found.tables and "products" not in found.tables:
        goods_of(found.tables["order_lines"].units[0], found)
    _unused(units, found)
    return found


def _of(units: list[Unit], kind: str) -> list[Unit]:
    return [unit for unit in units if unit.kind == kind]


def _heads_and_lines(sales: list[Unit], lines: Unit | None) -> tuple[list[Unit], Unit | None]:
    """Tell a list of orders from the list of their lines, where both have days and amounts."""
    for one in sales:
        for other in sales:
            a, b = order_column(one), order_column(other)
            if one is other or not (a and b) or lines:
                continue
            if one.rows.unique(a) > 0.97 > other.rows.unique(b) and found_in(other.rows.db, other.rows, b, one.rows, a) >= 0.8:
                other.kind = "lines"
                return [one, *(each for each in sales if each not in (one, other))], other
    if lines and sales:
        sales = sorted(sales, key=lambda unit: (not refers(lines, unit), -unit.sure))
    return sales, lines


def _payments(units: list[Unit], sales: Unit, found: Findings) -> None:
    """Payments carry the money only where the orders say none."""
    orders = found.tables.get("orders")
    for unit in _of(units, "payments"):
        if unit is sales:
            continue
        net = orders.columns.get("net_amount") if orders else None
        if (net is None or net.spec == "?") and "order_lines" not in found.tables and refers(unit, sales):
            if orders:
                orders.columns.pop("net_amount", None)
                found.asked = [one for one in found.asked if one.place != "tables.orders.columns.net_amount"]
            lines_apart(unit, sales, found)
        else:
            found.tell("payments_unused", file=unit.title)
            unit.kind = "unused"


def _second(unit: Unit, found: Findings, table: str) -> None:
    """A second file for a table that has one: joined where it names the same columns, else left out."""
    own = Findings()
    key = schema.table(table).key[0]
    if table in ("identities", "events", "survey_responses") and draft_table(unit, table, own) and not own.asked:
        add(found.tables[table], unit, own.tables[table].columns)
        found.tell("joined", 0.85, file=unit.title, first=found.tables[table].units[0].title)
        return
    found.tell("second_file", file=unit.title, table=table, key=key, first=found.tables[table].units[0].title)
    unit.kind = "unused"


def _unused(units: list[Unit], found: Findings) -> None:
    used = {unit.rows.number for draft in found.tables.values() for unit in draft.units}
    for unit in units:
        if unit.rows.number in used or unit.kind in ("unused", "returns", "lines", "rates"):
            continue
        answers = wide_survey(unit)
        if answers:
            found.tell("wide_survey", file=unit.title, count=len(answers), first=answers[0], last=answers[-1])
        elif not unit.kind:
            best = max(unit.scores, key=lambda one: unit.scores[one]) if unit.scores else ""
            known = names.raw()["files"]
            found.tell(
                "unused" if unit.scores.get(best, 0) < 0.3 or best not in known else "unused_near",
                file=unit.title,
                table=best,
                sure=f"{unit.scores.get(best, 0):.2f}",
            )
