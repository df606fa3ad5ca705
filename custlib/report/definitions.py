"""Every threshold of a run in words, so that anyone can work out the labels again."""

import json

from custlib.i18n import integer, money, number, percent, text
from custlib.report.context import Run, named

_KNOWN = ("as_of", "bins", "window_days", "returns", "zero", "currency", "rfm", "cn8", "abc", "tier3", "dataset", "map", "schemes")
_QUANTILES = (0.8, 0.4)


def _amount(measure: str, value: float, lang: str, currency: str) -> str:
    if measure == "net_amount":
        return money(value, currency)
    unit = ("days" if measure == "recency_days" else "orders") + ("_one" if value == 1 else "")
    return text(f"report.unit.{unit}", lang, n=number(value, 0 if float(value).is_integer() else 2))


def _rfm_thresholds(edges: dict, lang: str, currency: str) -> list[tuple[str, str, str]]:
    rows = []
    for measure, spec in edges.get("rfm", {}).items():
        name, low = text(f"report.define.{measure}", lang), None
        top = spec.get("top", edges["bins"])
        steps = sorted((int(score), edge) for score, edge in spec["edges"].items() if int(score) < top)
        for score, edge in [*steps, (top, None)]:
            shown = edges["bins"] + 1 - score if spec["reversed"] else score
            ends = {
                part: _amount(measure, value, lang, currency)
                for part, value in (("low", low), ("high", edge)) if value is not None
            }
            how = "between" if len(ends) == 2 else "over" if edge is None and ends else "up_to"
            said = text(f"report.define.{how}", lang, **ends) if ends else text("report.define.any", lang)
            rows.append((name, text("report.define.score", lang, score=shown), said))
            low = edge
    return rows


def _share_thresholds(edges: dict, scheme: str, lang: str, currency: str) -> list[tuple[str, str, str]]:
    spec = edges.get(scheme)
    if not spec:
        return []
    by_share = spec.get("rule", "share") == "share"
    title = text(f"report.define.{scheme}" if by_share else f"report.define.{scheme}_quantile", lang)
    rows = []
    for (level, edge), share in zip(spec["edges"].items(), spec["shares"] if by_share else _QUANTILES, strict=True):
        part = text("report.define.share_upto" if by_share else "report.define.quantile_from", lang, share=percent(share, 0))
        said = _least(edge, lang, currency)
        rows.append((title, f"{named(scheme, level, lang)} · {part}", said))
    rest = f"{named(scheme, 'low' if scheme == 'tier3' else 'C', lang)} · {text('report.define.share_rest', lang)}"
    return [*rows, (title, rest, text("report.define.below", lang, high=money(edge, currency)))]


def _least(edge: float | None, lang: str, currency: str) -> str:
    if edge is None:
        return text("report.define.nobody", lang)
    return text("report.define.at_least", lang, low=money(edge, currency))


def _cn8_thresholds(edges: dict, lang: str, currency: str) -> list[tuple[str, str, str]]:
    spec = dict(edges.get("cn8") or {})
    if not spec:
        return []
    cut = text(f"report.define.cut_{spec['cut']}", lang)
    title = f"{text('report.define.cn8', lang)} ({cut})"
    rows = []
    for measure in ("recency_days", "orders", "net_amount"):
        how, end = ("up_to", "high") if measure == "recency_days" else ("at_least", "low")
        said = text(f"report.define.{how}", lang, **{end: _amount(measure, spec[measure], lang, currency)})
        rows.append((title, f"{text(f'report.define.{measure}', lang)} · {text('report.define.high', lang)}", said))
    return rows


def _map_rules(edges: dict, lang: str) -> list[tuple[str, str, str]]:
    rules = (edges.get("map") or {}).get("segments", {})
    title = text("report.define.map", lang)
    return [(title, named("segment", name, lang), spec["rule"]) for name, spec in rules.items()]


def _scheme_rules(edges: dict, lang: str) -> list[tuple[str, str, str]]:
    return [(text("report.define.scheme", lang, name=scheme), spec["zh"] if lang == "zh" and "zh" in spec else named("segment", label, lang)
             if "map" in one else label, spec["rule"])
            for scheme, one in edges.get("schemes", {}).items() for label, spec in one["labels"].items()]


def _run_definitions(edges: dict, lang: str) -> list[tuple[str, str, str]]:
    window = edges.get("window_days")
    said = {
        "as_of": edges["as_of"],
        "bins": str(edges["bins"]),
        "window": text("report.define.window_all", lang) if window is None
        else text("report.define.window_days", lang, days=integer(window)),
        "returns": text(f"report.define.returns_{edges['returns']}", lang),
        "zero": text(f"report.define.zero_{edges['zero']}", lang),
        "currency": edges["currency"],
    }
    rows = [(text("report.define.run", lang), text(f"report.define.{name}", lang), value) for name, value in said.items()]
    # a threshold that a later version adds must not go unprinted
    other = [(name, edges[name]) for name in edges if name not in _KNOWN]
    title = text("report.h.other", lang)
    return rows + [(title, name, json.dumps(value, ensure_ascii=False)) for name, value in other]


def thresholds(run: Run, lang: str) -> list[tuple[str, str, str]]:
    """Give every threshold of ``edges.json`` in words: (definition, level, threshold), in one language."""
    edges, currency = run.edges, run.currency
    return [
        *_rfm_thresholds(edges, lang, currency),
        *_cn8_thresholds(edges, lang, currency),
        *_share_thresholds(edges, "abc", lang, currency),
        *_share_thresholds(edges, "tier3", lang, currency),
        *_map_rules(edges, lang),
        *_scheme_rules(edges, lang),
        *_run_definitions(edges, lang),
    ]
