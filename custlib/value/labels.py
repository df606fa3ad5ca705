"""All value labels of a run in one frame, each with its score, its rule and the numbers behind it."""

import json
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from custlib.engine import Edges
from custlib.value.schemes import Scheme, check_columns, sort
from custlib.value.scores import rfm
from custlib.value.segment_map import SegmentMap, load_map
from custlib.value.tiers import abc, binary_cuts, cn8_scores, share_edges, tier3, tier_edges
from custlib.value.why import moves, place


@dataclass(frozen=True)
class Cuts:
    """Every threshold of a run, as ``edges.json`` stores it."""

    rfm: dict[str, Edges]
    cn8: dict[str, float]
    cn8_cut: str
    abc: tuple[float, float]
    tier3: tuple[float, float]
    shares: tuple[float, float] = (0.7, 0.9)
    tier_rule: str = "share"
    map: SegmentMap = field(default_factory=load_map)
    schemes: tuple[Scheme, ...] = ()

    def as_dict(self) -> dict:
        """Give the thresholds JSON-ready; an edge that no customer reaches is null."""
        def pair(names: tuple[str, str], values: tuple[float, float]) -> dict:
            return {name: value if np.isfinite(value) else None for name, value in zip(names, values, strict=True)}

        return {"bins": max(one.bins for one in self.rfm.values()), "rfm": {name: one.as_dict() for name, one in self.rfm.items()},
                "cn8": {"cut": self.cn8_cut, **self.cn8}, "abc": {"shares": list(self.shares), "edges": pair(("A", "B"), self.abc)},
                "tier3": {"rule": self.tier_rule, "shares": list(self.shares), "edges": pair(("high", "mid"), self.tier3)},
                "map": {"name": self.map.name, "bins": self.map.bins,
                        "segments": {one.name: {"rank": one.rank, "rule": self.map.rule(one.name)} for one in self.map.segments}},
                **({"schemes": {one.name: one.as_dict() for one in self.schemes}} if self.schemes else {})}


def cuts(customers: pd.DataFrame, edges: dict[str, Edges], *, cut: str = "median", business: dict[str, float] | None = None,
         shares: tuple[float, float] = (0.7, 0.9), tier_rule: str = "share", plan: SegmentMap | None = None,
         schemes: tuple[Scheme, ...] = ()) -> Cuts:
    """Find every threshold from one customer table and its RFM edges; `schemes` are the data set's own.

    Raises
    ------
    Problem
        A parameter is out of range, or the map is not sound.
    """
    chosen = plan or load_map()
    chosen.grid()
    check_columns(customers, schemes)
    return Cuts(edges, binary_cuts(customers, cut=cut, business=business), cut, share_edges(customers, shares),
                tier_edges(customers, rule=tier_rule, shares=shares), tuple(shares), tier_rule, chosen, tuple(schemes))


def labels(customers: pd.DataFrame, found: Cuts, *, as_of: date) -> pd.DataFrame:
    """Give every customer's value labels.

    Parameters
    ----------
    customers : DataFrame, one row per identity
        The customer table of the engine.
    found : Cuts
        Thresholds, fresh or of an earlier month.

    Returns
    -------
    DataFrame, one row per identity and scheme, by scheme and identity
        ``identity_id``, ``as_of`` (date), ``scheme`` (rfm.cell, rfm.named, rfm.cn8, value.tier3, value.abc, then the data
        set's own as x.<name>), ``label``, ``score`` (mean of the RFM scores; rank of the segment or class, higher is better),
        ``confidence`` (0 to 1, blank until resampled), ``evidence`` (JSON: the values, scores, rule and next step).

    Raises
    ------
    Problem
        A column of the customer table is missing.
    """
    scored = rfm(customers, edges=found.rfm)
    named = place(scored, found.map, bins=max(one.bins for one in found.rfm.values()))
    eight_map = load_map("cn8")
    eight = cn8_scores(customers, cuts=found.cn8)
    classes, tiers = abc(customers, edges=found.abc), tier3(customers, edges=found.tier3)
    steps = moves(customers, scored, edges=found.rfm, plan=found.map)
    cn8 = place(eight, eight_map, bins=2)
    money = [_evidence(net_amount=amount) for amount in customers["net_amount"].tolist()]
    parts = [
        ("rfm.cell", scored["cell"], scored[["r", "f", "m"]].astype("Float64").mean(axis=1), None),
        ("rfm.named", named, named.map({one.name: one.rank for one in found.map.segments}), _why(customers, scored, named, steps, found)),
        ("rfm.cn8", cn8, cn8.map({one.name: one.rank for one in eight_map.segments}), _flags(eight)),
        ("value.tier3", tiers, tiers.map({"high": 3, "mid": 2, "low": 1}), money),
        ("value.abc", classes, classes.map({"A": 3, "B": 2, "C": 1}), money),
        *(_own(one, customers, scored, found) for one in found.schemes)]
    frames = [pd.DataFrame({"identity_id": customers["identity_id"].to_numpy(), "as_of": as_of, "scheme": scheme,
                            "label": label.to_numpy(dtype=object), "score": pd.to_numeric(value).astype("Float64").to_numpy(
                                dtype="float64", na_value=np.nan),
                            "confidence": np.nan, "evidence": evidence if evidence is not None else "{}"})
              for scheme, label, value, evidence in parts]
    return pd.concat(frames, ignore_index=True)


def _own(scheme: Scheme, customers: pd.DataFrame, scored: pd.DataFrame, found: Cuts) -> tuple:
    """Give one of the data set's own schemes: its name, labels, scores and evidence."""
    rules = scheme.rules()
    if scheme.plan:
        label = place(scored, scheme.plan, bins=max(one.bins for one in found.rfm.values()))
        cells = zip(*(_plain(scored[axis]) for axis in "rfm"), label.tolist(), strict=True)
        evidence = [_evidence(r=r, f=f, m=m, rule=rules.get(name)) for r, f, m, name in cells]
        return scheme.name, label, label.map({one.name: one.rank for one in scheme.plan.segments}), evidence
    names, places = sort(customers[scheme.column], scheme)
    label, limits = pd.Series(names), list(scheme.cuts)
    evidence = [_evidence(column=scheme.column, value=value, cuts=limits, rule=rules.get(name))
                for value, name in zip(_plain(customers[scheme.column]), names, strict=True)]
    return scheme.name, label, pd.Series(places), evidence


def _plain(column: pd.Series) -> list:
    return column.astype(object).where(column.notna(), None).tolist()


def _why(customers: pd.DataFrame, scored: pd.DataFrame, named: pd.Series, steps: pd.DataFrame, found: Cuts) -> list[str]:
    rules = {one.name: found.map.rule(one.name) for one in found.map.segments}
    columns = [scored["r"], scored["f"], scored["m"], customers["recency_days"], customers["orders"], customers["net_amount"],
               named, steps["next_label"], steps["lever"], steps["need"]]
    rows = zip(*map(_plain, columns), strict=True)
    return [_evidence(r=r, f=f, m=m, recency_days=days, orders=orders, net_amount=amount, rule=rules.get(name),
                      next={"label": up, "lever": lever, "need": need} if lever else None)
            for r, f, m, days, orders, amount, name, up, lever, need in rows]


def _flags(eight: pd.DataFrame) -> list[str]:
    rows = zip(*(_plain(eight[axis]) for axis in "rfm"), strict=True)
    return [_evidence(r=r, f=f, m=m) for r, f, m in rows]


def _evidence(**values: object) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
