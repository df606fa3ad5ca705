"""Everything on the page besides the tables: the facts, the tiles, the figures, limits, next steps and cards."""


import pandas as pd

from custlib.i18n import integer, money, number, percent, text
from custlib.report import grids, intake, own_schemes, pictures
from custlib.report.context import Run, at_stake, best_segment, conclusions, interval, labelled, ledger_gap, named, sentence
from custlib.report.grids import Words

CARDS = ("rfm", "named", "abc", "lorenz", "cn8")
CARD_PARTS = ("question", "unit", "estimator", "interval", "assumptions", "trap", "smallest", "baseline")


def page(run: Run, words: Words) -> dict:
    """Give everything the template shows.

    Parameters
    ----------
    run : Run
    words : Words

    Returns
    -------
    dict
        One entry per part of the page; texts are escaped markup.
    """
    title = "report.title" if run.sold else "report.title_intake"
    shared = {
        "run": run.facts,
        "title": words.line(lambda lang: f"{run.facts['title'][lang]} · {text(title, lang)}"),
        "heading_title": words.say(title),
        "data_title": words.pick(run.facts["title"]),
        "conclusions": [words.each(lambda lang, item=item: sentence(item, lang)) for item in conclusions(run)],
        "changes": intake.banner(run, words),
        "intake": intake.section(run, words),
        "own": {"schemes": own_schemes.grid(run, words), "figures": pictures.placed(run, words, "own")},
        "intake_figures": pictures.placed(run, words, "intake"),
        "figures": pictures.placed(run, words, "rest"),
        **limits(run, words),
        "steps": next_steps(run, words),
        "footer": footer(run, words),
    }
    parts = _sold(run, words) if run.sold else _unsold(run, words)
    return {**shared, **parts, "sections": _sections(run, shared)}


def _sold(run: Run, words: Words) -> dict:
    people = labelled(run)
    return {
        "facts": facts(run, people, words),
        "tiles": tiles(run, people, words),
        "ledger_check": ledger_check(run, words),
        "policies": policies(run, words),
        "cards": cards(words),
        "customers_lead": words.say(
            "report.lead.customers", shown=integer(min(grids.SHOWN_CUSTOMERS, len(people))), all=integer(len(people))
        ),
        "grids": {
            "ledger": grids.ledger_grid(run, words), "segments": grids.segment_grid(run, words),
            "abc": grids.abc_grid(run, words), "cn8": grids.cn8_grid(people, run, words),
            "customers": grids.customer_grid(people, run, words), "definitions": grids.threshold_grid(run, words),
            "numbers": grids.number_grid(run, words),
        },
    }


def _unsold(run: Run, words: Words) -> dict:
    """Give the parts of a page without orders: no ledger, no customers, no segments."""
    rows = run.manifest["rows"]
    shown = [(words.say("report.tile.read"), integer(rows["in"]), words.say("report.tile.read_note", rejected=integer(rows["rejected"])))]
    return {
        "facts": facts(run, None, words),
        "tiles": [dict(zip(("name", "value", "note"), tile, strict=True)) for tile in shown],
        "grids": {"numbers": grids.number_grid(run, words)},
    }


def _sections(run: Run, shared: dict) -> list[str]:
    """Name the sections of this page, in order."""
    there = {"quality": shared["intake"], "own": shared["own"]["schemes"] or shared["own"]["figures"], "segments": run.sold or shared["figures"]}
    sold = ("ledger", "customers", "methods", "definitions")
    names = ("conclusions", "ledger", "quality", "segments", "customers", "own", "limits", "methods", "definitions")
    return [name for name in names if there.get(name, run.sold if name in sold else True)]


