"""How numbers and dates are written in a column, found from its values, and the options that make the reader read them so."""

import re
from collections import Counter
from dataclasses import dataclass

from custlib.tables.draft.names import raw
from custlib.tables.typing import FULL, HALF, MISSING

NARROW = str.maketrans(FULL, HALF)
BLANKS = frozenset(
    (
        "-",
        "--",
        "---",
        "—",
        "——",
        "/",
        "\\",
        "\\N",
        "N/A",
        "n/a",
        "NA",
        "na",
        "#N/A",
        "none",
        "NONE",
        "(null)",
        "<NA>",
        "nil",
        "无",
        "空",
        "暂无",
        "?",
    )
)
AFFIX = re.compile(
    r"^(?P<before>[^\d(+\-−.]{0,6}?)\s*(?P<sign>[+\-−]?)\s*(?P<again>[^\d(+\-−.]{0,6}?)\s*"
    r"(?P<body>\(?[\d.,'’ \u00a0\u202f]*\d[.,]?\)?)(?P<trail>-?)\s*(?P<after>[^\d]{0,8})$"
)


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written; ``share`` is the share of filled values that are numbers at all."""

    share: float
    decimal: str = "."
    thousands: str = ""
    negative: str = "minus"
    strip: tuple[str, ...] = ()
    unsure: bool = False
    places: int = 0  # most digits behind the decimal mark

    @property
    def options(self) -> dict:
        """Give the keys that a column needs in dataset.toml to be read so; none where the reader's own way fits."""
        found = {"decimal": self.decimal} if self.decimal != "." else {}
        found |= {"thousands": self.thousands} if self.thousands else {}
        found |= {"negative": self.negative} if self.negative != "minus" else {}
        strip = self.strip[0] if len(self.strip) == 1 else list(self.strip)
        return found | ({"strip": strip} if self.strip else {})


Values = list[tuple[str, int]]  # a value and how many rows have it


def narrow(text: str) -> str:
    """Write full-width signs in half width.

    Examples
    --------
    >>> narrow("１２．５０")
    '12.50'
    """
    return text.translate(NARROW).strip()


def is_wide(values: Values) -> bool:
    """Tell whether digits are written in full width somewhere."""
    return any(re.search("[\uff10-\uff19]", value) for value, _ in values)


def placeholders(values: Values) -> tuple[str, ...]:
    """Name the marks among the values that say: nothing is known."""
    return tuple(sorted({value for value, _ in values if value in BLANKS and value not in MISSING}))


def numbers(values: Values) -> NumberForm | None:
    """Find how the numbers are written; None where fewer than half of the values are numbers.

    Examples
    --------
    >>> numbers([("1.234,50", 3), ("7,00-", 1)]).options
    {'decimal': ',', 'thousands': '.', 'negative': 'trailing'}
    >>> numbers([("￥12.00", 2), ("(3.50)", 1)]).options
    {'negative': 'parentheses', 'strip': '￥'}
    """
    total = sum(count for _, count in values)
    cut = [(found, count) for value, count in values if (found := _cut(narrow(value)))]
    share = sum(count for _, count in cut) / total if total else 0.0
    if share < 0.5:
        return None
    marks = Counter()
    for one, count in cut:
        for mark in dict.fromkeys((one["before"], one["again"], one["after"])):
            if mark:
                marks[mark] += count
    if any(not _is_unit(mark) for mark in marks):
        kept = [(one, count) for one, count in cut if all(_is_unit(one[k]) for k in ("before", "again", "after") if one[k])]
        share, cut = sum(count for _, count in kept) / total, kept
        if share < 0.5:
            return None
    bodies = [one["body"].strip("()").strip() for one, _ in cut if "e" not in one["body"].lower()]
    decimal, thousands, unsure = _marks(bodies)
    negative = (
        "trailing"
        if any(one["trail"] for one, _ in cut)
        else "parentheses"
        if any(one["body"].startswith("(") and one["body"].endswith(")") for one, _ in cut)
        else "minus"
    )
    strips = sorted({mark for one, _ in cut for mark in (one["before"], one["again"], one["after"]) if mark}, key=lambda one: (-len(one), one))
    places = max((len(body.rsplit(decimal, 1)[1]) for body in bodies if decimal in body), default=0)
    return NumberForm(share, decimal, thousands, negative, tuple(strips), unsure, places)


def value_of(text: str, form: NumberForm) -> float | None:
    """Read one number as the form says."""
    found = _cut(narrow(text))
    if not found:
        return None
    body = found["body"].strip("()").strip()
    body = body.replace(form.thousands, "") if form.thousands else body
    try:
        value = float(body.replace(form.decimal, "."))
    except ValueError:
        return None
    less = found["sign"] in ("-", "−") or found["trail"] == "-" or found["body"].startswith("(")
    return -value if less else value


def _cut(text: str) -> dict | None:
    if re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", text):
        return {"before": "", "sign": "", "again": "", "body": text, "trail": "", "after": ""}
    if not text or len(text) > 40:
        return None
    inside = re.fullmatch(r"(-?)\(([^()]*[^\d()\s][^()]*)\)", text)  # ($12.50)
    found = AFFIX.match(inside[2] if inside else text)
    if not found:
        return None
    parts = {key: (value or "").strip() for key, value in found.groupdict().items()}
    if inside and "(" not in parts["body"]:
        parts["body"] = f"({parts['body']})"
    return None if parts["body"].count("(") != parts["body"].count(")") else parts


def _is_unit(mark: str) -> bool:
    said = mark.casefold().strip()
    known = {word for listed in raw()["money"].values() for word in listed}
    return said in known or said in (
        "%",
        "件",
        "个",
        "盒",
        "包",
        "瓶",
        "袋",
        "套",
        "双",
        "次",
        "点",
        "岁",
        "人",
        "年",
        "月",
        "天",
        "日",
        "pcs",
        "st",
        "stk",
        "kg",
        "个月",
        "`",
        "'",
        "=",
    )


def _marks(bodies: list[str]) -> tuple[str, str, bool]:
    """Find (decimal mark, thousands mark, whether it can be read both ways)."""
    spaced = [body for body in bodies if re.search(r"\d[ \u00a0\u202f'’]\d", body)]
    space = Counter(one for body in spaced for one in body if one in " \u00a0\u202f'’").most_common(1)
    gap = space[0][0] if space else ""
    plain = [re.sub(r"[ \u00a0\u202f'’]", "", body) for body in bodies]
    both = [body for body in plain if "," in body and "." in body]
    if both:
        comma_last = sum(body.rindex(",") > body.rindex(".") for body in both)
        return (",", ".", False) if comma_last * 2 > len(both) else (".", ",", False)
    for mark, other in ((",", "."), (".", ",")):
        having = [body for body in plain if mark in body]
        if not having:
            continue
        grouped = [bool(re.fullmatch(rf"\d{{1,3}}(\{mark}\d{{3}})+", body)) for body in having]
        if not all(grouped) or any(body.startswith("0") for body in having):
            return (mark, gap, False)
        if any(body.count(mark) > 1 for body in having):
            return (other, mark, False)
        if mark == ".":
            return (".", gap, False)  # 1.234 alone: the ordinary decimal point
        # 1,234 everywhere: thousands, unless numbers from 1000 on stand without the mark
        return (".", ",", any(len(body) > 3 for body in plain if mark not in body))
    return (".", gap, False)
