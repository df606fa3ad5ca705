"""What a data set declares or lacks, as far as a run must know it before anything starts."""

from typing import TYPE_CHECKING

from custlib import tables

if TYPE_CHECKING:
    from custlib.value import Own


def own(data: tables.Dataset) -> "Own":
    """Give what ``[segments]`` of a dataset.toml declares: the map for rfm.named and the data set's own schemes.

    Raises
    ------
    Problem
        A key, a column, a list of cuts or a map is wrong.
    """
    from custlib import value

    return value.own(data.segments, folder=data.folder, file=data.path.name)


def has_orders(built: tables.Built) -> bool:
    """Tell whether a build holds orders: without them there is no customer table."""
    return (built.folder / "orders.parquet").is_file()
