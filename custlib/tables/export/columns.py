"""Frames as typed Arrow columns and back: one exact form between a frame and every kind of file."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from custlib.i18n import Problem
from custlib.tables.export.codebook import TEXTS, Codebook, check, check_codes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCALE = {"dec2": 2, "dec4": 4}
OBJECTS = {bool: "bool", int: "int", float: "float", str: "str", Decimal: "dec", date: "date", datetime: "ts"}
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)


def arrow_type(kind: str) -> "pa.DataType":
    """Give the Arrow type of a kind."""
    import pyarrow as pa

    types = {"int": pa.int64(), "dec2": pa.decimal128(18, 2), "dec4": pa.decimal128(18, 4), "float": pa.float64(),
             "bool": pa.bool_(), "date": pa.date32(), "ts": pa.timestamp("us")}
    return types.get(kind, pa.string())


def to_arrow(frame: "pd.DataFrame", book: Codebook) -> tuple["pa.Table", Codebook]:
    """Turn a frame into typed columns.

    Parameters
    ----------
    frame : DataFrame
        Columns of text, whole numbers, floats, Decimals, bools, days or times without zone; None, NaN, NA and NaT are one blank,
        an empty text is no blank.
    book : Codebook
        Kinds that it does not name are found from the column.

    Returns
    -------
    Table, Codebook
        Same rows and order; `book` with the kind of every column.

    Raises
    ------
    Problem
        A column's name or a value does not fit; names column and row (1 = the first), never the value.
    """
    import pyarrow as pa

    names, seen = list(frame.columns), set()
    for name in names:
        if not isinstance(name, str) or not name.strip() or not _sayable(name) or name in seen:
            raise Problem("export_name", column=repr(name))
        seen.add(name)
    if not names:
        raise Problem("export_empty")
    if frame.index.nlevels > 1 or frame.index.name is not None:
        raise Problem("export_index", names=", ".join(str(name) for name in frame.index.names))
    check(book, names)
    kinds = {name: book.kinds.get(name) or _kind(frame[name]) for name in names}
    check_codes(book, kinds)
    table = pa.table({name: _column(frame[name], kinds[name]) for name in names})
    return table, Codebook(book.labels, book.values, book.missing, book.measure, kinds)


def to_pandas(table: "pa.Table", kinds: dict[str, str]) -> "pd.DataFrame":
    """Turn typed columns into a frame: int64 (Int64 with blanks), bool (boolean), float64, str, datetime64[us], Decimal, date."""
    import pandas as pd

    return pd.DataFrame({name: _series(table[name], kinds[name]) for name in table.column_names}, index=pd.RangeIndex(len(table)))


def kind_of(arrow: "pa.DataType") -> str | None:
    """Give the kind that holds an Arrow type without loss, or None."""
    import pyarrow as pa

    kind = None
    if pa.types.is_boolean(arrow):
        kind = "bool"
    elif pa.types.is_integer(arrow):
        kind = "int"
    elif pa.types.is_floating(arrow):
        kind = "float"
    elif pa.types.is_decimal(arrow):
        kind = next((name for name, scale in SCALE.items() if 0 <= arrow.scale <= scale), None)
    elif pa.types.is_date(arrow):
        kind = "date"
    elif pa.types.is_timestamp(arrow) and arrow.tz is None:
        kind = "ts"
    elif pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or pa.types.is_null(arrow):
        kind = "str"
    elif pa.types.is_dictionary(arrow) and kind_of(arrow.value_type) == "str":
        kind = "cat"
    return kind


def _sayable(name: str) -> bool:
    """Text that every format can hold: no half characters, no end mark, none of the marks that XML refuses."""
    return not any("\ud800" <= one <= "\udfff" or one in "\0\ufffe\uffff" for one in name)


def _kind(series: "pd.Series") -> str:
    """Find the kind of a column that the codebook does not name."""
    import pandas as pd
    import pyarrow as pa

    kind = None
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        raise Problem("export_zone", column=series.name)
    if isinstance(series.dtype, pd.CategoricalDtype):
        kind = "cat" if all(isinstance(one, str) for one in series.cat.categories) else None
    elif series.dtype == object:
        kind = _of_objects(series)
    elif isinstance(series.dtype, pd.ArrowDtype):
        kind = kind_of(series.dtype.pyarrow_dtype)
    elif isinstance(series.dtype, pd.StringDtype):
        kind = "str"
    else:
        try:
            kind = kind_of(pa.from_numpy_dtype(getattr(series.dtype, "numpy_dtype", series.dtype)))
        except (pa.ArrowNotImplementedError, TypeError):
            kind = None
    if kind is None:
        raise Problem("export_kind_unknown", column=series.name, type=str(series.dtype))
    return kind


def _of_objects(series: "pd.Series") -> str | None:
    """Find the one kind of a column of Python objects; None where there is none."""
    import numpy as np
    import pandas as pd

    values = [one for one in series.tolist() if not _blank(one)]
    plain = {type(one.item()) if isinstance(one, np.generic) else datetime if isinstance(one, pd.Timestamp) else type(one) for one in values}
    found = {OBJECTS.get(one, "") for one in plain}
    if found == {"int", "float"}:
        found = {"float"}
    if found == {"dec"}:
        deepest = max((-one.as_tuple().exponent for one in map(Decimal.normalize, values) if one.is_finite()), default=0)
        return next((kind for kind, scale in SCALE.items() if deepest <= scale), None)
    if found == {"ts"} and any(one.tzinfo for one in values):
        raise Problem("export_zone", column=series.name)
    return (found.pop() or None) if len(found) == 1 else None if found else "str"


def _blank(value: object) -> bool:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float) and value != value


def _column(series: "pd.Series", kind: str) -> "pa.ChunkedArray":
    """Turn one column into its Arrow type, exactly or not at all."""
    import pandas as pd
    import pyarrow as pa

    want = arrow_type(kind)
    plain = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
    try:
        if isinstance(plain.dtype, pd.ArrowDtype):
            made = pa.chunked_array(plain.array.__arrow_array__()).cast(want)
        elif kind in SCALE or plain.dtype == object or (kind == "date" and plain.dtype.kind == "M"):
            raise pa.ArrowInvalid("value by value")
        else:
            made = pa.array(plain, from_pandas=True)
            if kind in ("int", "bool", *TEXTS) and kind_of(made.type) not in (kind, "str" if kind in TEXTS else "float" if kind == "int" else kind):
                raise pa.ArrowInvalid("value by value")
            made = made.cast(want)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        made = pa.array([_value(one, kind, series.name, row) for row, one in enumerate(plain.tolist(), 1)], type=want)
    made = made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])
    if kind == "ts":
        _within_years(made, series.name)
    return made


def _value(value: object, kind: str, column: str, row: int) -> object:
    """Give one value as its kind, or refuse it."""
    import numpy as np
    import pandas as pd

    if _blank(value):
        return None
    value = value.item() if isinstance(value, np.generic) and not isinstance(value, np.datetime64) else value
    good = None
    if kind in TEXTS and isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value):
        good = str(value)
    elif kind == "bool" and isinstance(value, bool):
        good = value
    elif kind == "int" and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        good = int(value) if abs(value) < 2**63 and value == int(value) else None
    elif kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        good = float(value) if not isinstance(value, int) or (abs(value) <= 2**1023 and float(value) == value) else None
    elif kind in SCALE and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        good = _exact(value, SCALE[kind])
    elif kind == "date" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        good = moment.date() if moment == datetime(moment.year, moment.month, moment.day) and moment.tzinfo is None else None
    elif kind == "ts" and isinstance(value, datetime) and value.tzinfo is None:
        good = (None if value.nanosecond else value.to_pydatetime(warn=False)) if isinstance(value, pd.Timestamp) else value
    if good is None:
        raise Problem("export_value", column=column, row=f"{row:,}", kind=kind)
    return good


def _exact(value: float | Decimal, scale: int) -> Decimal | None:
    """Give a number with `scale` decimals where nothing is lost by it: 10.1 as a float is 10.10."""
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        made = number.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation:
        return None
    return made if made == number and abs(made) < Decimal(10) ** (18 - scale) else None


def _within_years(column: "pa.ChunkedArray", name: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    outside = pc.or_(pc.less(column, pa.scalar(FIRST, pa.timestamp("us"))), pc.greater(column, pa.scalar(LAST, pa.timestamp("us"))))
    row = pc.index(outside, True).as_py()
    if row >= 0:
        raise Problem("export_value", column=name, row=f"{row + 1:,}", kind="ts")


def _series(column: "pa.ChunkedArray", kind: str) -> "pd.Series":
    import pandas as pd

    if kind in ("int", "bool") and column.null_count:
        return column.to_pandas(types_mapper={arrow_type("int"): pd.Int64Dtype(), arrow_type("bool"): pd.BooleanDtype()}.get)
    if kind in TEXTS:
        return column.to_pandas(types_mapper={arrow_type("str"): pd.StringDtype(na_value=float("nan"))}.get)
    return pd.Series(column.to_pylist(), dtype=object) if kind in (*SCALE, "date") else column.to_pandas()
