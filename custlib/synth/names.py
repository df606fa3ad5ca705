"""Names of people, companies and offices; every Chinese one with its exact pinyin."""

import numpy as np
import pandas as pd

from custlib.synth.wording import column, joined, picked, weighted, words


def people_names(rng: np.random.Generator, gender: np.ndarray, country: np.ndarray) -> pd.DataFrame:
    """Draw a name for each person.

    Returns
    -------
    DataFrame, one row per person
        ``name`` (as its country writes it), ``pinyin`` (surname first, spaces between surname and given name, capitals),
        ``local`` (small letters for an e-mail), ``nickname`` (小明; abroad the given name).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> people_names(rng, np.array(["f", "m"]), np.array(["CN", "GB"])).columns.tolist()
    ['name', 'pinyin', 'local', 'nickname']
    """
    size = len(gender)
    draws = rng.random((6, size))
    found = _chinese(draws, gender)
    lists = words("names")["foreign"]
    for code, lists_of in lists.items():
        rows = np.flatnonzero(country == code)
        if len(rows):
            woman = np.where(gender[rows] == "f", True, np.where(gender[rows] == "m", False, draws[3, rows] < 0.5))
            given = np.where(woman, picked(lists_of["f"], draws[1, rows]), picked(lists_of["m"], draws[1, rows]))
            last = picked(lists_of["surnames"], draws[0, rows])
            full = joined(given, " ", last)
            local = np.array([_plain(one) for one in full], dtype=object)
            found.loc[rows, ["name", "pinyin", "local", "nickname"]] = np.column_stack([full, full, local, given])
    return found


def _chinese(draws: np.ndarray, gender: np.ndarray) -> pd.DataFrame:
    lists = words("names")
    surnames, given = lists["surnames"], lists["given"]
    front = weighted(column(surnames, "share"), draws[0])
    family, family_py = column(surnames, "zh")[front], column(surnames, "py")[front]
    zh, py, whose = column(given, "zh"), column(given, "py"), column(given, "for")
    woman = np.where(gender == "f", True, np.where(gender == "m", False, draws[3] < 0.5))
    of_women, of_men = np.flatnonzero(whose != "m"), np.flatnonzero(whose != "f")

    def character(uniform: np.ndarray) -> np.ndarray:
        return np.where(woman, of_women[(uniform * len(of_women)).astype(int)], of_men[(uniform * len(of_men)).astype(int)])

    first, second = character(draws[1]), character(draws[2])
    single = draws[4] < 0.14  # a given name of one character
    given_zh = np.where(single, zh[second], joined(zh[first], zh[second]))
    given_py = np.where(single, py[second], joined(py[first], py[second]))
    capital = np.array([f"{a.capitalize()} {b.capitalize()}" for a, b in zip(family_py, given_py, strict=True)], dtype=object)
    nick = joined(picked(lists["nickname_front"], draws[5]), zh[second])
    return pd.DataFrame({"name": joined(family, given_zh), "pinyin": capital, "local": joined(family_py, given_py), "nickname": nick},
                        dtype=object)


def _plain(name: str) -> str:
    """Give the letters of a name that an e-mail address can hold."""
    return "".join(one for one in name.lower().replace("é", "e").replace("è", "e").replace("ü", "u").replace("ï", "i") if "a" <= one <= "z")


def organisation_names(rng: np.random.Generator, kind: np.ndarray, city_zh: np.ndarray) -> pd.DataFrame:
    """Draw the name of each company or office.

    Returns
    -------
    DataFrame, one row per organisation
        ``name`` (registered), ``short`` (as another channel writes it), ``local`` (small letters for an e-mail).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> organisation_names(rng, np.array(["government"]), np.array(["杭州"])).columns.tolist()
    ['name', 'short', 'local']
    """
    lists = words("names")["organisations"]
    draws = rng.random((3, len(kind)))
    word, trade = (draws[0] * len(lists["words"])).astype(int), (draws[1] * len(lists["trades"])).astype(int)
    ending = (draws[2] * len(lists["endings"])).astype(int)
    head = joined(city_zh, column_of(lists, "words")[word], column_of(lists, "trades")[trade]) if len(kind) else np.array([], dtype=object)
    office = picked(lists["offices"], draws[1])
    district = picked(lists["districts"], draws[0])
    if not len(kind):
        return pd.DataFrame({"name": [], "short": [], "local": []}, dtype=object)
    state = kind == "government"
    name = np.where(state, joined(city_zh, "市", district, office), joined(head, column_of(lists, "endings")[ending]))
    short = np.where(state, joined(district, office), joined(head, column_of(lists, "endings_short")[ending]))
    local = np.where(state, "office", joined(column_of(lists, "words_en")[word], column_of(lists, "trades_py")[trade]))
    return pd.DataFrame({"name": name, "short": short, "local": np.array([_plain(one) for one in local], dtype=object)}, dtype=object)


def column_of(lists: dict, key: str) -> np.ndarray:
    """Give a list of words as an array of objects."""
    return np.array(lists[key], dtype=object)
