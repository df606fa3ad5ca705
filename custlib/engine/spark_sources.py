"""What Spark reads as orders, order lines and identities: folders of Parquet with partitions, CSV, DuckDB files, frames, any path."""

import re
from collections.abc import Mapping
from pathlib import Path

from custlib.checks import column_names
from custlib.engine.spark_session import condition, told
from custlib.i18n import Problem

MONEY = "decimal(18,2)"
# table → column → what it must be; a column of NEEDED must be there, another that is absent is blank; what else there is stays
KNOWN = {
    "orders": {
        "order_id": "text", "customer_id": "text", "order_ts": "time", "order_day": "day", "net_amount": "money", "channel": "text",
        "store_id": "text", "discount_amount": "money", "coupon_amount": "money", "is_return": "yes_no", "is_zero": "yes_no", "excluded_by": "text",
    },
    "order_lines": {
        "order_id": "text", "line_no": "whole", "product_id": "text", "quantity": "number", "list_price": "number", "unit_price": "number",
        "discount_amount": "money", "net_amount": "money", "is_return": "yes_no", "is_zero": "yes_no", "excluded_by": "text",
    },
    "identity_map": {"id_type": "text", "id_value": "text", "identity_id": "text"},
    "products": {"product_id": "text", "category_l1": "text", "category_l2": "text", "category_l3": "text"},
}
NEEDED = {"orders": ("order_id", "customer_id", "net_amount"), "order_lines": ("order_id", "net_amount"),
          "identity_map": ("id_type", "id_value", "identity_id"), "products": ("product_id",)}
OPTIONAL = ("order_lines", "identity_map", "products")
WHOLE = ("int", "bigint", "smallint", "tinyint")
TYPES = {
    "text": ("string", *WHOLE, "double", "decimal", "void"),
    "time": ("timestamp", "timestamp_ntz", "date"),
    "day": ("date", "timestamp", "timestamp_ntz"),
    "money": ("decimal", "double", "float", *WHOLE),
    "number": ("decimal", "double", "float", *WHOLE),
    "whole": WHOLE,
    "yes_no": ("boolean",),
}
TARGET = {"text": "string", "time": "timestamp_ntz", "day": "date", "money": MONEY, "number": "decimal(18,4)", "whole": "bigint", "yes_no": "boolean"}
DUCKDB = (".duckdb", ".ddb", ".db")
CSV = (".csv", ".csv.gz", ".tsv")
PART_BYTES = "128MB"


def tables(session, source: object, *, work: Path | None, memory: str = "1GB", master: str = "local",
           check: bool = True) -> dict[str, object]:
    """Give the tables of a source as frames of Spark, checked and with the columns that the queries need.

    Parameters
    ----------
    source : path, URL or mapping
        A build folder; a DuckDB file; or ``{"orders": …, "order_lines": …, "products": …, "identity_map": …}``, each a path, a
        URL or a frame of Spark.
    work : Path
        Folder for the parts of a DuckDB file, which every machine must reach.
    check : bool
        Count orders that stand twice, blanks and lines without an order, in tables that are not a build's: reads all rows.

    Raises
    ------
    Problem
        A file is absent or unreadable, a column is missing or of another type, a partition has another schema.
    """
    own = isinstance(source, Mapping)
    given = dict(source) if own else _members(session, source, work=work, memory=memory, master=master)
    given = {name: one for name, one in given.items() if one is not None}
    if "orders" not in given:
        raise Problem("source_none", file=", ".join(given) if own else str(source), table="orders")
    found = {}
    for name, one in given.items():
        label = str(one) if isinstance(one, str | Path) else name
        frame = frame_of(session, one, work=work, memory=memory, master=master, table=name)
        found[name] = conformed(frame, name, label, plain_files=own, lines="order_lines" in given)
    if own and check:
        _grain(found, {name: str(one) if isinstance(one, str | Path) else name for name, one in given.items()})
    return found


