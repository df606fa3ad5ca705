"""Checks of what is possible but unlikely: amounts far from the others, days without a sale, sudden changes, old data."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

from custlib.tables.quality.places import Result, Tables, quoted
from custlib.tables.quality.rowwise import NEVER

MEASURES = (("order_lines", "net_amount"), ("order_lines", "quantity"), ("order_lines", "unit_price"), ("orders", "net_amount"))
FEWEST, MANY = 5, 20  # rows: a spread of fewer than 5, or the weight of one of fewer than 20, says nothing
NORMAL = 1.4826  # times the median deviation is one standard deviation of a normal spread
GAP, EDGE, SHOWN = 7, 3, 12  # days without a sale; days that a whole month may lack at its edge; findings that are listed
FACTOR, LEAST = 3.0, 30  # rows per day of a month ÷ those of the month before; rows of the larger month
FRESH, OLD = 45, 365  # days after the last sale: until the first fresh, from the second on worth nothing


def plausible_checks(tables: Tables) -> list[Result]:
    """Count every check of plausibility and timeliness that the tables allow."""
    found = [*_outliers(tables), *_top_row(tables), *_round(tables), *_calendar(tables), *_stale(tables)]
    return [result for result in found if tables.settings.on(result.rule)]


def _outliers(tables: Tables) -> list[Result]:
    if not tables.settings.on("outlier"):
        return []
    found = []
    for table, column in MEASURES:
        written = table == tables.sale and column == "net_amount"  # a sale has an amount, mapped or computed
        if tables.has(table) and (written or tables.has(table, column)):
            query = f"SELECT abs(CAST({column} AS DOUBLE)) AS v, count(*) AS n FROM {tables.scan(table)} WHERE {column} <> 0 GROUP BY 1"
            checked, failing, reason = _outside(tables, query)
            found.append(Result("outlier", table, column, checked, failing, reason, detail={"k": tables.settings.outlier_fences}))
    return found


def _outside(tables: Tables, counts: str) -> tuple[int, int, str]:
    """Count what lies outside median ± k · 1.4826 · MAD of the logarithms; `counts` gives values above 0 and how often they come.

    Counting values first keeps the result exact whatever the order of rows, in memory of the number of different values.
    """
    tables.db.execute(f"CREATE OR REPLACE TEMP TABLE spread AS {counts}")
    total = int(tables.rows("SELECT coalesce(sum(n), 0) FROM spread")[0][0])
    if total < FEWEST:
        return 0, 0, "few_values" if total else "no_rows"
    middle = _median(tables, "ln(v)", total)
    deviation = f"abs(ln(v) - CAST({middle!r} AS DOUBLE))"
    reach = tables.settings.outlier_fences * NORMAL * _median(tables, deviation, total)
    if reach < 1e-9:
        return 0, 0, "no_spread"
    failing = int(tables.rows(f"SELECT coalesce(sum(n), 0) FROM spread WHERE {deviation} > CAST({reach + 1e-9!r} AS DOUBLE)")[0][0])
    tables.db.execute("DROP TABLE spread")
    return total, failing, ""


def _median(tables: Tables, value: str, total: int) -> float:
    return tables.rows(f"SELECT (min(x) FILTER (2 * upto >= {total}) + min(x) FILTER (2 * upto > {total})) / 2 FROM "
                       f"(SELECT {value} AS x, sum(n) OVER (ORDER BY {value}) AS upto FROM spread)")[0][0]


def _top_row(tables: Tables) -> list[Result]:
    """Measure the share of all money that the largest row alone holds."""
    if not tables.sale:
        return []
    rows, top, total = tables.rows(f"SELECT count(*), max(net_amount), sum(net_amount) FROM {tables.scan(tables.sale)} "
                                   f"WHERE net_amount > 0")[0]
    if rows < MANY:
        return [Result("top_row", tables.sale, "net_amount", 0, 0, "few_values" if rows else "no_rows")]
    share = float(top) / float(total)
    return [Result("top_row", tables.sale, "net_amount", rows, int(share > tables.settings.rules["top_row"].limit), measured=share)]


def _round(tables: Tables) -> list[Result]:
    if not tables.sale:
        return []
    rows, whole = tables.rows(f"SELECT count(*), count(*) FILTER (net_amount = trunc(net_amount)) FROM {tables.scan(tables.sale)} "
                              f"WHERE net_amount <> 0")[0]
    return [Result("round_amounts", tables.sale, "net_amount", rows, whole, "" if rows else "no_rows")]


def per_day(tables: Tables) -> list[tuple[date, int]]:
    """Give the days with orders and how many, in order; days before the first plausible one and days ahead are left out."""
    late = f" AND order_day <= DATE {quoted(tables.dataset.as_of or date.max)}"
    never = ", ".join(f"DATE {quoted(one)}" for one in NEVER)
    return tables.rows(f"SELECT order_day, count(*) FROM {tables.scan('orders')} WHERE order_day >= DATE "
                       f"{quoted(tables.settings.first_plausible_day)}{late} AND order_day NOT IN ({never}) GROUP BY 1 ORDER BY 1")


def _calendar(tables: Tables) -> list[Result]:
    """Look at the number of orders per day and month. Loops are over days, never over rows."""
    if not tables.has("orders"):
        return []
    days = per_day(tables)
    if not days:
        return [Result(rule, "orders", "order_day", 0, 0, "no_rows") for rule in ("unusual_day", "long_gap", "sudden_change", "partial_month")]
    values = ", ".join(f"({n})" for _, n in days)
    checked, failing, reason = _outside(tables, f"SELECT v, count(*) AS n FROM (VALUES {values}) AS d(v) GROUP BY 1")
    return [Result("unusual_day", "orders", "order_day", checked, failing, reason), _gaps(days), *_months(days)]


def _gaps(days: list[tuple[date, int]]) -> Result:
    gaps = [(before + timedelta(1), after - timedelta(1)) for (before, _), (after, _) in pairwise(days)
            if (after - before).days > GAP]
    lengths = [(last - first).days + 1 for first, last in gaps]
    listed = sorted(zip(lengths, gaps, strict=True), key=lambda one: (-one[0], one[1]))[:SHOWN]
    detail = {"gaps": [[first.isoformat(), last.isoformat(), length] for length, (first, last) in listed]} if gaps else {}
    return Result("long_gap", "orders", "order_day", (days[-1][0] - days[0][0]).days + 1, sum(lengths), detail=detail)


def _months(days: list[tuple[date, int]]) -> list[Result]:
    first, last = days[0][0], days[-1][0]
    rows: dict[tuple[int, int], int] = {}
    for one, n in days:
        rows[one.year, one.month] = rows.get((one.year, one.month), 0) + n
    ends = {(first.year, first.month): first.day > EDGE, (last.year, last.month): last.day < monthrange(last.year, last.month)[1] - EDGE}
    if (first.year, first.month) == (last.year, last.month):
        ends[first.year, first.month] = first.day > EDGE or last.day < monthrange(last.year, last.month)[1] - EDGE
    partial = [month for month, cut in ends.items() if cut]
    whole = [(month, n, n / monthrange(*month)[1]) for month, n in rows.items() if month not in partial]
    pairs = [(b[0], b[2] / a[2], max(a[1], b[1])) for a, b in pairwise(whole)
             if (b[0][0] - a[0][0]) * 12 + b[0][1] - a[0][1] == 1]
    jumps = [(month, ratio) for month, ratio, most in pairs if most >= LEAST and not 1 / FACTOR < ratio < FACTOR]
    detail = {"months": [[f"{y:04d}-{m:02d}", round(ratio, 3)] for (y, m), ratio in jumps[:SHOWN]]} if jumps else {}
    return [Result("sudden_change", "orders", "order_day", len(pairs), len(jumps), "" if pairs else "few_months", detail=detail),
            Result("partial_month", "orders", "order_day", len(ends), len(partial),
                   detail={"months": [f"{y:04d}-{m:02d}" for y, m in partial]} if partial else {})]


def _stale(tables: Tables) -> list[Result]:
    """Measure how old the last sale is at `as_of`: 0 until 45 days, rising to 1 at a year."""
    if not tables.has("orders"):
        return [Result("stale", "orders", "order_day", 0, 0, "no_sales")]
    if tables.dataset.as_of is None:
        return [Result("stale", "orders", "order_day", 0, 0, "no_as_of")]
    days = per_day(tables)
    if not days:
        return [Result("stale", "orders", "order_day", 0, 0, "no_rows")]
    age = (tables.dataset.as_of - days[-1][0]).days
    return [Result("stale", "orders", "order_day", 1, int(age > FRESH), measured=min(max((age - FRESH) / (OLD - FRESH), 0.0), 1.0),
                   detail={"last_day": days[-1][0].isoformat(), "days": age})]
