"""Read a finished run folder once and put its rows in words; nothing here knows about HTML or Excel."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from custlib.i18n import Problem, integer, keys, money, percent, text
from custlib.report import own_labels

SCHEMES = {"rfm.cell": "cell", "rfm.named": "named", "rfm.cn8": "cn8", "value.tier3": "tier3", "value.abc": "abc"}


@dataclass(frozen=True)
class Run:
    """One finished run as it lies on disk: the manifest, the thresholds, the summaries, the tables, the labels of own schemes."""

    folder: Path
    manifest: dict
    edges: dict
    summaries: list[dict]
    tables: dict[str, pd.DataFrame]
    figures: list[dict]
    own: pd.DataFrame

    @property
    def sold(self) -> bool:
        """Whether the data hold orders; without them there are no customers, segments or ledger."""
        return self.manifest.get("orders", True)

    @property
    def facts(self) -> dict:
        """The ``run`` part of the manifest."""
        return self.manifest["run"]

    @property
    def currency(self) -> str:
        """ISO code of the money in every table."""
        return self.facts["currency"]


def read_run(run_dir: Path) -> Run:
    """Read everything the report needs from a finished run folder.

    Parameters
    ----------
    run_dir : Path
        Holds ``manifest.json``, ``summary/``, ``tables/``, ``figures/`` and ``sql/``.

    Returns
    -------
    Run

    Raises
    ------
    Problem
        ``missing_file``: a file of the run folder does not exist.
    """
    folder = Path(run_dir)
    manifest = _json(folder / "manifest.json")
    sold = manifest.get("orders", True)
    names = ("customers", "labels", "segments", "ledger", "abc", "rejects") if sold else ("rejects",)
    tables = {name: pd.read_parquet(_there(folder / "tables" / f"{name}.parquet")) for name in names}
    # notebook 04 answers the question of this report, so its sentences come first
    paths = sorted((folder / "summary").glob("*.json"), key=lambda path: (not path.name.startswith("04"), path.name))
    order = manifest.get("figures") or sorted(path.stem for path in (folder / "figures").glob("*.json"))
    figures = [_json(folder / "figures" / f"{name}.json") for name in order]
    edges = _json(folder / "tables/edges.json") if sold else {}
    return Run(folder, manifest, edges, [_json(path) for path in paths], tables, figures, own_labels.read(folder))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise Problem("missing_file", file=str(path))
    return path


def _json(path: Path) -> dict:
    return json.loads(_there(path).read_text(encoding="utf-8"))


def write_atomic(path: Path, data: bytes) -> Path:
    """Write `data` beside `path`, then rename: a reader sees the old file or the new one, never half of one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def labelled(run: Run) -> pd.DataFrame:
    """Give every customer with every label, the largest net amount first.

    Returns
    -------
    DataFrame, one row per customer
        The customer table and ``cell``, ``named``, ``cn8``, ``tier3``, ``abc`` (str, or "unknown"), ``stability``
        (0 to 1 or blank), ``evidence`` (JSON text), ``segment_rank`` (int; 1 = best).
    """
    labels, people = run.tables["labels"], run.tables["customers"]
    wide = labels.pivot(index="identity_id", columns="scheme", values="label").rename(columns=SCHEMES)
    wide = wide.reindex(columns=list(SCHEMES.values())).fillna("unknown")
    named = labels[labels["scheme"] == "rfm.named"].set_index("identity_id")
    wide = wide.assign(stability=named["confidence"], evidence=named["evidence"])
    ranks = run.tables["segments"].set_index("segment")["rank"]
    wide["segment_rank"] = wide["named"].map(ranks).fillna(len(ranks) + 1).astype(int)
    joined = people.join(wide, on="identity_id")
    return joined.sort_values(["net_amount", "identity_id"], ascending=[False, True], ignore_index=True)


def named(section: str, name: str, lang: str) -> str:
    """Give the display name of a label; a name that the catalogues do not hold stands as it is.

    Examples
    --------
    >>> named("segment", "champions", "zh"), named("segment", "house_style", "zh")
    ('冠军客户', 'house_style')
    """
    key = f"{section}.{name}"
    return text(key, lang, sep=" ") if key in keys("zh") else str(name)


def sentence(item: dict, lang: str) -> str:
    """Say one conclusion, warning or skipped part: a key and its values, its own zh and en, or a plain string."""
    if isinstance(item, str):
        return item
    if lang == "bi":  # a name inside a sentence is of the sentence's language, never of both
        return "\n".join(dict.fromkeys(sentence(item, one) for one in ("zh", "en")))
    if "key" not in item:
        return item[lang]
    values = {
        # a segment of a map of the user's own has no text: its name stands as it is
        name: named(*value["key"].split(".", 1), lang) if isinstance(value, dict) and "key" in value else value
        for name, value in (item.get("values") or {}).items()
    }
    return text(item["key"], lang, **values)


