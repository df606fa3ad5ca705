"""The rows tier: everything that touches orders or order lines, as SQL files that DuckDB (and later Spark) runs."""

from custlib.engine.duck import DuckEngine, Edges, connect, sql_text

__all__ = ["DuckEngine", "Edges", "connect", "sql_text"]
