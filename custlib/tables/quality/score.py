"""From failing shares to a score of 0 to 100 per part and for the whole."""

from math import floor, prod

from custlib.i18n import number
from custlib.tables.quality.places import Result
from custlib.tables.quality.settings import PARTS, Settings


def judged(results: list[Result], settings: Settings) -> list[dict]:
    """Give every result of a rule that is switched on, with part, severity, limit and whether the limit is broken.

    Returns
    -------
    list of dict, one per rule and place, in the order of parts and rules
        ``rule``, ``part``, ``severity``, ``table``, ``column``, ``checked``, ``failing`` (rows), ``share`` (of 1; None: not
        checked), ``limit``, ``broken``, ``reason`` (why not checked, else empty), ``places`` (that the rule looks at), ``detail``.
    """
    order = {rule: number for number, rule in enumerate(settings.rules)}
    parts = list(PARTS)
    seen = [one for one in results if settings.on(one.rule)]
    looked = {rule: sum(one.share is not None for one in seen if one.rule == rule) for rule in {one.rule for one in seen}}
    rows = []
    for one in seen:
        rule = settings.rules[one.rule]
        rows.append({"rule": one.rule, "part": rule.part, "severity": rule.severity, "table": one.table, "column": one.column,
                     "checked": one.checked, "failing": one.failing, "share": None if one.share is None else round(one.share, 9),
                     "limit": rule.limit, "broken": bool(one.share is not None and one.share > rule.limit), "reason": one.reason,
                     "places": one.places or looked[one.rule], "detail": one.detail})
    return sorted(rows, key=lambda row: (parts.index(row["part"]), order[row["rule"]], row["table"], row["column"]))


def score(rules: list[dict], weights: dict[str, float]) -> tuple[list[dict], float | None]:
    """Score the parts and the whole.

    The failing share of a rule is the mean over the places it looked at; a part scores 100 × the product of (1 − share) over
    its rules, as if a row had to pass them one after the other; the whole is the mean of the parts by weight, over the parts
    that could be checked. So one more failing row never raises a part, and a rule that finds nothing leaves it as it is.
    Rules of severity info do not count.

    Returns
    -------
    (list of dict, float or None)
        Per part ``part``, ``weight`` (share of 1 among the parts that count; 0 for one that could not be checked), ``score``
        (0 to 100; None: could not be checked), ``rules`` (that counted); the whole, None where nothing could be checked.

    Examples
    --------
    >>> rule = {"rule": "stale", "part": "timeliness", "severity": "warning", "share": 0.25, "places": 1}
    >>> parts, whole = score([rule], PARTS)
    >>> parts[-1], whole
    ({'part': 'timeliness', 'weight': 1.0, 'score': 75.0, 'rules': 1}, 75.0)
    """
    counted = [row for row in rules if row["severity"] != "info" and row["share"] is not None]
    found = []
    for part in PARTS:
        shares: dict[str, float] = {}
        for row in counted:
            if row["part"] == part:
                shares[row["rule"]] = shares.get(row["rule"], 0.0) + min(row["share"], 1.0) / row["places"]
        value = 100 * prod(max(1 - share, 0.0) for share in shares.values()) if shares else None
        found.append({"part": part, "weight": weights[part] if shares else 0.0, "score": value, "rules": len(shares)})
    total = sum(one["weight"] for one in found)
    whole = sum(one["weight"] * one["score"] for one in found if one["score"] is not None) / total if total else None
    rounded = [{**one, "weight": round(one["weight"] / total, 9) if total else 0.0,
                "score": None if one["score"] is None else round(one["score"], 6)} for one in found]
    return rounded, None if whole is None else round(whole, 6)


def floored(score: float | None) -> str:
    """Write a score with one decimal, cut instead of rounded: 100.0 stands only where nothing failed.

    Examples
    --------
    >>> floored(99.999), floored(100.0), floored(None)
    ('99.9', '100.0', '–')
    """
    return number(None if score is None else floor(score * 10 + 1e-6) / 10, 1)
