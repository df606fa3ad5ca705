"""What a column may mean by its name alone: `names.toml` read as data, names compared word by word."""

import itertools
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from custlib.tables import schema

CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
NUMBER_WORDS = {"no", "nr", "num", "number", "nbr", "nummer", "numero", "code", "ref"}  # all say: what follows is an id
TAILS = (
    "cd",
    "flag",
    "ind",
    "txt",
    "desc",
    "val",
    "eur",
    "usd",
    "gbp",
    "cny",
    "rmb",
    "hkd",
    "jpy",
    "chf",
    "cad",
    "aud",
    "sgd",
    "twd",
    "krw",
    "inr",
    "cents",
    "cent",
    "pence",
    "amt",
)
EAST = re.compile(rf"[{CJK}]")
UNIT = re.compile(r"[（(\[【]([^（()\[\]【】）]*)[)）\]】]")


@dataclass(frozen=True)
class Named:
    """How much a name alone says for one meaning: ``sure`` is 0 to 1, ``word`` the dictionary's word that was found."""

    concept: str
    sure: float
    word: str


@dataclass(frozen=True)
class _Entry:
    concept: str
    sure: float
    word: str
    words: tuple[str, ...]


@cache
def raw() -> dict:
    """Give the dictionary file as it stands."""
    return tomllib.loads((files("custlib.tables.draft") / "names.toml").read_text(encoding="utf-8"))


@cache
def kind(concept: str) -> str:
    """Give what the values of a meaning must look like, such as ``id`` or ``money``."""
    return raw()["concepts"].get(concept, {}).get("kind", "text")


@cache
def personal(concept: str) -> str:
    """Give the kind of personal data a meaning is, "" where it is none."""
    return raw()["concepts"].get(concept, {}).get("personal", "")


@cache
def file_words(table: str) -> tuple[tuple[str, ...], ...]:
    """Give the words that the file of a table may be named by."""
    return tuple(words(one) for one in raw()["files"].get(table, []))


@cache
def accepted(table: str) -> dict[str, tuple[tuple[str, float], ...]]:
    """Give the meanings each column of a canonical table can be taken from, with how well each serves.

    Examples
    --------
    >>> accepted("orders")["net_amount"][0]
    ('net_amount', 1.0)
    """
    own = raw()["tables"].get(table, {})
    found = {}
    for column in schema.table(table).columns:
        listed = own.get(column.name, [] if own else [column.name])
        found[column.name] = (*map(_weighed, listed), (f"{table}.{column.name}", 1.0))
    return found


def words(name: str) -> tuple[str, ...]:
    """Cut a name into words: camel case, marks, brackets and accents are settled; Chinese and Japanese stay whole.

    Examples
    --------
    >>> words("InvoiceNo"), words("金额（元）"), words("customer.email_address")
    (('invoice', 'no'), ('金额',), ('customer', 'email', 'address'))
    """
    text = unicodedata.normalize("NFKC", str(name)).strip()
    text = UNIT.sub(" ", text) if UNIT.sub("", text).strip() else text
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text).casefold()
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("#", " no ").replace("№", " no "))
    text = unicodedata.normalize("NFC", "".join(one for one in text if not unicodedata.combining(one) or "\u3099" <= one <= "\u309a"))
    found = re.findall(rf"[{CJK}]+|[^\W\d_{CJK}]+|\d+", text)
    return tuple(
        "email" if one == "mail" and index and found[index - 1] == "e" else one
        for index, one in enumerate(found)
        if not (one == "e" and found[index + 1 : index + 2] == ["mail"])
    )


def unit_of(name: str) -> str:
    """Give the unit written in brackets behind a name, or its last word: 金额(万元) → 万元."""
    inside = UNIT.findall(unicodedata.normalize("NFKC", str(name)))
    return (inside[-1].strip().casefold() if inside else "") or (words(name)[-1:] or ("",))[0]


@cache
def meanings(name: str) -> tuple[Named, ...]:
    """Give what a column of this name may mean, the surest first, one entry for each meaning.

    Examples
    --------
    >>> [(one.concept, one.sure) for one in meanings("会员卡号")][:1]
    [('customer_id', 0.97)]
    """
    own, best = words(name), {}
    if not own or len(own) > 12:
        return ()
    plain = own[:-1] if len(own) > 1 and (own[-1] in TAILS or (own[-1].isdigit() and len(own[-1]) == 1)) else own  # address 1, status_cd
    for form, less in dict.fromkeys([(own, 0.0), (plain, 0.02 * (plain != own))]):
        for entry in _near(form):
            sure = round((_closeness(form, entry.words) - less) * entry.sure * 0.97, 3)
            if sure > 0.3 and (entry.concept not in best or sure > best[entry.concept].sure):
                best[entry.concept] = Named(entry.concept, sure, entry.word)
    inner = name.partition(".")[2] or (name.partition("_")[2] if EAST.search(name) else "")
    if inner and words(inner):  # a nested field or a stacked head: its own name counts nearly as much as the whole
        for one in meanings(inner):
            if one.concept not in best or 0.97 * one.sure > best[one.concept].sure:
                best[one.concept] = Named(one.concept, round(0.97 * one.sure, 3), one.word)
    return tuple(sorted(best.values(), key=lambda one: (-one.sure, one.concept)))


