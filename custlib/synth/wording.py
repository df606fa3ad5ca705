"""Read the words of the world: names, places, items, texts, in Chinese and English, kept as data in ``words/``."""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "words"


@cache
def words(name: str) -> dict:
    """Give the content of ``words/<name>.toml``.

    Examples
    --------
    >>> words("regions")["cities"][0]["zh"]
    '北京'
    """
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def column(rows: list[dict], key: str) -> np.ndarray:
    """Give one key of a list of tables as an array of objects or numbers.

    Examples
    --------
    >>> column([{"zh": "王", "share": 72}, {"zh": "李", "share": 70}], "share").tolist()
    [72, 70]
    """
    found = [row[key] for row in rows]
    return np.array(found, dtype=object if isinstance(found[0], str) else None)


def picked(values: list[str] | np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Choose one of `values` for each number from 0 to below 1, all alike.

    Examples
    --------
    >>> picked(["a", "b"], np.array([0.1, 0.6])).tolist()
    ['a', 'b']
    """
    options = np.asarray(values, dtype=object)
    return options[(uniform * len(options)).astype(int)]


def weighted(shares: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Choose a position by shares for each number from 0 to below 1.

    Examples
    --------
    >>> weighted(np.array([1, 3]), np.array([0.2, 0.3])).tolist()
    [0, 1]
    """
    edges = np.cumsum(shares) / np.sum(shares)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(edges) - 1)


def joined(*parts: np.ndarray | str) -> np.ndarray:
    """Put texts together row by row.

    Examples
    --------
    >>> joined(np.array(["王", "李"], dtype=object), "小", np.array(["明", "红"], dtype=object)).tolist()
    ['王小明', '李小红']
    """
    length = max(len(one) for one in parts if not isinstance(one, str))
    columns = [[one] * length if isinstance(one, str) else one for one in parts]
    return np.array(["".join(row) for row in zip(*columns, strict=True)], dtype=object)
