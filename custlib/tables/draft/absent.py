"""Files of one form that lack a column others have: sources of their own, which say what is absent."""

import json
from dataclasses import replace

from custlib.tables import schema
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.look import Group, Part
from custlib.tables.draft.parts import Asked, Findings, Said
from custlib.tables.draft.unit import Unit

MONEY = ("net_amount", "quantity", "unit_price")


def bundles(group: Group, wanted: set[str] = frozenset()) -> list[list[Part]]:
    """Give the parts that one source can name together: files of the same options that lack the same of the `wanted` columns."""
    found: dict[str, list[Part]] = {}
    for part in group.parts:
        lacks = sorted(wanted & set(group.columns) - set(part.staged.columns))
        key = json.dumps([{**part.options, "_": "" if part.path else part.title}, lacks], sort_keys=True, default=str)
        found.setdefault(key, []).append(part)
    return sorted(found.values(), key=lambda parts: len(wanted - set(parts[0].staged.columns)))  # the fullest first: it gives the columns


def named(spec: object) -> list[str]:
    """Name the source columns that a column of dataset.toml is read from."""
    if isinstance(spec, str):
        return [spec] if spec not in ("", "?") else []
    if not isinstance(spec, dict):
        return []
    sign = [spec["sign"]["column"]] if isinstance(spec.get("sign"), dict) else []
    return [*([spec["from"]] if "from" in spec else spec.get("concat", [])), *sign]


def wanted(found: Findings, unit: Unit) -> set[str]:
    """Name the columns of a unit that some table reads."""
    return {name for draft in found.tables.values() if unit in draft.units for pick in of(draft, unit).values() for name in named(pick.spec)}


def of(draft, unit: Unit) -> dict[str, Pick]:
    """Give all columns of a table as one of its units has them."""
    return draft.columns if unit is draft.units[0] else {**draft.columns, **draft.by_unit.get(unit.rows.number, {})}


def lacking(draft, unit: Unit, parts: list[Part], source: str, asked: list[Asked]) -> dict[str, Pick]:
    """Give what the source of `parts` must say otherwise than its unit: "" for what it lacks, "?" for what it cannot lack."""
    there = {name for part in parts for name in part.staged.columns}
    found = {}
    for name, pick in of(draft, unit).items():
        gone = [one for one in named(pick.spec) if one not in there]
        if not gone:
            continue
        if isinstance(pick.spec, dict) and pick.spec.get("from") in there:  # the mark of returns came later
            found[name] = replace(pick, spec={key: value for key, value in pick.spec.items() if key != "sign"})
        elif isinstance(pick.spec, dict) and "concat" in pick.spec and pick.options.get("date") in there:
            found[name] = replace(pick, spec=pick.options["date"])
        else:
            found[name] = Pick("", 1.0)
    has = {name for name, pick in {**of(draft, unit), **found}.items() if pick.spec != ""}
    for column in schema.table(draft.table).columns:
        name = column.name
        if name in found and found[name].spec == "" and not column.null:
            found[name] = Pick("?", 0.3)
            asked.append(Asked(f"tables.{draft.table}.by_source.{source}.{name}", Said("q_column_missing", {"table": draft.table, "column": name})))
    priced = "net_amount" in has or {"quantity", "unit_price"} <= has
    sold = draft.table == "order_lines" or (draft.table == "orders" and "net_amount" in of(draft, unit))
    if sold and not priced and set(MONEY) & set(found):
        found["net_amount"] = Pick("?", 0.3)
        asked.append(Asked(f"tables.{draft.table}.by_source.{source}.net_amount", Said("q_amount", {})))
    return found
