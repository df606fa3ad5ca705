"""Checks between rows and between tables: keys that lead nowhere, things that stand there twice, totals that do not add up."""

from custlib.tables import schema
from custlib.tables.quality.places import Result, Tables, quoted

BACKWARD = (("customers", "customer_id", "orders", "customer_id", "never_sold"),
            ("products", "product_id", "order_lines", "product_id", "never_sold"),
            ("orders", "order_id", "order_lines", "order_id", "order_without_lines"))


def table_checks(tables: Tables) -> list[Result]:
    """Count every check that needs more than one row; each query can spill to disk."""
    checks = (_orphans, _backward, _same_sales, _repeated_keys, _two_days, _near_duplicates, _totals, _in_order_of_time, _off_scale)
    return [result for check in checks for result in check(tables) if tables.settings.on(result.rule)]


def _counted(tables: Tables, rule: str, table: str, column: str, query: str) -> Result:
    checked, failing = tables.rows(query)[0]
    return Result(rule, table, column, checked or 0, int(failing or 0), "" if checked else "all_blank")


def _orphans(tables: Tables) -> list[Result]:
    """Look every reference up in the table that it refers to, where both are mapped."""
    found = []
    for table in tables.names() if tables.settings.on("orphan_key") else ():
        for column in schema.table(table).columns:
            target, _, key = (column.refers or "").partition(".")
            if column.name not in tables.mapped(table) or not tables.has(target, key):
                continue
            query = (f"SELECT (SELECT count({column.name}) FROM {tables.scan(table)}), (SELECT count(*) FROM {tables.scan(table)} AS a "
                     f"ANTI JOIN {tables.scan(target)} AS b ON a.{column.name} = b.{key} WHERE a.{column.name} IS NOT NULL)")
            found.append(_counted(tables, "orphan_key", table, f"{column.name} → {column.refers}", query))
    return found


def _backward(tables: Tables) -> list[Result]:
    found = []
    for table, key, user, column, rule in BACKWARD:
        if tables.settings.on(rule) and tables.has(table, key) and tables.has(user, column):
            query = (f"SELECT (SELECT count(*) FROM {tables.scan(table)}), (SELECT count(*) FROM {tables.scan(table)} AS a "
                     f"ANTI JOIN {tables.scan(user)} AS b ON a.{key} = b.{column})")
            found.append(_counted(tables, rule, table, f"{key} → {user}", query))
    return found


def _same_sales(tables: Tables) -> list[Result]:
    """Count sale rows that repeat another one in every mapped column: by hash first, then exactly among the few that share one."""
    if not tables.sale or not tables.settings.on("same_sale_twice"):
        return []
    specs = tables.dataset.tables[tables.sale].columns
    same = ", ".join(name for name, spec in specs.items() if not {"row_number", "constant"} & set(spec))
    scan = tables.scan(tables.sale)
    if not same:
        return []
    query = (f"SELECT (SELECT count(*) FROM {scan}), (SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM {scan} WHERE hash({same}) IN "
             f"(SELECT hash({same}) FROM {scan} GROUP BY 1 HAVING count(*) > 1) GROUP BY {same}))")
    return [_counted(tables, "same_sale_twice", tables.sale, "–", query)]


def _repeated_keys(tables: Tables) -> list[Result]:
    """Count rows beyond the first of a key of several columns; keys of one column are unique by the build."""
    found = []
    for table in tables.names() if tables.settings.on("repeated_key") else ():
        keys = schema.table(table).key
        if len(keys) < 2 or not tables.has(table, *keys):
            continue
        names = ", ".join(f'"{key}"' for key in keys)
        query = (f"SELECT (SELECT count(*) FROM {tables.scan(table)}), (SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM "
                 f"{tables.scan(table)} GROUP BY {names} HAVING count(*) > 1))")
        found.append(_counted(tables, "repeated_key", table, ", ".join(keys), query))
    return found


def _two_days(tables: Tables) -> list[Result]:
    """Count orders whose lines name several days; only the rows of the source, while the build holds them, can tell."""
    mapping = tables.dataset.tables.get("orders")
    if not (mapping and mapping.collapse and tables.has("orders", "order_id", "order_ts")):
        return []
    view = f"src_{mapping.source}"
    columns = {name for (name,) in tables.rows(
        f"SELECT column_name FROM information_schema.columns WHERE table_name = {quoted(view)}")}
    if not {"orders__order_id", "orders__order_ts", "broken"} <= columns:
        return [Result("order_on_two_days", "orders", "order_ts", 0, 0, "rows_gone")]
    return [_counted(tables, "order_on_two_days", "orders", "order_ts", (
        f"SELECT count(*), count(*) FILTER (a <> b) FROM (SELECT CAST(min(orders__order_ts) AS DATE) AS a, "
        f"CAST(max(orders__order_ts) AS DATE) AS b FROM {view} WHERE broken IS NULL AND orders__order_id IS NOT NULL "
        f"GROUP BY orders__order_id)"))]


