"""Collect what the notebooks of one run handed in, and refuse what does not belong together or does not add up."""

from pathlib import Path

import pandas as pd

from custlib.i18n import Trouble
from custlib.tables import read_json


def summaries(run_dir: Path, *, dataset: str, as_of: str) -> list[dict]:
    """Give the summaries of a run in reading order, without the report's own.

    Raises
    ------
    Trouble
        That of the value notebook is missing (it leaves one where it is skipped, too), or one is of another data set or day.
    """
    found = [one for path in sorted((run_dir / "summary").glob("[0-8][0-9]_*.json")) if (one := read_json(path))]
    if not any(one["notebook"].startswith("04") for one in found):
        raise Trouble("not_before_report", notebook="04_rfm_value")
    for one in found:
        if one["dataset"] != dataset or one["as_of"] != as_of:
            raise Trouble("summary_mismatch", notebook=one["notebook"], got=f"{one['dataset']} {one['as_of']}", want=f"{dataset} {as_of}")
    return found


def overview(found: list[dict]) -> pd.DataFrame:
    """Count what each notebook handed in.

    Returns
    -------
    DataFrame, one row per notebook
        ``notebook``, ``numbers``, ``conclusions``, ``warnings``, ``skipped`` (counts).
    """
    return pd.DataFrame([{"notebook": one["notebook"], **{part: len(one[part]) for part in ("numbers", "conclusions", "warnings", "skipped")}}
                         for one in found])


def balanced(ledger: pd.DataFrame) -> None:
    """Refuse a ledger whose rows do not add up.

    Raises
    ------
    Trouble
        Rows read differ from the sum of the ways out.

    Examples
    --------
    >>> balanced(pd.DataFrame({"step": ["in", "kept"], "rows": [2, 2]}))
    """
    came = int(ledger.loc[ledger["step"] == "in", "rows"].sum())
    went = int(ledger.loc[ledger["step"] != "in", "rows"].sum())
    if came != went:
        raise Trouble("ledger_unbalanced", came=f"{came:,}", went=f"{went:,}")
