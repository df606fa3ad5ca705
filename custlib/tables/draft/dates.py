"""How dates are written in a column, found from its values, and the `date_format` that makes the reader read them so."""

import re
from collections import Counter
from dataclasses import dataclass, field

from custlib.tables.draft.forms import Values, narrow

MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
CLOCK = r"(?P<clock>\d{1,2}:\d{2}(?P<s>:\d{2})?(?P<f>[.]\d{1,6})?)(?: ?(?P<half>[AaPp][Mm]))?"
ZONE = r"(?: ?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
ISO = re.compile(
    r"\d{4}(?P<mark>[-/])\d{1,2}[-/]\d{1,2}(?:(?P<gap>[ T]+)(?P<clock>\d{1,2}:\d{2}(?P<s>:\d{2})?(?P<f>\.\d+)?)(?P<zone> ?(?:Z|UTC|[+-]\d\d.*))?)?"
)
YEARS = range(1900, 2101)


@dataclass(frozen=True)
class DateForm:
    """How the dates of a column are written.

    ``forms``: what ``date_format`` must say, () where the reader's own ISO way fits; ``share``: of filled values that are dates;
    ``timed``: some carry a time of day; ``zoned``: some carry an offset or count seconds since 1970; ``other``: the other way
    in which day and month can be read, where no value settles it.
    """

    share: float
    forms: tuple[str, ...] = ()
    timed: bool = False
    zoned: bool = False
    serial: bool = False
    other: tuple[str, ...] = ()
    by_form: dict = field(default_factory=dict, hash=False)

    @property
    def options(self) -> dict:
        return {"date_format": self.forms[0] if len(self.forms) == 1 else list(self.forms)} if self.forms else {}


def dates(values: Values, *, named: bool) -> DateForm | None:
    """Find how the dates are written; None where fewer than half of the values are dates.

    Parameters
    ----------
    named : bool
        The column's name says that it holds dates: only then are plain numbers taken for a spreadsheet's serials.

    Examples
    --------
    >>> dates([("31.01.2024", 2), ("01.02.2024 08:30", 1)], named=True).forms
    ('%d.%m.%Y', '%d.%m.%Y %H:%M')
    >>> dates([("01/02/2024", 2)], named=True).other
    ('%m/%d/%Y',)
    """
    total = sum(count for _, count in values)
    found, first, second = Counter(), 0, 0
    plain = [(narrow(value).strip("`"), count, value) for value, count in values]
    for value, count, written in plain:
        form = _form(value, named)
        if form:
            found[("`" if written.startswith("`") else "") + form] += count
            if (pair := re.match(r"(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}", value)) and "A" in form:
                first, second = max(first, int(pair[1])), max(second, int(pair[2]))
    share = sum(found.values()) / total if total else 0.0
    if share < 0.5:
        return None
    swapped = {form: form.replace("A", "%d").replace("B", "%m") for form in found}
    other: dict[str, str] = {}
    if any("A" in form.replace("%A", "") for form in found):
        if second > 12 >= first:
            swapped = {form: form.replace("A", "%m").replace("B", "%d") for form in found}
        elif first <= 12 and not any("A." in form for form in found):  # with dots the day comes first everywhere
            other = {form: form.replace("A", "%m").replace("B", "%d") for form in found}
    order = [form for form, _ in found.most_common()]
    forms = tuple(dict.fromkeys(swapped[form] for form in order if form.strip("`") not in ("iso", "iso_zone")))
    if len(forms) < len(order) and (forms or any("`" in form for form in order)):  # a list of forms must name the ISO ones too
        forms = tuple(dict.fromkeys([*_iso_forms(plain), *forms]))
    kinds = [form.strip("`") for form in order]
    zoned = any(form in ("iso_zone", "unix", "unix_ms") or "%z" in form for form in kinds)
    timed = (
        any(form in ("unix", "unix_ms") or "%H" in form or "%I" in form for form in kinds)
        or any(re.search(r"\d:\d\d", value) and not re.fullmatch(r".*[ T]00:00(:00(\.0+)?)?", value) for value, *_ in plain)
        or ("excel" in kinds and any("." in value for value, *_ in plain))
    )
    return DateForm(share, forms, timed, zoned, "excel" in kinds, tuple(other[form] for form in order if form in other), dict(found))


def clock_share(values: Values) -> float:
    """Give the share of values that are a time of day alone."""
    total = sum(count for _, count in values)
    return sum(count for value, count in values if re.fullmatch(CLOCK.replace("(?P<clock>", "(?:"), narrow(value))) / total if total else 0.0


