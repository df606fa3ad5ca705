"""The world's days: public holidays with make-up workdays, promotion days, and how much is bought on which day and at which hour."""

from datetime import date, timedelta

import numpy as np

from custlib.synth.world import FIRST_DAY, LAST_DAY, World

DAYS = (LAST_DAY - FIRST_DAY).days + 1
SECONDS = 86_400
EPOCH = np.datetime64(FIRST_DAY.isoformat(), "s")
HOLIDAY_EFFECT, PROMO_EFFECT, SEASON = 1.18, 1.30, 0.10  # of a holiday week, of a promotion day; half the swing of the year
WEEKDAY = (0.92, 0.92, 0.94, 0.97, 1.08, 1.12, 1.05)  # Monday to Sunday
BUSY = ("spring_festival", "national_day")  # the weeks with the planted effect

# Public holidays of the mainland, first and last day off, and the weekend days worked instead (notices of the State Council).
HOLIDAYS = (
    ("new_year", "元旦", "New Year's Day", ("2022-01-01", "2022-01-03"), ("2022-12-31", "2023-01-02"), ("2023-12-30", "2024-01-01")),
    ("spring_festival", "春节", "Spring Festival", ("2022-01-31", "2022-02-06"), ("2023-01-21", "2023-01-27"), ("2024-02-10", "2024-02-17")),
    ("qingming", "清明节", "Qingming Festival", ("2022-04-03", "2022-04-05"), ("2023-04-05", "2023-04-05"), ("2024-04-04", "2024-04-06")),
    ("labour_day", "劳动节", "Labour Day", ("2022-04-30", "2022-05-04"), ("2023-04-29", "2023-05-03"), ("2024-05-01", "2024-05-05")),
    ("dragon_boat", "端午节", "Dragon Boat Festival", ("2022-06-03", "2022-06-05"), ("2023-06-22", "2023-06-24"), ("2024-06-08", "2024-06-10")),
    ("mid_autumn", "中秋节", "Mid-Autumn Festival", ("2022-09-10", "2022-09-12"), ("2023-09-29", "2023-09-29"), ("2024-09-15", "2024-09-17")),
    ("national_day", "国庆节", "National Day", ("2022-10-01", "2022-10-07"), ("2023-09-30", "2023-10-06"), ("2024-10-01", "2024-10-07")),
)
MAKE_UP = (
    "2022-01-29", "2022-01-30", "2022-04-02", "2022-04-24", "2022-05-07", "2022-10-08", "2022-10-09",
    "2023-01-28", "2023-01-29", "2023-04-23", "2023-05-06", "2023-06-25", "2023-10-07", "2023-10-08",
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
)
PROMOTIONS = tuple(f"{year}-{day}" for year in (2022, 2023, 2024) for day in ("06-16", "06-17", "06-18", "11-10", "11-11", "12-12"))

# First days of the months of the Chinese calendar; below 0: a leap month of that number.
LUNAR = (
    ("2021-12-04", 11), ("2022-01-03", 12), ("2022-02-01", 1), ("2022-03-03", 2), ("2022-04-01", 3), ("2022-05-01", 4), ("2022-05-30", 5),
    ("2022-06-29", 6), ("2022-07-29", 7), ("2022-08-27", 8), ("2022-09-26", 9), ("2022-10-25", 10), ("2022-11-24", 11), ("2022-12-23", 12),
    ("2023-01-22", 1), ("2023-02-20", 2), ("2023-03-22", -2), ("2023-04-20", 3), ("2023-05-19", 4), ("2023-06-18", 5), ("2023-07-18", 6),
    ("2023-08-16", 7), ("2023-09-15", 8), ("2023-10-15", 9), ("2023-11-13", 10), ("2023-12-13", 11), ("2024-01-11", 12), ("2024-02-10", 1),
    ("2024-03-10", 2), ("2024-04-09", 3), ("2024-05-08", 4), ("2024-06-06", 5), ("2024-07-06", 6), ("2024-08-04", 7), ("2024-09-03", 8),
    ("2024-10-03", 9), ("2024-11-01", 10), ("2024-12-01", 11), ("2024-12-31", 12),
)
MONTHS = "正二三四五六七八九十冬腊"
DIGITS = "一二三四五六七八九十"


def place(day: str) -> int:
    """Give the number of a day, the world's first being 0.

    Examples
    --------
    >>> place("2022-02-01")
    31
    """
    return (date.fromisoformat(day) - FIRST_DAY).days


def _flags() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    holiday, worked, promotion = np.full(DAYS, -1), np.zeros(DAYS, bool), np.zeros(DAYS, bool)
    for number, (_, _, _, *spans) in enumerate(HOLIDAYS):
        for first, last in spans:
            holiday[place(first) : place(last) + 1] = number
    worked[[place(day) for day in MAKE_UP]] = True
    promotion[[place(day) for day in PROMOTIONS]] = True
    return holiday, worked, promotion


