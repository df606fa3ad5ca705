"""A data set's orders and customers in one DuckDB file that grows by batches: a night costs that night, not the history."""

from custlib.engine.state.batch import Appended, append
from custlib.engine.state.compare import Difference, check
from custlib.engine.state.read import StateEngine
from custlib.engine.state.rewrite import compact, erase

__all__ = ["Appended", "Difference", "StateEngine", "append", "check", "compact", "erase"]