def facts(run: Run, people: pd.DataFrame | None, words: Words) -> list[tuple]:
    """Give the head of the page as pairs of name and value; without customers the period is that of all dates."""
    known, as_of = run.facts, run.facts["as_of"]
    if people is None:
        first, last = known.get("first_day"), known.get("last_day")
    else:
        first, last = people["first_order_day"].dropna().min(), people["last_order_day"].dropna().max()
    said = {
        "dataset": str(known["dataset"]),
        "as_of": words.each(lambda lang: text("report.fact.as_of_text", lang, day=pictures.written_day(as_of, lang))),
        "period": words.each(
            lambda lang: text("report.fact.period_text", lang, first=pictures.written_day(first, lang), last=pictures.written_day(last, lang))
        ),
        "kind": words.say("report.fact.simulated" if known["simulated"] else "report.fact.real" if run.sold else "report.fact.recorded"),
        "source": words.pick(known["source"]),
        "licence": str(known["licence"]),
        "currency": str(known["currency"]),
    }
    if people is None:  # no money is in the page, and there may be no day either
        said = {name: value for name, value in said.items() if name != "currency" and (name != "period" or last)}
    return [(words.say(f"report.fact.{name}"), value) for name, value in said.items() if value]


def tiles(run: Run, people: pd.DataFrame, words: Words) -> list[dict]:
    """Give the key numbers: customers, money, the median, class A, the best segment and, where known, Gini."""
    buyers, currency = people[people["orders"] > 0], run.currency
    amount = buyers["net_amount"]
    netted = run.facts["returns"] == "net"
    ledger = run.tables["ledger"].set_index("step")["returned"]
    # returns that a policy leaves out are no longer in the customer table: the ledger knows what they came to
    returned = money(abs(people["returned_amount"].sum() if netted else ledger.get("return", 0.0)), currency, 0)
    note = "net_note" if netted else "net_note_exclude"
    shown = [
        (words.say("report.tile.customers"), integer(len(buyers)),
         words.say("report.tile.customers_note", all=integer(len(people)))),
        (words.say("report.tile.net"), money(people["net_amount"].sum(), currency, 0),
         words.say(f"report.tile.{note}", returned=returned)),
        (words.say("report.tile.median"), money(amount.median(), currency, 0),
         words.say("report.tile.median_note", mean=money(amount.mean(), currency, 0))),
        *_class_a(run, words), *_best(run, words), *_gini(run, words),
    ]
    return [dict(zip(("name", "value", "note"), tile, strict=True)) for tile in shown]


def _number(run: Run, name: str) -> dict:
    """Give a number of the summaries, or one without value."""
    found = (summary["numbers"][name] for summary in run.summaries if name in summary.get("numbers", {}))
    return next(found, {"value": None, "low": None, "high": None})


def _class_a(run: Run, words: Words) -> list[tuple]:
    abc, ends = run.tables["abc"], [_number(run, "a_share").get(part) for part in ("low", "high")]
    key = "a_class_note" if None in ends else "a_class_range"
    return [
        (words.say("report.tile.a_class"), percent(row["customer_share"]), words.say(
            f"report.tile.{key}", customers=integer(row["customers"]), share=percent(row["amount_share"]),
            interval="–".join(percent(end) for end in ends),
        ))
        for row in abc[abc["class"] == "A"].to_dict("records")
    ]


def _best(run: Run, words: Words) -> list[tuple]:
    best = best_segment(run).to_dict("records")
    return [
        (words.each(lambda lang, row=row: text("report.tile.top", lang, segment=named("segment", row["segment"], lang))),
         percent(row["amount_share"]),
         words.say("report.tile.top_note", interval=interval(row, "amount_share"), share=percent(row["customer_share"])))
        for row in best
    ]


def _gini(run: Run, words: Words) -> list[tuple]:
    found = _number(run, "gini")
    if found["value"] is None:
        return []
    ends = [found.get(part) for part in ("low", "high")]
    note = words.say("report.tile.gini_alone") if None in ends else words.say(
        "report.tile.gini_note", interval="–".join(number(end, 3) for end in ends)
    )
    return [(words.say("report.tile.gini"), number(found["value"], 3), note)]


