"""Draft every table that is no sale: customers, products, events, surveys … and the customers and products that a sales file holds."""

import re
from dataclasses import replace

from custlib.tables import schema
from custlib.tables.draft import levels, names
from custlib.tables.draft.assign import SURE, Pick
from custlib.tables.draft.fit import country
from custlib.tables.draft.kinds import TELLING, picks_of
from custlib.tables.draft.parts import Findings, TableDraft
from custlib.tables.draft.unit import Unit

CLOSED = {
    ("customers", "gender"): "gender",
    ("customers", "customer_kind"): "customer_kind",
    ("identities", "channel"): "identity_channel",
    ("orders", "invoice_type"): "invoice_type",
    ("responses", "type"): "response_type",
    ("service_cases", "type"): "case_type",
    ("contacts", "role"): "contact_role",
    ("consents", "basis"): "basis",
}
ASKED = ("campaigns", "assignments", "responses", "consents")  # what is missing there, only a person knows
FROM_SALES = ("display_name", "phone", "e_mail", "gender", "birth_date", "birth_year", "company_name", "tax_id", "registered_at")
READ_AS_BOOL = ("true", "1", "yes", "y", "t", "是", "false", "0", "no", "n", "f", "否")


def draft_table(unit: Unit, table: str, found: Findings) -> bool:
    """Add one table that is no sale; False where the file lacks what it cannot do without (and it is told)."""
    picks = picks_of(unit, table)
    if table == "products":
        picks |= layered(unit, picks)
    told = names.says(unit.title, table) if table in names.raw()["files"] else 0.0
    columns: dict[str, Pick] = {}
    for column in schema.table(table).columns:
        pick = picks.get(column.name)
        enough = SURE if column.null else (0.6 if told or column.name in TELLING.get(table, ()) else 0.7)
        if pick and pick.sure >= enough and (pick.clear or not column.null):
            columns[column.name] = pick
    _defaults(unit, table, columns)
    for name in list(columns):
        pick = levelled(unit, table, name, columns[name], found)
        if pick:
            columns[name] = pick
        else:
            del columns[name]
    lacking = [column.name for column in schema.table(table).columns if not (column.null or column.written or column.name in columns)]
    if lacking and not (table in ASKED and len(lacking) <= 3):
        found.tell("table_lacks", file=unit.title, table=table, columns=", ".join(lacking))
        return False
    for name in lacking:
        columns[name] = Pick("?", 0.3)
        found.ask(f"tables.{table}.columns.{name}", "q_column_missing", table=table, column=name)
    found.tables[table] = TableDraft(table, [unit], columns, collapse=_collapses(unit, table, columns, found))
    found.tell("table_is", unit.sure, file=unit.title, table=table, rows=unit.rows.rows)
    return True


def layered(unit: Unit, picks: dict[str, Pick]) -> dict[str, Pick]:
    """Put several columns of categories into levels: the fewer different values, the higher."""
    offers = {one.column: one for concept in ("category_l1", "category_l2", "category_l3") for one in unit.found.get(concept, []) if one.sure >= 0.55}
    if len(offers) < 2:
        return {}
    counts = sorted((unit.rows.key(name)[1], name) for name in offers)[:3]
    return {
        f"category_l{place}": Pick(name, max(0.82, offers[name].sure), offers[name].why).because("layer", count=count)
        for place, (count, name) in enumerate(counts, 1)
        if name not in {pick.column for key, pick in picks.items() if not key.startswith("category")}
    }


def _collapses(unit: Unit, table: str, columns: dict[str, Pick], found: Findings) -> bool:
    """A key that comes with different contents is gathered into one row; prove the key on all rows."""
    keys = schema.table(table).key
    own = [columns[key].column for key in keys if key in columns and columns[key].column]
    if len(own) != len([key for key in keys if key in columns]) or not own:
        return False
    filled, distinct = unit.rows.key(*own)
    if filled == distinct:
        found.tell("key_unique", 0.99, file=unit.title, key=", ".join(own), rows=filled)
        return False
    repeats = unit.rows.repeats()
    found.tell("key_repeats", 0.9, file=unit.title, key=", ".join(own), rows=filled, distinct=distinct, repeats=repeats)
    return len(keys) == 1 and table in ("customers", "products", "stores") and filled - distinct > repeats


def levelled(unit: Unit, table: str, name: str, pick: Pick, found: Findings) -> Pick | None:
    """Translate the values of a closed list; None where some are unknown and the column can be spared."""
    column, group = schema.table(table).column(name), CLOSED.get((table, name))
    if not pick.column:
        return pick
    profile = unit.rows.columns[pick.column]
    if column.type == "bool":
        odd = [value for value in profile.levels if value.casefold() not in READ_AS_BOOL]
        if not profile.levels or len(profile.levels) > 2 + len(odd):
            return None
        new = {value: "true" if value.casefold() in names.raw()["markers"]["yes"] else "false" for value in odd}
        return replace(pick, spec={"from": pick.column, "values": new}) if new else pick
    if column.type != "cat" or column.open or not column.levels:
        return pick
    values = {value: value if value in column.levels else levels.meant(group, value) if group else "" for value in profile.levels}
    if values and not all(values.values()) and profile.number and (labels := unit.labels.get(pick.column)):
        values = {value: levels.meant(group, str(labels.get(value, ""))) if group else "" for value in profile.levels}
    if not values or not all(values.values()):
        found.tell("levels_unknown", column=pick.column, table=table, to=name)
        return None
    changed = {old: new for old, new in values.items() if old != new}
    return replace(pick, spec={"from": pick.column, "values": changed}) if changed else pick


