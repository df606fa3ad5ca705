"""The rows tier over a state: any day that has passed from its orders, the day after the last order from its sums."""

from datetime import date
from pathlib import Path

import duckdb

from custlib.engine.connection import connect
from custlib.engine.duck import DuckEngine
from custlib.engine.queries import COLUMNS, DAWN, parameters
from custlib.engine.state.derive import shaped
from custlib.engine.state.schema import SHAPE, attach, meta_of, trouble
from custlib.i18n import Problem

VIEWS = ("order_index", "order_days", "sums")
# query of the customer table → the same from orders of which no lines are kept
PAST = {"customer_deals": "state_deals_past"}


class StateEngine(DuckEngine):
    """A `DuckEngine` that reads a state instead of a build folder: returns lower money on their own day, zero amounts count.

    Rows of `ledger` are orders, not lines; `pairs` needs lines, which a state does not keep; categories are blank.

    Parameters
    ----------
    state : Path
        The state file; others may read it meanwhile, nobody can append.
    as_of : date
        Rows on or after this day do not exist.
    window_days : int or None
        Only the days since `as_of` − `window_days`; None is the whole history.

    Raises
    ------
    Problem
        There is no such state, or it is of another version.
    Trouble
        Another process is writing it.
    """

    def __init__(self, state: Path, as_of: date, *, window_days: int | None = None, memory: str = "1GB", threads: int | None = None,
                 spill: Path | None = None):
        self.state, self.as_of = Path(state), as_of
        if not self.state.is_file():
            raise Problem("state_missing", file=self.state.name)
        self.parameters = parameters(as_of, returns="net", zero="count", window_days=window_days)
        self.db = connect(memory=memory, threads=threads, spill=spill)
        try:
            self.db.execute("SET enable_progress_bar = false")
            attach(self.db, self.state)
            self.meta = meta_of(self.db, self.state)
            if self.meta is None:
                raise Problem("state_not_one", file=self.state.name)
            self.first_day, self.last_day = self.db.execute("SELECT min(order_day), max(order_day) FROM state.order_index").fetchall()[0]
        except duckdb.Error as error:
            self.db.close()
            raise trouble(error, self.state, memory) from error
        except BaseException:
            self.db.close()
            raise
        self.present = not window_days and (self.last_day is None or as_of > self.last_day)
        self.queries: list[str] = []
        self._made: set[str] = set()
        self._open()

    def pairs(self, *, min_orders: int):
        """Refuse: which products were bought together is not kept."""
        raise Problem("state_no_products", file=self.state.name)

    def _open(self) -> None:
        for name in VIEWS:
            self.db.execute(f"CREATE VIEW {name} AS SELECT * FROM state.{name}")
        blank = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in COLUMNS["products"].items())
        self.db.execute(f"CREATE VIEW products AS SELECT {blank} WHERE false")
        for name, query, more in (("sales", "state_sales", {}), ("counted", "counted_as_is", {}),
                                  ("counted_ever", "counted_as_is", {"window_start": DAWN}), ("purchases", "state_purchases", {})):
            self._seen(query)
            self._view(name, query, **more)

    def _table(self, full: bool) -> str:
        if not (full and self.present):
            return super()._table(full)
        if "customer_full" not in self._made:
            known = dict(zip(("timed", "discounted"), self._run("what_is_known").fetchall()[0], strict=True))
            self._open_shapes()
            self._create("customer_full", "state_full", **known)
            self._made.add("customer_full")
        return "customer_full"

    def _make(self, table: str) -> None:
        if not self.present or table not in ("rfm", "customers"):
            super()._make(table)
        elif table not in self._made:
            if table == "rfm":  # nothing is computed: who reads it reads the sums
                self._seen("state_rfm")
                self._view("rfm", "state_rfm")
            else:
                self._create("customers", "state_customers")
            self._made.add(table)

    def _open_shapes(self) -> None:
        """Find the gaps and channels of customers whom the last appends left out; the others' are there."""
        self.db.execute("CREATE TEMP TABLE touched AS SELECT s.customer_id FROM state.sums AS s ANTI JOIN state.shapes AS h "
                        "ON h.customer_id = s.customer_id")
        kept = f"SELECT customer_id, {', '.join(SHAPE)} FROM state.shapes"
        if self.db.execute("SELECT count(*) FROM touched").fetchall()[0][0]:
            self.db.execute(f"CREATE TEMP TABLE missing AS {shaped(self.db)}")
            kept += " UNION ALL SELECT * FROM missing"
        self.db.execute(f"CREATE VIEW shapes AS {kept}")

    def _create(self, table: str, query: str, **more: object) -> None:
        super()._create(table, PAST.get(query, query), **more)
