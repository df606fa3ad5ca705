"""Write what was found as the text of a `dataset.toml`, every line with how sure it is and why, in Chinese and English."""

import os
import re
from dataclasses import replace
from pathlib import Path

from custlib.i18n import keys, text
from custlib.tables import schema
from custlib.tables.dataset import project_root
from custlib.tables.draft.absent import bundles, lacking, wanted
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.look import Group, Part
from custlib.tables.draft.needs import needs
from custlib.tables.draft.others import slug
from custlib.tables.draft.parts import Asked, Findings, Said
from custlib.tables.draft.place import Place
from custlib.tables.draft.tomltext import one_line, quote, some, toml
from custlib.tables.draft.unit import Unit
from custlib.tables.typing import MISSING

BETWEEN = " · "


def said(one: Said, lang: str) -> str:
    """Give a sentence of the catalogues in one language; a value such as ``@draft.kind.phone`` is itself looked up."""
    values = {name: _value(value, one.values, lang) for name, value in one.values.items()}
    if one.key in ("unread", "q_refused"):
        values["why"] = one.values[lang]
    return text(f"draft.{one.key}", lang, **values)


def written(
    found: Findings, units: list[Unit], groups: list[Group], home: Place, *, name: str, folder: Path, as_of: str, rates: dict | str | None
) -> tuple[str, list[Asked]]:
    """Give the text and the open questions, whose places name the sources as the text does."""
    split, sources = layout(found, units, groups)
    asked = [replace(one, place=re.sub(r"\{(\d+)\}", lambda hit: (sources.get(int(hit[1])) or ["?"])[0], one.place)) for one in found.asked]
    apart: dict[tuple[str, str], dict[str, Pick]] = {}
    for draft in found.tables.values():
        for unit in draft.units:
            for source, parts in zip(sources[unit.rows.number], split[unit.rows.number], strict=True):
                if less := lacking(draft, unit, parts, source, asked):
                    apart[draft.table, source] = less
    reasons = {one.place: one for one in asked}
    used = {number for draft in found.tables.values() for number in (unit.rows.number for unit in draft.units)}
    if isinstance(rates, dict):
        used.add(rates["unit"])
    lines = [_comment("head"), "schema = 1", f"name = {quote(name)}", ""]
    lines += [
        f"currency = {quote(home.currency)}{_why('currency', found, reasons)}",
        f"timezone = {quote(home.timezone)}{_why('timezone', found, reasons)}",
    ]
    if home.country:
        lines.append(f"home_country = {quote(home.country)}")
    if as_of:
        lines.append(f"as_of = {quote(as_of)}{_why('as_of', found, reasons)}")
    if "orders" in found.tables:
        lines.append(f'returns = "net"  {_comment("returns_policy")}')
    if found.limit is not None:
        lines.append(f"max_reject_share = {toml(found.limit)}{_why('max_reject_share', found, reasons)}")
    if rates == "?":
        lines.append(f'rates = "?"{_why("rates", found, reasons)}')
    if "sources" in reasons and used:
        lines.append(f"# {_both(reasons['sources'].said)}")
    if not found.tables:
        lines.append(f'tables = "?"{_why("tables", found, reasons)}')
    for number, unit in enumerate(units):
        for source, parts in zip(sources.get(number, []), split[number], strict=True):
            if number in used:
                lines += ["", *_source(source, parts, found.options.get(number, {}), unit, folder)]
    aside = [one for one in asked if re.fullmatch(r"sources\.[^.]+", one.place) and used]
    if aside:
        lines += ["", "[sources]"]
        for one in aside:
            offers = "; ".join(f"{one_line(choice)} ({sure:.2f})" for choice, sure in one.choices)
            lines.append(f'{quote(one.place.removeprefix("sources."))} = "?"  # {_both(one.said)}{": " + offers if offers else ""}')
    if not used:
        seen = [_comment("file_seen", file=one_line(group.title), columns=some(group.columns)) for group in groups if not group.parts[0].headless]
        lines += ["", *seen, f'sources = "?"{_why("sources", found, reasons)}' if "sources" in reasons else "[sources]"]
    for table in schema.tables():
        if table in found.tables:
            lines += ["", *_table(found.tables[table], sources, reasons, apart)]
    for policy in found.policies:
        lines += ["", *_policy(policy)]
    if isinstance(rates, dict):
        lines += [
            "",
            "[rates]",
            f"source = {quote(sources[rates['unit']][0])}",
            *(f"{key} = {toml(rates[key])}" for key in ("date", "currency", "rate", "max_age_days")),
        ]
    for number, unit in enumerate(units):
        if number in used:
            lines += _unmapped(unit, found)
    lines += ["", *("# " + line for line in needs(found))]
    return "\n".join(lines) + "\n", asked