def _defaults(unit: Unit, table: str, columns: dict[str, Pick]) -> None:
    """Fill in what stands for a missing column: the row's number, a constant."""
    stand_in = {
        "events": {"event_id": {"row_number": True}, "channel": {"constant": _event_channel(unit)}},
        "identities": {
            "record_id": {"row_number": True},
            "channel": {"constant": levels.meant("identity_channel", unit.title) or _said(unit.title) or "other"},
        },
        "survey_responses": {"survey_id": {"constant": slug(unit.title) or "survey"}, "wave": {"constant": 1}},
        "points": {"ledger_id": {"row_number": True}, "reason": {"constant": "–"}},
        "reviews": {"review_id": {"row_number": True}, "lang": {"constant": "zh" if unit.chinese else "en"}},
    }
    for name, spec in stand_in.get(table, {}).items():
        if name not in columns:
            columns[name] = Pick(spec, 0.85).because("stand_in")


def _said(title: str) -> str:
    return next(
        (
            level
            for level, listed in names.raw()["levels"]["identity_channel"].items()
            if any(one in names.words(title) or (len(one) > 1 and not one.isascii() and one in title) for one in listed)
        ),
        "",
    )


def _event_channel(unit: Unit) -> str:
    shown = " ".join(unit.rows.columns).casefold() + unit.title.casefold()
    return next(
        (
            level
            for word, level in (
                ("openid", "wechat"),
                ("微信", "wechat"),
                ("小程序", "wechat"),
                ("app", "app"),
                ("url", "web"),
                ("page", "web"),
                ("web", "web"),
                ("cookie", "web"),
            )
            if word in shown
        ),
        "other",
    )


def slug(title: str) -> str:
    """Make a plain name out of a title: lower-case letters, digits and ``_``.

    Examples
    --------
    >>> slug("Orders 2024-final"), slug("订单")
    ('orders_2024_final', '')
    """
    text = "_".join(one for one in names.words(title) if one.isascii() and one.isalnum())
    return text if text[:1].isalpha() else ""


def people_of(unit: Unit, found: Findings) -> None:
    """Take customers from the sales where no file of customers is there: what stays the same in all rows of a customer."""
    who = found.tables["orders"].columns.get("customer_id")
    if not who or not who.column:
        return
    used = {pick.column for draft in found.tables.values() for pick in draft.columns.values() if pick.column and draft.table != "products"} - {
        who.column
    }
    picks = {name: pick for name, pick in picks_of(unit, "customers", {*used, who.column}).items() if name in FROM_SALES and pick.sure >= 0.7}
    same = unit.rows.constant(who.column, [pick.column for pick in picks.values()])
    columns = {
        name: pick.because("same_for_customer", share=f"{same[pick.column]:.0%}")
        for name, pick in picks.items()
        if same[pick.column] >= (0.75 if pick.sure >= SURE else 0.9)
    }
    columns = {name: better for name, pick in columns.items() if (better := levelled(unit, "customers", name, pick, found))}
    if columns:
        found.tables["customers"] = TableDraft("customers", [unit], {"customer_id": who, **columns}, collapse=True)
        found.tell("people_from_sales", 0.9, columns=", ".join(columns))


def goods_of(unit: Unit, found: Findings) -> None:
    """Take products from the order lines where no file of products is there."""
    lines = found.tables.get("order_lines")
    key = lines.columns.get("product_id") if lines else None
    if not key or not key.column or not key.clear:
        return
    offers = picks_of(unit, "products", {key.column})
    picks = {name: pick for name, pick in (offers | layered(unit, offers)).items() if pick.sure >= SURE and name != "product_id"}
    if "name" not in picks and (text := unit.column("product_name", least=0.75)):
        picks["name"] = Pick(text, max(0.82, unit.best("product_name")))
    same = unit.rows.constant(key.column, [pick.column for pick in picks.values()])
    goods = unit.rows.key(key.column)[1]  # a product may be written in several ways; the commonest stands for it
    columns = {
        name: pick for name, pick in picks.items() if (unit.rows.key(pick.column)[1] <= 6 * goods if name == "name" else same[pick.column] >= 0.9)
    }
    if columns:
        found.tables["products"] = TableDraft("products", [unit], {"product_id": key, **columns}, collapse=True)


def wide_survey(unit: Unit) -> list[str]:
    """Name the answers of a survey with one column a question: five or more columns of small whole numbers, numbered or of one range."""
    small = [
        profile
        for profile in unit.rows.columns.values()
        if profile.whole
        and profile.levels
        and len(profile.levels) <= 11
        and profile.filled
        and max(figure for figure, _ in profile.figures) <= 100
        and not any(one.sure > 0.8 for one in profile.meanings)
    ]
    alike: dict[str, list[str]] = {}  # Q1, Q2 … by the name without its number, others by their highest answer
    for profile in small:
        stem = re.sub(r"\d+[a-z]?$", "", profile.name)
        top = max((figure for figure, _ in profile.figures if figure < 97), default=0)
        alike.setdefault(stem if stem != profile.name else f"≤{top:g}", []).append(profile.name)
    stem, most = max(alike.items(), key=lambda one: len(one[1]), default=("", []))
    return most if len(most) >= 5 and (not stem.startswith("≤") or names.says(unit.title, "survey_responses")) else []


def home(unit: Unit, column: str) -> tuple[str, float, str]:
    """Give (ISO code, share of rows, how it is written mostly) of the commonest country of a column."""
    counts: dict[str, int] = {}
    for value, count in unit.rows.columns[column].values:
        code = country(value)
        counts[code] = counts.get(code, 0) + count
    total = sum(counts.values())
    code = max(counts, key=lambda one: counts[one], default="")
    if not code or not total:
        return "", 0.0, ""
    written = max((one for one in unit.rows.columns[column].values if country(one[0]) == code), key=lambda one: one[1])[0]
    return code, counts[code] / total, written
