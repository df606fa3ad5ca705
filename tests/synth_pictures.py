"""What the default simulated world looks like: money, waiting, hours and seasons. Run: python tests/synth_pictures.py FILE.png"""

import sys
from pathlib import Path

import matplotlib
import matplotlib.dates

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from custlib.synth.generate import clean_tables
from custlib.synth.world import World


def orders_of(world: World) -> pd.DataFrame:
    """Give the orders with a customer, returns left out: customer_id, order_ts, net_amount (yuan)."""
    rows = pd.concat([frame for name, frame in clean_tables(world) if name == "orders"], ignore_index=True)
    rows = rows[rows["customer_id"].notna() & rows["returned_order_id"].isna()]
    return rows[["customer_id", "order_ts"]].assign(net_amount=rows["net_amount"].astype(float), day=rows["order_ts"].dt.normalize())


def main(target: Path) -> None:
    world = World()
    orders = orders_of(world)
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    money = np.sort(orders.groupby("customer_id")["net_amount"].sum().to_numpy())[::-1]
    heads, share = np.arange(1, len(money) + 1) / len(money), np.cumsum(money) / money.sum()
    axes[0, 0].plot(heads, share)
    for edge in (0.7, 0.9):
        at = heads[np.searchsorted(share, edge)]
        axes[0, 0].annotate(f"{edge:.0%} of money: {at:.0%} of buyers", (at, edge), (at + 0.05, edge - 0.12), arrowprops={"arrowstyle": "-"})
    axes[0, 0].set(title="Money by buyers, best first", xlabel="share of buyers", ylabel="share of money")
    gaps = orders.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"]).groupby("customer_id")["day"].diff().dt.days.dropna()
    axes[0, 1].hist(gaps, bins=np.arange(0, 366, 7))
    axes[0, 1].set(title=f"Days between order days (median {gaps.median():.0f})", xlabel="days", ylabel="gaps")
    hours = pd.crosstab(orders["order_ts"].dt.hour, orders["order_ts"].dt.day_of_week >= 5, normalize="columns")
    axes[1, 0].plot(hours[False], marker="o", label="Monday to Friday")
    axes[1, 0].plot(hours[True], marker="o", label="weekend")
    axes[1, 0].set(title="Hour of day", xlabel="hour", ylabel="share of orders")
    axes[1, 0].legend(frameon=False)
    weekly = orders.set_index("day").resample("W")["net_amount"].size().iloc[1:-1]  # the ends are no whole weeks
    axes[1, 1].plot(weekly)
    axes[1, 1].set(title="Orders a week", xlabel="", ylabel="orders", ylim=(0, None))
    axes[1, 1].xaxis.set_major_locator(matplotlib.dates.YearLocator())
    figure.suptitle(f"Pinecone Snacks, {world.customers:,} customers, seed {world.seed} (simulated)")
    figure.savefig(target, dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