def _near_duplicates(tables: Tables) -> list[Result]:
    """Count orders of one customer, minute and amount beyond the first."""
    if not (tables.settings.on("near_duplicate_order") and tables.has("orders", "customer_id")):
        return []
    scan = tables.scan("orders")
    timed = tables.rows(f"SELECT count(*) FROM {scan} WHERE order_ts <> CAST(order_ts AS DATE)")[0][0]
    if not timed:
        return [Result("near_duplicate_order", "orders", "customer_id, order_ts, net_amount", 0, 0, "no_time_of_day")]
    return [_counted(tables, "near_duplicate_order", "orders", "customer_id, order_ts, net_amount", (
        f"SELECT sum(n), sum(n - 1) FROM (SELECT count(*) AS n FROM {scan} WHERE customer_id IS NOT NULL AND net_amount IS NOT NULL "
        f"GROUP BY customer_id, date_trunc('minute', order_ts), net_amount)"))]


def _totals(tables: Tables) -> list[Result]:
    """Compare an order's own total with the sum of its lines, whichever of discount, coupon, tax and shipping it holds."""
    if not (tables.settings.on("order_total_differs") and tables.has("orders", "net_amount") and tables.has("order_lines", "order_id")):
        return []
    less = [f"coalesce(o.{name}, 0)" for name in ("discount_amount", "coupon_amount") if tables.has("orders", name)]
    more = [f"coalesce(o.{name}, 0)" for name in ("tax", "shipping") if tables.has("orders", name)]
    offs = [f"abs(o.net_amount - (l.total - ({a}) + ({b})))" for a in _sums(less) for b in _sums(more)]
    # each line is rounded to the cent, so half a cent may go missing with each
    query = (f"SELECT count(*), count(*) FILTER (least({', '.join(offs)}, 1e30) > greatest(0.0101, 0.005 * l.n + 0.0001)) FROM "
             f"{tables.scan('orders')} AS o JOIN (SELECT order_id, sum(net_amount) AS total, count(*) AS n FROM "
             f"{tables.scan('order_lines')} GROUP BY 1) AS l ON l.order_id = o.order_id WHERE o.net_amount IS NOT NULL")
    return [_counted(tables, "order_total_differs", "orders", "net_amount", query)]


def _sums(parts: list[str]) -> list[str]:
    return list(dict.fromkeys(["0", *parts, " + ".join(parts) or "0"]))


def _in_order_of_time(tables: Tables) -> list[Result]:
    """Compare times of two tables: a return with its order, a case with its order, an order with the customer's registration."""
    orders, found = tables.scan("orders"), []
    for rule, table, column, other, match, wrong, needs in (
        ("return_before_order", "orders", "returned_order_id, order_ts", orders, "b.order_id = a.returned_order_id",
         "a.order_ts < b.order_ts", (("orders", "returned_order_id"),)),
        ("case_before_order", "service_cases", "opened_at, order_id", orders, "b.order_id = a.order_id",
         "CAST(a.opened_at AS DATE) < b.order_day", (("service_cases", "order_id"), ("orders", "order_id"))),
        ("order_before_registration", "orders", "order_ts", tables.scan("customers"), "b.customer_id = a.customer_id",
         "a.order_day < CAST(b.registered_at AS DATE)", (("orders", "customer_id"), ("customers", "registered_at"))),
    ):
        if tables.settings.on(rule) and all(tables.has(*need) for need in needs):
            late = "" if rule != "order_before_registration" else " WHERE b.registered_at IS NOT NULL"
            query = f"SELECT count(*), count(*) FILTER ({wrong}) FROM {tables.scan(table)} AS a JOIN {other} AS b ON {match}{late}"
            found.append(_counted(tables, rule, table, column, query))
    return found


def _off_scale(tables: Tables) -> list[Result]:
    if not (tables.has("survey_responses", "value_num", "item_id") and tables.has("survey_items", "min", "max")):
        return []
    return [_counted(tables, "answer_off_scale", "survey_responses", "value_num", (
        f"SELECT count(*), count(*) FILTER (a.value_num < b.\"min\" OR a.value_num > b.\"max\") FROM {tables.scan('survey_responses')} AS a "
        f"JOIN {tables.scan('survey_items')} AS b ON b.survey_id = a.survey_id AND b.item_id = a.item_id "
        f"WHERE a.value_num IS NOT NULL AND (b.\"min\" IS NOT NULL OR b.\"max\" IS NOT NULL)"))]
