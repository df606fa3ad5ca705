"""How well the values of a column fit what its name says, and what values say where the name says nothing."""

import re
from dataclasses import dataclass

from custlib.tables.draft import levels, names
from custlib.tables.draft.profile import Profile


@dataclass(frozen=True)
class Candidate:
    """A column that may be a meaning: ``sure`` from name and values together, ``why`` as (key in the catalogue, values)."""

    column: str
    sure: float
    why: tuple[tuple[str, tuple[tuple[str, object], ...]], ...] = ()


def why(key: str, /, **values: object) -> tuple[str, tuple[tuple[str, object], ...]]:
    """Give one reason: the key of its sentence and what it names."""
    return key, tuple(values.items())


def candidates(columns: list[Profile]) -> dict[str, list[Candidate]]:
    """Give for each meaning the columns that may have it, the surest first."""
    found: dict[str, list[Candidate]] = {}
    for column in columns:
        if not column.filled:
            continue
        best = max((one.sure * fit(column, one.concept) for one in column.meanings if not _general(one.concept)), default=0.0)
        seen = set()
        for one in column.meanings:
            sure = one.sure * fit(column, one.concept)
            if sure < 0.9 and names.kind(one.concept) == "id" and "." not in one.concept and is_code(column):
                sure = min(0.9, sure * 1.12)
            # 优惠金额 is a discount, and an amount only in passing; a table's own word for a column stands beside the general one
            sure *= 0.5 if (not _general(one.concept) or one.sure < 0.9) and best - sure >= 0.04 and best > 0.7 else 1.0
            if one.concept in ("discount_amount", "coupon_amount") and is_rate(column):
                found.setdefault("discount_rate", []).append(Candidate(column.name, round(one.sure, 3), (why("named", word=one.word),)))
                sure *= 0.2
            if sure > 0.2:
                seen.add(one.concept)
                found.setdefault(one.concept, []).append(Candidate(column.name, round(sure, 3), (why("named", word=one.word),)))
        for concept, sure in by_values(column):
            if concept not in seen:
                found.setdefault(concept, []).append(Candidate(column.name, sure, (why("looks", kind=f"@draft.kind.{concept}"),)))
    return {concept: sorted(listed, key=lambda one: -one.sure) for concept, listed in found.items()}


def fit(column: Profile, concept: str) -> float:
    """Give how well the values fit a meaning, 0 to 1."""
    kind = names.kind(concept) if "." not in concept else _schema_kind(concept)
    number, date = column.number, column.date
    share = number.share if number else 0.0
    return {
        "id": lambda: _id(column, steady=concept in ("campaign_id", "survey_id", "store_id")),
        "int": lambda: 1.0 if share > 0.9 and column.whole else 0.2,
        "number": lambda: _number(column, share),
        "money": lambda: _number(column, share),
        "date": lambda: (1.0 if date.share >= 0.9 else 0.9 if date.share >= 0.7 else 0.6) if date else 0.1,
        "time": lambda: column.clock,
        "cat": lambda: 1.0 if column.distinct <= 60 else 0.75 if column.distinct <= 300 else 0.3,
        "bool": lambda: 1.0 if column.distinct <= 3 else 0.2,
        "phone": lambda: 1.0 if _digits(column) >= 0.5 else 0.4 if not column.number else 0.3,
        "e_mail": lambda: 1.0 if _with(column, "@") >= 0.5 else 0.2,
        "currency": lambda: 1.0 if _codes(column) >= 0.8 else 0.2,
        "country": lambda: 1.0 if places(column) >= 0.5 else 0.75 if not number and column.distinct <= 300 else 0.3,
    }.get(kind, lambda: _text(column, share))()


def by_values(column: Profile) -> list[tuple[str, float]]:
    """Give what the values alone say."""
    found = []
    if column.personal == "e_mail" and _with(column, "@") >= 0.5:
        found.append(("e_mail", 0.88))
    if column.personal in ("phone", "id_card") and not any(one.sure > 0.7 for one in column.meanings):
        found.append((column.personal, 0.75))
    if (
        column.date
        and column.date.share > 0.9
        and not column.date.serial
        and not any(names.kind(one.concept) == "date" and one.sure > 0.5 for one in column.meanings)
    ):
        found.append(("ts", 0.6))
    if column.levels and _codes(column) == 1.0 and column.length == 3:
        found.append(("currency", 0.85))
    if (
        column.levels
        and all(levels.meant("gender", value) for value in column.levels)
        and len(column.levels) > 1
        and column.length > 0
        and not column.number
    ):
        found.append(("gender", 0.82))
    return found