def _grain(found: dict[str, object], labels: dict[str, str]) -> None:
    """Refuse orders that stand twice or lack a day or an amount, and lines without an order: what a build has checked already."""
    needed = {"orders": ["order_id", "order_day", *([] if "order_lines" in found else ["net_amount"])], "order_lines": ["order_id", "net_amount"]}
    for table, columns in needed.items():
        if table not in found:
            continue
        with told(labels[table]):
            blank = found[table].selectExpr(*[f"count(*) - count({column}) AS {column}" for column in columns]).toArrow().to_pylist()[0]
        for column, rows in blank.items():
            if rows:
                raise Problem("source_blank", file=labels[table], column=column, rows=rows)
    with told(labels["orders"]):
        twice = found["orders"].groupBy("order_id").count().where("count > 1").count()
    if twice:
        raise Problem("orders_duplicate", file=labels["orders"], count=twice)
    if "order_lines" in found:
        with told(labels["order_lines"]):
            lost = found["order_lines"].join(found["orders"].select("order_id"), "order_id", "left_anti").count()
        if lost:
            raise Problem("lines_without_order", file=labels["order_lines"], rows=lost, orders=labels["orders"])


def _members(session, source: object, *, work: Path | None, memory: str, master: str) -> dict[str, object]:
    """Find the tables in a folder (of this machine or a URL) or in a DuckDB file."""
    text = str(source)
    if text.endswith(DUCKDB):
        return from_duckdb(Path(text), work=work, memory=memory, master=master)
    base = text.rstrip("/")
    if "://" not in text and not Path(text).is_dir():
        raise Problem("missing_file", file=text)
    found = {}
    for name in ("orders", *OPTIONAL):
        path = next((one for end in (".parquet", "", *CSV) if _exists(session, one := f"{base}/{name}{end}")), None)
        if path:
            found[name] = path
    if "orders" not in found:
        raise Problem("source_none", file=text, table="orders")
    return found


def _exists(session, path: str) -> bool:
    """Tell whether a path is there: on this machine, or on a file system that Spark knows."""
    if "://" not in path:
        return Path(path).exists()
    with told(path):
        place = session._jvm.org.apache.hadoop.fs.Path(path)
        return place.getFileSystem(session._jsparkSession.sessionState().newHadoopConf()).exists(place)


def frame_of(session, source: object, *, work: Path | None, memory: str, master: str, table: str):
    """Give one table as a frame of Spark: a frame as it is, else by the kind that the path says (Parquet where it says none)."""
    if not isinstance(source, str | Path):
        return source
    text = str(source)
    if text.endswith(DUCKDB):
        parts = from_duckdb(Path(text), work=work, memory=memory, master=master)
        if table not in parts:
            raise Problem("source_none", file=text, table=table)
        text = str(parts[table])
    if "://" not in text and not Path(text).exists():
        raise Problem("missing_file", file=text)
    csv = text.endswith(CSV) or ("://" not in text and Path(text).is_dir() and any(Path(text).rglob("*.csv*"))
                                 and not any(Path(text).rglob("*.parquet")))
    try:
        if csv:
            same_header(text)
            return _csv(session, text)
        same_schema(text)
        return session.read.option("mergeSchema", "://" in text).parquet(plain(text, reading=True))
    except Problem:
        raise
    except Exception as error:  # a broken file fails in many ways; Spark's sentence may hold a value
        raise Problem("source_unread", file=text, detail=condition(error)) from error


def plain(path: object, *, reading: bool = False) -> str:
    """Give a path as Spark takes it: one without a scheme is of this machine, its wildcard characters are meant as they stand.

    Examples
    --------
    >>> plain("/data/a[1].parquet", reading=True), plain("s3a://shop/orders")
    ('file:/data/a\\\\[1\\\\].parquet', 's3a://shop/orders')
    """
    if "://" in str(path):
        return str(path)
    text = str(Path(str(path)).absolute())
    return "file:" + (re.sub(r"([\[\]{}*?,\\])", r"\\\1", text) if reading else text)


def _csv(session, text: str):
    """Read a CSV file with every column as text: a blank is missing, a row of another length stops the reading."""
    return session.read.csv(plain(text, reading=True), header=True, sep="\t" if ".tsv" in text else ",", quote='"', escape='"', mode="FAILFAST",
                            nullValue="", emptyValue="", enforceSchema=False)


