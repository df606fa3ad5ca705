"""Which engine computes the rows tier: a word of the run."""

from datetime import date
from pathlib import Path

from custlib.checks import one_of
from custlib.engine.duck import DuckEngine

ENGINES = ("duckdb", "spark")


def ready(engine: str) -> None:
    """Refuse an engine that cannot start here, before anything else is done.

    Raises
    ------
    Problem
        No such engine; or Spark's parts, or Java, are not installed.

    Examples
    --------
    >>> ready("duckdb")
    """
    one_of("engine", engine, ENGINES)
    if engine == "spark":
        from custlib.engine import spark_session  # an extra

        spark_session.installed()
        spark_session.java()


def rows_tier(build: Path, as_of: date, *, engine: str = "duckdb", **rules):
    """Open the rows tier over a build folder with the engine of this name; both give the same answers.

    Parameters
    ----------
    build : Path
        A build folder.
    as_of : date
        Rows on or after this day do not exist.
    engine : str
        ``duckdb``, or ``spark`` where that is installed.
    rules
        As ``DuckEngine`` takes them.

    Raises
    ------
    Problem
        No such engine, or it is not installed.
    """
    ready(engine)
    if engine == "duckdb":
        return DuckEngine(build, as_of, **rules)
    from custlib.engine.spark import SparkEngine  # an extra

    return SparkEngine(build, as_of, **rules)
