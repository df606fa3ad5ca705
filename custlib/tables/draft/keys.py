"""Find what names an order, who bought, and when: the three columns without which nothing else can be said."""

from dataclasses import replace

from custlib.tables.draft import names
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.fit import Candidate, why
from custlib.tables.draft.kinds import picks_of
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.structure import found_in
from custlib.tables.draft.unit import Unit


def order_key(unit: Unit, found: Findings) -> Pick:
    """Find the order's number: named so, the same day in every row of it, and not the number of the row."""
    offers = [one for one in unit.found.get("order_id", []) if one.sure >= 0.35]
    told = max(names.says(unit.title, "orders"), names.says(unit.title, "order_lines"))
    offers += [
        Candidate(one.column, round(one.sure * (0.9 if told else 0.75), 3), one.why)
        for one in unit.found.get("own_id", [])
        if one.sure >= 0.6 and all(one.column != other.column or other.sure < 0.6 for other in offers) and not _else(unit, one.column)
    ]
    offers.sort(key=lambda one: -one.sure)
    if not offers:
        return _no_key(unit)
    offers = [_everywhere(unit, one) for one in offers]
    offers.sort(key=lambda one: -one.sure)
    top = offers[0]
    unique = {one.column: unit.rows.unique(one.column) for one in offers[:5]}
    dated = unit.column("order_ts", "created_ts", "ts", "paid_ts")
    for one in offers[1:5]:
        apart = unique[top.column] > 0.995 > 0.97 > unique[one.column]
        if apart and one.sure >= 0.7 and dated and unit.rows.constant(one.column, [dated])[dated] > 0.97:
            top = one  # the first numbers rows, this one orders
            break
    rivals = [(one.column, one.sure) for one in offers[:5] if one.column != top.column and not unit.rows.same_partition(top.column, one.column)]
    rivals = [(column, sure * (0.8 if unique.get(column, 0) > 0.995 > unique[top.column] else 1)) for column, sure in rivals]
    pick = Pick(top.column, top.sure, top.why, tuple(sorted(rivals, key=lambda one: -one[1])))
    filled, distinct = unit.rows.key(top.column)
    if unique[top.column] > 0.98:
        sure = max(pick.sure, min(0.95, pick.sure + 0.06)) if filled > 0.97 * unit.rows.rows else pick.sure
        return pick.because("almost_unique" if distinct < filled else "unique", sure=sure, distinct=distinct, rows=filled)
    same = unit.rows.constant(top.column, [dated])[dated] if dated else 0.0
    return pick.because(
        "repeats", sure=max(pick.sure, min(0.95, pick.sure + 0.1 * (same > 0.97))), distinct=distinct, rows=filled, same=f"{same:.0%}"
    )


def _else(unit: Unit, column: str) -> bool:
    """Tell whether a column is surely something else."""
    return any(
        one.sure >= 0.8 and one.concept not in ("order_id", "own_id", "record_id") and "." not in one.concept
        for one in unit.rows.columns[column].meanings
    )


def _everywhere(unit: Unit, offer: Candidate) -> Candidate:
    """An order's number stands in every row: of one that stands in the first row only, take the column that goes with it, one to one."""
    profile = unit.rows.columns[offer.column]
    if profile.filled >= 0.9 * profile.rows:
        return offer
    dated = unit.column("order_ts", "created_ts", "ts", "paid_ts")
    for other in unit.rows.columns.values():
        if other.name == offer.column or other.date or other.filled < 0.98 * other.rows or other.distinct < 0.5 * profile.distinct:
            continue
        a, b = unit.rows.sql(offer.column), unit.rows.sql(other.name)
        n, one, both, all_of = unit.rows.ask(
            f"SELECT count(DISTINCT {a}), count(DISTINCT {b}) FILTER (WHERE {a} IS NOT NULL), "
            f"count(DISTINCT ({a}, {b})) FILTER (WHERE {a} IS NOT NULL), count(DISTINCT {b}) FROM {unit.rows.table}"
        )[0]
        if n and n == one == both and all_of <= 1.02 * n and (not dated or unit.rows.constant(other.name, [dated])[dated] > 0.97):
            return Candidate(other.name, 0.9, (*offer.why, why("goes_with", column=offer.column)))
    return replace(offer, sure=round(offer.sure * max(0.3, profile.filled / profile.rows), 3))