def layout(found: Findings, units: list[Unit], groups: list[Group]) -> tuple[dict[int, list[list[Part]]], dict[int, list[str]]]:
    """Give, by the number of each unit, the parts of each of its sources and their names."""
    split = {number: bundles(groups[number], wanted(found, unit)) for number, unit in enumerate(units)}
    return split, _source_names(found, units, split)


def _source_names(found: Findings, units: list[Unit], split: dict[int, list[list[Part]]]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    taken: set[str] = set()
    for number, unit in enumerate(units):
        tables = [table for table, draft in found.tables.items() if unit in draft.units]
        base = (
            slug(unit.title)
            or (unit.kind if unit.kind in ("returns", "payments", "rates") else "")
            or next(iter(tables), "")
            or (unit.kind if re.fullmatch(r"[a-z][a-z0-9_]*", unit.kind or "") else "")
            or "file"
        )
        found_names = []
        for _ in split[number]:
            one, count = base, 1
            while one in taken:
                count += 1
                one = f"{base}_{count}"
            taken.add(one)
            found_names.append(one)
        names[number] = found_names
    return names


def _source(name: str, parts: list[Part], extra: dict, unit: Unit, folder: Path) -> list[str]:
    options = dict(parts[0].options)
    lines = [f"[sources.{name}]"]
    if "database" in options:
        lines.append(f"database = {quote(options.pop('database'))}")
    else:
        paths = [_path(part.path, folder) for part in parts]
        lines.append(f"path = {quote(paths[0]) if len(paths) == 1 else toml(paths)}")
    if parts[0].guessed:
        lines.append(f"encoding = {quote(options.pop('encoding'))}  {_comment('encoding_line')}")
    if "missing" in extra:
        extra = {**extra, "missing": [*MISSING[1:], *extra["missing"]]}
    lines += [f"{key} = {toml(value)}" for key, value in {**options, **extra}.items()]
    there = {column for part in parts for column in part.staged.columns}
    lines.append(f"known = {toml([column for column in unit.rows.columns if column in there])}")
    return lines


def _path(path: Path, folder: Path) -> str:
    folder, root = folder.resolve(), project_root().resolve()
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    if path.is_relative_to(root) and folder.is_relative_to(root):
        return Path(os.path.relpath(path, folder)).as_posix()
    return path.as_posix()


def _table(draft, sources: dict[int, list[str]], reasons: dict[str, Asked], apart: dict[tuple[str, str], dict[str, Pick]]) -> list[str]:
    listed = [name for unit in draft.units for name in sources[unit.rows.number]]
    lines = [
        _comment("grain", zh_grain=schema.table(draft.table).grain_zh, en_grain=schema.table(draft.table).grain_en),
        f"[tables.{draft.table}]",
        f"source = {quote(listed[0]) if len(listed) == 1 else toml(listed)}",
    ]
    if draft.collapse:
        lines.append(f"collapse = true  {_comment('collapse')}")
    lines += ["", f"[tables.{draft.table}.columns]", *_columns(draft.table, draft.columns, f"tables.{draft.table}.columns.", reasons)]
    for unit in draft.units:
        own = draft.by_unit.get(unit.rows.number, {}) if unit is not draft.units[0] else {}
        for source in sources[unit.rows.number]:
            other = {**own, **apart.get((draft.table, source), {})}
            if other:
                where = f"tables.{draft.table}.by_source.{source}"
                lines += ["", f"[{where}]", *_columns(draft.table, other, f"{where}.", reasons)]
    return lines


def _columns(table: str, columns: dict[str, Pick], where: str, reasons: dict[str, Asked]) -> list[str]:
    order = [column.name for column in schema.table(table).columns]
    lines = []
    for name in sorted(columns, key=order.index):
        pick, asked = columns[name], reasons.get(f"{where}{name}")
        inside = [one for place, one in reasons.items() if place.startswith(f"{where}{name}.")]
        if inside:
            offers = "; ".join(f"{one_line(choice)} ({sure:.2f})" for choice, sure in inside[0].choices)
            lines.append(f"{name} = {toml(pick.spec)}  # {_both(inside[0].said)}: {offers}")
        elif pick.spec == "?" or asked:
            why = _both(asked.said) if asked else _comment("unknown")[2:]
            offers = "; ".join(f"{one_line(choice)} ({sure:.2f})" for choice, sure in (asked.choices if asked else ()))
            lines.append(f'{name} = "?"  # {why}{": " + offers if offers else ""}')
        elif pick.spec == "":
            lines.append(f'{name} = ""  {_comment("absent")}')
        else:
            lines.append(f"{name} = {toml(pick.spec)}  # {pick.sure:.2f} {_because(pick)}".rstrip())
    return lines


def _because(pick: Pick) -> str:
    halves = []
    for lang, mark in (("zh", "；"), ("en", "; ")):
        halves.append(mark.join(said(Said(f"why_{key}", dict(values)), lang) for key, values in pick.why))
    return one_line(BETWEEN.join(half for half in dict.fromkeys(halves) if half))


def _policy(policy: dict) -> list[str]:
    zh, en = (text(f"draft.{policy['text']}", lang) for lang in ("zh", "en"))
    plain = {key: value for key, value in policy.items() if key != "text"}
    return ["[[policies]]", *(f"{key} = {toml(value)}" for key, value in plain.items()), f"zh = {quote(zh)}", f"en = {quote(en)}"]


def _unmapped(unit: Unit, found: Findings) -> list[str]:
    """List the columns that nothing is taken from, with what they look like and no value of theirs."""
    used: set[str] = set()
    for draft in found.tables.values():
        if unit in draft.units:
            picks = (
                list(draft.columns.values())
                if unit is draft.units[0]
                else [*draft.columns.values(), *draft.by_unit.get(unit.rows.number, {}).values()]
            )
            for pick in picks:
                used |= {pick.column, *(pick.spec.get("concat", []) if isinstance(pick.spec, dict) else [])}
                if isinstance(pick.spec, dict) and isinstance(pick.spec.get("sign"), dict):
                    used.add(pick.spec["sign"]["column"])
    rest = [profile for name, profile in unit.rows.columns.items() if name not in used]
    if not rest:
        return []
    lines = ["", _comment("unmapped_head", file=one_line(unit.title))]
    for profile in rest:
        share = f"{profile.filled / profile.rows:.0%}" if profile.rows else "0%"
        halves = [
            text(
                "draft.unmapped",
                lang,
                column=one_line(profile.name),
                shape=text(f"draft.shape_{profile.shape}", lang),
                filled=share,
                distinct=profile.distinct,
            )
            for lang in ("zh", "en")
        ]
        lines.append(f"#   {BETWEEN.join(halves)}")
    return lines


def _why(key: str, found: Findings, reasons: dict[str, Asked]) -> str:
    """Give the comment behind a line of the head: the question, or the finding that settled it."""
    if key in reasons:
        one = reasons[key]
        offers = "; ".join(f"{one_line(choice)} ({sure:.2f})" for choice, sure in one.choices)
        return f"  # {_both(one.said)}{': ' + offers if offers else ''}"
    about = {
        "currency": ("currency", "no_money", "currency_given"),
        "timezone": ("zone", "zone_free", "zone_days"),
        "as_of": ("as_of",),
        "max_reject_share": ("limit_repeats",),
    }.get(key, ())
    one = next((each for each in found.said if each.key in about), None)
    return f"  # {one.sure:.2f} {_both(one)}" if one and one.sure is not None else ""


def _both(one: Said) -> str:
    return one_line(BETWEEN.join(dict.fromkeys(said(one, lang) for lang in ("zh", "en"))))


def _comment(key: str, **values: object) -> str:
    halves = [
        text(f"draft.{key}", lang, **{name.removeprefix(f"{lang}_"): value for name, value in values.items()})
        if values
        else text(f"draft.{key}", lang)
        for lang in ("zh", "en")
    ]
    return "# " + one_line(BETWEEN.join(halves))


def _value(value: object, values: dict, lang: str) -> object:
    if isinstance(value, str) and value.startswith("@") and value[1:] in keys(lang):
        return text(value[1:], lang, **{name: one for name, one in values.items() if one is not value})
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
