"""Draft orders and order lines from a unit of sales: its key, its customer, its day, and which of its amounts was paid."""

from dataclasses import replace

from custlib.tables.draft import returns, who
from custlib.tables.draft.amounts import columns_of, line_columns, order_total, paid
from custlib.tables.draft.assign import SURE, Pick
from custlib.tables.draft.keys import customer, day, order_key
from custlib.tables.draft.kinds import picks_of
from custlib.tables.draft.parts import Findings, TableDraft
from custlib.tables.draft.restart import restarted, settle
from custlib.tables.draft.unit import Unit

ORDER_TEXTS = ("channel", "store_id", "currency", "payment", "ship_country", "ship_region", "invoice_type", "status", "returned_order_id")
ORDER_MONEY = ("gross_amount", "discount_amount", "coupon_amount", "shipping", "tax")


def draft_sales(unit: Unit, found: Findings, *, people: Unit | None = None, lines: Unit | None = None) -> None:
    """Add the tables that a unit of sales gives to `found`.

    Parameters
    ----------
    people : Unit, optional
        The customer file, whose key proves the customer's column.
    lines : Unit, optional
        A file of lines that names these orders; the unit then gives the orders only.
    """
    order = restarted(unit, order_key(unit, found), found)
    filled, distinct = unit.rows.key(order.column) if order.column else (unit.rows.rows, unit.rows.rows)
    goods = unit.best("product_id", "product_name")
    counted = unit.best("quantity") >= 0.7 and unit.best("unit_price", "list_price", "line_amount", "net_amount", "amount") >= 0.6
    single = filled - distinct <= 0.02 * filled or filled - distinct <= unit.rows.repeats() * 1.05 + 1
    by_line = lines is None and (
        (not single)
        or (goods >= 0.75 and counted and unit.best("product_id") >= 0.75)
        or (unit.best("net_amount", "amount", "line_amount", "gross_amount") < 0.5 and counted)
    )
    used = {order.column}
    head = {"order_id": order, "customer_id": customer(unit, order.column, people, used), "order_ts": day(unit, order.column, used)}
    head = {name: pick for name, pick in head.items() if pick}
    kind = "orders" if not by_line else "lines"
    if by_line:
        _by_line(unit, order, head, used, found)
    else:
        _by_order(unit, head, used, found, priced=lines is None)
    _grain(unit, order, kind, found, single)
    _nobody(unit, head.get("customer_id"), found)
    _ask_unclear(unit, found, priced=lines is None)
    returns.mark(unit, found, by_line=by_line)
    settle(unit, found)
    who.settle(unit, found)


def _by_order(unit: Unit, head: dict[str, Pick], used: set[str], found: Findings, *, priced: bool) -> None:
    columns = dict(head)
    net, gross = paid(unit, used) if priced else (None, "")
    offers = picks_of(unit, "orders", used | ({net.column} if net else set()))
    if net:
        columns["net_amount"] = net
        used.add(net.column)
    elif not priced and offers.get("net_amount") and offers["net_amount"].sure >= SURE:
        columns["net_amount"] = offers["net_amount"]
    if gross and (offers.get("gross_amount") is None or offers["gross_amount"].column != gross):
        offers["gross_amount"] = Pick(gross, 0.92).because("gross")
    for name in (*ORDER_TEXTS, *ORDER_MONEY):
        if name in offers and name not in columns and offers[name].column not in used:
            columns[name] = offers[name]
    found.tables["orders"] = TableDraft("orders", [unit], columns)


def _by_line(unit: Unit, order: Pick, head: dict[str, Pick], used: set[str], found: Findings) -> None:
    for column in columns_of(unit, ("net_amount", "amount", "gross_amount", "discount_amount", "coupon_amount", "shipping", "tax"), used):
        order_total(unit, order, column, found)
    lines = line_columns(unit, order, used, found)
    used |= {pick.column for pick in lines.values()}
    offers = picks_of(unit, "orders", used)
    names_of = [offers[name].column for name in ORDER_TEXTS if name in offers]
    same = unit.rows.constant(order.column, names_of) if order.column else dict.fromkeys(names_of, 1.0)
    columns = dict(head)
    for name in ORDER_TEXTS:
        if name in offers and offers[name].column not in used:
            column = offers[name].column
            if same.get(column, 1.0) >= 0.9:
                columns[name] = offers[name].because("same_in_order", share=f"{same.get(column, 1.0):.0%}")
            elif offers[name].sure >= SURE:
                found.tell("differs_in_order", column=column, share=f"{1 - same[column]:.0%}")
    for name in (*ORDER_MONEY, "net_amount"):
        column = offers[name].column if name in offers else ""
        if column and column not in used and offers[name].sure >= SURE and column in unit.first_only:
            columns[name] = offers[name].because("first_row")
    found.tables["order_lines"] = TableDraft("order_lines", [unit], lines)
    found.tables["orders"] = TableDraft("orders", [unit], columns, collapse=True)