def weekday() -> np.ndarray:
    """Give the weekday of every day of the world, Monday being 0."""
    return (np.arange(DAYS) + FIRST_DAY.weekday()) % 7


def workdays() -> np.ndarray:
    """Give whether offices work, per day of the world.

    Examples
    --------
    >>> bool(workdays()[place("2024-02-18")]), bool(workdays()[place("2024-02-12")])
    (True, False)
    """
    holiday, worked, _ = _flags()
    return ((weekday() < 5) & (holiday < 0)) | worked


def busy() -> np.ndarray:
    """Give whether a day belongs to the Spring Festival or National Day week."""
    holiday = _flags()[0]
    return np.isin(holiday, [number for number, one in enumerate(HOLIDAYS) if one[0] in BUSY])


def promotions() -> np.ndarray:
    """Give whether a day is a promotion day."""
    return _flags()[2]


def weights(world: World) -> np.ndarray:
    """Give how much is bought on each day against an average day: 1 throughout in a plain world.

    Examples
    --------
    >>> weights(World(plain=True)).tolist() == [1.0] * DAYS
    True
    """
    if world.plain:
        return np.ones(DAYS)
    season = np.exp(SEASON * np.cos(2 * np.pi * (np.arange(DAYS) + 10) / 365.25))  # highest in the last days of December
    out = season * np.array(WEEKDAY)[weekday()] * np.where(busy(), HOLIDAY_EFFECT, 1.0) * np.where(_flags()[2], PROMO_EFFECT, 1.0)
    return out / out.mean()


def lunar(day: int) -> str:
    """Give the date of the Chinese calendar of a day's number.

    Examples
    --------
    >>> lunar(place("2024-02-10")), lunar(place("2024-09-17")), lunar(place("2023-03-22"))
    ('正月初一', '八月十五', '闰二月初一')
    """
    first, month = max((place(one), month) for one, month in LUNAR if place(one) <= day)
    number = day - first + 1
    if number in (10, 20, 30):
        name = {10: "初十", 20: "二十", 30: "三十"}[number]
    else:
        name = ("初", "十", "廿")[number // 10] + DIGITS[number % 10 - 1]
    return ("闰" if month < 0 else "") + MONTHS[abs(month) - 1] + "月" + name


def table() -> dict[str, list]:
    """Give the columns of the calendar table, a row per day.

    Examples
    --------
    >>> len(table()["date"]), int(sum(table()["is_makeup_workday"]))
    (1096, 22)
    """
    holiday, worked, promotion = _flags()
    named = [HOLIDAYS[number] if number >= 0 else None for number in holiday]
    return {
        "date": [FIRST_DAY + timedelta(days=day) for day in range(DAYS)],
        "country": ["CN"] * DAYS,
        "is_holiday": holiday >= 0,
        "holiday_name_zh": [one[1] if one else None for one in named],
        "holiday_name_en": [one[2] if one else None for one in named],
        "is_makeup_workday": worked,
        "lunar_date": [lunar(day) for day in range(DAYS)],
        "promo_flag": promotion,
    }


# Share of purchases by hour, 0 to 23: consumers (two peaks, at noon and in the evening), and organisations in business hours.
HOURS = np.array([6, 3, 2, 1, 1, 2, 5, 12, 22, 34, 46, 58, 66, 52, 44, 44, 48, 58, 72, 88, 96, 84, 52, 22], float)
OFFICE = np.array([0, 0, 0, 0, 0, 0, 0, 0, 8, 22, 26, 18, 4, 6, 20, 24, 20, 12, 0, 0, 0, 0, 0, 0], float)


def hours(draws: np.ndarray, office: np.ndarray | bool = False) -> np.ndarray:
    """Turn uniform draws into seconds of the day by the hourly profile.

    Examples
    --------
    >>> hours(np.array([0.0, 0.5])).tolist()[0], int(hours(np.array([0.5]), True)[0] // 3600)
    (0, 13)
    """
    out = np.zeros(len(draws), np.int64)
    office = np.broadcast_to(office, len(draws))
    for profile, mask in ((HOURS, ~office), (OFFICE, office)):
        edges = np.concatenate([[0], np.cumsum(profile) / profile.sum()])
        out[mask] = np.floor(np.interp(draws[mask], edges, np.arange(25)) * 3600).astype(np.int64)
    return np.minimum(out, SECONDS - 1)


def facts(world: World) -> list[dict]:
    """Give what is planted in the calendar of purchases."""
    if world.plain:
        return []
    how = "daily orders of persons and households in a Poisson model with weekday and a trend around each holiday week"
    return [
        {"name": "holiday_effect", "value": HOLIDAY_EFFECT, "table": "orders", "how": how},
        {"name": "promotion_effect", "value": PROMO_EFFECT, "table": "orders", "how": how},
        {"name": "weekend_over_week", "value": round(sum(WEEKDAY[4:]) / 3 / (sum(WEEKDAY[:4]) / 4), 4), "table": "orders",
         "how": "mean orders of a Friday to Sunday against Monday to Thursday"},
    ]
