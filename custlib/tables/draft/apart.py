"""Files that belong to the sales of another: lines, payments, returns, and the sales of a second system."""

from dataclasses import replace

from custlib.tables.draft.amounts import line_columns
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings, TableDraft
from custlib.tables.draft.returns import signed
from custlib.tables.draft.sales import draft_sales
from custlib.tables.draft.structure import found_in
from custlib.tables.draft.unit import Unit


def order_column(unit: Unit) -> str:
    """Name the column of the order number, "" where none is sure enough."""
    return unit.column("order_id", least=0.55) or unit.column("own_id", least=0.6)


def refers(lines: Unit | None, orders: Unit) -> bool:
    """Tell whether the order numbers of `lines` are nearly all among those of `orders`."""
    if not lines:
        return False
    a, b = order_column(lines), order_column(orders)
    return bool(a and b) and found_in(lines.rows.db, lines.rows, a, orders.rows, b) >= 0.8


def lines_apart(lines: Unit, orders: Unit, found: Findings) -> None:
    """Lines in a file of their own: they carry the money, the orders the customer and the day."""
    key = Pick(order_column(lines), 0.9).because(
        "in_file", share=f"{found_in(lines.rows.db, lines.rows, order_column(lines), orders.rows, order_column(orders)):.1%}", file=orders.title
    )
    columns = line_columns(lines, key, {key.column}, found)
    kept = {
        name: pick
        for name, pick in columns.items()
        if pick.clear or name == "order_id" or (name in ("quantity", "unit_price", "net_amount") and pick.sure >= 0.6)
    }
    if "net_amount" not in kept and not {"quantity", "unit_price"} <= set(kept):
        net = found.tables["orders"].columns.get("net_amount")
        if net and net.clear:
            found.tell("lines_without_money", file=lines.title)
            lines.kind = ""
            return
        kept["net_amount"] = Pick("?", 0.3)
        found.ask("tables.order_lines.columns.net_amount", "q_amount")
    orders_draft = found.tables["orders"]
    head = orders_draft.columns["order_id"].spec
    if isinstance(head, dict) and "concat" in head:  # the orders' number starts again, so the lines must name what is joined with it
        if set(head["concat"]) <= set(lines.rows.columns):
            kept["order_id"] = replace(kept["order_id"], spec=dict(head))
        else:
            kept["order_id"] = Pick("?", 0.3)
            found.ask("tables.order_lines.columns.order_id", "q_column", ((key.column, 0.3),), table="order_lines", column="order_id")
    if "order_lines" in found.tables:  # the heads were taken for lines themselves
        found.tables["orders"] = TableDraft("orders", orders_draft.units, orders_draft.columns)
    found.tables["order_lines"] = TableDraft("order_lines", [lines], kept)
    found.tell("lines_of", 0.95, file=lines.title, other=orders.title)


def join(other: Unit, found: Findings, people: Unit | None) -> None:
    """Sales of a second system: the same tables from another file, whose columns have other names."""
    own = Findings()
    draft_sales(other, own, people=people)
    mine = {name for name in ("orders", "order_lines") if name in found.tables}
    theirs = {name for name in ("orders", "order_lines") if name in own.tables}
    apart = found.tables["orders"].collapse != own.tables["orders"].collapse
    if mine != theirs or apart or (len(mine) == 2 and found.tables["order_lines"].units[0] is not found.tables["orders"].units[0]):
        found.tell("second_sales", file=other.title, first=found.tables["orders"].units[0].title)
        other.kind = "unused"
        return
    for name in mine:
        add(found.tables[name], other, own.tables[name].columns)
    known = {(one["name"], one["table"]) for one in found.policies}
    for one in own.policies:
        same = next((each for each in found.policies if (each["name"], each["table"]) == (one["name"], one["table"])), None)
        if (one["name"], one["table"]) not in known:
            found.policies.append(one)
        elif same and "equals" in same:
            same["equals"] = list(dict.fromkeys([*same["equals"], *one["equals"]]))
    found.said += own.said
    found.asked += [replace(one, place=one.place.replace(".columns.", f".by_source.{{{other.rows.number}}}.")) for one in own.asked]
    found.tell("joined", 0.9, file=other.title, first=found.tables["orders"].units[0].title)