def _no_key(unit: Unit) -> Pick:
    goods = unit.best("product_id", "product_name")
    who, when = unit.column("customer_id", least=0.6), unit.column("order_ts", "ts", "created_ts", "paid_ts", least=0.6)
    if goods >= 0.7 and who and when and unit.rows.unique(who, when) < 0.9:
        return Pick("?", 0.5, rivals=((f'{{ concat = ["{who}", "{when}"], sep = " " }}', 0.6), ("{ row_number = true }", 0.4)))
    return Pick({"row_number": True}, 0.85).because("row_number", rows=unit.rows.rows)


def customer(unit: Unit, order: str, people: Unit | None, used: set[str]) -> Pick | None:
    """Find the customer's number; where there is none, the e-mail or phone that tells customers apart."""
    offers = sorted((one for one in unit.found.get("customer_id", []) if one.column not in used and one.sure >= 0.35), key=lambda one: -one.sure)
    if not offers or offers[0].sure < 0.6:
        for concept in ("openid", "e_mail", "phone"):
            column = unit.column(concept, least=0.7)
            if column and column not in used:
                used.add(column)
                return Pick(column, 0.82).because("only_customer", kind=f"@draft.kind.{concept}")
    if not offers:
        column = unit.column("company_name", "person_name", least=0.6)  # two people may have one name: a person decides
        return Pick("?", 0.5, rivals=((column, 0.55),)) if column and column not in used and unit.rows.unique(column) < 0.95 else None
    rivals = [(one.column, one.sure) for one in offers[1:4] if not unit.rows.same_partition(offers[0].column, one.column)]
    pick = Pick(offers[0].column, offers[0].sure, offers[0].why, tuple(rivals))
    filled, distinct = unit.rows.key(pick.column)
    repeated = filled and distinct < 0.95 * filled
    same = unit.rows.constant(order, [pick.column])[pick.column] if order else 1.0
    sure = pick.sure + (0.05 if repeated and same > 0.97 else 0) - (0.15 if same < 0.9 else 0)
    sure = max(sure, 0.82) if not rivals and repeated and same > 0.97 and pick.sure >= 0.6 else sure
    pick = pick.because("customers", sure=sure, distinct=distinct, rows=filled, same=f"{same:.0%}")
    if people and (key := people.column("customer_id", "own_id", "record_id")):
        share = found_in(unit.rows.db, unit.rows, pick.column, people.rows, key)
        if share >= 0.8:
            pick = pick.because("in_file", sure=max(pick.sure, 0.9), share=f"{share:.1%}", file=people.title)
        elif rivals:
            better = [(column, found_in(unit.rows.db, unit.rows, column, people.rows, key)) for column, _ in rivals]
            column, share = max(better, key=lambda one: one[1])
            if share >= 0.8:
                pick = Pick(column, 0.9, rivals=()).because("in_file", share=f"{share:.1%}", file=people.title)
    used.add(pick.column)
    return pick


def day(unit: Unit, order: str, used: set[str]) -> Pick | None:
    """Find the day and time of the sale; a day and a time of day in two columns are joined."""
    pick = picks_of(unit, "orders", used).get("order_ts")
    if not pick:
        return None
    profile = unit.rows.columns[pick.column]
    if not pick.rivals and pick.sure >= 0.55:
        pick = pick.because("only_date", sure=max(pick.sure, 0.88))
    if order and (same := unit.rows.constant(order, [pick.column])[pick.column]) < 0.9:
        pick = pick.because("days_differ", share=f"{1 - same:.0%}")
    used.add(pick.column)
    pick = pick.because("dates", share=f"{profile.date.share:.1%}" if profile.date else "–")
    clock = unit.column("time_of_day", least=0.6)
    if clock and clock not in used and profile.date and not profile.date.timed and not profile.date.zoned:
        used.add(clock)
        seconds = any(value.count(":") == 2 for value, _ in unit.rows.columns[clock].values)
        spec = {"concat": [pick.column, clock], "sep": " "}
        if profile.date.forms:
            spec["date_format"] = f"{profile.date.forms[0]} %H:%M{':%S' if seconds else ''}"
        return replace(pick, spec=spec, options={"date": pick.column, "time": clock})
    return pick