def why(evidence: dict, lang: str) -> str:
    """Say why a customer is in the segment: the scores and the rule they meet.

    Examples
    --------
    >>> why({"r": 5, "f": 4, "m": 5, "rule": "R 4–5 · FM 5"}, "en")
    'R 5, F 4, M 5 meet the rule R 4–5 · FM 5'
    """
    if any(evidence.get(part) is None for part in ("r", "f", "m", "rule")):
        return text("report.why.unknown", lang)
    return text("report.why.rule", lang, **{part: evidence[part] for part in ("r", "f", "m", "rule")})


def move(evidence: dict, lang: str, currency: str, *, best: bool = False) -> str:
    """Say the smallest change that would move a customer to a better segment; `best`: she is in the best one.

    Examples
    --------
    >>> move({"r": 4, "next": {"label": "loyal", "lever": "orders", "need": 2.0}}, "zh", "CNY")
    '再下 2 单，升入“忠诚客户”'
    """
    if evidence.get("r") is None:
        return text("report.move.unknown", lang)
    step = evidence.get("next")
    if not step:
        return text("report.move.top" if best else "report.move.none", lang)
    lever, need = step["lever"], step.get("need")
    key = "orders_one" if lever == "orders" and need == 1 else lever
    need = money(need, currency) if lever == "amount" else integer(need)
    return text(f"report.move.{key}", lang, need=need, label=named("segment", step["label"], lang))


def step_name(run: Run, step: str, lang: str) -> str:
    """Give the text of a ledger step: the data set's own policy, or the catalogue's."""
    policy = (run.manifest.get("policies") or {}).get(step)
    return policy[lang] if policy else named("ledger", step, lang)


def ledger_gap(ledger: pd.DataFrame) -> tuple[int, float]:
    """Give rows and net amount by which ``in`` differs from the sum of the other steps; (0, 0.0) when exact.

    Examples
    --------
    >>> ledger_gap(pd.DataFrame({"step": ["in", "zero", "kept"], "rows": [5, 2, 3], "net": [9.3, 0.0, 9.3]}))
    (0, 0.0)
    """
    is_in = ledger["step"] == "in"
    rows = int(ledger.loc[is_in, "rows"].sum() - ledger.loc[~is_in, "rows"].sum())
    # floats of whole cents: what rounding leaves below half a cent is not a difference
    amount = round(float(ledger.loc[is_in, "net"].sum() - ledger.loc[~is_in, "net"].sum()), 2)
    return rows, amount + 0.0


def conclusions(run: Run) -> list[dict]:
    """Give the sentences of the summaries; a run whose notebooks wrote none gets three made from its tables.

    Where there are no orders, the first sentence says what this report therefore lacks.
    """
    said = [item for summary in run.summaries for item in summary.get("conclusions", [])]
    if not run.sold:
        return [{"key": "report.said.no_orders", "values": {}}, *said]
    return said or _own_conclusions(run)


def _own_conclusions(run: Run) -> list[dict]:
    abc, said = run.tables["abc"], []
    for best in best_segment(run).to_dict("records"):
        said.append({"key": "report.said.top", "values": {
            "segment": {"key": f"segment.{best['segment']}"},
            "share": percent(best["customer_share"]), "share_interval": interval(best, "customer_share"),
            "amount": percent(best["amount_share"]), "amount_interval": interval(best, "amount_share"),
        }})
    for row in abc[abc["class"] == "A"].to_dict("records"):
        said.append({"key": "report.said.abc", "values": {
            "customers": integer(row["customers"]), "share": percent(row["customer_share"]),
            "amount": percent(row["amount_share"]),
        }})
    people, amount = at_stake(run)
    if people:
        said.append({"key": "report.said.risk", "values": {
            "first": {"key": "segment.cannot_lose"}, "second": {"key": "segment.at_risk"},
            "customers": integer(people), "amount": money(amount, run.currency),
        }})
    return said


def best_segment(run: Run) -> pd.DataFrame:
    """Give the best named segment that has a customer: one row, or none."""
    segments = run.tables["segments"].sort_values("rank")
    return segments[(segments["customers"] > 0) & (segments["segment"] != "unknown")].head(1)


def interval(row: pd.Series | dict, column: str) -> str:
    """Write the 95 % interval of a share, low to high."""
    return f"{percent(row[f'{column}_low'])}–{percent(row[f'{column}_high'])}"


def at_stake(run: Run) -> tuple[int, float]:
    """Give customers and past net amount of the two segments to call first."""
    chosen = run.tables["segments"]
    chosen = chosen[chosen["segment"].isin(["cannot_lose", "at_risk"])]
    return int(chosen["customers"].sum()), float(chosen["net_amount"].sum())
