"""Find which of several amounts was paid: by the sums that hold in the rows, not by names alone."""

from dataclasses import replace

from custlib.tables.draft.assign import SURE, Pick
from custlib.tables.draft.fit import Candidate
from custlib.tables.draft.kinds import picks_of
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.structure import follows
from custlib.tables.draft.unit import Unit

HOLDS = 0.95  # share of rows in which a sum must hold to be believed
FEW = 10  # orders of several rows: fewer prove nothing


def paid(unit: Unit, used: set[str]) -> tuple[Pick | None, str]:
    """Find the amount that was paid, and the one before discounts: gross − discount + shipping gives it, or its name alone says so."""
    weights = {"net_amount": 1.0, "amount": 0.93, "line_amount": 0.9, "gross_amount": 0.62}
    offers: dict[str, Candidate] = {}
    for concept, weight in weights.items():
        for one in unit.found.get(concept, []):
            sure = round(one.sure * weight, 3)
            if one.column not in used and sure >= 0.35 and (one.column not in offers or sure > offers[one.column].sure):
                offers[one.column] = Candidate(one.column, sure, one.why)
    if not offers:
        return None, ""
    ranked = sorted(offers.values(), key=lambda one: (-one.sure, one.column))
    less = columns_of(unit, ("discount_amount", "coupon_amount"), used)
    more = columns_of(unit, ("shipping", "tax"), used)
    best: tuple[float, Candidate, str, list, list] | None = None
    for one in ranked[:4]:
        for start in (other.column for other in ranked[:5] if other.column != one.column):
            share, off, on = follows(
                unit.rows,
                one.column,
                unit.rows.figure(start),
                [name for name in less if name not in (one.column, start)],
                [name for name in more if name not in (one.column, start)],
            )
            if share >= HOLDS and off and (best is None or one.sure > best[1].sure):
                best = (share, one, start, off, on)
    if best:
        share, one, start, off, on = best
        pick = Pick(one.column, max(0.93, one.sure), one.why)
        text = " ".join([start, *(f"− {name}" for name in off), *(f"+ {name}" for name in on)])
        return pick.because("sum", share=f"{share:.1%}", sum=text), start
    top, rest = ranked[0], [(one.column, one.sure) for one in ranked[1:4]]
    pick = Pick(top.column, top.sure, top.why, tuple(rest))
    if not rest and top.sure >= 0.45:
        pick = pick.because("only_amount", sure=max(top.sure, 0.85))
    return pick, ""


def columns_of(unit: Unit, concepts: tuple[str, ...], used: set[str]) -> list[str]:
    """Name the columns that surely have one of these meanings."""
    return list(
        dict.fromkeys(one.column for concept in concepts for one in unit.found.get(concept, []) if one.sure >= 0.6 and one.column not in used)
    )


def line_columns(unit: Unit, order: Pick, used: set[str], found: Findings) -> dict[str, Pick]:
    """Find the columns of order lines; an amount that repeats the order's total on each of its lines is no line's amount."""
    offers = picks_of(unit, "order_lines", used)
    offers.pop("order_id", None)
    columns = {"order_id": order}
    for name in ("line_no", "product_id", "quantity", "unit_price", "list_price", "unit_cost"):
        if name in offers:
            columns[name] = offers[name]
    if "line_no" in columns and order.column:
        own = unit.rows.unique(order.column, columns["line_no"].column)
        if own < 0.95:
            del columns["line_no"]
        elif own > 0.99 and columns["line_no"].sure >= 0.6:
            columns["line_no"] = columns["line_no"].because("unique_in_order", sure=max(0.9, columns["line_no"].sure))
    if "unit_price" not in columns and "list_price" in columns:
        columns["unit_price"] = replace(columns.pop("list_price"), sure=max(0.82, offers["list_price"].sure - 0.1))
    amounts = [one for one in _amounts(unit, used | {pick.column for pick in columns.values()}) if not order_total(unit, order, one.column, found)]
    less = [
        name
        for name in columns_of(unit, ("discount_amount", "coupon_amount"), used)
        if any(figure for figure, _ in unit.rows.columns[name].figures) and not order_total(unit, order, name, found)
    ]
    quantity, price = columns.get("quantity"), columns.get("unit_price")
    proven = None
    if price and price.sure >= SURE and not quantity and not amounts:
        quantity = columns["quantity"] = Pick({"constant": 1}, 0.82).because("one_each")
    if quantity and price and quantity.column:
        product = f"({unit.rows.figure(quantity.column)} * {unit.rows.figure(price.column)})"
        for one in amounts[:4]:
            share, off, _ = follows(unit.rows, one.column, product, less, [])
            if share >= HOLDS and (proven is None or (bool(off), one.sure) > (bool(proven[2]), proven[1].sure)):
                proven = (share, one, off)
    if proven:
        share, one, off = proven
        text = " ".join([f"{quantity.column} × {price.column}", *(f"− {name}" for name in off)])
        columns["quantity"], columns["unit_price"] = (
            quantity.because("product", sure=max(quantity.sure, 0.93)),
            price.because("product", sure=max(price.sure, 0.93)),
        )
        if off or not less:
            columns["net_amount"] = Pick(one.column, max(0.93, one.sure), one.why).because("sum", share=f"{share:.1%}", sum=text)
        else:
            found.tell("line_gross", column=one.column, sum=text, discount=less[0])
        if (off or less) and "discount_amount" in offers:
            columns["discount_amount"] = Pick((off or less)[0], 0.93).because("off_line")
    elif amounts:
        top, rest = amounts[0], tuple((one.column, one.sure) for one in amounts[1:4])
        columns["net_amount"] = Pick(top.column, top.sure, top.why, rest)
        if not rest and top.sure >= 0.45:
            columns["net_amount"] = columns["net_amount"].because("only_amount", sure=max(top.sure, 0.85))
        if "discount_amount" in offers and not order_total(unit, order, offers["discount_amount"].column, found):
            columns["discount_amount"] = offers["discount_amount"]
    elif quantity and price and "discount_amount" in offers and offers["discount_amount"].column in less:
        columns["discount_amount"] = offers["discount_amount"]
    if quantity and price and quantity.column and order.column and not (proven or amounts) and (off := _first_line(unit, order, quantity, price)):
        columns["discount_amount"] = Pick(off, 0.9).because("first_line")
    if quantity and price and not (proven or amounts):
        rate = unit.column("discount_rate", least=0.6)
        if rate:
            found.ask("tables.order_lines.columns.net_amount", "q_rate", column=rate)
            columns["net_amount"] = Pick("?", 0.4)
    return columns


