"""Days are days of the data set's zone, whatever the zone of the machine, of the source or of the session."""

import io
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from helpers import HEADER, rows, shop

from custlib.tables import build, load

NIGHTS = f"{HEADER}\no1,a,2024-06-01 00:30:00,1\no2,a,2024-06-01 23:30:00,1\no3,a,2024-05-31T23:30:00Z,1\n"
RUN = """
import sys
from helpers import rows
from custlib.tables import build, load
from custlib.engine import DuckEngine
from datetime import date
built = build(load(sys.argv[1]))
print(rows(built, "orders", "order_id, CAST(order_ts AS VARCHAR), CAST(order_day AS VARCHAR)", "1"))
with DuckEngine(built.folder, date(2024, 6, 3)) as engine:
    print(engine.customers()[["recency_days", "tenure_days", "order_days"]].to_numpy().tolist())
"""


def moments(folder, content, **parts) -> list[tuple]:
    return rows(
        build(shop(folder, content, **parts)), "orders", "CAST(order_ts AS VARCHAR), CAST(order_day AS VARCHAR)", "order_id"
    )


def zone(name: str) -> str:
    return f'timezone = "{name}"'


@pytest.mark.parametrize("machine", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_orders_around_midnight_fall_on_their_own_day_whatever_the_zone_of_the_machine(tmp_path, machine):
    shop(tmp_path, NIGHTS)
    root = Path(sys.modules["custlib"].__file__).parents[1]
    path = os.pathsep.join([str(root), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "TZ": machine, "PYTHONPATH": path},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[('o1', '2024-06-01 00:30:00', '2024-06-01'), ('o2', '2024-06-01 23:30:00', '2024-06-01'), "
        "('o3', '2024-06-01 07:30:00', '2024-06-01')]",
        "[[2, 2, 1]]",
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-06-01T03:00:00+08:00", "2024-06-01"),
        ("2024-06-01 03:00:00+08", "2024-06-01"),
        ("2024-06-01 03:00+0800", "2024-06-01"),
        ("2024-05-31T20:00:00Z", "2024-06-01"),
        ("2024-05-31 20:00:00 UTC", "2024-06-01"),
        ("2024-05-31 15:59:59.9Z", "2024-05-31"),
        ("2024-05-31T16:00:00.000Z", "2024-06-01"),
        ("2024-05-31 12:00:00-04:00", "2024-06-01"),
        ("2024-06-01 03:00:00", "2024-06-01"),
        ("2024-06-01", "2024-06-01"),
    ],
)
def test_a_time_with_an_offset_becomes_local_time(tmp_path, text, day):
    assert [one[1] for one in moments(tmp_path, f"{HEADER}\no1,a,{text},1\n")] == [day]


def test_a_source_without_a_zone_is_local_and_one_with_a_declared_zone_is_converted(tmp_path):
    late = f"{HEADER}\no1,a,2024-01-05 20:00:00,1\n"
    assert moments(tmp_path / "local", late) == [("2024-01-05 20:00:00", "2024-01-05")]
    assert moments(tmp_path / "utc", late, source=zone("UTC")) == [("2024-01-06 04:00:00", "2024-01-06")]
    column = '{ from = "day", timezone = "America/New_York" }'
    assert moments(tmp_path / "column", late, columns={"order_ts": column}) == [("2024-01-06 09:00:00", "2024-01-06")]
    form = '{ from = "day", date_format = "%Y-%m-%d %H:%M:%S", timezone = "UTC" }'
    assert moments(tmp_path / "form", late, columns={"order_ts": form}) == [("2024-01-06 04:00:00", "2024-01-06")]
    offset = '{ from = "day", date_format = "%d/%m/%Y %H:%M %z" }'
    assert moments(tmp_path / "z", f"{HEADER}\no1,a,05/01/2024 20:00 +0000,1\n", columns={"order_ts": offset}) == [
        ("2024-01-06 04:00:00", "2024-01-06")
    ]


@pytest.mark.parametrize(("declared", "expected"), [("", "2024-06-01"), ('timezone = "UTC"', "2024-06-01")])
def test_a_parquet_time_with_a_zone_is_converted_once(tmp_path, declared, expected):
    out = io.BytesIO()
    pd.DataFrame(
        {"order": ["o1"], "customer": ["a"], "amount": [1.0], "day": pd.to_datetime(["2024-05-31T16:30:00Z"])}
    ).to_parquet(out, index=False)
    assert moments(tmp_path, out.getvalue(), file="sales.parquet", source=declared) == [("2024-06-01 00:30:00", expected)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_parquet_time_without_a_zone_is_local_in_every_unit(tmp_path, unit):
    out = io.BytesIO()
    pd.DataFrame(
        {
            "order": ["o1"],
            "customer": ["a"],
            "amount": [1.0],
            "day": pd.Series([datetime(2024, 6, 1, 0, 30)]).astype(f"datetime64[{unit}]"),
        }
    ).to_parquet(out, index=False)
    assert moments(tmp_path, out.getvalue(), file="sales.parquet") == [("2024-06-01 00:30:00", "2024-06-01")]
    assert moments(tmp_path / "utc", out.getvalue(), file="sales.parquet", source=zone("UTC")) == [
        ("2024-06-01 08:30:00", "2024-06-01")
    ]


def test_a_parquet_date_is_a_day_in_any_zone(tmp_path):
    path = tmp_path / "day.parquet"
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT 'o1' AS \"order\", 'a' AS customer, DATE '2024-06-01' AS day, 1.0 AS amount) "
            f"TO '{path}' (FORMAT parquet)"
        )
    for name, source in (("local", ""), ("utc", zone("America/New_York"))):
        assert moments(tmp_path / name, path.read_bytes(), file="sales.parquet", source=source) == [
            ("2024-06-01 00:00:00", "2024-06-01")
        ]


def test_days_on_which_clocks_change_are_whole_days(tmp_path):
    """In London 2024, 31 March has 23 hours and 27 October 25; their first and last half hours are theirs."""
    content = (
        f"{HEADER}\no1,a,2024-03-31T00:30:00Z,1\no2,a,2024-03-31T22:30:00Z,1\no3,a,2024-03-31T23:30:00Z,1\n"
        "o4,a,2024-10-26T23:30:00Z,1\no5,a,2024-10-27T23:30:00Z,1\no6,a,2024-10-27 01:30:00,1\no7,a,2024-03-31 01:30:00,1\n"
    )
    dataset = shop(tmp_path, content)
    toml = (tmp_path / "dataset.toml").read_text().replace("Asia/Shanghai", "Europe/London")
    (tmp_path / "dataset.toml").write_text(toml)

    found = rows(build(load(dataset.path)), "orders", "CAST(order_day AS VARCHAR)", "order_id")
    assert [one for (one,) in found] == [
        "2024-03-31",
        "2024-03-31",
        "2024-04-01",
        "2024-10-27",
        "2024-10-27",
        "2024-10-27",
        "2024-03-31",
    ]