def _form(value: str, named: bool) -> str:
    """Give the form of one date; A and B stand for day and month in an order that only all values settle."""
    if iso := ISO.fullmatch(value):
        _, month, day = (int(one) for one in re.match(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", value).groups())
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return ""
        if iso["zone"] and re.search(r"[+-]\d{4}$", value):  # -0500: DuckDB casts -05:00 only
            return _iso_form(iso)
        return "iso_zone" if iso["zone"] else "iso"
    if re.fullmatch(r"\d{8}", value):
        return "%Y%m%d" if _real(value[:4], value[4:6], value[6:]) else ""
    if re.fullmatch(r"\d{14}", value):
        return "%Y%m%d%H%M%S" if _real(value[:4], value[4:6], value[6:8]) else ""
    if re.fullmatch(r"\d{12}", value) and named:
        return "%Y%m%d%H%M" if _real(value[:4], value[4:6], value[6:8]) else ""
    if re.fullmatch(r"\d{13}", value):
        return "unix_ms" if 6e11 < int(value) < 4.2e12 else ""
    if re.fullmatch(r"\d{10}(\.\d+)?", value):
        return "unix" if 6e8 < float(value) < 4.2e9 and (named or 1e9 < float(value) < 2.1e9) else ""
    if re.fullmatch(r"\d{5}(\.\d+)?", value):
        return "excel" if named and 18000 <= float(value) <= 60000 else ""
    for pattern, form in _patterns():
        hit = re.fullmatch(rf"{pattern}(?:(?P<gap>[ T,]*){CLOCK}{ZONE})?", value, re.IGNORECASE)
        if hit:
            return form + _clock(hit)
    hit = re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日(?P<gap> ?)(?:(?P<h>\d{1,2})[时時點点](?:(?P<m>\d{1,2})分(?:(?P<s>\d{1,2})秒)?)?)?", value)
    if hit:
        sign = re.search("[时時點点]", value)
        return (
            "%Y年%m月%d日" + hit["gap"] * bool(sign) + (f"%H{sign[0]}" if sign else "") + ("%M分" if hit["m"] else "") + ("%S秒" if hit["s"] else "")
        )
    return ""


def _patterns() -> tuple[tuple[str, str], ...]:
    return (
        (r"\d{1,2}\.\d{1,2}\.\d{4}", "A.B.%Y"),
        (r"\d{1,2}\.\d{1,2}\.\d{2}", "A.B.%y"),
        (r"\d{1,2}/\d{1,2}/\d{4}", "A/B/%Y"),
        (r"\d{1,2}/\d{1,2}/\d{2}", "A/B/%y"),
        (r"\d{1,2}-\d{1,2}-\d{4}", "A-B-%Y"),
        (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
        (r"\d{4}年\d{1,2}月\d{1,2}日", "%Y年%m月%d日"),
        (rf"\d{{1,2}}-(?:{MONTHS})-\d{{4}}", "%d-%b-%Y"),
        (rf"\d{{1,2}}-(?:{MONTHS})-\d{{2}}", "%d-%b-%y"),
        (rf"\d{{1,2}} (?:{MONTHS}) \d{{4}}", "%d %b %Y"),
        (rf"(?:{MONTHS}) \d{{1,2}}, \d{{4}}", "%b %d, %Y"),
        (rf"(?:{MONTHS}) \d{{1,2}} \d{{4}}", "%b %d %Y"),
        (rf"\d{{1,2}}(?:{MONTHS})\d{{4}}", "%d%b%Y"),
        (r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", "%Y-%m-%d"),
        (r"\d{8}", "%Y%m%d"),
        (r"\d{1,2} (?:january|february|march|april|june|july|august|september|october|november|december) \d{4}", "%d %B %Y"),
        (r"(?:january|february|march|april|june|july|august|september|october|november|december) \d{1,2}, \d{4}", "%B %d, %Y"),
    )


def _clock(hit: re.Match) -> str:
    if not hit["clock"]:
        return ""
    form = ("%I:%M" if hit["half"] else "%H:%M") + (":%S" if hit["s"] else "") + (".%f" if hit["f"] else "")
    form += (" %p" if hit.string[hit.end("clock") : hit.end("clock") + 1] == " " else "%p") if hit["half"] else ""
    return hit["gap"] + form + (("%z" if hit.string[hit.start("zone") - 1] != " " else " %z") if hit["zone"] else "")


def _iso_forms(plain: list) -> list[str]:
    """Name the ISO forms that occur, for a list that must name every form."""
    found = Counter()
    for value, count, written in plain:
        hit = ISO.fullmatch(value)
        if hit:
            found["`" * written.startswith("`") + _iso_form(hit)] += count
    return [form for form, _ in found.most_common()]


def _iso_form(hit: re.Match) -> str:
    form = f"%Y{hit['mark']}%m{hit['mark']}%d"
    if hit["clock"]:
        form += hit["gap"] + "%H:%M" + (":%S" if hit["s"] else "") + (".%f" if hit["f"] else "")
        form += (" %z" if hit["zone"].startswith(" ") else "%z") if hit["zone"] else ""
    return form


def _real(year: str, month: str, day: str) -> bool:
    return int(year) in YEARS and 1 <= int(month) <= 12 and 1 <= int(day) <= 31
