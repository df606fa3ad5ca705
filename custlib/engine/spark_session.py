"""A Spark session that answers like DuckDB: ANSI rules, zone UTC, quiet; started here, or a sub-session of a given one."""

import os
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custlib.i18n import Problem, Trouble

COMMAND = "make extra NAME=spark"
JAVA_NEEDED = 17
SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # a bare TIMESTAMP is wall-clock time, as in DuckDB
    "spark.sql.autoBroadcastJoinThreshold": "-1",  # a table goes through the driver to all workers only where a query says so
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
}
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "64",  # many small ones: they are joined at run time, and a large one spills
}


def java() -> int:
    """Give the major version of Java that Spark would start.

    Raises
    ------
    Problem
        There is no Java, or it is older than 17.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    try:
        said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60).stderr if program else ""
    except OSError:
        said = ""
    found = re.search(r'version "(\d+)', said)
    if not found:
        raise Problem("spark_no_java", needed=JAVA_NEEDED)
    if int(found[1]) < JAVA_NEEDED:
        raise Problem("spark_old_java", needed=JAVA_NEEDED, got=found[1])
    return int(found[1])


def installed() -> None:
    """Refuse to go on without PySpark and sqlglot."""
    try:
        import pyspark.sql  # noqa: F401
        import sqlglot  # noqa: F401
    except ImportError as error:
        raise Problem("spark_missing", command=COMMAND) from error


def opened(session=None, *, master: str | None = None, memory: str | None = None, threads: int | None = None, spill: Path | None = None):
    """Give a session with the settings above, and whether it was started here.

    Parameters
    ----------
    session : SparkSession, optional
        A session of the user's; a sub-session of it is used, so that its views and settings stay as they are.
    master : str, optional
        Where to run; else what spark-submit says, else this machine with `threads` cores.
    memory : str, optional
        Memory of the driver where it is started here, such as ``4GB``.
    spill : Path, optional
        Folder for what does not fit into memory, where Spark is started here.

    Raises
    ------
    Problem
        PySpark or Java is missing.
    Trouble
        Spark could not be started.
    """
    installed()
    from pyspark.conf import SparkConf
    from pyspark.sql import SparkSession

    running = session or SparkSession.getActiveSession()
    if running is None:
        java()
        where = master or SparkConf().get("spark.master", "") or f"local[{threads or '*'}]"
        builder = SparkSession.builder.master(where).appName("custlib")
        for name, value in {**_started(where, memory, spill), **SETTINGS}.items():
            builder = builder.config(name, value)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # PySpark's word on pandas 3; only Arrow tables leave Spark here
                running = builder.getOrCreate()
        except Exception as error:  # whatever the other side is: its words may hold addresses and logins
            raise Trouble("spark_start", master=where, detail=type(error).__name__) from error
        running.sparkContext.setLogLevel("ERROR")
        return running, True
    own = running.newSession()
    for name, value in {**_set_by_the_user(running), **SETTINGS}.items():
        own.conf.set(name, value)
    return own, False


def _set_by_the_user(running) -> dict[str, str]:
    """Give what the user set in the session, such as the number of partitions: a sub-session begins without it."""
    return {name: value for name, value in running.conf.getAll.items() if name.startswith("spark.sql.") and running.conf.isModifiable(name)}


def _started(where: str, memory: str | None, spill: Path | None) -> dict[str, str]:
    if not where.startswith("local"):
        return {}
    quiet = Path(__file__).with_name("spark_log.properties").as_uri()
    own = {**LOCAL, "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet}"}
    if memory:
        own["spark.driver.memory"] = spark_memory(memory)
    if spill:
        own["spark.local.dir"] = str(spill)
    # never used, but without this Spark makes one in the current folder
    own["spark.sql.warehouse.dir"] = str(Path(spill or tempfile.gettempdir()) / "custlib-warehouse")
    return own


def spark_memory(memory: str) -> str:
    """Give a limit such as ``1.5GB`` in Spark's words.

    Examples
    --------
    >>> spark_memory("1.5GB"), spark_memory("800MB")
    ('1536m', '800m')
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])i?B?\s*", memory, flags=re.IGNORECASE)
    if not found:
        raise Problem("bad_parameter", name="memory", want="1GB", got=repr(memory))
    return f"{max(1, round(float(found[1]) * {'K': 1 / 1024, 'M': 1, 'G': 1024, 'T': 1024**2}[found[2].upper()]))}m"


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn a failure of Spark into one sentence without a value from the data: `what` was being done."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise Trouble("spark_failed", what=what, detail=condition(error)) from error


def condition(error: Exception) -> str:
    """Give Spark's own name of an error; its sentence may hold a value from the data, so that stays inside."""
    name = getattr(error, "getCondition", lambda: None)() if hasattr(error, "getCondition") else None
    inner = re.findall(r"\[([A-Z_]+(?:\.[A-Z_]+)*)\]", str(error))
    return (inner[-1] if name in (None, "FAILED_EXECUTE_UDF") and inner else name) or type(error).__name__