def is_code(column: Profile) -> bool:
    """Tell codes such as A-1001 from names and from plain numbers."""
    hits = sum(
        bool(re.fullmatch(r"[A-Za-z]{0,5}[-_#/]?[A-Za-z]{0,3}\d[\w\-/]*", value)) and not value.replace(".", "").isdigit()
        for value, _ in column.values
    )
    return bool(column.values) and hits >= 0.8 * len(column.values) and not column.date


def is_rate(column: Profile) -> bool:
    """Tell a discount in percent or as a share from one in money."""
    if "%" in column.name or "％" in column.name or (column.number and "%" in column.number.strip) or "%" in column.label:
        return True
    figures = [abs(figure) for figure, _ in column.figures if figure]
    return bool(figures) and len(set(figures)) <= 25 and max(figures) <= 1 and not column.whole


def places(column: Profile) -> float:
    """Give the share of filled rows whose value is the name or the code of a country."""
    total = sum(count for _, count in column.values)
    return sum(count for value, count in column.values if country(value)) / total if total else 0.0


def country(value: str) -> str:
    """Give the ISO code of a country by any of its names, "" where it is none.

    Examples
    --------
    >>> country("United Kingdom"), country("中国"), country("Atlantis")
    ('GB', 'CN', '')
    """
    said = value.strip().casefold()
    return next((code for code, one in names.raw()["countries"].items() if said in one["names"]), "")


def currency(value: str) -> str:
    """Give the ISO code that a currency's code, symbol or name means, "" where it is none or not settled.

    Examples
    --------
    >>> currency("RMB"), currency("eur"), currency("xyz")
    ('CNY', 'EUR', '')
    """
    said = value.strip().casefold()
    hits = [code for code, listed in names.raw()["money"].items() if said in listed and said not in ("¥", "￥", "$", "dollar", "dollars")]
    return hits[0] if hits else {"¥": "", "￥": "CNY"}.get(said, "")


def _general(concept: str) -> bool:
    return "." in concept or concept.startswith("own_")


def _id(column: Profile, *, steady: bool) -> float:
    if column.number and column.number.share > 0.9 and not column.number.strip and not column.whole:
        return 0.15
    if column.date and not column.date.forms:
        return 0.2
    if column.length > 45 or (column.personal == "e_mail" and _with(column, "@") > 0.5):
        return 0.5
    return 0.6 if column.distinct == 1 and column.filled > 3 and not steady else 1.0


def _number(column: Profile, share: float) -> float:
    if column.personal in ("phone", "id_card") or share < 0.5:
        return 0.1
    return 1.0 if share >= 0.95 else 0.95 if share >= 0.8 else 0.75


def _text(column: Profile, share: float) -> float:
    if column.date and column.date.share > 0.9:
        return 0.3
    return 0.5 if share > 0.95 and column.number and column.number.places else 0.8 if share > 0.95 else 1.0


def _digits(column: Profile) -> float:
    hits = sum(7 <= sum(one.isdigit() for one in value) <= 16 for value, _ in column.values)
    return hits / len(column.values) if column.values else 0.0


def _with(column: Profile, sign: str) -> float:
    return sum(sign in value for value, _ in column.values) / len(column.values) if column.values else 0.0


def _codes(column: Profile) -> float:
    total = sum(count for _, count in column.values)
    return sum(count for value, count in column.values if currency(value)) / total if total else 0.0


def _schema_kind(concept: str) -> str:
    from custlib.tables import schema

    table, _, column = concept.partition(".")
    one = schema.table(table).column(column)
    if one.type in ("date", "ts"):
        return "date"
    if one.type in ("dec2", "dec4", "float"):
        return "number"
    return {"int": "int", "bool": "bool", "cat": "cat"}.get(one.type, "id" if column.endswith("_id") else "text")
