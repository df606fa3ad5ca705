"""Deliver the world as a company keeps its files: an old CRM in GB18030, a database, a spreadsheet, SPSS, JSON lines, Parquet."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from custlib.checks import within
from custlib.synth.clean import Sink
from custlib.synth.generate import block_tables, world_tables
from custlib.synth.identities import true_identity
from custlib.synth.wording import words
from custlib.synth.world import BLOCK, MOST, World
from custlib.synth.writers import KINDS

COUNTER = ("store", "call")
# Which rows of a table stand in which file.
PARTS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "counter": lambda rows: rows["acq_channel"].isin(COUNTER),
    "online": lambda rows: ~rows["acq_channel"].isin(COUNTER),
    "at_counter": lambda rows: rows["channel"].isin(COUNTER),
    "elsewhere": lambda rows: ~rows["channel"].isin(COUNTER),
    "institute": lambda rows: (rows["survey_id"] == "SAT") & (rows["wave"] == 2),
    "export": lambda rows: (rows["survey_id"] != "SAT") | (rows["wave"] != 2),
}


def deliver(world: World, folder: Path, *, chunk: int = 1, truth: Path | None = None,
            say: Callable[[str], None] = lambda line: None) -> dict[str, int]:
    """Write the raw files of a world into a folder, block by block, and the true identities into another.

    Parameters
    ----------
    folder : Path
        Made where it is not there; files of the same names are replaced.
    chunk : int
        Blocks of 1,000 customers that are made before they are written; it moves memory and no byte.
    truth : Path or None
        Folder for ``true_identity.parquet``: one row per identity record, its customer id and the true person. None: the folder
        ``truth`` beside `folder`.
    say : callable
        Told how many customers are done, at every tenth of them.

    Returns
    -------
    dict of str to int
        Rows written by source of ``data/pinecone/dataset.toml``, planted faults left out.

    Raises
    ------
    Problem
        `chunk` is less than one block.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     deliver(World(customers=100), Path(place) / "raw")["stores"]
    30
    """
    within("chunk", chunk, 1, MOST)
    delivery, answers = Delivery(folder), Sink(folder.parent / "truth" if truth is None else truth)
    delivery.add(world_tables(world))
    blocks = list(world.blocks)
    told = 0
    for start in range(0, len(blocks), chunk):
        if (tenth := 10 * start // len(blocks)) > told:
            told = tenth
            say(f"synth: {start * BLOCK:,} of {world.customers:,} customers")
        made = [block_tables(world, block) for block in blocks[start:start + chunk]]
        for tables in made:
            delivery.add(tables)
            rows = true_identity(tables["people"], tables["identities"])
            answers.add("true_identity", pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None))
    answers.close()
    return delivery.close()


def facts(world: World) -> list[dict]:
    """Give the faults that are planted in the files: one row a block in three of them, which the build must set aside."""
    dirty = [one for one in words("raw")["files"] if "dirt" in one]
    return [{"name": f"faults_{one['source']}", "value": len(world.blocks), "table": one["table"],
             "how": f"rows of {one['path']} that cannot be read: one for each thousand customers"} for one in dirty]


class Delivery:
    """The open files of a delivery, to which tables are added as they come."""

    def __init__(self, folder: Path) -> None:
        self.files, self.open, self.rows = words("raw")["files"], {}, {}
        for one in self.files:
            path = folder / one["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            if path not in self.open:
                self.open[path] = KINDS[one["kind"]](path)
        self.folder = folder

    def add(self, tables: dict[str, pd.DataFrame]) -> None:
        """Write the rows of canonical tables into the files that hold them."""
        for one in self.files:
            if one["table"] in tables:
                rows = tables[one["table"]]
                rows = rows.loc[PARTS[one["part"]](rows).to_numpy(dtype=bool)] if "part" in one else rows
                self.open[self.folder / one["path"]].add(one, rows.reset_index(drop=True))
                self.rows[one["source"]] = self.rows.get(one["source"], 0) + len(rows)

    def close(self) -> dict[str, int]:
        """Close the files and give the rows by source."""
        for file in self.open.values():
            file.close()
        return self.rows
