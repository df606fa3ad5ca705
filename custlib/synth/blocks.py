"""Which block of customers a frame of people is."""

import pandas as pd

from custlib.synth.world import BLOCK


def block_of(people: pd.DataFrame) -> int:
    """Give the number of the block that people belong to, by the id of the first.

    Examples
    --------
    >>> block_of(pd.DataFrame({"customer_id": ["C0001001"]}))
    1
    """
    return (int(people["customer_id"].iloc[0][1:]) - 1) // BLOCK
