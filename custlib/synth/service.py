"""Service cases: complaints where satisfaction is low, questions, returns and repairs, with what was written."""

import numpy as np
import pandas as pd

from custlib.synth import calendar
from custlib.synth.clean import frame
from custlib.synth.consents import moment
from custlib.synth.purchases import DAY_END
from custlib.synth.wording import weighted, words
from custlib.synth.world import World

COMPLAINTS, BY_SATISFACTION = 0.020, -0.60  # per order at average satisfaction; log ratio per sd of it
ENQUIRIES, REPAIRS, WITH_A_RETURN = 0.010, 0.0008, 0.5
TOPICS = {"packaging": (0.15, 0.30), "delivery": (0.30, 0.25), "after_sales": (0.20, 0.17), "taste": (0.20, 0.16), "price": (0.15, 0.12)}
LATER = calendar.place("2024-01-01")  # the second share holds from this day on


def _text(kinds: np.ndarray, topics: np.ndarray, u: np.ndarray, number: np.ndarray) -> np.ndarray:
    texts = words("service")
    options = [texts[kind][topic] for kind, topic in zip(kinds, topics, strict=True)]
    return np.array([one[int(x * len(one))].replace("{n}", str(k)) for one, x, k in zip(options, u, number, strict=True)], object)


def service_cases(world: World, block: int, who: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
    """Give the service cases of a block.

    Parameters
    ----------
    inner : pandas.DataFrame
        Orders by time: ``order_id``, ``row`` (−1: nobody known), ``second``, ``returned``.
    """
    rng = world.rng("service", block)
    known = inner[inner["row"] >= 0]
    u, n = rng.random((2, len(known))), len(known)
    content = who["satisfaction"].to_numpy()[known["row"]]
    back = known["returned"].to_numpy()
    complains = COMPLAINTS * np.exp(BY_SATISFACTION * content)
    kind = np.select([back & (u[0] < WITH_A_RETURN), back, u[0] < complains, u[0] < complains + ENQUIRIES,
                      u[0] < complains + ENQUIRIES + REPAIRS], ["return", "", "complaint", "enquiry", "repair"], "")
    wait = 600 + rng.exponential(3.0 * calendar.SECONDS, n)
    opened = known["second"].to_numpy() + wait.astype(np.int64)
    keep = (kind != "") & (opened < DAY_END)
    case, kind, opened = known[keep], kind[keep].astype(object), opened[keep]
    n, content = len(case), content[keep]
    u = rng.random((5, n))
    topic = np.full(n, "", object)
    shares = np.array(list(TOPICS.values()))
    for late in (0, 1):
        mine = (kind == "complaint") & ((opened >= LATER * calendar.SECONDS) == bool(late))
        topic[mine] = np.array(list(TOPICS), object)[weighted(shares[:, late], u[0][mine])]
    for name in ("enquiry", "return", "repair"):
        options = np.array(list(words("service")[name]), object)
        topic[kind == name] = options[(u[0][kind == name] * len(options)).astype(int)]
    closed = opened + 1800 + rng.exponential(2.5 * calendar.SECONDS, n).astype(np.int64)
    ends = moment(np.minimum(closed, DAY_END))
    ends[closed >= DAY_END] = np.datetime64("NaT")
    score = np.clip(np.rint(3.2 + 0.7 * content - 0.5 * (kind == "complaint") + rng.normal(0, 0.9, n)), 1, 5)
    number = 2 + (u[1] * 8).astype(int)
    severity = np.clip(np.rint(2.2 + 0.9 * (kind == "complaint") - 0.4 * content + rng.normal(0, 0.8, n)), 1, 5).astype(np.int64)
    by_time = np.argsort(opened, kind="stable")
    columns = {
        "customer_id": who["customer_id"].to_numpy()[case["row"]], "order_id": case["order_id"].to_numpy(), "opened_at": moment(opened),
        "closed_at": ends, "type": kind, "topic": topic, "severity": severity, "text": _text(kind, topic, u[2], number),
        "csat": np.where((u[3] < 0.6) & (closed < DAY_END), score, np.nan),
    }
    return frame("service_cases", {"case_id": [f"V{block:04d}{one:05d}" for one in range(n)], **{k: v[by_time] for k, v in columns.items()}})


def facts(world: World) -> list[dict]:
    """Give what is planted in the service cases."""
    if world.plain:
        return []
    return [
        {"name": "complaints_per_order", "value": COMPLAINTS, "table": "service_cases",
         "how": "complaints over orders, of customers of average satisfaction"},
        {"name": "complaints_by_satisfaction", "value": BY_SATISFACTION, "table": "service_cases",
         "how": "log ratio of that rate per sd of satisfaction"},
        *({"name": f"packaging_share_{when}", "value": TOPICS["packaging"][k], "table": "service_cases",
           "how": "share of packaging among complaints opened before 2024, and from then on"} for k, when in enumerate(("before", "after"))),
    ]
