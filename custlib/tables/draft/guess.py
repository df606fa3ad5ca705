"""Where no name is understood: find a list of sales by its structure alone, and ask which column is what."""

from custlib.tables.draft.assign import Pick
from custlib.tables.draft.others import wide_survey
from custlib.tables.draft.parts import Findings, TableDraft
from custlib.tables.draft.profile import Profile
from custlib.tables.draft.restart import day_of
from custlib.tables.draft.unit import Unit

ROWS = 10  # fewer prove nothing
MEANT = {
    "order_id": ("order_id",),
    "customer_id": ("customer_id",),
    "order_ts": ("order_ts", "created_ts", "ts", "paid_ts"),
    "net_amount": ("net_amount", "amount", "line_amount"),
}
Offers = list[tuple[str, float]]


def guess(units: list[Unit], found: Findings) -> None:
    """Draft orders, every column a question with its candidates, from the largest unused unit that is built like a list of sales."""
    if "orders" in found.tables:
        return
    used = {unit.rows.number for draft in found.tables.values() for unit in draft.units}
    for unit in sorted(units, key=lambda one: -one.rows.rows):
        if unit.rows.number in used or unit.kind in ("rates", "lines", "returns", "events"):
            continue
        shape = sales_shape(unit)
        if not shape:
            continue
        top = shape["order_id"][0][0] if shape["order_id"] else ""
        by_line = bool(top) and unit.rows.unique(top) < 0.98
        _draft(unit, found, "orders", {name: offers for name, offers in shape.items() if not (by_line and name == "net_amount")}, collapse=by_line)
        if by_line:
            _draft(unit, found, "order_lines", {name: shape[name] for name in ("order_id", "net_amount")}, collapse=False)
        found.said = [one for one in found.said if not (one.key in ("unused", "unused_near", "table_lacks") and one.values["file"] == unit.title)]
        found.tell("guessed", 0.3, file=unit.title)
        _forms(unit, found, shape)
        return


def _forms(unit: Unit, found: Findings, shape: dict[str, Offers]) -> None:
    """Declare for the whole source how the likeliest day and amount are written, so that a column's name is answer enough."""
    day, money = (unit.rows.columns[shape[name][0][0]] for name in ("order_ts", "net_amount"))
    if day.date and day.date.other:
        found.option(unit, date_format="?")
        choices = ((day.date.forms[-1], 0.5), (day.date.other[-1], 0.5))
        found.ask(f"sources.{{{unit.rows.number}}}.date_format", "q_date", choices, column=day.name)
    elif day.date and day.native == "VARCHAR":
        found.option(unit, **day.date.options)
    if money.number and money.native == "VARCHAR":
        found.option(unit, **{key: value for key, value in money.number.options.items() if key in ("decimal", "thousands", "negative")})


def _draft(unit: Unit, found: Findings, table: str, shape: dict[str, Offers], *, collapse: bool) -> None:
    columns = {}
    for name, offers in shape.items():
        if not offers and name in ("customer_id",):
            found.tell("nobody_named", file=unit.title)
            continue
        columns[name] = Pick("?", 0.3)
        found.ask(f"tables.{table}.columns.{name}", "q_column", tuple(offers[:4]), table=table, column=name)
    found.tables[table] = TableDraft(table, [unit], columns, collapse=collapse)


def sales_shape(unit: Unit) -> dict[str, Offers]:
    """Give the candidates for order, customer, day and amount by structure, with how sure; {} where it is not built like sales."""
    columns = list(unit.rows.columns.values())
    days = [one.name for one in columns if one.date and one.date.share >= 0.9 and not one.date.serial]
    money = [one for one in columns if one.name not in days and _money(one)]
    if not days or not money or unit.rows.rows < ROWS or wide_survey(unit):
        return {}
    money = [one for one in money if not one.whole] or money
    money.sort(key=lambda one: -one.distinct)
    day = max(days, key=lambda name: unit.rows.columns[name].distinct)
    orders, people = [], []
    ids = [one for one in columns if one.name not in days and _id(one)]
    for one in ids:
        unique = unit.rows.unique(one.name)
        if one.personal or one.filled < 0.9 * one.rows:
            continue
        if unique > 0.995:
            orders.append((one.name, 0.6 if not one.number else 0.5))
        elif unit.rows.key(one.name)[1] > 0.05 * unit.rows.rows and _one_day(unit, one.name, day) > 0.97:
            orders.append((one.name, 0.65 if not one.number else 0.55))
    lone = [name for name, _ in orders if unit.rows.unique(name) > 0.995]
    if len(lone) < len(orders):  # a number of the row beside one of the order
        orders = [(name, sure * (0.7 if name in lone else 1)) for name, sure in orders]
    orders.sort(key=lambda one: -one[1])
    key = orders[0][0] if orders else ""
    count = unit.rows.key(key)[1] if key else unit.rows.rows
    for one in ids:
        distinct = unit.rows.key(one.name)[1]
        if one.name == key or distinct < max(3, 0.01 * count) or distinct > 0.95 * count:
            continue
        same = unit.rows.constant(key, [one.name])[one.name] if key else 1.0
        if same > 0.97:
            people.append((one.name, 0.55 if not one.levels else 0.45))
    if not orders and not people:
        return {}
    offers = {
        "order_id": orders,
        "customer_id": sorted(people, key=lambda one: -one[1]),
        "order_ts": [(name, 0.7 if len(days) == 1 else 0.5) for name in days],
        "net_amount": [(one.name, round((0.65 if len(money) == 1 else 0.5) * (0.8 if one.whole else 1), 2)) for one in money],
    }
    for name, concepts in MEANT.items():
        said = [(one.column, one.sure) for concept in concepts for one in unit.found.get(concept, []) if one.sure >= 0.6]
        known = {column for column, _ in said}
        offers[name] = sorted([*dict(said).items(), *(one for one in offers[name] if one[0] not in known)], key=lambda one: -one[1])
    return {name: [(column, round(sure, 2)) for column, sure in listed] for name, listed in offers.items()}


def _money(profile: Profile) -> bool:
    dated = profile.date and profile.date.share >= 0.9
    return bool(profile.number and profile.number.share >= 0.9 and not dated and profile.distinct > 5 and not profile.personal)


def _id(profile: Profile) -> bool:
    plain = not profile.number or profile.number.share < 0.9 or profile.whole
    return plain and profile.distinct > 2 and profile.length <= 40 and profile.personal not in ("free", "address", "birth", "postcode")


def _one_day(unit: Unit, key: str, day: str) -> float:
    cell = day_of(unit.rows.sql(day))
    share = unit.rows.ask(
        f"SELECT avg((lo = hi)::INT) FROM (SELECT min({cell}) AS lo, max({cell}) AS hi FROM {unit.rows.table} WHERE {unit.rows.sql(key)} IS NOT NULL "
        f"GROUP BY {unit.rows.sql(key)} HAVING count(*) > 1)"
    )[0][0]
    return float(share or 0.0)
