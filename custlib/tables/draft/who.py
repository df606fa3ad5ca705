"""Sales that name no customer: ask while any column could be one, and say so where none could."""

from custlib.tables.draft import names
from custlib.tables.draft.absent import named
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.profile import Profile
from custlib.tables.draft.unit import Unit

OFFERS = {
    "customer_id": 0.7,
    "phone": 0.6,
    "e_mail": 0.6,
    "openid": 0.6,
    "device_id": 0.5,
    "anonymous_id": 0.45,
    "person_name": 0.5,
    "company_name": 0.5,
}
OWN = frozenset(OFFERS) | {"own_id", "record_id", "own_name", "address", "id_card", "tax_id", "respondent_id"}
FEWEST = 3


def settle(unit: Unit, found: Findings) -> None:
    """Ask which column is the customer where orders have none, or tell that all of them are anonymous."""
    orders = found.tables["orders"]
    if "customer_id" in orders.columns:
        taken = unit.rows.columns.get(orders.columns["customer_id"].column)
        if taken and taken.personal and taken.personal != "free":
            found.tell("personal_id", column=taken.name, kind=f"@draft.shape_personal_{taken.personal}")
        return
    order = orders.columns["order_id"]
    offers = candidates(unit, order, found)
    if not offers:
        found.tell("nobody_named", file=unit.title)
        return
    orders.columns["customer_id"] = Pick("?", 0.4)
    found.ask("tables.orders.columns.customer_id", "q_customer", tuple((one, sure) for one, sure, _ in offers[:4]))
    for column, _, kind in offers[:4]:
        if kind:
            found.tell("personal_id", column=column, kind=f"@draft.shape_personal_{kind}")


def candidates(unit: Unit, order: Pick, found: Findings) -> list[tuple[str, float, str]]:
    """Give (column, how sure, kind of personal data) of the unused columns that come again and stay the same within an order."""
    rows = unit.rows
    used = {name for draft in found.tables.values() if unit in draft.units for pick in draft.columns.values() for name in named(pick.spec)}
    key = named(order.spec)
    orders = rows.key(*key)[1] if key else rows.rows
    offers = []
    for profile in rows.columns.values():
        sure = _sure(profile)
        if not sure or profile.name in used:
            continue
        filled, distinct = rows.key(profile.name)
        if distinct < max(FEWEST, 0.005 * orders) or filled < 0.02 * rows.rows:
            continue
        many = (
            rows.ask(
                f"SELECT count(DISTINCT ({', '.join(rows.sql(name) for name in [*key, profile.name])})) FROM {rows.table} "
                f"WHERE {' AND '.join(f'{rows.sql(name)} IS NOT NULL' for name in [*key, profile.name])}"
            )[0][0]
            if key
            else filled
        )
        again = distinct < 0.97 * many
        clear = any(one.concept in OFFERS and one.sure >= 0.6 for one in profile.meanings)
        if not again and not clear:
            continue
        if len(key) == 1 and rows.constant(key[0], [profile.name])[profile.name] < 0.97:
            continue
        if not clear and (profile.levels and distinct < 0.1 * orders):
            continue
        offers.append((profile.name, round(sure if again else sure * 0.6, 2), profile.personal if profile.personal != "free" else ""))
    return sorted(offers, key=lambda one: (-one[1], one[0]))


def _sure(profile: Profile) -> float:
    """Give how likely a column is to name a customer, by name and values; 0 where it is plainly something else."""
    if profile.date and profile.date.share >= 0.8 and (profile.named_date or not profile.number):
        return 0.0
    if profile.personal in ("birth", "free", "address", "postcode") or (profile.number and profile.number.share > 0.8 and not profile.whole):
        return 0.0
    for one in profile.meanings:
        if one.concept in OFFERS and one.sure >= 0.45:
            return OFFERS[one.concept] * min(1.0, one.sure + 0.1)
    if profile.personal:
        return {"phone": 0.55, "e_mail": 0.55, "id_card": 0.5, "name": 0.45, "device": 0.45}.get(profile.personal, 0.0)
    plain = [one for one in profile.meanings if "." not in one.concept and one.concept not in OWN]
    if any(one.sure >= 0.6 for one in plain) or any(names.kind(one.concept) == "money" and one.sure >= 0.5 for one in plain):
        return 0.0
    return 0.4 if not profile.number else 0.3 if profile.length >= 3 else 0.2
