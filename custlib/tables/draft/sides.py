"""Payments and refunds side by side: two amount columns of which one is blank or zero exactly where the other is not."""

from dataclasses import replace
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.draft import look
from custlib.tables.draft.absent import named
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.fit import Candidate, why
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.stages import unit_of
from custlib.tables.draft.unit import Unit

IN = ("net_amount", "amount", "line_amount", "gross_amount")
OUT = ("refund_amount", *IN)
CLEAN = 0.995  # share of rows in which exactly one of the two is filled


def split(db, units: list[Unit], groups: list[look.Group], work: Path, folder: Path, memory: str) -> None:
    """Stage such a file as two: its sales, and its refunds as returns, where a column of states tells the rows apart."""
    for number, unit in enumerate(list(units)):
        if unit.kind not in ("orders", "payments", "returns"):
            continue
        pair = _pair(unit)
        if not pair:
            continue
        unit.sides = pair
        state = _state(unit, *pair)
        if not state:
            continue
        column, sold, back = state
        try:
            halves = [
                tuple(look.restage(one, {"only": {"column": column, "equals": levels}}, work, folder, memory) for one in groups[number].parts)
                for levels in (sold, back)
            ]
        except Problem:
            continue
        own = groups[number]
        groups[number] = replace(own, parts=halves[0])
        units[number] = unit_of(db, number, groups[number])
        units[number].kind, units[number].sure = "orders", max(unit.sure, 0.6)
        _only(units[number], pair[1])
        groups.append(look.Group("refunds", halves[1]))
        other = unit_of(db, len(units), groups[-1])
        other.kind, other.sure = "returns", 0.9
        _only(other, pair[0])
        other.found["refund_amount"] = [Candidate(pair[1], 0.95, (why("side", column=column),))]
        units.append(other)


def asked(found: Findings) -> None:
    """Ask about such a pair that no state tells apart, and tell of refunds that stand beside the amounts."""
    for draft in [found.tables[name] for name in ("orders", "order_lines") if name in found.tables]:
        unit = draft.units[0]
        net = draft.columns.get("net_amount")
        if not net:
            continue
        if unit.sides and net.column in unit.sides:
            draft.columns["net_amount"] = Pick("?", 0.4)
            choices = tuple((one, 0.5 if one == net.column else 0.3) for one in unit.sides)
            found.ask(f"tables.{draft.table}.columns.net_amount", "q_sides", choices, paid=unit.sides[0], back=unit.sides[1])
            return
        for one in unit.found.get("refund_amount", []):
            used = {name for pick in draft.columns.values() for name in named(pick.spec)}
            if one.sure >= 0.7 and one.column not in used and net.column:
                back, paid = unit.rows.ask(
                    f"SELECT sum(abs({unit.rows.figure(one.column)})), sum({unit.rows.figure(net.column)}) FROM {unit.rows.table}"
                )[0]
                if back:
                    found.tell("refunds_beside", column=one.column, sum=f"{float(back):,.2f}", net=net.column, total=f"{float(paid or 0):,.2f}")


def _only(unit: Unit, gone: str) -> None:
    for concept, listed in unit.found.items():
        unit.found[concept] = [one for one in listed if one.column != gone]
    unit.found = {concept: listed for concept, listed in unit.found.items() if listed}


def _pair(unit: Unit) -> tuple[str, str] | None:
    """Give the column of what came in and that of what went back."""

    def columns(concepts: tuple[str, ...]) -> list[str]:
        found = [one.column for concept in concepts for one in unit.found.get(concept, []) if one.sure >= 0.4]
        return [name for name in dict.fromkeys(found) if unit.rows.columns[name].number]

    for back in columns(OUT)[:5]:
        for paid in columns(IN)[:5]:
            refunds = any(one.column == back and one.sure >= 0.6 for one in unit.found.get("refund_amount", []))
            if back == paid or not refunds:
                continue
            a, b = (f"coalesce({unit.rows.figure(name)}, 0) <> 0" for name in (paid, back))
            rows, one_side, left, right = unit.rows.ask(
                f"SELECT count(*), count(*) FILTER (({a}) <> ({b})), count(*) FILTER ({a}), count(*) FILTER ({b}) FROM {unit.rows.table}"
            )[0]
            if rows and one_side >= CLEAN * rows and left > right >= 1:
                return paid, back
    return None


def _state(unit: Unit, paid: str, back: str) -> tuple[str, list[str], list[str]] | None:
    """Give (column, its values where something was paid, its values where something went back), None where none tells."""
    gone = f"(coalesce({unit.rows.figure(back)}, 0) <> 0)"
    offers = []
    for profile in unit.rows.columns.values():
        if not profile.levels or len(profile.levels) < 2 or profile.name in (paid, back) or profile.filled < profile.rows:
            continue
        cell = unit.rows.sql(profile.name)
        levels = unit.rows.ask(f"SELECT {cell} AS v, min({gone}::INT), max({gone}::INT) FROM {unit.rows.table} GROUP BY 1 ORDER BY 1")
        if all(value is not None and low == high for value, low, high in levels):
            sold, returned = ([value for value, low, _ in levels if low == side] for side in (0, 1))
            if sold and returned:
                offers.append((len(levels), profile.name, sold, returned))
    return min(offers)[1:] if offers else None
