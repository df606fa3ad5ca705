"""Find the currency, the time zone, the home country and the day after the data: from columns, symbols, places and language."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from custlib.tables.draft import names
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.fit import currency as currency_of
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.unit import Unit
from custlib.tables.draft.votes import Vote, votes_of

SURE = 0.8
CLEARLY = 0.1
ZONES = (
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Australia/Sydney",
    "America/Sao_Paulo",
)
OFFSET = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2}).*?([+-])(\d{2}):?(\d{2})?$")


@dataclass(frozen=True)
class Place:
    """What was settled: "?" where a person decides."""

    currency: str
    timezone: str
    country: str = ""
    several: tuple[str, ...] = ()


def settle(units: list[Unit], found: Findings, *, currency: str | None, timezone: str | None) -> Place:
    """Settle currency and zone, and tell why; ask where the evidence does not do."""
    used = [unit for unit in units if unit.kind]
    money = any(name in found.tables for name in ("orders", "order_lines"))
    levels = _levels(found)
    votes = sorted([vote for unit in used or units for vote in votes_of(unit)], key=lambda vote: -vote.sure)
    code = currency or _currency(votes, found, money=money, levels=levels, rated=_rated(units))
    if currency:
        found.tell("currency_given", 1.0, currency=currency)
    area = next(
        (vote.country for vote in votes if vote.country and vote.sure >= SURE and names.raw()["countries"][vote.country]["currency"] == code), ""
    )
    home_country, written = next(((vote.country, vote.values["value"]) for vote in votes if vote.key == "by_country"), ("", ""))
    spoken = code if currency or votes else "?"
    zone = timezone or _zone(spoken, area or home_country, votes, used, found)
    several = tuple(one for one in levels if one != code) if len(levels) > 1 else ()
    return Place(code, zone, written or (area if area == "CN" else ""), several)


def _levels(found: Findings) -> list[str]:
    """Name the currencies of the orders, the commonest first."""
    orders = found.tables.get("orders")
    pick = orders.columns.get("currency") if orders else None
    if not pick or not pick.column:
        return []
    counts: dict[str, int] = {}
    for unit in orders.units:
        if pick.column in unit.rows.columns:
            for value, count in unit.rows.columns[pick.column].values:
                code = currency_of(value)
                if code:
                    counts[code] = counts.get(code, 0) + count
    return sorted(counts, key=lambda one: -counts[one])


def _rated(units: list[Unit]) -> set[str]:
    """Name the currencies that a file of exchange rates converts."""
    unit = next((one for one in units if one.kind == "rates"), None)
    column = unit.column("currency") if unit else ""
    return {currency_of(value) for value, _ in unit.rows.columns[column].values} if unit and column else set()


def _currency(votes: list[Vote], found: Findings, *, money: bool, levels: list[str], rated: set[str]) -> str:
    base = [one for one in levels if one not in rated]
    if len(levels) > 1 and rated and len(base) == 1:
        found.tell("currency", 0.92, currency=base[0], why="@draft.by_rates")
        return base[0]
    if len(levels) > 1:
        found.ask("currency", "q_currencies", tuple((one, 0.9 if one == levels[0] else 0.3) for one in levels), currencies=", ".join(levels))
        return "?"
    best: dict[str, Vote] = {}
    for vote in votes:
        if vote.code and vote.code not in best:
            best[vote.code] = vote
    ranked = sorted(best.values(), key=lambda vote: -vote.sure)
    if ranked and ranked[0].sure >= SURE and (len(ranked) == 1 or ranked[0].sure - ranked[1].sure >= CLEARLY or ranked[1].sure < SURE):
        found.tell("currency", ranked[0].sure, currency=ranked[0].code, why=f"@draft.{ranked[0].key}", **ranked[0].values)
        return ranked[0].code
    if not money:
        code = ranked[0].code if ranked else "CNY"  # the file must name one
        found.tell("no_money", 0.9, currency=code)
        return code
    found.ask("currency", "q_currency", tuple((vote.code, vote.sure) for vote in ranked[:4]))
    return "?"


def _zone(code: str, area: str, votes: list[Vote], used: list[Unit], found: Findings) -> str:
    zoned = any(_zoned(draft.units, pick) for draft in found.tables.values() for pick in draft.columns.values())
    timed = any(_timed(draft.units, pick) for draft in found.tables.values() for pick in draft.columns.values())
    countries = names.raw()["countries"]
    if not area:
        spoken = next((vote.country for vote in votes if vote.country and countries[vote.country]["currency"] == code), "")
        at_home = [one for one in countries if countries[one]["currency"] == code]
        area = spoken or (at_home[0] if len(at_home) == 1 else "")
    zones = countries[area]["zones"] if area else []
    if len(zones) == 1:
        found.tell("zone", 0.9, zone=zones[0], country=area)
        return zones[0]
    if zoned:
        fits = [zone for zone in (zones or ZONES) if _fits(found, zone)]
        if len(fits) == 1:
            found.tell("zone_offsets", 0.88, zone=fits[0])
            return fits[0]
        offers = zones or [one["zones"][0] for one in countries.values() if one["currency"] == code] or ["Asia/Shanghai", "Europe/London", "UTC"]
        found.ask("timezone", "q_zone", tuple((one, 0.4) for one in offers[:4]))
        return "?"
    zone = zones[0] if zones else "Europe/Berlin" if code == "EUR" else "UTC"
    found.tell("zone_free" if timed else "zone_days", 0.9, zone=zone)
    return zone


def _fits(found: Findings, zone: str) -> bool:
    """Tell whether the offsets that the times carry are those of a zone on their days."""
    seen = []
    for draft in found.tables.values():
        for pick in draft.columns.values():
            form = _date_of(draft.units, pick)
            if form and form.zoned:
                for unit in draft.units:
                    if pick.column in unit.rows.columns:
                        seen += [hit for value, _ in unit.rows.columns[pick.column].values[:400] if (hit := OFFSET.match(value))]
    told = [
        (
            datetime(int(hit[1]), int(hit[2]), int(hit[3]), 12, tzinfo=ZoneInfo(zone)).utcoffset(),
            timedelta(hours=int(hit[5]), minutes=int(hit[6] or 0)) * (-1 if hit[4] == "-" else 1),
        )
        for hit in seen
    ]
    return len(told) >= 5 and sum(a == b for a, b in told) >= 0.98 * len(told)


def _date_of(units: list[Unit], pick: Pick):
    for unit in units:
        name = pick.column or (pick.options or {}).get("date", "")
        if name in unit.rows.columns:
            return unit.rows.columns[name].date
    return None


def _zoned(units: list[Unit], pick: Pick) -> bool:
    form = _date_of(units, pick)
    return bool(form and form.zoned)


def _timed(units: list[Unit], pick: Pick) -> bool:
    form = _date_of(units, pick)
    return bool(form and form.timed)
