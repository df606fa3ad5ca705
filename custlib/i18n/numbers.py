"""Numbers, money and days as people of each language write them."""

from datetime import date
from math import isnan

SIGNS = {"CNY": "¥", "GBP": "£", "USD": "$", "EUR": "€", "JPY": "JP¥"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNKNOWN = "–"


def _blank(value: float | None) -> bool:
    return value is None or isnan(value)


def number(value: float | None, digits: int = 2) -> str:
    """Write a number with `digits` decimals and thousands marks; unknown is a dash.

    Examples
    --------
    >>> number(8911407.904), number(None), number(-0.001)
    ('8,911,407.90', '–', '0.00')
    """
    if _blank(value):
        return UNKNOWN
    written = f"{value:,.{digits}f}"
    return written.lstrip("-") if float(written.replace(",", "")) == 0 else written.replace("-", "−")


def integer(value: float | None) -> str:
    """Write a count.

    Examples
    --------
    >>> integer(4338)
    '4,338'
    """
    return number(value, 0)


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of 1 as a percentage.

    Examples
    --------
    >>> percent(.159)
    '15.9%'
    """
    return UNKNOWN if _blank(share) else f"{number(share * 100, digits)}%"


def money(value: float | None, currency: str, digits: int = 2) -> str:
    """Write an amount with its currency sign, or its ISO code where no sign is usual.

    Examples
    --------
    >>> money(8911407.9, "GBP"), money(-5, "CHF")
    ('£8,911,407.90', '−CHF 5.00')
    """
    if _blank(value):
        return UNKNOWN
    sign = SIGNS.get(currency, f"{currency} ")
    written = number(value, digits)
    return f"−{sign}{written[1:]}" if written.startswith("−") else f"{sign}{written}"


def day(value: date, lang: str) -> str:
    """Write a day: 2011年12月10日, 10 Dec 2011; ISO in ``bi``, where both read it.

    Examples
    --------
    >>> day(date(2011, 12, 10), "zh"), day(date(2011, 12, 10), "en"), day(date(2011, 12, 10), "bi")
    ('2011年12月10日', '10 Dec 2011', '2011-12-10')
    """
    if lang == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}" if lang == "en" else value.isoformat()