def known(name: str) -> bool:
    """Tell whether the dictionary holds just this name, quickly."""
    return "".join(words(name)) in _index()[0]


@cache
def kind_is_money(table: str, column: str) -> bool:
    """Tell whether a canonical column is money, which may be written in cents or in ten thousands."""
    return schema.table(table).column(column).unit == "currency"


def says(title: str, table: str) -> float:
    """Give how much the name of a file or sheet says for a table, 0 to 1.

    Examples
    --------
    >>> says("会员资料_2024", "customers") > 0.7, says("weather", "customers")
    (True, 0.0)
    """
    own = tuple(one for one in words(title) if not one.isdigit())
    return max((_mentions(own, one) for one in file_words(table)), default=0.0) if own else 0.0


def _weighed(text: str) -> tuple[str, float]:
    name, mark, weight = text.rpartition(":")
    return (name, float(weight)) if mark and re.fullmatch(r"[01](\.\d+)?", weight) else (text, 1.0)


@cache
def _entries() -> tuple[_Entry, ...]:
    found = []
    for concept, one in raw()["concepts"].items():
        for text in one["names"]:
            pattern, sure = _weighed(text)
            for each in itertools.product(*(part.split("/") for part in pattern.split(" "))):
                found.append(_Entry(concept, sure, " ".join(each), words(" ".join(each))))
    for table in schema.tables().values():
        if table.kind == "input":
            for column in table.columns:
                found += [_Entry(f"{table.name}.{column.name}", 1.0, text, words(text)) for text in (column.name, column.zh, column.en)]
    return tuple(one for one in found if one.words)


@cache
def _index() -> tuple[dict[str, list[_Entry]], dict[str, list[_Entry]], list[_Entry]]:
    """Give the entries by their joined words, by their first word, and those in Chinese or Japanese."""
    joined: dict[str, list[_Entry]] = {}
    first: dict[str, list[_Entry]] = {}
    eastern = []
    for entry in _entries():
        joined.setdefault("".join(entry.words), []).append(entry)
        if EAST.search("".join(entry.words)):
            eastern.append(entry)
        else:
            first.setdefault(_settled(entry.words)[0], []).append(entry)
    return joined, first, eastern


def _near(own: tuple[str, ...]) -> list[_Entry]:
    """Give the entries that could be meant at all."""
    joined, first, eastern = _index()
    text = "".join(own)
    found = list(joined.get(text, []))
    for word in dict.fromkeys(_settled(own)):
        found += first.get(word, [])
    if EAST.search(text):
        found += [entry for entry in eastern if len("".join(entry.words)) >= 2 and "".join(entry.words) in text]
    return found


@cache
def _settled(own: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("id" if one in NUMBER_WORDS else one for one in own)


def _closeness(own: tuple[str, ...], wanted: tuple[str, ...]) -> float:
    """1 for the same name, less where the wanted one is only its end, its beginning or somewhere inside."""
    if own == wanted or "".join(own) == "".join(wanted):
        return 1.0
    a, b = _settled(own), _settled(wanted)
    if a == b:
        return 0.98
    if EAST.search("".join(wanted)):
        return _inside("".join(own), "".join(wanted))
    if len(b) >= len(a):
        return 0.0
    share = len(b) / len(a)
    if b != ("id",) and a[-len(b) :] == b:
        return 0.76 + 0.18 * share
    if any(a[i : i + len(b)] == b for i in range(len(a))) and b != ("id",):
        return 0.35 + 0.25 * share
    return 0.0


def _inside(text: str, wanted: str) -> float:
    """Chinese puts the noun last: 客户下单时间 is a kind of 下单时间, 订单号备注 is no 订单号."""
    if len(wanted) < 2 or wanted not in text:
        return 0.0
    share = len(wanted) / len(text)
    return 0.72 + 0.25 * share if text.endswith(wanted) else 0.3 + 0.4 * share


def _mentions(own: tuple[str, ...], wanted: tuple[str, ...]) -> float:
    if EAST.search("".join(wanted)):
        return 0.6 + 0.4 * min(1, len("".join(wanted)) / 4) if any("".join(wanted) in one for one in own) else 0.0
    n = len(wanted)
    if any(own[i : i + n] == wanted for i in range(len(own))):
        return 0.75 + 0.25 * n / len(own)
    return 0.0
