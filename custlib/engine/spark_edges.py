"""Thresholds in Spark: exact with a bounded driver however many distinct values there are, or by percentile_approx with its rank error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from custlib.engine.edges import Edges, edges_of

MOST = 100_000  # rows that may come to the driver
SLICES = 1_000
ACCURACY = 10_000
See = Callable[[str, object], object]


@dataclass(frozen=True)
class Block:
    """Customers whose values lie between two values: a slice of the value axis. ``money``: their amounts above zero, in cents."""

    low: float
    high: float
    values: int
    customers: int
    money: int = 0


Wanted = Callable[[list[Block]], list[Block]]


def narrowed(counts, wanted: Wanted, *, see: See = lambda _, frame: frame, most: int = MOST, slices: int = SLICES) -> list[Block]:
    """Give the value axis as blocks in which every block that `wanted` asks for is a single value, fetching at most `most` values.

    With more values the axis is cut into slices; only slices that are asked for are cut again, until they are small enough to be
    fetched. What is asked for by rank or by money therefore comes out as if all the values had been fetched.

    Parameters
    ----------
    counts : frame of Spark, one row per distinct value
        ``amount`` (no blanks), ``customers`` (count).
    wanted : callable
        Gets the blocks, rising; gives those of more than one value that hold something looked for.
    see : callable
        Gets the name and the frame of each step before it is computed.
    """
    blocks = [one for one in _blocks(see("edges: one row of totals", _summed(counts))) if one.values]
    opened = [one for one in blocks if one.values > 1]
    while sum(one.values for one in opened) > most:
        shut = [one for one in blocks if one not in opened]
        cut = _blocks(see("edges: one row per slice", _sliced(counts, opened, slices)))
        blocks = sorted(shut + cut, key=lambda one: one.high)
        opened = wanted(blocks)
    if not opened:
        return blocks
    few = see("edges: the values of the slices looked at", counts.where(_within(opened)).select("amount", "customers")).toArrow()
    singles = [Block(value, value, 1, count, _cents(value) * count)
               for value, count in zip(few["amount"].to_pylist(), few["customers"].to_pylist(), strict=True)]
    return sorted([one for one in blocks if one not in opened] + singles, key=lambda one: one.high)


def score(rank_twice: int, total: int, bins: int, reverse: bool) -> int:
    """Give the score of twice an average rank, by the rule of ``edges_of``."""
    if reverse:
        return bins + 1 - -(-bins * (2 * total + 2 - rank_twice) // (2 * total))
    return -(-bins * rank_twice // (2 * total))


def changing(bins: int, reverse: bool) -> Wanted:
    """Ask for the blocks in which the score may change; in the others every value has the score of the block's largest.

    Examples
    --------
    >>> changing(2, False)([Block(1, 2, 2, 10), Block(3, 4, 2, 20), Block(5, 9, 3, 10)])
    [Block(low=3, high=4, values=2, customers=20, money=0)]
    """
    def wanted(blocks: list[Block]) -> list[Block]:
        total, below, found = sum(one.customers for one in blocks), 0, []
        for one in blocks:
            first, last = 2 * below + 2, 2 * (below + one.customers)
            if one.values > 1 and score(first, total, bins, reverse) != score(last, total, bins, reverse):
                found.append(one)
            below += one.customers
        return found

    return wanted


def holding(places: Callable[[int], list[int]]) -> Wanted:
    """Ask for the blocks that hold the customers at certain places (from 0, rising by value) of so many.

    Examples
    --------
    >>> holding(lambda total: [total // 2])([Block(1, 2, 2, 10), Block(3, 4, 2, 20), Block(5, 9, 3, 10)])
    [Block(low=3, high=4, values=2, customers=20, money=0)]
    """
    def wanted(blocks: list[Block]) -> list[Block]:
        looked, below, found = places(sum(one.customers for one in blocks)), 0, []
        for one in blocks:
            if one.values > 1 and any(below <= place < below + one.customers for place in looked):
                found.append(one)
            below += one.customers
        return found

    return wanted


def crossing(shares: tuple[float, ...]) -> Wanted:
    """Ask for the blocks in which the money, counted from the largest value down, reaches one of the `shares`.

    Examples
    --------
    >>> crossing((.5,))([Block(1, 2, 2, 10, 30), Block(3, 4, 2, 5, 40), Block(5, 9, 3, 1, 30)])
    [Block(low=3, high=4, values=2, customers=5, money=40)]
    """
    def wanted(blocks: list[Block]) -> list[Block]:
        total, above, found = sum(one.money for one in blocks), 0, []
        for one in reversed(blocks):
            # a hair on both sides, so that rounding of a share cannot step into the next block unseen
            if one.values > 1 and any(above - 1e-9 * total <= share * total <= above + one.money + 1e-9 * total for share in shares):
                found.append(one)
            above += one.money
        return found

    return wanted


def exact(counts, bins: int, *, reverse: bool = False, **more) -> Edges:
    """Give the edges of distinct values that so many customers have, the same as from all the values (`narrowed`)."""
    return edges_of(*pairs(narrowed(counts, changing(bins, reverse), **more)), bins, reverse=reverse)


def pairs(blocks: list[Block]) -> tuple[list[float], list[int]]:
    """Give the largest value and the customers of each block."""
    return [one.high for one in blocks], [one.customers for one in blocks]


def money_pairs(blocks: list[Block]) -> tuple[list[float], list[float]]:
    """Give the largest value of each block and as many customers as would bring its money if all had that value.

    Examples
    --------
    >>> money_pairs([Block(-4.0, -1.0, 2, 9, 0), Block(1.0, 2.0, 2, 9, 1500)])
    ([-1.0, 2.0], [9, 7.5])
    """
    return [one.high for one in blocks], [one.money / _cents(one.high) if _cents(one.high) else one.customers for one in blocks]


def _cents(value: float) -> int:
    return max(round(value * 100), 0)


def _totals() -> list:
    from pyspark.sql import functions as F

    cents = F.greatest(F.rint(F.col("amount") * 100), F.lit(0.0)).cast("decimal(22,0)") * F.col("customers").cast("decimal(16,0)")
    return [F.min("amount").alias("low"), F.max("amount").alias("high"), F.count("*").alias("n"), F.sum("customers").alias("customers"),
            F.sum(cents).alias("money")]


def _summed(frame):
    return frame.agg(*_totals())


def _blocks(frame) -> list[Block]:
    return [Block(one["low"], one["high"], one["n"], one["customers"] or 0, int(one["money"] or 0)) for one in frame.toArrow().to_pylist()]


def _within(blocks: list[Block]):
    from pyspark.sql import functions as F

    return reduce(lambda one, other: one | other, [F.col("amount").between(one.low, one.high) for one in blocks])


def _sliced(counts, blocks: list[Block], slices: int):
    """Cut each block into slices of one width; every step of the arithmetic keeps the order of the values."""
    from pyspark.sql import functions as F

    pieces = []
    for number, one in enumerate(blocks):
        inside = F.floor((F.col("amount") - F.lit(one.low)) / F.lit(one.high - one.low) * F.lit(float(slices)))
        pieces.append((F.col("amount").between(one.low, one.high), F.lit(number * slices) + F.least(inside, F.lit(slices - 1))))
    place = reduce(lambda case, piece: case.when(*piece), pieces[1:], F.when(*pieces[0]))
    return counts.where(_within(blocks)).select("amount", "customers", place.alias("slice")).groupBy("slice").agg(*_totals())


def approximate(values, bins: int, *, reverse: bool = False, see: See = lambda _, frame: frame,
                accuracy: int = ACCURACY) -> tuple[Edges, float]:
    """Give edges at the quantiles that percentile_approx finds, and how far their ranks are off.

    Ties share a score as by the exact rule: where one value spans several quantiles, its score is counted, not guessed.

    Parameters
    ----------
    values : frame of Spark, one row per customer
        ``amount`` (no blanks).

    Returns
    -------
    Edges
        Each edge is a value of the data.
    float
        Largest distance between the share of customers up to a quantile found and the share asked for, beyond what ties
        force; a share of the customers, measured. percentile_approx promises at most 1 / `accuracy`.
    """
    from pyspark.sql import functions as F

    shares = [step / bins for step in range(1, bins)]
    found = _row(see("edges: one row of percentile_approx", values.agg(
        F.percentile_approx("amount", shares, accuracy).alias("at"), F.count("*").alias("n"), F.max("amount").alias("top"))))
    if not found["n"]:
        return edges_of([], [], bins, reverse=reverse), 0.0
    cuts = sorted(set(found["at"]))
    # where one value spans several scores, the scores below it end at the value before it
    before = list(_row(see("edges: one row of neighbours", values.agg(
        *[F.max(F.when(F.col("amount") < cut, F.col("amount"))).alias(f"b{number}") for number, cut in enumerate(cuts)]))).values())
    looked = sorted({*cuts, *(one for one in before if one is not None), found["top"]})
    counted = _row(see("edges: one row of counts", values.agg(*[
        column for number, cut in enumerate(looked)
        for column in (F.count(F.when(F.col("amount") < cut, 1)).alias(f"l{number}"), F.count(F.when(F.col("amount") == cut, 1)).alias(f"e{number}"))
    ])))
    total = found["n"]
    ranks = {value: (counted[f"l{number}"], counted[f"e{number}"]) for number, value in enumerate(looked)}
    by_rule = {value: score(2 * below + equal + 1, total, bins, reverse) for value, (below, equal) in ranks.items()}
    off = max(max(ranks[value][0] / total - share, share - sum(ranks[value]) / total) for share, value in zip(shares, found["at"], strict=True))
    last: dict[int, float] = {}
    for cut, previous in zip(cuts, before, strict=True):
        steps = [step for step, value in enumerate(found["at"], start=1) if value == cut]
        if len(steps) == 1 and abs(sum(ranks[cut]) / total - shares[steps[0] - 1]) <= max(off, 0) + 1 / accuracy:
            last[steps[0]] = max(cut, last.get(steps[0], cut))
            continue
        for value in (previous, cut):
            if value is not None:
                last[by_rule[value]] = max(value, last.get(by_rule[value], value))
    top = by_rule[found["top"]]
    return Edges({step: last[step] for step in sorted(last) if step < top and last[step] < found["top"]}, top, bins, reverse), max(off, 0.0)


def _row(frame) -> dict:
    return frame.toArrow().to_pylist()[0]
