"""The rows tier: everything that touches orders or order lines, as SQL files that DuckDB and Spark run."""

from custlib.engine.choose import rows_tier
from custlib.engine.connection import connect
from custlib.engine.duck import DuckEngine
from custlib.engine.edges import Edges
from custlib.engine.queries import sql_text

__all__ = ["DuckEngine", "Edges", "connect", "rows_tier", "sql_text"]
