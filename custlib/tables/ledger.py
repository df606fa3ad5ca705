"""Account for every row: read = rejected + each way out + kept, with the money of each."""

from pathlib import Path
from typing import TYPE_CHECKING

from custlib.engine import connect
from custlib.tables.build import Built
from custlib.tables.typing import literal

if TYPE_CHECKING:
    import pandas as pd

FIRST, LAST = ("in", "rejected", "after_as_of", "before_window"), ("anonymous", "return", "zero", "kept")


def ledger(doors: "pd.DataFrame", built: Built) -> "pd.DataFrame":
    """Complete the engine's doors by the rows that were read and those that were rejected.

    Parameters
    ----------
    doors : DataFrame, one row per door
        From `DuckEngine.ledger`.
    built : Built
        The build that the engine reads.

    Returns
    -------
    DataFrame, one row per step
        ``step`` (in, rejected, after_as_of, before_window, policies that exclude, anonymous, return, zero, kept; a step that
        nothing took is left out, but for in, rejected and kept), ``rows``, ``gross``, ``returned`` (≤ 0), ``net`` (currency; of
        rejected rows unknown, so 0). ``in`` is the sum of the others.
    """
    import pandas as pd

    found = {row["step"]: row for row in doors.to_dict("records")}
    policies = [name for name in built.facts["policies"] if name in found]
    nothing = {"rows": 0, "gross": 0.0, "returned": 0.0, "net": 0.0}
    found["rejected"] = {**nothing, "rows": built.facts["rejected"]}
    found["in"] = {column: round(float(doors[column].sum()), 2) for column in ("gross", "returned", "net")}
    found["in"]["rows"] = built.facts["rows_in"]
    steps = [step for step in (*FIRST, *policies, *LAST) if step in found or step == "kept"]
    rows = [{**nothing, **found.get(step, {}), "step": step} for step in steps]
    return pd.DataFrame(rows)[["step", "rows", "gross", "returned", "net"]].astype(
        {"rows": "int64", "gross": "float64", "returned": "float64", "net": "float64"})


def write_public_rejects(built: Built, path: Path) -> None:
    """Copy the rejected rows for a report: values of personal columns stay in the build folder."""
    with connect() as db:
        db.execute(f"COPY (SELECT file, row, rule, \"column\", CASE WHEN personal THEN NULL ELSE value END AS value FROM "
                   f"read_parquet({literal(built.folder / 'rejects.parquet')})) TO {literal(path)} (FORMAT parquet)")
