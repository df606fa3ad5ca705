"""Read every mapped column the way the build will, on all rows, and take out what would not be read."""

import re
from dataclasses import replace
from types import SimpleNamespace

from custlib.tables import schema
from custlib.tables.declared import Source
from custlib.tables.draft import dates, forms
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.parts import Findings, spec_of
from custlib.tables.draft.tomltext import toml
from custlib.tables.draft.unit import Unit
from custlib.tables.readers import Staged
from custlib.tables.typing import Typed, typed

ODD = 3_000  # texts that are looked at where some were not read
SPARED = 0.01  # share of rows that a column which can be spared may have rejected


def complete(found: Findings) -> None:
    """Write into every pick how its values are written, and the options of each source that all its columns share."""
    for draft in found.tables.values():
        for unit, columns in _sides(draft):
            for name, pick in columns.items():
                if not pick.column:
                    continue
                profile = unit.rows.columns[pick.column]
                base = spec_of(profile, draft.table, name)
                if isinstance(base, dict) and pick.spec != "?":
                    extra = pick.spec if isinstance(pick.spec, dict) else {}
                    columns[name] = replace(pick, spec={**base, **extra})
                _settle(unit, draft, name, columns, found)
    spelled(found)
    for draft in found.tables.values():
        for unit, columns in _sides(draft):
            used = [unit.rows.columns[name] for pick in columns.values() for name in _named(pick.spec) if name in unit.rows.columns]
            plain = set() if draft.table == "products" else {profile.name for profile in used}  # "?" is no reason to blank a description
            if any(profile.wide for profile in used):
                found.option(unit, fullwidth=True)
            marks = sorted({mark for profile in used if profile.name in plain for mark in profile.blanks})
            if marks:
                found.option(unit, missing=sorted({*found.options.get(unit.rows.number, {}).get("missing", []), *marks}))


def spelled(found: Findings) -> None:
    """Write a question's choices as they must be answered: a column whose values need a form said is offered with that form."""
    for place, one in enumerate(found.asked):
        hit = re.fullmatch(r"tables\.([a-z_]+)\.columns\.([a-z_]+)", one.place)
        draft = found.tables.get(hit[1]) if hit else None
        if not draft or found.options.get(draft.units[0].rows.number, {}).keys() & {"date_format", "decimal", "thousands", "negative"}:
            continue
        columns = draft.units[0].rows.columns
        specs = [spec_of(columns[choice], hit[1], hit[2]) if choice in columns else choice for choice, _ in one.choices]
        choices = [(toml(spec) if isinstance(spec, dict) else spec, sure) for spec, (_, sure) in zip(specs, one.choices, strict=True)]
        found.asked[place] = replace(one, choices=tuple(choices))


def _settle(unit: Unit, draft, name: str, columns: dict, found: Findings) -> None:
    """Settle, or ask, what values alone leave open: which is the day in 01/02/2024, what the comma in 1,234 means."""
    pick = columns[name]
    profile, kind = unit.rows.columns[pick.column], schema.table(draft.table).column(name).type
    where = f"tables.{draft.table}." + ("columns" if unit is draft.units[0] else f"by_source.{{{unit.rows.number}}}")
    if kind in ("date", "ts") and profile.date and profile.date.other and isinstance(pick.spec, dict):
        forms = day_first(unit, profile)
        if forms:
            columns[name] = replace(pick, spec={**pick.spec, "date_format": forms[0] if len(forms) == 1 else list(forms)})
        else:
            columns[name] = replace(pick, spec={**pick.spec, "date_format": "?"})
            found.ask(f"{where}.{name}.date_format", "q_date", ((profile.date.forms[-1], 0.5), (profile.date.other[-1], 0.5)), column=profile.name)
    if profile.number and profile.number.unsure and isinstance(pick.spec, dict) and "thousands" in pick.spec:
        columns[name] = replace(pick, spec={**pick.spec, "thousands": "?"})
        found.ask(f"{where}.{name}.thousands", "q_number", ((",", 0.6), ("", 0.4)), column=profile.name)


def day_first(unit: Unit, profile) -> tuple[str, ...]:
    """Give the forms of an ambiguous date that other columns, the order of the rows or a constant day of the month speak for; () for none."""
    form = profile.date
    for other in unit.rows.columns.values():
        if other is not profile and other.date and not other.date.other and other.date.forms:
            for mine in (form.forms, form.other):
                if mine and mine[-1][:8] == other.date.forms[0][:8]:
                    return mine
    parts = [re.match(r"(\d{1,2})\D(\d{1,2})\D", value) for value, _ in profile.values]
    first, second = {hit[1].zfill(2) for hit in parts if hit}, {hit[2].zfill(2) for hit in parts if hit}
    if len(first) == 1 < len(second):  # always the first of the month
        return form.forms
    if len(second) == 1 < len(first):
        return form.other
    rising = [_rising(unit, profile, one[-1]) for one in (form.forms, form.other)]
    if max(rising) > 0.999 and min(rising) < 0.96:
        return form.forms if rising[0] > rising[1] else form.other
    return ()


def _rising(unit: Unit, profile, form: str) -> float:
    """Give the share of rows whose date is not before that of the row above."""
    got = unit.rows.ask(
        f"SELECT avg((d >= p)::INT), count(DISTINCT d) FROM (SELECT d, lag(d) OVER (PARTITION BY part ORDER BY line) AS p FROM "
        f"(SELECT try_strptime({profile.sql}, '{form}') AS d, part, line FROM sample_{unit.rows.number}) WHERE d IS NOT NULL) WHERE p IS NOT NULL"
    )[0]
    return float(got[0] or 0) if got[1] >= 10 else 0.95


