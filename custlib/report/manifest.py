"""The manifest of a run: what went in, by which code and versions, what came out, how long it took."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from custlib import tables
from custlib.report.declared import has_orders
from custlib.tables.store import read_json

SHOWN = ("duckdb", "pandas", "numpy", "matplotlib", "seaborn", "scikit-learn", "papermill")
FIGURES = ("segment_bars", "rfm_grid", "lorenz", "whale", "recency", "orders", "amount")


def manifest(work: Path, data: tables.Dataset, built: tables.Built, chosen: dict[str, Any], hashes: dict[str, str],
             seconds: dict[str, Any], *, skipped: dict[str, dict] | None = None) -> dict:
    """Give the manifest of a run whose notebooks have all run.

    Returns
    -------
    dict
        ``run``, ``parameters``, ``hashes``, ``orders`` (whether there are any), ``rows`` (in = kept + excluded + rejected),
        ``policies``, ``inputs``, ``span``, ``intake`` (files, quality, columns, assumptions of a draft), ``skipped``
        (notebook, key, values), ``figures``, ``warnings``, ``timings`` (seconds), ``versions``. No path of this machine.
    """
    ledger = pd.read_parquet(work / "tables" / "ledger.parquet").set_index("step")["rows"]
    summaries = [read_json(path) for path in sorted((work / "summary").glob("*.json"))]
    facts = built.facts
    return {
        "run": {"dataset": data.name, "title": data.title, "as_of": chosen["as_of"], "lang": chosen["lang"], "currency": data.currency,
                "timezone": data.timezone, "licence": data.licence, "source": data.source, "simulated": data.simulated,
                "returns": data.returns, "zero": data.zero, **(facts.get("span") or {})},
        "parameters": chosen, "hashes": hashes, "orders": has_orders(built),
        "rows": _rows(ledger) if len(ledger) else _read_only(facts),
        "rules": facts.get("rules", []), "policies": facts.get("policies", {}), "inputs": facts.get("inputs", {}),
        "intake": {part: facts[part] for part in ("inputs", "sources", "quality", "assumptions") if facts.get(part)},
        "skipped": [{"notebook": name, **why} for name, why in (skipped or {}).items()],
        "figures": _ordered([path.stem for path in (work / "figures").glob("*.json")]),
        "warnings": [warning for summary in summaries for warning in summary["warnings"]],
        "timings": seconds, "versions": {name: version(name) for name in SHOWN}}


def _rows(ledger: pd.Series) -> dict[str, int]:
    return {"in": int(ledger["in"]), "kept": int(ledger["kept"]), "rejected": int(ledger["rejected"]),
            "excluded": int(ledger["in"] - ledger["kept"] - ledger["rejected"])}


def _read_only(facts: dict) -> dict[str, int]:
    """Count rows where there are no sales: read = kept + rejected, over all sources."""
    came, rejected = (sum(one.get(part, 0) for one in facts.get("sources", {}).values()) for part in ("rows_in", "rejected"))
    return {"in": came, "kept": came - rejected, "rejected": rejected, "excluded": 0}


def _ordered(names: list[str]) -> list[str]:
    """Give the figures in the order a reader needs them; others after, by name."""
    def place(name: str) -> tuple[int, str]:
        tail = name.split("_", 1)[-1]
        return (FIGURES.index(tail) if tail in FIGURES else len(FIGURES), name)

    return sorted(names, key=place)
