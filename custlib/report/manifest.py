"""The manifest of a run: what went in, by which code and versions, what came out, how long it took."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from custlib import tables
from custlib.tables.store import read_json

SHOWN = ("duckdb", "pandas", "numpy", "matplotlib", "seaborn", "scikit-learn", "papermill")
FIGURES = ("segment_bars", "rfm_grid", "lorenz", "whale", "recency", "orders", "amount")


def manifest(work: Path, data: tables.Dataset, built: tables.Built, chosen: dict[str, Any], hashes: dict[str, str],
             seconds: dict[str, Any]) -> dict:
    """Give the manifest of a run whose notebooks have all run.

    Returns
    -------
    dict
        ``run``, ``parameters``, ``hashes``, ``rows`` (in = kept + excluded + rejected), ``policies``, ``inputs``, ``span``,
        ``figures``, ``warnings``, ``timings`` (seconds), ``versions``. No path of this machine.
    """
    ledger = pd.read_parquet(work / "tables" / "ledger.parquet").set_index("step")["rows"]
    summaries = [read_json(path) for path in sorted((work / "summary").glob("*.json"))]
    return {
        "run": {"dataset": data.name, "title": data.title, "as_of": chosen["as_of"], "lang": chosen["lang"], "currency": data.currency,
                "timezone": data.timezone, "licence": data.licence, "source": data.source, "simulated": data.simulated,
                "returns": data.returns, "zero": data.zero, **built.facts["span"]},
        "parameters": chosen, "hashes": hashes,
        "rows": {"in": int(ledger["in"]), "kept": int(ledger["kept"]), "rejected": int(ledger["rejected"]),
                 "excluded": int(ledger["in"] - ledger["kept"] - ledger["rejected"])},
        "rules": built.facts["rules"], "policies": built.facts["policies"], "inputs": built.facts["inputs"],
        "figures": _ordered([path.stem for path in (work / "figures").glob("*.json")]),
        "warnings": [warning for summary in summaries for warning in summary["warnings"]],
        "timings": seconds, "versions": {name: version(name) for name in SHOWN}}


def _ordered(names: list[str]) -> list[str]:
    """Give the figures in the order a reader needs them; others after, by name."""
    def place(name: str) -> tuple[int, str]:
        tail = name.split("_", 1)[-1]
        return (FIGURES.index(tail) if tail in FIGURES else len(FIGURES), name)

    return sorted(names, key=place)