def ledger_check(run: Run, words: Words) -> dict:
    """Say whether the rows and the money of the ledger add up, and by how much they do not."""
    rows, amount = ledger_gap(run.tables["ledger"])
    if rows or amount:
        said = words.say("report.lead.ledger_off", rows=integer(rows), amount=money(amount, run.currency))
        return {"exact": False, "said": said}
    ledger = run.tables["ledger"]
    read = ledger.loc[ledger["step"] == "in", "rows"].sum()
    return {"exact": True, "said": words.say("report.lead.ledger_exact", rows=integer(read))}


def policies(run: Run, words: Words) -> list[tuple]:
    """Give the declared policies that were counted and kept: text and rows."""
    declared = (run.manifest.get("policies") or {}).values()
    return [(words.pick(policy), integer(policy["rows"])) for policy in declared if policy["action"] == "keep"]


def cards(words: Words) -> list[dict]:
    """Give the method cards: a title and eight answers each."""
    return [
        {
            "name": name,
            "title": words.say(f"method.{name}.title"),
            "parts": [(words.say(f"method.{part}"), words.say(f"method.{name}.{part}")) for part in CARD_PARTS],
        }
        for name in CARDS
    ]


def limits(run: Run, words: Words) -> dict:
    """Give the fixed limits, the warnings and what was skipped, each sentence once."""
    warned = [*run.manifest.get("warnings", []), *(item for one in run.summaries for item in one.get("warnings", []))]
    skipped = [item for one in run.summaries for item in one.get("skipped", [])]
    return {
        "fixed": [words.say(f"report.limit.{name}") for name in (("descriptive", "past", "unseen") if run.sold else ("intake",))],
        "warnings": list(dict.fromkeys(words.each(lambda lang, item=item: sentence(item, lang)) for item in warned)),
        "skipped": [(item["row"], words.each(lambda lang, item=item: sentence(item, lang))) for item in skipped],
    }


def next_steps(run: Run, words: Words) -> list[tuple]:
    """Give what to do next, on what ground, and who owns it."""
    rows = run.manifest["rows"]
    left = rows["in"] - rows["kept"]
    if not run.sold:
        read = words.say("report.step.rejects_basis", rows=integer(left), share=percent(left / max(rows["in"], 1)))
        found = [(words.say("report.step.orders"), words.say("report.step.orders_basis"), "data")]
        found += [(words.say("report.step.rejects"), read, "data")] if left else []
        return [(what, ground, words.say(f"report.step.owner_{owner}")) for what, ground, owner in found]
    people, amount = at_stake(run)
    call = words.each(lambda lang: text(
        "report.step.call", lang, first=named("segment", "cannot_lose", lang), second=named("segment", "at_risk", lang)
    ))
    basis = words.say("report.step.call_basis", customers=integer(people), amount=money(amount, run.currency, 0))
    clean = words.say("report.step.clean_basis", rows=integer(left), share=percent(left / max(rows["in"], 1)))
    steps = [(call, basis, "sales")] if people else []
    steps += [(words.say("report.step.test"), words.say("report.step.test_basis"), "analyst")]
    steps += [(words.say("report.step.clean"), clean, "data")] if left else []
    return [(what, ground, words.say(f"report.step.owner_{owner}")) for what, ground, owner in steps]


def footer(run: Run, words: Words) -> list[tuple]:
    """Give the facts of the manifest; hashes short, no clock, so that the same inputs give the same page."""
    hashes, versions = run.manifest.get("hashes", {}), run.manifest.get("versions", {})
    counts = {"in_" if name == "in" else name: integer(value) for name, value in run.manifest["rows"].items()}
    short = [(name, str(value)[:12]) for name, value in hashes.items()]
    return [
        (words.say("report.foot.rows"), words.say("report.foot.rows_text" if run.sold else "report.foot.rows_read", **counts)),
        (words.say("report.foot.hash"), words.each(lambda lang: " · ".join(
            f"{named('report.foot', f'hash_{name}', lang)} {value}" for name, value in short
        ))),
        (words.say("report.foot.versions"), " · ".join(f"{name} {value}" for name, value in versions.items())),
    ]
