"""Every parameter of every notebook, declared once: type, range, default, help in both languages."""

from dataclasses import dataclass
from typing import Any

from custlib.checks import iso_day, nearest, one_of, within
from custlib.engine.choose import ENGINES
from custlib.i18n import Problem


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; ``low`` and ``high`` bound numbers, ``allowed`` closes a list."""

    name: str
    kind: str
    default: Any
    zh: str
    en: str
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()


PARAMETERS = {one.name: one for one in (
    Parameter("dataset", "text", "pinecone", "数据集名称或 dataset.toml 的路径", "name of a data set, or path of a dataset.toml"),
    Parameter("as_of", "day", "2025-01-01", "截止日：当天及以后的行不存在", "rows on or after this day do not exist for the run"),
    Parameter("lang", "choice", "bi", "语言", "language of titles and axis names", allowed=("zh", "en", "bi")),
    Parameter("run_dir", "text", "reports/runs/notebooks", "运行文件夹", "the run folder: earlier notebooks wrote here"),
    Parameter("seed", "int", 20250123, "重抽样的随机种子", "seed, for resampling only", 0, 2**31 - 1),
    Parameter("bins", "int", 5, "R、F、M 各分几档", "number of scores for R, F and M", 2, 10),
    Parameter("cut", "choice", "median", "八类的分界：中位数、均值或业务值", "cut of the eight classes", allowed=("median", "mean", "business")),
    Parameter("business_cuts", "numbers", [], "业务分界：天数、订单数、金额", "business cuts: days, orders, amount", 0, 1e15),
    Parameter("abc", "shares", [0.7, 0.9], "ABC 的累计占比分界", "cumulative shares that end classes A and B", 0, 1),
    Parameter("tier_rule", "choice", "share", "高中低价值：按累计占比或按人数", "high/mid/low by cumulative share or by head count",
              allowed=("share", "quantile")),
    Parameter("window_days", "int", 0, "只看最近多少天；0 为全部历史", "only the last days; 0 is the whole history", 0, 1825),
    Parameter("segment_map", "file", "", "分群表：空白为数据集声明的那张，否则为 named 或 TOML 文件路径",
              "segment map: blank is the data set's own, else named, or the path of a TOML file"),
    Parameter("engine", "choice", "duckdb", "计算引擎：duckdb，或已安装的 spark", "what computes over rows: duckdb, or spark where it is installed",
              allowed=ENGINES),
    Parameter("resamples", "int", 200, "重抽样次数", "bootstrap draws behind each interval", 20, 2000),
)}


def check(values: dict[str, Any], own: dict[str, Any] | None = None) -> dict[str, Any]:
    """Check parameters before anything starts.

    Parameters
    ----------
    values : dict
        Name → value; text is read as the declared type.
    own : dict, optional
        Name → default of what the user's notebooks declare beside ours; a value must be of the type of its default.

    Returns
    -------
    dict
        The same names with values of the declared types.

    Raises
    ------
    Problem
        A name is unknown (the nearest right one is given) or a value is out of range.

    Examples
    --------
    >>> check({"bins": "4"})
    {'bins': 4}
    >>> check({"depth": "2.5"}, {"depth": 1.0})
    {'depth': 2.5}
    """
    more = own or {}
    return {name: _read(name, value, more) for name, value in values.items()}


def pairs(given: list[str]) -> dict[str, str]:
    """Read ``NAME=VALUE`` words of a command line.

    Raises
    ------
    Problem
        A word has no ``=``.

    Examples
    --------
    >>> pairs(["bins=4"])
    {'bins': '4'}
    """
    for word in given:
        if "=" not in word:
            raise Problem("not_name_value", got=repr(word))
    return {name.strip(): value.strip() for name, value in (word.split("=", 1) for word in given)}


def _read(name: str, value: Any, own: dict[str, Any]) -> Any:
    if name in own and name not in PARAMETERS:
        return _like(name, value, own[name])
    if name not in PARAMETERS:
        raise Problem("unknown_parameter", name=name, near=nearest(name, [*PARAMETERS, *own]))
    declared = PARAMETERS[name]
    if declared.kind == "day":
        return iso_day(name, value).isoformat()
    if declared.kind == "choice":
        one_of(name, value, declared.allowed)
        return value
    if declared.kind in ("text", "file"):
        if not isinstance(value, str) or (not value and declared.kind == "text"):
            raise Problem("bad_parameter", name=name, want="@want.text", got=repr(value))
        return value
    if declared.kind == "int":
        number = _number(name, value, int, "@want.whole")
        within(name, number, declared.low, declared.high)
        return number
    return _list(declared, value)


def _like(name: str, value: Any, default: Any) -> Any:
    """Read a value as the type of a default that a user's notebook gives."""
    if isinstance(default, bool):
        said = {"true": True, "false": False}.get(str(value).lower())
        if said is None:
            raise Problem("bad_parameter", name=name, want="@want.yes_no", got=repr(value))
        return said
    if isinstance(default, int | float):
        return _number(name, value, type(default), "@want.whole" if isinstance(default, int) else "@want.decimal")
    if isinstance(default, list):
        parts = [part.strip() for part in value.strip("[] ").split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(parts, list):
            raise Problem("bad_parameter", name=name, want="@want.list", got=repr(value))
        return [_like(name, part, default[0]) for part in parts] if default else parts
    if not isinstance(value, str):
        raise Problem("bad_parameter", name=name, want="@want.text", got=repr(value))
    return value


def _list(declared: Parameter, value: Any) -> list[float]:
    parts = [part for part in value.strip("[] ").split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise Problem("bad_parameter", name=declared.name, want="@want.list", got=repr(value))
    numbers = [_number(declared.name, part, float, "@want.list") for part in parts]
    for number in numbers:
        within(declared.name, number, declared.low, declared.high)
    if declared.kind == "shares" and (len(numbers) != 2 or not 0 < numbers[0] < numbers[1] < 1):
        raise Problem("bad_parameter", name=declared.name, want="@want.shares", got=repr(value))
    if declared.kind == "numbers" and len(numbers) not in (0, 3):
        raise Problem("bad_parameter", name=declared.name, want="@want.cuts", got=repr(value))
    return numbers


def _number(name: str, value: Any, kind: type, want: str) -> Any:
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float) and not value.is_integer()):
            raise ValueError(value)
        return kind(value)
    except (TypeError, ValueError) as error:
        raise Problem("bad_parameter", name=name, want=want, got=repr(value)) from error
