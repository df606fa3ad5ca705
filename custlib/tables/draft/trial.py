"""Build the drafted tables once, as the user's own build would, and say what it would reject; what it would refuse is asked."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from custlib.i18n import GateRefused, Problem
from custlib.tables import schema
from custlib.tables.dataset import Dataset, load
from custlib.tables.draft.parts import Asked, Findings, Said
from custlib.tables.readers import Staged

FIRST = 1_000_000  # rows of a source that are tried
KNOWN = ("missing_value", "unreadable_number", "unreadable_date", "unreadable_yes_no", "out_of_range", "not_a_level")  # told by `verify` already


@dataclass(frozen=True)
class Held:
    """The files of each source as they were staged for the draft; of long ones the first rows."""

    files: dict[str, list[Staged]]

    @property
    def hashes(self) -> dict[str, list]:
        return {name: [[one.file, ""] for one in listed] for name, listed in self.files.items()}

    def of(self, dataset: Dataset, name: str, *, say: Callable[[str], None]) -> list[Staged]:
        """Give the files of one source, each with a name of its own."""
        del dataset, say
        listed = self.files[name]
        apart = len({one.file for one in listed}) == len(listed)
        return listed if apart else [replace(one, file=f"{place}/{one.file}") for place, one in enumerate(listed, 1)]

    def staged(self, dataset: Dataset, group: str, *, say: Callable[[str], None]) -> list[tuple[str, Staged]]:
        """Give every file of a group of sources with its source's name."""
        return [(name, one) for name in dataset.groups[group] for one in self.of(dataset, name, say=say)]


def tried(
    text: str, asked: list[Asked], files: dict[str, list[Staged]], found: Findings, work: Path, memory: str, say: Callable[[str], None]
) -> None:
    """Try the draft `text` and add to `found` what the build would reject, the limit that exact repeats need, or a question.

    Open questions are tried with their likeliest answer; where one has none that a build could go on with, nothing is tried.
    """
    if not found.tables:
        return
    answered = answers(text, asked)
    if answered is None:
        return
    short, cut = _cut(files)
    folder = work / "trial"
    folder.mkdir()
    (folder / "dataset.toml").write_text(answered, encoding="utf-8")
    say("draft: trial build")
    try:
        dataset = load(folder / "dataset.toml")
        limit = dataset.max_reject_share
        build = import_module("custlib.tables.build")  # which itself reads what was answered to a draft: never imported at the head
        facts = build._build(replace(dataset, max_reject_share=1.0), Held(short), folder, memory, say, keep=None)
    except (Problem, GateRefused) as problem:
        if not any(one.place.startswith("tables") for one in asked):
            found.asked.append(Asked("max_reject_share", Said("q_refused", {"zh": problem.said("zh"), "en": problem.said("en")})))
            found.limit = "?"
        return
    if cut:
        found.tell("tried_first", rows=FIRST)
    columns = any(one.place.startswith("tables") for one in asked)
    for name, one in facts["sources"].items():
        _judge(name, one, [rule for rule in facts["rules"] if rule["source"] == name], limit, found, open_columns=columns)


def _judge(name: str, counts: dict, rules: list[dict], limit: float, found: Findings, *, open_columns: bool) -> None:
    rows = max(counts["rows_in"], 1)
    share = counts["rejected"] / rows
    for rule in sorted(rules, key=lambda one: -one["rows"]):
        if rule["rule"] not in KNOWN and not rule["rule"].startswith("totals_"):
            where = {"source": name, "table": rule["table"], "column": rule["column"]}
            found.tell("tried", rows=rule["rows"], share=f"{rule['rows'] / rows:.1%}", rule=_rule(rule["rule"]), **where)
    if share <= limit:
        return
    repeats = sum(rule["rows"] for rule in rules if rule["rule"] == "repeated_row")
    if share - repeats / rows <= limit and share < 0.49:
        found.limit = min(0.5, math.ceil(share * 100 + 1) / 100)
        found.tell("limit_repeats", 0.9, source=name, rows=repeats, limit=f"{found.limit:.0%}")
        return
    worst = max(rules, key=lambda one: one["rows"])
    values = {"source": name, "share": f"{share:.1%}", "rule": _rule(worst["rule"]), "table": worst["table"], "column": worst["column"]}
    if open_columns:
        found.tell("tried_open", **values)
    elif not any(one.place == "max_reject_share" for one in found.asked):
        found.asked.append(Asked("max_reject_share", Said("q_rejects", values)))
        found.limit = "?"


def _rule(name: str) -> str:
    from custlib.i18n import keys

    return f"@draft.rule.{name}" if f"draft.rule.{name}" in keys("en") else name


def answers(text: str, asked: list[Asked]) -> str | None:
    """Give the text with every open question answered by its likeliest choice, or left out; None where that cannot be built.

    Examples
    --------
    >>> answers('currency = "?"', [])
    'currency = "XXX"'
    """
    choices = {one.place: one.choices for one in asked}
    section, lines = "", []
    for line in text.split("\n"):
        head = re.fullmatch(r"\[([^\[\]]+)\]", line)
        section = head[1] if head else section
        code = re.match(r'("[^"]*"|[A-Za-z0-9_]+) = (.*?)(  #.*)?$', line)
        if line.startswith("#") or not code or '"?"' not in code[2]:
            lines.append(line)
            continue
        name = code[1]
        place = f"{section}.{name}" if section else name
        if place in ("currency", "timezone"):
            lines.append(f'{name} = "{"XXX" if name == "currency" else "UTC"}"')
        elif place == "rates":
            return None
        elif code[2] == '"?"' and section.startswith("tables."):
            offers = choices.get(place, ())
            column = schema.table(section.split(".")[1]).column(name)
            if offers:
                lines.append(f"{name} = {offers[0][0] if offers[0][0].startswith('{') else json.dumps(offers[0][0], ensure_ascii=False)}")
            elif not column.null or name in ("net_amount", "quantity", "unit_price"):
                return None
        elif section.startswith("tables."):
            inner = next((offers for other, offers in choices.items() if other.startswith(f"{place}.") and offers), None)
            if not inner:
                return None
            lines.append(f"{name} = " + code[2].replace('"?"', json.dumps(inner[0][0])))
        elif section != "sources":
            return None
    return "\n".join(lines)


def _cut(files: dict[str, list[Staged]]) -> tuple[dict[str, list[Staged]], bool]:
    """Leave the first million rows of each source; tell whether any was cut."""
    short, cut = {}, False
    for name, listed in files.items():
        left, kept = FIRST, []
        for one in listed:
            rows = one.found.get("rows") or 0
            if rows > left:
                cut = True
                if left <= 0:
                    continue
                one = replace(one, scan=f"(SELECT * FROM {one.scan} LIMIT {left})", found={**one.found, "rows": left})
            kept.append(one)
            left -= min(rows, left)
        short[name] = kept
    return short, cut
