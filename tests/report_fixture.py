"""A small but complete run folder with invented numbers, for the tests of the report."""

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

HOSTILE = "<script>alert(1)</script>"
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "http://evil.example/x"]
AS_OF = date(2011, 12, 10)
SEGMENTS = [
    ("champions", "R 5 · FM 4–5 | R 4 · FM 5", .16, .58), ("loyal", "R 3–5 · FM 4", .18, .17),
    ("cannot_lose", "R 1–2 · FM 5", .03, .05), ("potential_loyalist", "R 4–5 · FM 2–3", .14, .06),
    ("need_attention", "R 3 · FM 3", .08, .04), ("at_risk", "R 1–2 · FM 3–4", .12, .05),
    ("new", "R 5 · FM 1", .05, .01), ("promising", "R 4 · FM 1", .05, .01),
    ("about_to_sleep", "R 3 · FM 1–2", .06, .01), ("hibernating", "R 2 · FM 1–2", .07, .01),
    ("lost", "R 1 · FM 1–2", .06, .01),
]
EDGES = {
    "as_of": "2011-12-10", "bins": 5, "window_days": None, "returns": "net", "zero": "exclude", "currency": "GBP",
    "rfm": {
        "recency_days": {"edges": {"1": 12, "2": 32, "3": 71, "4": 178}, "top": 5, "reversed": True},
        "orders": {"edges": {"1": 1, "3": 3, "4": 5}, "top": 5, "reversed": False},
        "net_amount": {"edges": {"1": 250.13, "2": 490.4, "3": 942.25, "4": 2058.96}, "top": 5, "reversed": False},
    },
    "cn8": {"cut": "median", "recency_days": 51, "orders": 2, "net_amount": 674.48},
    "abc": {"shares": [.7, .9], "edges": {"A": 1875.61, "B": 661.02}},
    "tier3": {"rule": "share", "shares": [.7, .9], "edges": {"high": 1875.62, "mid": 661.03}},
    "map": {"name": "rfm.named", "bins": 5, "segments": {"champions": {"rank": 11, "rule": "R 5 · FM 4–5 | R 4 · FM 5"}}},
    "a_later_threshold": 73.25,
}
CN8 = ["important_value", "important_develop", "important_keep", "important_retain",
       "general_value", "general_develop", "general_keep", "general_retain"]
SQL = "-- one row per customer\nSELECT identity_id, count(DISTINCT order_id) AS orders\nFROM sales WHERE amount > 0 AND 1 < 2\nGROUP BY 1"


