"""What a world is made from: its size, its seed, its days; every random number comes from a named stream of a fixed block of customers."""

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from custlib.checks import within

BLOCK = 1_000  # customers that share streams: fixed, so that no chunk size moves a number
FIRST_DAY, LAST_DAY, AS_OF = date(2022, 1, 1), date(2024, 12, 31), date(2025, 1, 1)
MOST = 5_000_000


@dataclass(frozen=True)
class World:
    """A world by its parameters.

    Parameters
    ----------
    customers : int
        Number of customer ids (true people and organisations are fewer: some have two), 100 to 5,000,000.
    seed : int
        0 to 2**31 − 1.
    plain : bool
        No covariates, no calendar, no stock-outs, no duplicates: only the purchase and spend processes.

    Raises
    ------
    Problem
        A parameter is out of range.

    Examples
    --------
    >>> World(customers=2_500).blocks
    range(0, 3)
    >>> bool(World().rng("orders", 0).integers(100) == World().rng("orders", 0).integers(100))
    True
    """

    customers: int = 5_000
    seed: int = 20250123
    plain: bool = False

    def __post_init__(self) -> None:
        within("customers", self.customers, 100, MOST)
        within("seed", self.seed, 0, 2**31 - 1)

    @property
    def blocks(self) -> range:
        """The numbers of the blocks of customers."""
        return range(-(-self.customers // BLOCK))

    def members(self, block: int) -> np.ndarray:
        """Give the positions of a block's customers, from 0."""
        return np.arange(block * BLOCK, min((block + 1) * BLOCK, self.customers))

    def rng(self, stream: str, block: int = -1) -> np.random.Generator:
        """Give the generator of a stream: of one block of customers, or (−1) of the whole world."""
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, zlib.crc32(stream.encode()), block + 1])))


def customer_ids(members: np.ndarray) -> np.ndarray:
    """Give customer ids of positions.

    Examples
    --------
    >>> customer_ids(np.array([0, 41])).tolist()
    ['C0000001', 'C0000042']
    """
    return np.array([f"C{one + 1:07d}" for one in members], dtype=object)
