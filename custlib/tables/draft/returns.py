"""Find returns and cancelled orders: negative rows, marked rows, a file of their own."""

from custlib.tables.draft import levels, names
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.profile import Profile
from custlib.tables.draft.unit import Unit

MONEY = ("net_amount", "quantity")
PARTIAL = ("部分", "partial", "partly", "teil")


def mark(unit: Unit, found: Findings, *, by_line: bool) -> None:
    """Say how returns stand among the sales; give amounts a sign where only a marker tells that they went back."""
    table = found.tables["order_lines" if by_line else "orders"]
    money = next((table.columns[name].column for name in ("net_amount", "quantity") if name in table.columns and table.columns[name].column), "")
    less = unit.rows.share(f"{unit.rows.figure(money)} < 0", sample=False) if money else (0.0, 0)
    if less[0]:
        found.tell("negative_rows", 0.97, column=money, rows=round(less[0] * less[1]))
        _prefix(unit, found, money)
    for profile in unit.rows.columns.values():
        if (profile.levels and not profile.personal and profile.name not in ("", money) and len(profile.levels) > 1) or _flag(profile):
            _marked(unit, found, profile, money, by_line=by_line)


def _flag(profile: Profile) -> bool:
    return bool(profile.levels) and any(one.concept == "marker" and one.sure > 0.7 for one in profile.meanings)


def _marked(unit: Unit, found: Findings, profile: Profile, money: str, *, by_line: bool) -> None:
    sorts = {value: _sort(profile, value) for value in profile.levels}
    if not any(sorts.values()) or profile.name in _dates(unit):
        return
    role = next((one.concept for one in profile.meanings if one.concept in ("status", "marker", "fulfilment") and one.sure >= 0.55), "")
    best = next((one for one in profile.meanings if not one.concept.startswith("own_") and "." not in one.concept), None)
    if not role and best and best.sure >= 0.7:  # a way to pay, a channel: no word of what became of the order
        return
    known = sum(count for value, count in profile.levels.items() if sorts[value])
    if not role and known < 0.9 * sum(profile.levels.values()):
        return
    back = [value for value, sort in sorts.items() if sort == "returns" and not any(word in value.casefold() for word in PARTIAL)]
    gone = [value for value, sort in sorts.items() if sort in ("cancelled", "unpaid")]
    if back and money:
        _back(unit, found, profile, back, money, role, by_line=by_line)
    if gone and role != "fulfilment":
        _exclude(unit, found, profile, gone, "cancelled", by_line=by_line)


def _back(unit: Unit, found: Findings, profile: Profile, back: list[str], money: str, role: str, *, by_line: bool) -> None:
    """Returned rows of positive amount: a reversal in a row of its own gets a sign, an order that was itself undone is left out."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in back)
    where = f"{unit.rows.sql(profile.name)} IN ({listed})"
    above, asked = unit.rows.share(f"{unit.rows.figure(money)} > 0", where=where, sample=False)
    if not asked:
        return
    if above < 0.5:
        found.tell("marked_negative", 0.97, column=profile.name, rows=asked)
        return
    order = found.tables["orders"].columns["order_id"].column
    own_row = role == "marker" or "returned_order_id" in found.tables["orders"].columns
    if order and not own_row and by_line:
        shared = unit.rows.ask(
            f"SELECT avg(kept::INT) FROM (SELECT bool_or(NOT coalesce({where}, false)) AS kept FROM {unit.rows.table} "
            f"WHERE {unit.rows.sql(order)} IS NOT NULL GROUP BY {unit.rows.sql(order)} HAVING bool_or(coalesce({where}, false)))"
        )[0][0]
        own_row = bool(shared and shared > 0.5)
    if not own_row:
        _exclude(unit, found, profile, back, "refunded", by_line=by_line)
        return
    sign = {"column": profile.name, "negative": back}
    for draft in (found.tables.get("order_lines"), found.tables.get("orders")):
        if draft and unit in draft.units:
            for name in ("net_amount", "quantity", *(("gross_amount",) if draft.table == "orders" else ())):
                if name in draft.columns and draft.columns[name].column:
                    draft.columns[name] = signed(draft.columns[name], sign)
    found.tell("marker_sign", 0.92, column=profile.name, rows=asked)


def signed(pick: Pick, sign: object) -> Pick:
    """Give the pick with a sign."""
    from dataclasses import replace

    spec = pick.spec if isinstance(pick.spec, dict) else {"from": pick.spec}
    return replace(pick, spec={**spec, "sign": sign})


def _exclude(unit: Unit, found: Findings, profile: Profile, values: list[str], name: str, *, by_line: bool) -> None:
    orders = found.tables["orders"]
    status = orders.columns.get("status")
    order = orders.columns["order_id"].column
    if status and status.column != profile.name and status.clear:
        found.tell("second_status", column=profile.name)
        return
    if by_line and order and unit.rows.constant(order, [profile.name])[profile.name] < 0.97:
        found.tell("status_by_line", column=profile.name)
        return
    sure = next((one.sure for one in profile.meanings if one.concept in ("status", "marker")), 0.82)
    orders.columns["status"] = Pick(profile.name, max(sure, 0.85), rivals=()).because("status_values")
    found.policies.append({"name": name, "table": "orders", "column": "status", "equals": values, "action": "exclude", "text": f"policy_{name}"})
    found.tell(f"status_{name}", 0.88, column=profile.name, values=", ".join(values))


def _sort(profile: Profile, value: str) -> str:
    """Give what a level says; of a yes/no flag named "is returned" the yes is a return."""
    flag = (
        any(
            word in ("return", "returned", "returns", "refund", "refunded", "退货", "退款")
            for one in profile.meanings[:1]
            for word in names.words(one.word)
        )
        or any(word in profile.name for word in ("退货", "退款"))
        or any(word in names.words(profile.name) for word in ("return", "refund", "returned", "refunded", "storno"))
    )
    if flag and len(profile.levels) <= 3:
        said = value.casefold()
        return "returns" if said in names.raw()["markers"]["yes"] else "plain"
    return "" if value.replace(".", "").isdigit() or len(value) == 1 else levels.marker(value)


def _dates(unit: Unit) -> set[str]:
    return {name for name, profile in unit.rows.columns.items() if profile.date}


def _prefix(unit: Unit, found: Findings, money: str) -> None:
    """Tell where negative rows have a number of a form of their own, such as C536379."""
    order = found.tables["orders"].columns["order_id"].column
    if not order:
        return
    below = f"{unit.rows.figure(money)} < 0"
    got = unit.rows.ask(
        f"SELECT upper(regexp_extract({unit.rows.sql(order)}, '^[A-Za-z]+')) AS p, avg(({below})::INT), count(*) FROM {unit.rows.table} "
        f"GROUP BY 1 HAVING p <> '' AND count(*) >= 5 AND avg(({below})::INT) > 0.95 ORDER BY 3 DESC LIMIT 1"
    )
    if got:
        found.tell("prefix_returns", 0.95, column=order, prefix=got[0][0], rows=got[0][2])
