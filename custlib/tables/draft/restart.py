"""Order numbers that start again each day or at each till: join columns until the rows of one number are one sale."""

from itertools import combinations

from custlib.tables.draft import levels
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.profile import Profile
from custlib.tables.draft.unit import Unit
from custlib.tables.typing import literal

WRONG = 0.02  # share of numbers of several rows that may disagree by accident
KEYS = 400_000
SEP = "-"
PLACES = ("store_id", "pos", "staff", "channel", "time_of_day")
NOT_PLACES = ("quantity", "unit_price", "product_id", "product_name", "line_no", "status", "marker", "payment", "category_l1", "category_l2", "brand")


def restarted(unit: Unit, pick: Pick, found: Findings) -> Pick:
    """Give the order's number as it is, or joined with what tells apart the sales that share it, or "?" with the nearest ways.

    A joined number becomes a column of the unit until `settle` writes it as ``concat``.
    """
    if not pick.column or unit.sides or unit.column("payment_id", least=0.7):
        return pick
    dated = unit.column("order_ts", "created_ts", "ts", "paid_ts", least=0.5)
    who = unit.column("customer_id", "e_mail", "phone", least=0.6)
    if not dated or who == pick.column:
        return pick
    several, days, people, told = _apart(unit, [pick.column], dated, who)
    wrong = people if told >= max(5, 0.1 * several) else days
    step = max(1, unit.rows.rows // KEYS)
    if several < 2 or wrong <= WRONG or wrong * several * step <= WRONG * unit.rows.key(pick.column)[1]:  # a few typing errors are no rule
        if days > 0.1:
            found.tell("days_in_order", key=pick.column, share=f"{days:.0%}")
        return pick
    best: tuple | None = None
    pool = _pool(unit, pick.column, dated, who)
    for size in (1, 2, 3):
        for extra in combinations(pool, size):
            names = [*extra, pick.column]
            left, day_wrong, people_wrong, _ = _apart(unit, names, dated, who)
            if day_wrong <= WRONG / 2 and people_wrong <= WRONG / 2 and _one_place(unit, names, pool):
                count = unit.rows.key(*names)[1]
                if best is None or (count, size) < (best[0], len(best[1]) - 1):
                    best = (count, names, left)
        if best:
            break
    distinct = unit.rows.key(pick.column)[1]
    if not best:
        if wrong < 0.1:  # a few numbers only: the build rejects their rows, and says so
            return pick
        choices = [(pick.column, 0.3), ("{ row_number = true }", 0.2), *([(_written([dated, pick.column]), 0.25)])]
        found.tell("key_disagrees", key=pick.column, share=f"{wrong:.0%}")
        return Pick("?", 0.5, pick.why, tuple(choices))
    count, names, _ = best
    joined = " + ".join(names)
    filled = unit.rows.key(*names)[0]
    sql = f" || '{SEP}' || ".join(f"({unit.rows.columns[name].sql})" for name in names)
    unit.rows.columns[joined] = Profile(joined, sql, "VARCHAR", "", filled, filled, count, (), ())
    unit.joined[joined] = names
    found.tell("key_joined", 0.9, key=pick.column, share=f"{wrong:.0%}", joined=joined, orders=count, distinct=distinct)
    return Pick(joined, 0.92, pick.why).because("joined", share=f"{wrong:.0%}", orders=count)


def settle(unit: Unit, found: Findings) -> None:
    """Write a joined number as ``concat`` wherever it was taken, and forget the column that stood for it."""
    for draft in found.tables.values():
        for name, pick in list(draft.columns.items()):
            if pick.column in unit.joined:
                draft.columns[name] = Pick({"concat": unit.joined[pick.column], "sep": SEP}, pick.sure, pick.why)
    for joined in unit.joined:
        unit.rows.columns.pop(joined, None)


def day_of(cell: str) -> str:
    """Give the SQL of the day in the text of a date or time, the whole text where it has no plain day."""
    return (
        f"CASE WHEN regexp_full_match({cell}, '\\d{{12}}|\\d{{14}}') THEN left({cell}, 8) "
        f"ELSE coalesce(nullif(regexp_extract({cell}, '^\\d{{1,4}}[-/.年]\\d{{1,2}}[-/.月]\\d{{1,4}}'), ''), {cell}) END"
    )


def _apart(unit: Unit, names: list[str], dated: str, who: str) -> tuple[int, float, float, int]:
    """Give (numbers of several rows, share of them with two days, share with two customers, how many name a customer twice)."""
    rows = unit.rows
    cells = [rows.sql(name) for name in names]
    filled = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
    step = max(1, rows.rows // KEYS)
    some = f" AND hash({', '.join(cells)}) % {step} = 0" if step > 1 else ""
    day, person = day_of(rows.sql(dated)), rows.sql(who) if who else "NULL::VARCHAR"
    money = unit.column("net_amount", "amount", "line_amount", "quantity", least=0.6)
    sold = f" AND coalesce({rows.figure(money)}, 0) >= 0" if money and money not in names else ""  # a return may come on a later day
    for profile in rows.columns.values():
        back = [value for value in profile.levels if levels.marker(value) == "returns"] if len(profile.levels) > 1 and not profile.personal else []
        if back:
            sold += f" AND coalesce({rows.sql(profile.name)} NOT IN ({', '.join(map(literal, back))}), true)"
    several, two_days, two_people, told = rows.ask(
        f"SELECT count(*), coalesce(avg((d1 <> d2)::INT), 0), "
        f"coalesce(sum((p1 <> p2)::INT) / nullif(count(*) FILTER (n > 1), 0), 0), count(*) FILTER (n > 1) FROM "
        f"(SELECT min({day}) AS d1, max({day}) AS d2, min({person}) AS p1, max({person}) AS p2, count({person}) AS n FROM {rows.table} "
        f"WHERE {filled}{some}{sold} GROUP BY {', '.join(cells)} HAVING count(*) > 1)"
    )[0]
    return several, float(two_days), float(two_people), told


def _pool(unit: Unit, key: str, dated: str, who: str) -> list[str]:
    """Name the columns that may tell apart sales of one number: the day, the place, and other columns of few values."""
    found = [dated, *(one.column for concept in PLACES for one in unit.found.get(concept, []) if one.sure >= 0.5)]
    for profile in unit.rows.columns.values():
        best = next((one for one in profile.meanings if "." not in one.concept), None)
        plain = profile.number is None or profile.whole
        if profile.levels and len(profile.levels) > 1 and plain and not profile.personal and not (best and best.sure >= 0.6):
            found.append(profile.name)
    out = {key, who, *(one.column for concept in NOT_PLACES for one in unit.found.get(concept, []) if one.sure >= 0.7)}
    return [name for name in dict.fromkeys(found) if name not in out and unit.rows.columns[name].filled > 0.98 * unit.rows.columns[name].rows][:7]


def _one_place(unit: Unit, names: list[str], pool: list[str]) -> bool:
    """Tell whether one sale took place in one shop, at one till."""
    rows = unit.rows
    places = {one.column for place in ("store_id", "pos") for one in unit.found.get(place, []) if one.sure >= 0.6}
    rest = [name for name in pool if name in places - set(names)]
    cells, filled = ", ".join(rows.sql(name) for name in names), " AND ".join(f"{rows.sql(name)} IS NOT NULL" for name in names)
    for name in rest:
        share = rows.ask(
            f"SELECT coalesce(avg((lo <> hi)::INT), 0) FROM (SELECT min({rows.sql(name)}) AS lo, max({rows.sql(name)}) AS hi FROM {rows.table} "
            f"WHERE {filled} GROUP BY {cells} HAVING count(*) > 1)"
        )[0][0]
        if share > WRONG:
            return False
    return True


def _written(names: list[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f'{{ concat = [{listed}], sep = "{SEP}" }}'