def same_schema(text: str) -> None:
    """Refuse a folder whose Parquet parts differ: Spark would take one part's schema and read the others' columns as blank.

    Looks at the footers of a folder of this machine; elsewhere Spark itself merges the schemas and stops on another type.
    """
    import pyarrow.parquet as pq

    folder = Path(text)
    if "://" in text or not folder.is_dir():
        return
    parts = [one for one in sorted(folder.rglob("*.parquet")) if not any(name.startswith(("_", ".")) for name in one.relative_to(folder).parts)]
    if not parts:
        raise Problem("source_unread", file=text, detail="no *.parquet")
    first = None
    for part in parts:
        try:
            schema = {field.name.lower(): str(field.type) for field in pq.read_schema(part)}
        except Exception as error:  # pyarrow raises several kinds for a broken footer
            raise Problem("source_unread", file=str(part), detail=type(error).__name__) from error
        first = first or schema
        other = sorted(set(first.items()) ^ set(schema.items()))
        if other:
            names = ", ".join(dict.fromkeys(f"{name}: {first.get(name, '–')} / {schema.get(name, '–')}" for name, _ in other))
            raise Problem("source_part", file=text, part=str(part.relative_to(folder)), first=str(parts[0].relative_to(folder)), columns=names)


def same_header(text: str) -> None:
    """Refuse a folder of CSV files of this machine whose first lines differ."""
    if "://" in text or not Path(text).is_dir():
        return
    parts = [one for one in sorted(Path(text).rglob("*")) if one.name.endswith((".csv", ".tsv"))]
    heads = [one.open(encoding="utf-8-sig", errors="replace").readline().strip() for one in parts]
    for part, head in zip(parts, heads, strict=True):
        if head != heads[0]:
            raise Problem("source_part", file=text, part=str(part.relative_to(text)), first=str(parts[0].relative_to(text)),
                          columns=", ".join(column_names(head.split(","))))


def conformed(frame, table: str, label: str, *, plain_files: bool = False, lines: bool = False):
    """Give a table with the canonical columns typed, the derived ones made where they are absent; other columns stay.

    Parameters
    ----------
    plain_files : bool
        The table comes from a user's own file: blanks around ids mean nothing, and an empty id is none.
    lines : bool
        Order lines come too, so that an order needs no amount of its own, and what it is follows from its lines.

    Raises
    ------
    Problem
        A column is missing, is of another type, or holds text that is no date, number or yes/no.
    """
    from pyspark.sql import functions as F

    if table not in KNOWN:
        return frame
    names = {one.lower(): one for one in frame.columns}
    lacks = [name for name in NEEDED[table] if name not in names and not (lines and plain_files and (table, name) == ("orders", "net_amount"))]
    if table == "orders" and not {"order_ts", "order_day"} & set(names):
        lacks.append("order_ts")
    if plain_files and not set(NEEDED[table]) & set(names):  # what stands there may be data: it is not shown
        raise Problem("orders_no_header", file=label, needed=", ".join(NEEDED[table]))
    if lacks:
        raise Problem("frame_lacks", name=label, missing=", ".join(lacks), have=", ".join(column_names(frame.columns)))
    text = [name for name, kind in KNOWN[table].items() if name in names and kind != "text" and _type(frame, names[name]) == "string"]
    if text:
        _readable(frame, {name: KNOWN[table][name] for name in text}, names, label)
    made = {}
    for name, kind in KNOWN[table].items():
        if name not in names:
            continue
        came = _type(frame, names[name])
        if came not in TYPES[kind] and name not in text:
            raise Problem("source_type", file=label, column=name, got=came, want=f"@want.spark_{kind}")
        made[name] = _cast(F.col(f"`{names[name]}`"), came, kind)
        if plain_files and kind == "text":
            made[name] = F.nullif(F.trim(made[name]), F.lit(""))
    frame = frame.select(*[made.pop(one.lower()).alias(one.lower()) if one.lower() in made else F.col(f"`{one}`") for one in frame.columns])
    less = "net_amount < 0 OR quantity < 0" if table == "order_lines" else "false" if lines and plain_files else "net_amount < 0"
    zero = "false" if lines and plain_files and table == "orders" else "net_amount = 0"
    derived = {"is_return": f"coalesce({less}, false)", "is_zero": f"coalesce({zero}, false)", "order_day": "CAST(order_ts AS DATE)"}
    absent = sorted((name for name in KNOWN[table] if name not in names), key=lambda name: name in derived)
    for name in absent:
        frame = frame.withColumn(name, F.expr(derived.get(name, f"CAST(NULL AS {TARGET[KNOWN[table][name]]})")))
    return frame


