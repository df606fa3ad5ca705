"""Look at unknown files and draft their `dataset.toml`: the steps in order, and the result that can be written."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables.draft import look, parts, place, sides, spans, totals, write
from custlib.tables.draft.account import settled
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.compose import compose
from custlib.tables.draft.guess import guess
from custlib.tables.draft.parts import Asked, Findings, Said
from custlib.tables.draft.stages import bought, filled_down, unit_of
from custlib.tables.draft.trial import tried
from custlib.tables.draft.unit import Unit
from custlib.tables.draft.verify import complete, verify
from custlib.tables.store import quiet

TIMES = {
    "orders": "order_ts",
    "events": "ts",
    "survey_responses": "answered_at",
    "responses": "ts",
    "service_cases": "opened_at",
    "customers": "registered_at",
    "reviews": "ts",
    "points": "ts",
    "identities": "valid_from",
    "inventory": "date",
    "campaigns": "end",
}


@dataclass(frozen=True)
class Question:
    """What only a person can decide: a key of the draft, the question in both languages, and what could stand there with how sure it is."""

    key: str
    zh: str
    en: str
    choices: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Note:
    """What was understood, in both languages, and how sure (0 to 1; None where it is plain information)."""

    zh: str
    en: str
    sure: float | None = None


@dataclass(frozen=True)
class Draft:
    """A drafted `dataset.toml`: its text, what is asked and what was understood."""

    text: str
    questions: tuple[Question, ...]
    notes: tuple[Note, ...]

    @property
    def certain(self) -> bool:
        """Nothing is left to ask."""
        return not self.questions


def draft(
    files: list[str | Path],
    *,
    name: str,
    folder: Path,
    currency: str | None = None,
    timezone: str | None = None,
    as_of: str | None = None,
    memory: str = "1GB",
    say: Callable[[str], None] = quiet,
) -> Draft:
    """Draft a `dataset.toml` for files nobody has described.

    Parameters
    ----------
    files : list of str or Path
        Files, folders, or addresses of databases such as ``sqlite:///crm.db``.
    name : str
        Name of the data set.
    folder : Path
        Where the `dataset.toml` will lie: files below it are written relative to it, others with their whole path.
    currency, timezone, as_of : str, optional
        What the user said already; the rest is found out or asked.
    memory : str
        DuckDB's limit.

    Returns
    -------
    Draft
        Whatever cannot be read or recognised is told in it, never raised.

    Raises
    ------
    Problem
        No file was given.
    """
    if not files:
        raise Problem("draft_nothing")
    folder = Path(folder)
    with tempfile.TemporaryDirectory(prefix="custlib-draft-") as work:
        groups, unread = look.look(list(files), Path(work), folder, memory=memory, say=say)
        with connect(memory=memory, spill=Path(work) / "spill", ordered=False) as db:
            units = []
            for group in groups:
                say(f"profile: {group.title}")
                units.append(unit_of(db, len(units), group))
            groups = filled_down(db, units, groups, Path(work), folder, memory)
            sides.split(db, units, groups, Path(work), folder, memory)
            bought(db, units, groups, Path(work), folder, memory)
            say("draft: relations")
            named = [unit for unit, group in zip(units, groups, strict=True) if not group.parts[0].headless]
            found = compose(named)
            guess(named, found)
            for one in found.tables["orders"].units if "orders" in found.tables else ():
                totals.left_out(one, found)
            sides.asked(found)
            totals.compared(found)
            complete(found)
            home = place.settle(units, found, currency=currency, timezone=timezone)
            verify(found, home.timezone)
            day = as_of or _as_of(found, home.timezone)
            rates = _rates(units, found, home)
            for one in unread:
                found.said.insert(0, Said("unread", {"file": one.title, "zh": one.problem.said("zh"), "en": one.problem.said("en")}))
            _about_groups(groups, found)
            settled(units, unread, found, rates)
            if not found.tables:
                found.ask("tables", "q_tables")
            more = {"name": name, "folder": folder, "as_of": day, "rates": rates}
            content, asked = write.written(found, units, groups, home, **more)
            split, sources = write.layout(found, units, groups)
            files = {
                source: [one.staged for one in members]
                for number, listed in sources.items()
                for source, members in zip(listed, split[number], strict=True)
            }
            tried(content, asked, files, found, Path(work), memory, say)
            if found.limit is not None:
                content, asked = write.written(found, units, groups, home, **more)
    notes = tuple(Note(*(write.said(one, lang) for lang in ("zh", "en")), one.sure) for one in found.said)
    return Draft(content, tuple(_question(one) for one in asked), notes)


def write_draft(made: Draft, folder: Path, *, force: bool = False) -> Path:
    """Write the draft as ``dataset.toml`` into `folder`, all of it or nothing.

    Raises
    ------
    Problem
        There is one already and `force` is not given.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "dataset.toml"
    if target.exists() and not force:
        raise Problem("draft_exists", file=target)
    handle, part = tempfile.mkstemp(prefix=".dataset-", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(made.text)
        Path(part).chmod(0o644)
        os.replace(part, target)
    finally:
        Path(part).unlink(missing_ok=True)
    return target


def _as_of(found: Findings, zone: str) -> str:
    """Give the day after the last day of the sales, or of what other days there are."""
    for table, column in TIMES.items():
        item = found.tables.get(table)
        if not item:
            continue
        ranges = [
            span
            for unit in item.units
            for pick in [{**item.columns, **item.by_unit.get(unit.rows.number, {})}.get(column, Pick("?", 0))]
            if pick.spec not in ("", "?") and (span := spans.span(unit, pick, zone))
        ]
        if ranges:
            first, last = min(one[0] for one in ranges), max(one[1] for one in ranges)
            day = (last + timedelta(days=1)).isoformat()
            found.tell("as_of", 0.95, table=table, first=first, last=last, as_of=day)
            return day
    return ""


def _rates(units: list[Unit], found: Findings, home: place.Place) -> dict | str | None:
    """Give the exchange rates where several currencies are there: a file of rates, or a question."""
    if not home.several:
        return None
    unit = next((one for one in units if one.kind == "rates"), None)
    if unit:
        day, sort = unit.column("ts", "order_ts", "from_ts"), unit.column("currency")
        found.tell("rates_file", 0.9, file=unit.title)
        return {"unit": unit.rows.number, "date": day, "currency": sort, "rate": unit.column("exchange_rate"), "max_age_days": _age(unit, day)}
    found.asked.append(Asked("rates", Said("q_rates", {"currencies": ", ".join(home.several)})))
    return "?"


def _age(unit: Unit, day: str) -> int:
    """Give how many days old a rate may be: the longest time between two days of the file, a week at least."""
    days = [one for one, _ in spans.days(unit, Pick(parts.spec_of(unit.rows.columns[day], "orders", "order_ts"), 1.0))]
    return min(366, max([7, *((later - one).days for one, later in pairwise(days))]))


def _about_groups(groups: list[look.Group], found: Findings) -> None:
    for group in groups:
        part = group.parts[0]
        if len(group.parts) > 1:
            found.tell("several_files", 0.95, title=group.title, count=len(group.parts))
            if group.uneven:
                found.tell("columns_vary", 0.9, title=group.title, columns=", ".join(group.uneven))
        if "header" in part.options:
            found.tell("header_row", 0.9, file=group.title, row=part.options["header"])
        if part.guessed:
            found.tell("encoding_guessed", 0.75, file=group.title, encoding=part.guessed)
        if part.headless:
            found.ask("sources", "q_header", file=group.title)
        if "fill_down" in part.options:
            found.tell("fill_down", 0.9, file=group.title, columns=", ".join(part.options["fill_down"]))


def _question(one: Asked) -> Question:
    return Question(one.place, *(write.said(one.said, lang) for lang in ("zh", "en")), one.choices)
