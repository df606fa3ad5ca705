"""Settle what a run is about before anything starts: the snapshot day, the defaults, and that something is left."""

from datetime import date, timedelta
from typing import Any

from custlib import tables
from custlib.engine import DuckEngine
from custlib.i18n import Problem
from custlib.report.parameters import PARAMETERS
from custlib.value import load_map


def settle(data: tables.Dataset, built: tables.Built, given: dict[str, Any]) -> dict[str, Any]:
    """Settle the snapshot day and every default, and refuse a day or data that leave nothing to compute.

    Raises
    ------
    Problem
        There is no ``as_of``, it is not after the first day, no identified sale is left before it, or the segment map is
        not sound.
    """
    first, last = (date.fromisoformat(built.facts["span"][name]) for name in ("first_day", "last_day"))
    after = (last + timedelta(days=1)).isoformat()
    if "as_of" not in given and data.as_of is None:
        raise Problem("as_of_missing", name=data.name, last=last, next=after)
    day = date.fromisoformat(given["as_of"]) if "as_of" in given else data.as_of
    if day <= first:
        raise Problem("as_of_too_early", as_of=day, first=first, next=after)
    chosen = {name: one.default for name, one in PARAMETERS.items() if name not in ("dataset", "run_dir")}
    chosen |= {**given, "as_of": day.isoformat()}
    if chosen["cut"] == "business" and not chosen["business_cuts"]:
        raise Problem("bad_parameter", name="business_cuts", want="@want.business", got="[]")
    load_map(chosen["segment_map"]).grid()
    with DuckEngine(built.folder, day, returns=data.returns, zero=data.zero, window_days=chosen["window_days"] or None) as engine:
        bought = (engine.customers()["orders"] > 0).any()
    if not bought:
        raise Problem("no_rows_before", name=data.name, as_of=day, first=first, last=last)
    return chosen