def write_run(folder: Path, *, customers: int = 130, simulated: bool = False) -> Path:
    """Write the run folder; the first customers have ids that attack a page or a spreadsheet."""
    for part in ("tables", "summary", "figures", "sql"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    people = _people(customers)
    tables = {
        "customers": people, "labels": _labels(people), "segments": _segments(people), "ledger": _ledger(),
        "abc": _abc(people), "rejects": _rejects(),
    }
    for name, frame in tables.items():
        frame.to_parquet(folder / "tables" / f"{name}.parquet", index=False)
    _dump(folder / "tables/edges.json", EDGES)
    _dump(folder / "manifest.json", _manifest(simulated))
    _dump(folder / "summary/00_start.json", _start())
    _dump(folder / "summary/04_value.json", _value())
    (folder / "sql/customer_table.sql").write_text(SQL, encoding="utf-8")
    for name, title in (("01_ledger", "数据去向"), ("04_lorenz", "消费集中度")):
        _figure(folder, name, title)
    return folder


def _dump(path: Path, data: dict) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")


def _people(count: int) -> pd.DataFrame:
    ids = [HOSTILE, *FORMULAS, *(f"{12346 + i}" for i in range(count - len(FORMULAS) - 1))]
    rows = []
    for place, name in enumerate(ids):
        orders, recency = max(1, 30 - place // 4), 1 + place * 37 % 373
        net = round(28000 / (place + 1) ** .9 + orders * 10 - (900 if place == count - 2 else 0), 2)
        last = AS_OF - timedelta(days=recency)
        rows.append((name, last - timedelta(days=300 - recency // 2), last, recency, 300 + recency // 2, orders,
                     orders, net + 12.5, -12.5, net, round(net / orders, 2)))
    rows[-1] = (ids[-1], None, None, None, None, 0, 0, 0.0, -20.0, -20.0, None)
    columns = ["identity_id", "first_order_day", "last_order_day", "recency_days", "tenure_days", "orders",
               "order_days", "gross_amount", "returned_amount", "net_amount", "average_order_amount"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"recency_days": "Int64", "tenure_days": "Int64"})


def _evidence(place: int, name: str, rule: str) -> dict:
    levers = [("orders", 2.0), ("amount", 310.5), ("return", 1.0), ("order", 1.0)]
    lever, need = levers[place % 4]
    step = None if name == "champions" else {"label": "champions", "lever": lever, "need": need}
    return {"r": 5 - place % 5, "f": [5, 4, 3, 1][place % 4], "m": 5 - place // 30, "rule": rule, "next": step}


def _labels(people: pd.DataFrame) -> pd.DataFrame:
    rows, last = [], len(people) - 1
    for place, name in enumerate(people["identity_id"]):
        segment, rule = SEGMENTS[place % 11][:2]
        evidence = {"note": "no order"} if place == last else _evidence(place, segment, rule)
        got = {
            "rfm.cell": "".join(str(evidence.get(part)) for part in "rfm"), "rfm.named": segment,
            "rfm.cn8": CN8[place % 8], "value.tier3": ["high", "mid", "low"][min(place // 20, 2)],
            "value.abc": "ABC"[min(place // 20, 2)],
        }
        for scheme, label in got.items():
            named = scheme == "rfm.named"
            rows.append((name, AS_OF, scheme, "unknown" if place == last and scheme != "value.abc" else label, None,
                         .5 + place % 50 / 100 if named and place != last else None,
                         json.dumps(evidence) if named else "{}"))
    columns = ["identity_id", "as_of", "scheme", "label", "score", "confidence", "evidence"]
    return pd.DataFrame(rows, columns=columns).astype({"score": "float64", "confidence": "float64"})


def _segments(people: pd.DataFrame) -> pd.DataFrame:
    total, count = people["net_amount"].sum(), len(people)
    rows = [
        (name, rank, rule, round(share * count), share, share * .92, share * 1.08, round(amount * total, 2), amount,
         amount * .9, min(amount * 1.1, 1.0), 20.0 * rank, 12.0 - rank, 3000.0 / rank)
        for rank, (name, rule, share, amount) in enumerate(SEGMENTS, start=1)
    ]
    columns = ["segment", "rank", "rule", "customers", "customer_share", "customer_share_low", "customer_share_high",
               "net_amount", "amount_share", "amount_share_low", "amount_share_high", "median_recency_days",
               "median_orders", "median_net_amount"]
    return pd.DataFrame(rows, columns=columns)


def _ledger() -> pd.DataFrame:
    steps = [("rejected", 12, 0, 0), ("not_a_product", 2995, 260315.71, -101870.11), ("anonymous", 132567, 1447682.12, 0),
             ("return", 8905, 0, -611342.09), ("zero", 40, 0, 0), ("kept", 397390, 8651092.19, 0)]
    frame = pd.DataFrame(steps, columns=["step", "rows", "gross", "returned"])
    read = pd.DataFrame([("in", *frame[["rows", "gross", "returned"]].sum())], columns=frame.columns)
    frame = pd.concat([read, frame], ignore_index=True)
    return frame.assign(net=(frame["gross"] + frame["returned"]).round(2))


def _abc(people: pd.DataFrame) -> pd.DataFrame:
    rows = [("A", 21, .1615, 60000.0, .7012, 1875.61), ("B", 36, .2769, 17000.0, .1987, 661.02),
            ("C", 73, .5616, 8500.0, .1001, -20.0)]
    return pd.DataFrame(rows, columns=["class", "customers", "customer_share", "net_amount", "amount_share", "threshold"])


def _rejects() -> pd.DataFrame:
    rows = [("sales.csv", 17, "amount_is_number", "amount", "=HYPERLINK(1)"), ("sales.csv", 90, "day_is_date", "day", "")]
    return pd.DataFrame(rows, columns=["file", "row", "rule", "column", "value"])


def _manifest(simulated: bool) -> dict:
    return {
        "run": {
            "dataset": "online_retail", "title": {"zh": "英国礼品电商 2010–2011", "en": "UK online gift shop 2010–2011"},
            "as_of": "2011-12-10", "lang": "zh", "currency": "GBP", "timezone": "Europe/London", "licence": "CC BY 4.0",
            "source": {"zh": "UCI 机器学习库 352 号", "en": "UCI repository no. 352"}, "simulated": simulated,
            "returns": "net", "zero": "exclude",
        },
        "parameters": {"n_segments": 11},
        "hashes": {"data": "a" * 64, "code": "b" * 64, "lock": "c" * 64, "parameters": "d" * 64},
        "rows": {"in": 541909, "kept": 397390, "excluded": 144507, "rejected": 12},
        "timings": {"build": 3.1, "notebooks": {"00_start": 2.0}, "render": 1.0},
        "warnings": [{"key": "report.limit.unseen", "values": {}}],
        "versions": {"custlib": "0.1.0", "python": "3.11.7", "duckdb": "2.0.0", "pandas": "3.1.1"},
        "policies": {
            "not_a_product": {"zh": "非商品行（邮费、手续费、调整）", "en": "Not a product (postage, fees, adjustments)",
                              "action": "exclude", "rows": 2995},
            "duplicate": {"zh": "完全重复的行", "en": "Rows that repeat another in full", "action": "keep", "rows": 5268},
        },
        "figures": ["01_ledger", "04_lorenz"],
    }


def _start() -> dict:
    return {"notebook": "00_start", "as_of": "2011-12-10", "dataset": "online_retail", "lang": "zh", "input_hash": "e" * 64,
            "numbers": {"customers": {"value": 130, "low": None, "high": None, "unit": "customers", "n": 130}},
            "conclusions": [], "warnings": [], "skipped": [{"row": "E12", "key": "report.limit.past", "values": {}}]}


def _value() -> dict:
    said = [
        {"key": "report.said.top", "values": {
            "segment": {"key": "segment.champions"}, "share": "16.0%", "share_interval": "14.7%–17.3%",
            "amount": "58.0%", "amount_interval": "52.2%–63.8%"}},
        {"key": "report.said.abc", "values": {"customers": "21", "share": "16.2%", "amount": "70.1%"}},
        {"key": "report.said.risk", "values": {
            "first": {"key": "segment.cannot_lose"}, "second": {"key": "segment.at_risk"}, "customers": "20",
            "amount": "£9,105.20"}},
    ]
    return {"notebook": "04_value", "as_of": "2011-12-10", "dataset": "online_retail", "lang": "zh", "input_hash": "f" * 64,
            "numbers": {"gini": {"value": .715, "low": .701, "high": .728, "unit": "share", "n": 130}},
            "conclusions": said, "warnings": [], "skipped": []}


def _figure(folder: Path, name: str, title: str) -> None:
    bars = "".join(f'<rect x="{20 + i * 60}" y="{240 - i * 22}" width="44" height="{i * 22}" fill="#7fb2d6"/>' for i in range(1, 10))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 260" width="640" height="260">{bars}</svg>'
    (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    _dump(folder / "figures" / f"{name}.json", {
        "name": name, "title": {"zh": title, "en": f"Figure {name}"},
        "alt": {"zh": f'{title}："最高"一组占 70%', "en": f'{name}: the "top" group has 70%'},
        "reading": {"zh": "头部客户贡献了大部分净消费，但看不出原因。", "en": "The top brings most of the money; the figure does not say why."},
        "sql": ["customer_table"], "n": 130, "as_of": "2011-12-10",
    })
