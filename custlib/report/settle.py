"""Settle what a run is about before anything starts: the snapshot day, the defaults, and that something is left."""

from datetime import date, timedelta
from typing import Any

from custlib import tables
from custlib.engine import DuckEngine
from custlib.engine.choose import ready
from custlib.i18n import Problem
from custlib.report.declared import has_orders, own
from custlib.report.parameters import PARAMETERS
from custlib.value import sound


def settle(data: tables.Dataset, built: tables.Built, given: dict[str, Any]) -> dict[str, Any]:
    """Settle the snapshot day and every default, and refuse a day or data that leave nothing to compute.

    Raises
    ------
    Problem
        There is no ``as_of``, it is not after the first day, no identified sale is left before it (where there are orders
        at all), or the segment map is not sound.
    """
    span = built.facts.get("span") or {}
    first, last = (date.fromisoformat(span[name]) if span.get(name) else None for name in ("first_day", "last_day"))
    if "as_of" not in given and data.as_of is None:
        if last is None:
            raise Problem("as_of_no_days", name=data.name)
        raise Problem("as_of_missing", name=data.name, last=last, next=_after(last))
    day = date.fromisoformat(given["as_of"]) if "as_of" in given else data.as_of
    if first is not None and day <= first:
        raise Problem("as_of_too_early", as_of=day, first=first, next=_after(last))
    chosen = {name: one.default for name, one in PARAMETERS.items() if name not in ("dataset", "run_dir")}
    chosen |= {**given, "as_of": day.isoformat()}
    if chosen["cut"] == "business" and not chosen["business_cuts"]:
        raise Problem("bad_parameter", name="business_cuts", want="@want.business", got="[]")
    chosen["segment_map"] = chosen["segment_map"] or own(data).map
    sound(chosen["segment_map"])
    ready(chosen["engine"])
    if not has_orders(built):
        return chosen
    with DuckEngine(built.folder, day, returns=data.returns, zero=data.zero, window_days=chosen["window_days"] or None) as engine:
        bought = (engine.customers()["orders"] > 0).any()
    if not bought:
        raise Problem("no_rows_before", name=data.name, as_of=day, first=first, last=last)
    return chosen


def _after(day: date) -> str:
    return (day + timedelta(days=1)).isoformat()