def add(draft: TableDraft, other: Unit, columns: dict[str, Pick]) -> None:
    """Take rows of one more unit into a table; what it lacks is said as absent."""
    absent = Pick("", 1.0)
    draft.units.append(other)
    draft.by_unit[other.rows.number] = {
        name: columns.get(name, absent)
        for name in {**draft.columns, **columns}
        if columns.get(name, absent).spec != draft.columns.get(name, absent).spec
    }


def returned(unit: Unit, found: Findings) -> None:
    """Returns in a file of their own: rows of the same tables, their amounts taken off."""
    orders, lines = found.tables["orders"], found.tables.get("order_lines")
    base = orders.units[0]
    base_key = orders.columns["order_id"].column
    refers = _referring(unit, base, base_key)
    own = next(
        (
            one.column
            for concept in ("return_id", "order_id", "own_id")
            for one in unit.found.get(concept, [])
            if one.sure >= 0.55
            and one.column != refers
            and unit.rows.unique(one.column) > 0.97
            and _known_share(unit, one.column, base, base_key) < 0.5
        ),
        "",
    )
    columns = {"order_id": Pick(own, 0.93).because("own_return_id") if own else Pick({"row_number": True}, 0.88).because("return_row")}
    if refers:
        columns["returned_order_id"] = Pick(refers, 0.95).because(
            "in_file", share=f"{_known_share(unit, refers, base, base_key):.1%}", file=base.title
        )
    used = {pick.column for pick in columns.values()}
    when = next(
        (column for column in (unit.column("return_ts"), unit.column("order_ts", "created_ts", "ts", "paid_ts")) if column and column not in used), ""
    )
    if when:
        columns["order_ts"] = Pick(when, max(0.85, unit.best("return_ts", "order_ts", "created_ts", "ts", "paid_ts")))
    else:
        columns["order_ts"] = Pick("?", 0.3)
        found.ask(f"tables.orders.by_source.{{{unit.rows.number}}}.order_ts", "q_day")
    who = unit.column("customer_id", least=0.6)
    if who and who not in used:
        columns["customer_id"] = Pick(who, max(0.85, unit.best("customer_id")))
    else:
        found.tell("returns_anonymous", file=unit.title)
    used |= {pick.column for pick in columns.values()}
    money = unit.column("refund_amount", "line_amount", "net_amount", "amount", least=0.35)
    net = Pick(money, 0.92) if money and money not in used else None
    target = lines if lines else orders
    part = {"order_id": columns["order_id"]}
    if lines:
        if net:
            part["net_amount"] = _less(unit, net)
        for name, concepts in (("product_id", ("product_id",)), ("quantity", ("refund_qty", "quantity")), ("unit_price", ("unit_price",))):
            column = unit.column(*concepts, least=0.6)
            if column and column not in used | {money}:
                pick = Pick(column, 0.88)
                part[name] = _less(unit, pick) if name == "quantity" else pick
    elif net:
        columns["net_amount"] = _less(unit, net)
    told = part if lines else columns
    if "net_amount" not in told and not (lines and {"quantity", "unit_price"} <= set(part)):
        found.ask(f"tables.{target.table}.by_source.{{{unit.rows.number}}}.net_amount", "q_amount")
        told["net_amount"] = Pick("?", 0.3)
    reason = {
        name: Pick(column, 0.85)
        for name in ("channel", "store_id", "currency", "payment")
        if name in orders.columns and (column := unit.column({"store_id": "store_id"}.get(name, name), least=0.8)) and column not in used
    }
    add(orders, unit, {**columns, **reason})
    if lines:
        add(lines, unit, part)
    found.tell("returns_file", 0.95, file=unit.title, rows=unit.rows.rows)


def _less(unit: Unit, pick: Pick) -> Pick:
    """Returned goods are written as positive numbers: their sign is turned; negative ones stay."""
    above, _ = unit.rows.share(f"{unit.rows.figure(pick.column)} > 0", sample=False)
    return signed(pick, -1).because("returned_positive") if above > 0.5 else pick


def _referring(unit: Unit, base: Unit, key: str) -> str:
    offers = [
        one.column for concept in ("returned_order_id", "order_id", "parent_order_id") for one in unit.found.get(concept, []) if one.sure >= 0.5
    ]
    return next((column for column in offers if key and _known_share(unit, column, base, key) >= 0.8), "")


def _known_share(unit: Unit, column: str, base: Unit, key: str) -> float:
    return found_in(unit.rows.db, unit.rows, column, base.rows, key) if key else 0.0