def _grain(unit: Unit, order: Pick, kind: str, found: Findings, single: bool) -> None:
    """Tell what one row is and how that was proven; leave exact repeats out where the key proves that they are repeats."""
    rows, repeats = unit.rows, unit.rows.repeats()
    if kind == "orders":
        if order.column:
            filled, distinct = rows.key(order.column)
            found.tell(
                "grain_order",
                0.97 if filled == distinct else 0.9,
                file=unit.title,
                key=order.column,
                rows=rows.rows,
                distinct=distinct,
                repeats=repeats,
            )
        else:
            found.tell("grain_row", 0.85, file=unit.title, rows=rows.rows)
        return
    line = found.tables["order_lines"].columns.get("line_no")
    if line and order.column:
        filled, distinct = rows.key(order.column, line.column)
        found.tell(
            "grain_line",
            0.97 if filled == distinct else 0.93,
            file=unit.title,
            key=f"{order.column}, {line.column}",
            rows=filled,
            distinct=distinct,
            repeats=repeats,
        )
        if 0 < repeats == filled - distinct:
            _leave_repeats(found)
    else:
        payment = unit.column("payment_id", least=0.7)
        if payment and rows.unique(payment) > 0.99:
            filled, distinct = rows.key(payment)
            found.tell("grain_line", 0.97, file=unit.title, key=payment, rows=filled, distinct=distinct, repeats=repeats)
        else:
            found.tell("grain_none", 0.8, file=unit.title, rows=rows.rows, repeats=repeats)
    if order.column:
        buyer = found.tables["orders"].columns.get("customer_id")
        split = rows.split_keys(order.column, buyer.column) if buyer and buyer.column else 0
        if split:
            found.tell("two_customers", orders=split, key=order.column, column=buyer.column)


def _nobody(unit: Unit, buyer: Pick | None, found: Findings) -> None:
    """Tell where one customer's number stands for nobody: all zeros or nines, and far more often than any other."""
    profile = unit.rows.columns.get(buyer.column) if buyer else None
    if not profile or len(profile.values) < 10:
        return
    (value, most), (_, second) = sorted(profile.values, key=lambda one: -one[1])[:2]
    if most > 4 * second and most > 0.02 * profile.rows and (len(set(value)) == 1 or not profile.personal):
        found.tell("nobody" if set(value) <= set("09") else "one_customer", column=profile.name, share=f"{most / profile.rows:.0%}")


def _leave_repeats(found: Findings) -> None:
    found.policies.append({"name": "repeated_line", "table": "order_lines", "duplicate": True, "action": "exclude", "text": "policy_repeats"})


def _ask_unclear(unit: Unit, found: Findings, *, priced: bool) -> None:
    """Write "?" where a column that matters has no clear source; leave out, with a word, a column that does not."""
    must = {"orders": ("order_id", "order_ts", "customer_id", "net_amount"), "order_lines": ("order_id", "net_amount", "quantity", "unit_price")}
    for name, needed in must.items():
        draft = found.tables.get(name)
        if not draft:
            continue
        for column, pick in list(draft.columns.items()):
            if pick.clear or (name == "order_lines" and column == "order_id"):
                continue
            spare = column in ("quantity", "unit_price") and "net_amount" in draft.columns and draft.columns["net_amount"].clear
            if column in needed and not spare and pick.sure >= 0.4:
                choices = ((pick.column, pick.sure), *pick.rivals) if pick.column else pick.rivals
                found.ask(f"tables.{name}.columns.{column}", "q_column", choices, table=name, column=column)
                draft.columns[column] = replace(pick, spec="?", options={**pick.options, "was": pick.spec})
            else:
                del draft.columns[column]
    orders, lines = found.tables.get("orders"), found.tables.get("order_lines")
    if lines and orders and lines.units == orders.units:
        lines.columns["order_id"] = orders.columns["order_id"]
        if lines.columns["order_id"].spec == "?":
            found.ask("tables.order_lines.columns.order_id", "q_column", lines.columns["order_id"].rivals, table="order_lines", column="order_id")
    money = lines or orders
    if priced and money and "net_amount" not in money.columns and not {"quantity", "unit_price"} <= set(money.columns):
        found.ask(f"tables.{money.table}.columns.net_amount", "q_amount")
        money.columns["net_amount"] = Pick("?", 0.3)
    if orders and "order_ts" not in orders.columns:
        found.ask("tables.orders.columns.order_ts", "q_day")
        orders.columns["order_ts"] = Pick("?", 0.3)
