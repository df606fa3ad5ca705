"""Evidence for a currency: a column, symbols, countries, places, language – each with how sure it is."""

import re
from dataclasses import dataclass

from custlib.tables.draft import names
from custlib.tables.draft.fit import currency as currency_of
from custlib.tables.draft.others import home
from custlib.tables.draft.unit import Unit

HOME = 0.8  # share of rows from which a country is the home of the data
TRADITIONAL = set("訂單號碼額數時間價門會員戶顧購買貨實應險發類別區縣級費")
SIMPLIFIED = set("订单号码额数时间价门会员户顾购买货实应险发类别区县级费")


@dataclass(frozen=True)
class Vote:
    """One piece of evidence for a currency, with the country and zone it speaks for where it does."""

    code: str
    sure: float
    key: str
    values: dict
    country: str = ""


def votes_of(unit: Unit) -> list[Vote]:
    """Give all the evidence a unit holds, in no order."""
    return [*_by_column(unit), *_by_signs(unit), *_by_country(unit), *_by_people(unit), *_by_language(unit)]


def _by_column(unit: Unit) -> list[Vote]:
    column = unit.column("currency", least=0.7)
    codes = {currency_of(value) for value, _ in unit.rows.columns[column].values} if column else set()
    return [Vote(codes.pop(), 0.97, "by_column", {"column": column})] if len(codes) == 1 and codes != {""} else []


def _by_signs(unit: Unit) -> list[Vote]:
    """Symbols beside the numbers, and currencies named in the heads of amounts."""
    votes = []
    for profile in unit.rows.columns.values():
        if not profile.number or profile.number.share < 0.8:
            continue
        signs = {
            *profile.number.strip,
            names.unit_of(profile.name),
            *(word for word in names.words(profile.name) if word.isascii()),
            names.unit_of(profile.label) if profile.label else "",
        }
        for sign in signs:
            said = sign.casefold()
            code = currency_of(sign)
            if said in ("¥", "￥"):
                code = "JPY" if unit.japanese else "CNY"
            if said in ("$", "dollar", "dollars"):
                american = any(one.date and any(form.startswith("%m/%d") for form in one.date.forms) for one in unit.rows.columns.values())
                votes.append(
                    Vote("USD", 0.85 if american else 0.7, "by_dollar" if american else "by_sign", {"column": profile.name, "sign": sign}, "US")
                )
            elif code and (len(said) > 1 or not said.isalpha() or said in "元円원"):
                votes.append(Vote(code, 0.93, "by_sign", {"column": profile.name, "sign": sign}))
    return votes[:4]


def _by_country(unit: Unit) -> list[Vote]:
    votes = []
    if unit.kind in ("orders", "customers", "lines", "returns"):
        for one in unit.found.get("country", [])[:2]:
            code, share, value = home(unit, one.column)
            if code and share >= HOME and one.sure >= 0.5:
                votes.append(
                    Vote(
                        names.raw()["countries"][code]["currency"],
                        0.85,
                        "by_country",
                        {"column": one.column, "share": f"{share:.0%}", "value": value},
                        code,
                    )
                )
    return votes


def _by_people(unit: Unit) -> list[Vote]:
    """Chinese mobile numbers, and provinces in addresses or regions."""
    places = names.raw()["provinces"]["CN"]
    for profile in unit.rows.columns.values():
        values = [value for value, _ in profile.values]
        if not values or profile.date:
            continue
        mobiles = sum(bool(re.fullmatch(r"(\+?86[- ]?)?1[3-9]\d{9}", value)) for value in values)
        towns = sum(any(value.startswith(place) for place in places) for value in values)
        if (mobiles >= 0.8 * len(values) and len(values) >= 5) or towns >= 0.7 * len(values):
            return [Vote("CNY", 0.86, "by_people", {"column": profile.name}, "CN")]
    return []


def _by_language(unit: Unit) -> list[Vote]:
    heads = list(unit.rows.columns)
    text = "".join(heads)
    if unit.japanese:
        return [Vote("JPY", 0.85, "by_language", {"language": "ja"}, "JP")]
    if re.search("[가-힣]", text):
        return [Vote("KRW", 0.85, "by_language", {"language": "ko"}, "KR")]
    if sum(bool(re.search("[\u4e00-\u9fff]", head)) for head in heads) * 2 >= len(heads):
        old, new = sum(one in TRADITIONAL for one in text), sum(one in SIMPLIFIED - TRADITIONAL for one in text)
        if old > new:
            return [Vote("TWD", 0.5, "by_language", {"language": "zh-Hant"}, "TW"), Vote("HKD", 0.4, "by_language", {"language": "zh-Hant"}, "HK")]
        return [Vote("CNY", 0.82, "by_language", {"language": "zh"}, "CN")]
    words = [word for head in heads for word in names.words(head)]
    joined = " ".join(words)
    votes = []
    for code, one in names.raw()["languages"].items():
        hits = sum(word in joined for word in one["words"])
        if hits >= 2:
            votes.append((hits, Vote(one["currency"], one["sure"], "by_language", {"language": code}, one["country"])))
    if votes:
        return [max(votes, key=lambda each: each[0])[1]]
    if unit.chinese:
        return [Vote("CNY", 0.81, "by_values", {}, "CN")]
    return []