def _first_line(unit: Unit, order: Pick, quantity: Pick, price: Pick) -> str:
    """Give the order's discount, written in its first row, where the lines less this discount make the order's amount."""
    off = next((one.column for one in unit.found.get("discount_amount", []) if one.column in unit.first_only), "")
    totals = [
        one.column for concept in ("gross_amount", "net_amount", "amount") for one in unit.found.get(concept, []) if one.column in unit.first_only
    ]
    extra = [one.column for concept in ("shipping", "tax") for one in unit.found.get(concept, []) if one.column in unit.first_only]
    for total in totals if off else []:
        for less in ([], extra, extra[:1]):
            terms = "".join(f" - coalesce(sum({unit.rows.figure(one)}), 0)" for one in less)
            lines = f"sum({unit.rows.figure(quantity.column)} * {unit.rows.figure(price.column)}) - abs(coalesce(sum({unit.rows.figure(off)}), 0))"
            got = unit.rows.ask(
                f"SELECT (abs({lines} - (sum({unit.rows.figure(total)}){terms})) < 0.02)::INT FROM {unit.rows.table} "
                f"WHERE {unit.rows.sql(order.column)} IS NOT NULL GROUP BY {unit.rows.sql(order.column)}"
            )
            shares = [one for (one,) in got if one is not None]
            if shares and sum(shares) >= 0.95 * len(shares):
                return off
    return ""


def _amounts(unit: Unit, used: set[str]) -> list[Candidate]:
    offers: dict[str, Candidate] = {}
    for concept, weight in (("line_amount", 1.0), ("net_amount", 0.97), ("amount", 0.93), ("gross_amount", 0.62)):
        for one in unit.found.get(concept, []):
            sure = round(one.sure * weight, 3)
            if one.column not in used and sure >= 0.42 and (one.column not in offers or sure > offers[one.column].sure):
                offers[one.column] = Candidate(one.column, sure, one.why)
    return sorted(offers.values(), key=lambda one: (-one.sure, one.column))


def order_total(unit: Unit, order: Pick, column: str, found: Findings) -> bool:
    """Tell whether a column repeats the order's total on each line, or gives it in the first only: so in nearly every order of several lines.

    Quantity × price speaks against it, and so does a list of payments: its instalments may well be equal.
    """
    if not order.column or column == order.column or column not in unit.rows.columns:
        return False
    same, once = _within(unit, order, column)
    if once >= 0.9:
        unit.first_only.add(column)
    elif same < HOLDS or len({figure for figure, _ in unit.rows.columns[column].figures}) < 2 or _is_product(unit, column):
        return False
    elif unit.column("payment_id", least=0.7):
        others = _amounts(unit, {order.column, column})
        if not any(_within(unit, order, one.column)[0] < 0.5 for one in others):
            return False
    key = "order_first" if once >= 0.9 else "order_total"
    if not any(one.key == key and one.values["column"] == column for one in found.said):
        found.tell(key, column=column)
    return True


def _within(unit: Unit, order: Pick, column: str) -> tuple[float, float]:
    """Give, of the orders of several rows, the share in which an amount is the same in all rows and the share in which it stands in one only."""
    cell, key = unit.rows.figure(column), unit.rows.sql(order.column)
    several, same, zero, once = unit.rows.ask(
        f"SELECT count(*), count(*) FILTER (lo = hi AND n = m), count(*) FILTER (lo = 0 AND hi = 0), count(*) FILTER (n = 1 AND m > 1) FROM "
        f"(SELECT min({cell}) AS lo, max({cell}) AS hi, count({cell}) AS n, count(*) AS m FROM {unit.rows.table} "
        f"WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1)"
    )[0]
    telling = several - zero
    return ((same - zero) / telling, once / telling) if telling >= FEW else (0.0, 0.0)


def _is_product(unit: Unit, column: str) -> bool:
    quantity, price = unit.column("quantity", least=0.7), unit.column("unit_price", least=0.7)
    if not quantity or not price or column in (quantity, price):
        return False
    product = f"{unit.rows.figure(quantity)} * {unit.rows.figure(price)}"
    return unit.rows.share(f"abs({unit.rows.figure(column)} - {product}) < 0.0151")[0] >= HOLDS
