"""Turn canonical columns into what a file says: its own codes, its own dates, 是 and 否, money with marks."""

import re

import numpy as np
import pandas as pd

FIELDS = {"%Y": slice(0, 4), "%m": slice(5, 7), "%d": slice(8, 10), "%H": slice(11, 13), "%M": slice(14, 16), "%S": slice(17, 19)}
UTC = "%Y-%m-%dT%H:%M:%SZ"
EAST = np.timedelta64(8, "h")  # Asia/Shanghai, all the year


def written(times: np.ndarray, form: str) -> list[str | None]:
    """Write times (datetime64) by a form of strftime, or as an instant for ``utc``; blanks stay blank.

    Examples
    --------
    >>> times = np.array(["2024-02-09T06:05:04", "NaT"], dtype="datetime64[s]")
    >>> written(times, "%Y年%m月%d日"), written(times, "utc")
    (['2024年02月09日', None], ['2024-02-08T22:05:04Z', None])
    """
    if form == "utc":
        times, form = times - EAST, UTC
    parts = [FIELDS.get(one, one) for one in re.split(r"(%[YmdHMS])", form)]
    texts = np.datetime_as_string(times, unit="s")
    return [None if one == "NaT" else "".join(one[part] if isinstance(part, slice) else part for part in parts) for one in texts.tolist()]


def times_of(values: pd.Series) -> np.ndarray:
    """Give a column of dates or times, however held, as datetime64."""
    if isinstance(values.dtype, pd.ArrowDtype) or values.dtype == object:
        return np.array([np.datetime64("NaT") if one is None or pd.isna(one) else np.datetime64(one) for one in values.tolist()],
                        dtype="datetime64[s]")
    return values.to_numpy().astype("datetime64[s]")


def plain(values: pd.Series) -> list:
    """Give a column as Python values: None where blank, decimals as their text.

    Examples
    --------
    >>> plain(pd.Series([1.5, np.nan])), plain(pd.Series(["a", None], dtype=object))
    ([1.5, None], ['a', None])
    """
    found = values.tolist()
    if values.hasnans:
        found = [None if blank else one for one, blank in zip(found, values.isna().tolist(), strict=True)]
    if isinstance(values.dtype, pd.ArrowDtype):
        return [None if one is None else str(one) for one in found]
    return found


def of_file(frame: pd.DataFrame, spec: dict) -> dict[str, list]:
    """Give the columns of a file of ``words/raw.toml`` by their names there.

    Examples
    --------
    >>> frame = pd.DataFrame({"gender": ["f", None], "eco": [True, False]})
    >>> of_file(frame, {"columns": {"gender": "性别", "eco": "环保"}, "values": {"gender": {"f": "女"}}, "yes_no": ["eco"]})
    {'性别': ['女', None], '环保': ['是', '否']}
    """
    found = {}
    for name, own in spec["columns"].items():
        if name in spec.get("dates", {}):
            found[own] = written(times_of(frame[name]), spec["dates"][name])
            continue
        cells = plain(frame[name])
        if name in spec.get("values", {}):
            codes = spec["values"][name]
            cells = [codes.get(one, one) for one in cells]
        elif name in spec.get("yes_no", []):
            cells = [None if one is None else "是" if one else "否" for one in cells]
        elif name in spec.get("money", []):
            cells = [None if one is None else f"￥{float(one):,.2f}" for one in cells]
        found[own] = cells
    return found


def with_dirt(cells: dict[str, list], dirt: dict) -> dict[str, list]:
    """Add a row with one fault to the rows of a block: the first row again, under a key of its own.

    Examples
    --------
    >>> with_dirt({"id": ["A"], "n": [1]}, {"column": "n", "value": "--", "key": "id"})
    {'id': ['A', 'A-x'], 'n': [1, '--']}
    """
    changed = {dirt["key"]: f"{cells[dirt['key']][0]}-x", dirt["column"]: dirt["value"]}
    return {name: [*column, changed.get(name, column[0])] for name, column in cells.items()}
