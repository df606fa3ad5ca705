"""Rows of totals among the sales, and the two truths that an order's total and the sum of its lines may be."""

from custlib.tables.draft import names
from custlib.tables.draft.absent import named
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.unit import Unit
from custlib.tables.typing import literal

SAME = 0.001  # difference of the two sums, as a share, that is no difference


def left_out(unit: Unit, found: Findings) -> None:
    """Reject rows that a mapped text column marks as totals (合计, Total): filled from above they would count as sales."""
    words = sorted(names.raw()["markers"]["totals"])
    for table in ("orders", "order_lines"):
        draft = found.tables.get(table)
        for name, pick in draft.columns.items() if draft and unit in draft.units else ():
            profile = unit.rows.columns.get(pick.column)
            if not isinstance(pick.spec, str) or not profile or profile.native != "VARCHAR" or name not in ("order_id", "customer_id", "product_id"):
                continue
            cell = unit.rows.sql(pick.column)
            marks = unit.rows.ask(
                f"SELECT {cell}, count(*) FROM {unit.rows.table} WHERE lower(rtrim({cell}, ':： ')) IN ({', '.join(map(literal, words))}) "
                f"GROUP BY 1 ORDER BY 1 LIMIT 20"
            )
            if marks and not any(one["table"] == table and one["column"] == name and one["name"] == f"totals_{name}" for one in found.policies):
                rows = sum(count for _, count in marks)
                text = {"name": f"totals_{name}", "table": table, "column": name, "equals": [mark for mark, _ in marks], "action": "reject"}
                found.policies.append({**text, "text": "policy_totals"})
                found.tell("totals_left_out", 0.95, column=pick.column, rows=rows)
        if draft and any(one["name"].startswith("totals_") and one["table"] == table for one in found.policies):
            return


def compared(found: Findings) -> None:
    """Tell how the sum of the lines and the orders' own totals differ in money, and which of them the tables use."""
    orders, lines = found.tables.get("orders"), found.tables.get("order_lines")
    if not orders or not lines:
        return
    unit, head = lines.units[0], orders.units[0]
    money = _line_money(unit, lines.columns)
    key = lines.columns["order_id"]
    if not money or len(named(key.spec)) != 1 or key.spec == "?":
        return
    for total in _totals(head, orders.columns, lines.columns, found, same=unit is head)[:2]:
        own = named(orders.columns["order_id"].spec)
        if len(own) != 1:
            return
        got = unit.rows.ask(
            f"SELECT count(*), sum(l), sum(t), count(*) FILTER (abs(l - t) < 0.02 + 0.005 * n) FROM "
            f"(SELECT {unit.rows.sql(key.column)} AS k, sum({money}) AS l, count(*) AS n FROM {unit.rows.table} GROUP BY 1) AS a JOIN "
            f"(SELECT {head.rows.sql(own[0])} AS k, max({head.rows.figure(total)}) AS t FROM {head.rows.table} GROUP BY 1) AS b USING (k) "
            f"WHERE l IS NOT NULL AND t IS NOT NULL"
        )[0]
        count, by_line, by_order, agree = got
        if not count:
            continue
        by_line, by_order = float(by_line), float(by_order)
        gap = by_line - by_order
        same = agree / count
        if abs(gap) <= SAME * max(abs(by_line), abs(by_order), 1) and same > 0.98:
            found.tell("totals_agree", 0.97, column=total, orders=count)
        else:
            money_of = {"lines": f"{by_line:,.2f}", "total": f"{by_order:,.2f}", "gap": f"{gap:+,.2f}"}
            found.tell("totals_differ", None, column=total, share=f"{same:.0%}", **money_of)
            if same < 0.02 and abs(gap) > 0.3 * max(abs(by_order), 1) and "net_amount" in lines.columns and lines.columns["net_amount"].column:
                was = lines.columns["net_amount"]
                lines.columns["net_amount"] = Pick("?", 0.4)
                found.ask("tables.order_lines.columns.net_amount", "q_totals", ((was.column, 0.5),), column=was.column, total=total)
                return


def _line_money(unit: Unit, columns: dict[str, Pick]) -> str:
    """Give the SQL of a line's amount as the build will work it out, without the sign of a mark."""
    net, quantity, price, less = (columns.get(name) for name in ("net_amount", "quantity", "unit_price", "discount_amount"))
    if net and net.column in unit.rows.columns:
        return unit.rows.figure(net.column)
    if not quantity or not price or price.column not in unit.rows.columns or (quantity.column and quantity.column not in unit.rows.columns):
        return ""
    off = f" - coalesce({unit.rows.figure(less.column)}, 0)" if less and less.column in unit.rows.columns else ""
    return f"({unit.rows.figure(quantity.column) if quantity.column else '1'} * {unit.rows.figure(price.column)}{off})"


def _totals(head: Unit, orders: dict[str, Pick], lines: dict[str, Pick], found: Findings, *, same: bool) -> list[str]:
    """Name the columns that hold an order's total: those found to repeat on its lines, or those of a list of orders of its own."""
    used = {pick.column for pick in lines.values()} if same else set()
    if same:
        told = [one.values["column"] for one in found.said if one.key in ("order_total", "order_first") and one.values["column"] in head.rows.columns]
    else:
        told = [orders["net_amount"].column] if "net_amount" in orders else []
        told += [one.column for concept in ("net_amount", "amount", "gross_amount") for one in head.found.get(concept, []) if one.sure >= 0.6]
    amounts = ("net_amount", "amount", "gross_amount", "line_amount")
    sums = {one.column for concept in amounts for one in head.found.get(concept, []) if one.sure >= 0.5}
    return [name for name in dict.fromkeys(told) if name in sums and name not in used and head.rows.columns[name].number]
