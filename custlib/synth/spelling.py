"""How one person comes to be written in different ways: pinyin, nicknames, swapped digits, dates with day and month swapped."""

import numpy as np
import pandas as pd

PINYIN_FORMS = ("Wang Xiaoming", "Xiaoming Wang", "wangxiaoming", "WANG XIAOMING")  # all in use, side by side


def pinyin_form(name: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Write "Wang Xiaoming" in one of four usual ways.

    Examples
    --------
    >>> pinyin_form(np.array(["Wang Xiaoming"] * 4, dtype=object), np.array([0.1, 0.3, 0.6, 0.9])).tolist()
    ['Wang Xiaoming', 'Xiaoming Wang', 'wangxiaoming', 'WANG XIAOMING']
    """
    def written(one: str, form: int) -> str:
        front, _, back = one.partition(" ")
        return (one, f"{back} {front}".strip(), one.replace(" ", "").lower(), one.upper())[form]

    return np.array([written(one, int(draw * 4)) for one, draw in zip(name, uniform, strict=True)], dtype=object)


def swapped(text: np.ndarray, uniform: np.ndarray, *, fixed: int = 3) -> np.ndarray:
    """Swap two neighbouring signs behind the first `fixed`; where they are alike, nothing shows.

    Examples
    --------
    >>> swapped(np.array(["10012345678"], dtype=object), np.array([0.0])).tolist()
    ['10021345678']
    """
    def one(word: str, draw: float) -> str:
        place = fixed + int(draw * (len(word) - fixed - 1))
        return word[:place] + word[place + 1] + word[place] + word[place + 2:]

    return np.array([one(word, draw) for word, draw in zip(text, uniform, strict=True)], dtype=object)


def day_month_swapped(days: pd.Series) -> pd.Series:
    """Swap day and month where that is a date, else write a day one later in the month (or the 1st): a slip of the hand.

    Examples
    --------
    >>> day_month_swapped(pd.Series(pd.to_datetime(["1990-03-04", "1990-03-28"]))).dt.strftime("%Y-%m-%d").tolist()
    ['1990-04-03', '1990-03-01']
    """
    year, month, day = days.dt.year, days.dt.month, days.dt.day
    swap = (day <= 12) & (day != month)
    later = (day + 1).where(day < 28, 1)
    return pd.to_datetime(pd.DataFrame({"year": year, "month": day.where(swap, month), "day": month.where(swap, later)})).astype(days.dtype)


def with_dashes(phone: np.ndarray) -> np.ndarray:
    """Write 10012345678 as 100-1234-5678; phones of other kinds stay.

    Examples
    --------
    >>> with_dashes(np.array(["10012345678", "+1-003-555-0165"], dtype=object)).tolist()
    ['100-1234-5678', '+1-003-555-0165']
    """
    return np.array([f"{one[:3]}-{one[3:7]}-{one[7:]}" if len(one) == 11 and one.isdigit() else one for one in phone], dtype=object)


def with_country(phone: np.ndarray) -> np.ndarray:
    """Write 10012345678 as +86 100 1234 5678; phones of other kinds stay.

    Examples
    --------
    >>> with_country(np.array(["10012345678"], dtype=object)).tolist()
    ['+86 100 1234 5678']
    """
    return np.array([f"+86 {one[:3]} {one[3:7]} {one[7:]}" if len(one) == 11 and one.isdigit() else one for one in phone], dtype=object)