def small(session, rows: list[tuple], columns: str):
    """Give rows that the program holds as a frame that goes to every worker: a join with it moves nothing else."""
    return session.createDataFrame(rows, columns).hint("broadcast")


def empty(session, table: str):
    """Give a table without rows, where the source has none."""
    return session.createDataFrame([], ", ".join(f"{name} {TARGET[kind]}" for name, kind in KNOWN[table].items()))


def _type(frame, name: str) -> str:
    return frame.schema[name].dataType.simpleString().split("(")[0]


def _cast(column, came: str, kind: str):
    from pyspark.sql import functions as F

    if kind in ("money", "number") and came in ("double", "float"):
        # as DuckDB rounds a float to the cent: the float times 100, not its decimal text
        places = 2 if kind == "money" else 4
        unit = F.lit(f"0.{1:0{places}d}").cast(f"decimal({places + 1},{places})")
        return (F.round(column.cast("double") * 10**places).cast("decimal(22,0)") * unit).cast(TARGET[kind])
    if kind == "text" and came in ("double", "decimal"):  # whole numbers that a blank has turned into fractions
        return F.when(column == F.floor(column), column.cast("bigint")).cast("string")
    return column.cast(TARGET[kind])


def _readable(frame, kinds: dict[str, str], names: dict[str, str], label: str) -> None:
    """Refuse text that is no date, number or yes/no: one row of counts comes back, no value."""
    from pyspark.sql import functions as F

    bad = [F.count(F.when(F.col(f"`{names[name]}`").isNotNull() & F.col(f"`{names[name]}`").try_cast(TARGET[kind]).isNull(), 1)).alias(name)
           for name, kind in kinds.items()]
    with told(label):
        counts = frame.agg(*bad).first().asDict()
    wrong = [name for name, rows in counts.items() if rows]
    if wrong:
        raise Problem("source_values", file=label, column=wrong[0], rows=counts[wrong[0]], want=f"@want.spark_{kinds[wrong[0]]}")


def from_duckdb(path: Path, *, work: Path | None, memory: str, master: str) -> dict[str, Path]:
    """Write the tables of a DuckDB file as Parquet parts into `work`, streamed, and give where they are.

    Raises
    ------
    Problem
        The file is absent, no DuckDB file, or there is no folder that every machine can reach.
    """
    import duckdb

    from custlib.engine.duck import connect

    if not path.is_file():
        raise Problem("missing_file", file=str(path))
    if work is None:
        raise Problem("spark_work", file=str(path), master=master)
    found = {}
    with connect(memory=memory, spill=work, ordered=False) as db:
        try:
            db.execute(f"ATTACH {_quoted(path)} AS given (READ_ONLY)")
            held = [one for one, in db.execute("SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name = 'given'").fetchall()]
            for name in sorted({"orders", *OPTIONAL} & set(held)):
                found[name] = work / f"{path.stem}-{name}"
                db.execute(f"COPY (SELECT {_columns(db, name)} FROM given.{name}) TO {_quoted(found[name])} "
                           f"(FORMAT parquet, FILE_SIZE_BYTES '{PART_BYTES}')")
        except duckdb.Error as error:
            raise Problem("source_unread", file=str(path), detail=type(error).__name__) from error
    if not found:
        raise Problem("source_none", file=str(path), table="orders")
    return found


def _columns(db, table: str) -> str:
    """Give the columns of a table as Spark can read them from Parquet: times in microseconds."""
    rows = db.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'given' AND table_name = ? ORDER BY column_index",
                      [table]).fetchall()
    names = [(one.replace('"', '""'), kind) for one, kind in rows]
    return ", ".join(f'CAST("{one}" AS TIMESTAMP) AS "{one}"' if kind in ("TIMESTAMP_NS", "TIMESTAMP_S", "TIMESTAMP_MS") else f'"{one}"'
                     for one, kind in names)


def _quoted(path: object) -> str:
    return "'" + str(path).replace("'", "''") + "'"


