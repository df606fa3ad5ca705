"""Addresses: a real city, a street that exists nowhere, a house number that begins with 0."""

import numpy as np
import pandas as pd

from custlib.synth.wording import column, joined, picked, words


def places(rng: np.random.Generator, region: np.ndarray, country: np.ndarray) -> pd.DataFrame:
    """Give each person a place to live.

    Parameters
    ----------
    region : array of str
        GB/T 2260 code of the city; anything else means abroad.
    country : array of str
        ISO 3166 code.

    Returns
    -------
    DataFrame, one row per person
        ``city`` (Chinese name), ``address``, ``short`` (as another channel writes it: without province), ``postcode``
        (00NNNN, abroad blank), ``lat`` and ``lon`` (degrees, to the hundredth, near the city's centre).

    Examples
    --------
    >>> places(np.random.default_rng(1), np.array(["330100"]), np.array(["CN"]))["city"].tolist()
    ['杭州']
    """
    lists, streets = words("regions"), words("names")["streets"]
    cities, abroad = lists["cities"], lists["countries"]
    here = pd.Series(range(len(cities)), index=column(cities, "code")).reindex(region)
    there = pd.Series(range(len(abroad)), index=column(abroad, "code")).reindex(country).fillna(0).to_numpy(dtype=int)
    home = here.notna().to_numpy()
    at = here.fillna(0).to_numpy(dtype=int)
    draws = rng.random((6, len(region)))
    city, province = column(cities, "zh")[at], column(cities, "province_zh")[at]
    number = _digits(draws[1], 900, "0{:03d}")
    house, room = _digits(draws[2], 30, "{}", 1), _digits(draws[3], 2900, "{}", 101)
    inner = joined(picked(streets["zh"], draws[0]), number, "号", house, "栋", room, "室")
    lone = np.array([one == f"{two}市" for one, two in zip(province, city, strict=True)])  # 北京市 is its own province
    full = np.where(lone, joined(city, "市", inner), joined(province, city, "市", inner))
    western = joined(number, " ", picked(streets["en"], draws[0]), ", ", column(abroad, "city_en")[there])
    centre = [np.where(home, column(cities, key)[at], column(abroad, key)[there]) for key in ("lat", "lon")]
    return pd.DataFrame({
        "city": np.where(home, city, column(abroad, "city_zh")[there]),
        "address": np.where(home, full, western), "short": np.where(home, joined(city, inner), western),
        "postcode": np.where(home, _digits(draws[4], 9_000, "00{:04d}"), None),
        "lat": np.round(centre[0] + (draws[4] - 0.5) * 0.12, 2), "lon": np.round(centre[1] + (draws[5] - 0.5) * 0.12, 2)})


def _digits(uniform: np.ndarray, below: int, form: str, start: int = 0) -> np.ndarray:
    return np.array([form.format(one) for one in (start + (uniform * below).astype(int)).tolist()], dtype=object)
