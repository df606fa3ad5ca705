"""What the quality checks are called, which part of the score each belongs to, and what `[quality]` may change."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from custlib.checks import iso_day, one_of, within
from custlib.i18n import Problem
from custlib.tables.declared import Mapping, known

PARTS = {"completeness": 0.25, "validity": 0.25, "uniqueness": 0.15, "consistency": 0.15, "plausibility": 0.10, "timeliness": 0.10}
SETTINGS = {"min_score", "weights", "rules", "limits", "outlier_fences", "first_plausible_day"}
SEVERITIES = ("off", "info", "warning", "stop")  # a user's words; what the build rejected is an "error" unless they say otherwise
POLICY = "declared_policy"  # rows that a policy of the user's own rejects: a decision, not a defect
FENCES, FIRST_DAY = 6.0, date(1990, 1, 1)


class DatasetLike(Protocol):
    """What the checks need of a `custlib.tables.dataset.Dataset`, which a lower module may then use to check its settings."""

    path: Path
    as_of: date | None
    tables: dict[str, Mapping]
    policies: tuple[dict, ...]
    quality: dict


@dataclass(frozen=True)
class Rule:
    """The part of the score that a rule lowers, its severity and the share of 1 up to which it is let pass, unless declared."""

    part: str
    severity: str = "warning"
    limit: float = 0.0


REJECTS = {
    "missing_value": "completeness", "no_amount": "completeness",
    "unreadable_number": "validity", "unreadable_date": "validity", "unreadable_yes_no": "validity", "out_of_range": "validity",
    "not_a_level": "validity", "wrong_number_of_fields": "validity", "unclosed_quote": "validity", "other_currency": "validity",
    "no_rate": "validity", "broken_json": "validity",
    "other_reject": "validity",
    "one_key_two_rows": "uniqueness", "repeated_row": "uniqueness",
    "two_customers_in_one_order": "consistency", "order_not_there": "consistency",
}
RULES = {
    **{name: Rule(part, "error") for name, part in REJECTS.items()},
    POLICY: Rule("validity", "info", 1.0),
    "anonymous_order": Rule("completeness", limit=0.2),
    "blank_value": Rule("completeness", limit=0.05),
    "blank_identity": Rule("completeness", "info", 1.0),
    "no_identifying_field": Rule("completeness"),
    "event_without_person": Rule("completeness"),
    "placeholder_date": Rule("validity"),
    "spike_date": Rule("validity"),
    "early_date": Rule("validity"),
    "future_date": Rule("validity"),
    "implausible_birth": Rule("validity"),
    "new_year_birth": Rule("validity"),
    "placeholder_value": Rule("validity"),
    "placeholder_id": Rule("validity"),
    "answer_off_scale": Rule("validity"),
    "after_today": Rule("validity"),
    "same_sale_twice": Rule("uniqueness"),
    "repeated_key": Rule("uniqueness"),
    "order_on_two_days": Rule("uniqueness"),
    "near_duplicate_order": Rule("uniqueness", "info"),
    "orphan_key": Rule("consistency"),
    "order_without_lines": Rule("consistency"),
    "never_sold": Rule("consistency", "info", 1.0),
    "order_total_differs": Rule("consistency"),
    "net_differs": Rule("consistency"),
    "line_amount_differs": Rule("consistency"),
    "discount_above_gross": Rule("consistency"),
    "sign_differs": Rule("consistency"),
    "negative_price": Rule("consistency"),
    "return_before_order": Rule("consistency"),
    "end_before_start": Rule("consistency"),
    "birth_year_differs": Rule("consistency"),
    "case_before_order": Rule("consistency"),
    "order_before_registration": Rule("consistency", "info"),
    "outlier": Rule("plausibility", limit=0.01),
    "unusual_day": Rule("plausibility", "info"),
    "top_row": Rule("plausibility", "info", 0.1),
    "round_amounts": Rule("plausibility", "info", 1.0),
    "long_gap": Rule("plausibility", "info"),
    "sudden_change": Rule("plausibility", "info"),
    "partial_month": Rule("plausibility", "info", 1.0),
    "stale": Rule("timeliness"),
}


@dataclass(frozen=True)
class Settings:
    """The `[quality]` of a data set with every default filled in; ``rules`` holds each rule as it is to be judged."""

    min_score: float = 0.0
    weights: dict[str, float] = field(default_factory=lambda: dict(PARTS), hash=False)
    rules: dict[str, Rule] = field(default_factory=lambda: dict(RULES), hash=False)
    outlier_fences: float = FENCES
    first_plausible_day: date = FIRST_DAY

    def on(self, name: str) -> bool:
        """Say whether a rule is looked at."""
        return self.rules[name].severity != "off"


def check_settings(dataset: DatasetLike) -> Settings:
    """Check the `[quality]` of a `dataset.toml` and give it with the defaults filled in.

    Raises
    ------
    Problem
        A key or rule is not known (the nearest is named), or a value is not one that it may take.
    """
    given, path = dataset.quality, dataset.path
    known(given, SETTINGS, path, "quality.")
    within("quality.min_score", given.get("min_score", 0), 0, 100)
    within("quality.outlier_fences", given.get("outlier_fences", FENCES), 1, 100)
    for key, allowed in (("weights", PARTS), ("rules", RULES), ("limits", RULES)):
        known(given.get(key, {}), set(allowed), path, f"quality.{key}.")
    for part, weight in given.get("weights", {}).items():
        within(f"quality.weights.{part}", weight, 0, 1000)
    for rule, severity in given.get("rules", {}).items():
        one_of(f"quality.rules.{rule}", severity, SEVERITIES)
    for rule, limit in given.get("limits", {}).items():
        within(f"quality.limits.{rule}", limit, 0, 1)
    weights = {part: float(weight) for part, weight in {**PARTS, **given.get("weights", {})}.items()}
    if not any(weights.values()):
        raise Problem("bad_parameter", name="quality.weights", want="@want.some_weight", got=repr(given["weights"]))
    # who declares that repeats stay has judged them already
    kept = any("duplicate" in policy and policy["action"] == "keep" for policy in dataset.policies)
    changed = {**({"same_sale_twice": "info"} if kept else {}), **given.get("rules", {})}
    limits = given.get("limits", {})
    return Settings(
        min_score=float(given.get("min_score", 0)), weights=weights, outlier_fences=float(given.get("outlier_fences", FENCES)),
        first_plausible_day=iso_day("quality.first_plausible_day", given.get("first_plausible_day", FIRST_DAY)),
        rules={name: Rule(rule.part, changed.get(name, rule.severity), float(limits.get(name, rule.limit)))
               for name, rule in RULES.items()})


def reject_rule(name: str, policies: Iterable[str]) -> str:
    """Give the rule of this list that a rule of the build is judged as.

    Examples
    --------
    >>> reject_rule("unreadable_date", ()), reject_rule("test_store", ("test_store",)), reject_rule("newer", ())
    ('unreadable_date', 'declared_policy', 'other_reject')
    """
    if name in REJECTS:
        return name
    return POLICY if name in set(policies) else "other_reject"