def verify(found: Findings, zone: str) -> None:
    """Drop a column that can be spared where more than one row in a hundred would be rejected for it; tell what else is rejected."""
    told: list[tuple] = []
    for draft in found.tables.values():
        table = schema.table(draft.table)
        for unit, columns in _sides(draft):
            rules = {
                name: failing
                for name, pick in columns.items()
                if pick.spec not in ("", "?") and not _open(pick.spec)
                for failing in [_failing(unit, table.column(name), pick.spec, found, zone)]
            }
            for name, (count, rule) in rules.items():
                column = table.column(name)
                if count and (better := reshaped(unit, table.column(name), columns[name], found, zone, count)):
                    columns[name], count = better
                    found.tell("reshaped", 0.9, column=columns[name].column, table=draft.table, to=name)
                spare = column.null and not (draft.table in ("orders", "order_lines") and name in ("net_amount", "quantity", "unit_price"))
                if count > SPARED * unit.rows.rows and spare:
                    found.tell("dropped", column=columns[name].column or name, table=draft.table, to=name, rows=count, rule=f"@draft.rule.{rule}")
                    del columns[name]
                elif (
                    count
                    and not (draft.collapse and rule == "missing_value" and draft.table != "orders")
                    and (unit.rows.number, columns[name].spec) not in told
                ):
                    told.append((unit.rows.number, columns[name].spec))
                    found.tell(
                        "rejects",
                        column=columns[name].column or name,
                        rows=count,
                        rule=f"@draft.rule.{rule}",
                        file=unit.title,
                        share=f"{count / unit.rows.rows:.1%}",
                    )


def reshaped(unit: Unit, column: schema.Column, pick: Pick, found: Findings, zone: str, failing: int) -> tuple[Pick, int] | None:
    """Give the pick with the form that also reads what was not read, and how many rows still fail; None where no form does better."""
    spec = {"from": pick.spec} if isinstance(pick.spec, str) else dict(pick.spec)
    profile = unit.rows.columns.get(pick.column)
    if not profile or profile.native != "VARCHAR" or "values" in spec:
        return None
    odd = [(value, count) for value, count in _unread(unit, column, spec, found, zone) if value]
    if not odd:
        return None
    if column.type in ("int", "dec2", "dec4", "float"):
        form = forms.numbers([*profile.values, *odd]) if profile.number else None
        options = form.options if form and not form.unsure else None
    elif column.type in ("date", "ts") and profile.date and not profile.date.other:
        form = dates.dates([*profile.values, *odd], named=True)
        options = form.options if form and not form.other else None
    else:
        return None
    if not options:
        return None
    kept = {key: value for key, value in spec.items() if key not in ("decimal", "thousands", "negative", "strip", "date_format")}
    better = replace(pick, spec={**kept, **options})
    left, _ = _failing(unit, column, better.spec, found, zone)
    return (better, left) if left < failing and left <= 0.2 * failing else None


def _unread(unit: Unit, column: schema.Column, spec: dict, found: Findings, zone: str) -> list[tuple[str, int]]:
    """Give some of the texts that the column's rules refuse, with how often they come."""
    one = _typed(unit, column, spec, found, zone)
    rules = [rule for rule in one.rules if rule.name.startswith("unreadable")]
    if not rules:
        return []
    came = f"SELECT {one.came} AS c{f', {one.mark} AS c_mark' if one.mark else ''} FROM {unit.rows.table}"
    return unit.rows.ask(
        f"SELECT CAST(c AS VARCHAR), count(*) FROM (SELECT *, {one.value} AS v_c FROM ({came})) WHERE {rules[0].test} "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {ODD}"
    )


def _sides(draft) -> list[tuple[Unit, dict]]:
    """Give each unit of a table with the columns that are its own to change."""
    first = [(draft.units[0], draft.columns)]
    return first + [(unit, draft.by_unit.get(unit.rows.number, {})) for unit in draft.units[1:]]


def _open(spec: object) -> bool:
    return isinstance(spec, dict) and "?" in spec.values()


def _named(spec: object) -> list[str]:
    if isinstance(spec, str):
        return [spec]
    return [spec["from"]] if "from" in spec else list(spec.get("concat", [])) if isinstance(spec, dict) else []


def _failing(unit: Unit, column: schema.Column, spec: object, found: Findings, zone: str) -> tuple[int, str]:
    """Count the rows that break a rule of the column, and name the rule that most of them break."""
    one = _typed(unit, column, {"from": spec} if isinstance(spec, str) else spec, found, zone)
    if not one.rules:
        return 0, ""
    came = f"SELECT {one.came} AS c{f', {one.mark} AS c_mark' if one.mark else ''} FROM {unit.rows.table}"
    tests = ", ".join(f"count(*) FILTER (WHERE {rule.test})" for rule in one.rules)
    counts = unit.rows.ask(f"SELECT {tests} FROM (SELECT *, {one.value} AS v_c FROM ({came}))")[0]
    most = max(range(len(counts)), key=lambda place: counts[place])
    return sum(counts), one.rules[most].name


def _typed(unit: Unit, column: schema.Column, spec: dict, found: Findings, zone: str) -> Typed:
    columns = {name: profile.sql for name, profile in unit.rows.columns.items()}
    source = Source("part", {"fullwidth": True} if found.options.get(unit.rows.number, {}).get("fullwidth") else {})
    staged = Staged("", "", columns, dict.fromkeys(columns, "VARCHAR"), "line", "")
    return typed(column, spec, staged, source, SimpleNamespace(timezone=zone if zone != "?" else "UTC"), alias="c")
