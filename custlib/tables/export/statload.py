"""Load a statistics file as the library sees it, in a process of its own: damaged files can end the process that reads them."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING

from custlib.i18n import Problem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

READERS = {".sav": "read_sav", ".zsav": "read_sav", ".por": "read_por", ".xpt": "read_xport", ".sas7bdat": "read_sas7bdat", ".dta": "read_dta"}
DAMAGED = 3
CHILD = "import sys; from custlib.tables.export.statload import child; sys.exit(child(*sys.argv[1:]))"


def load(path: Path, *, apart: bool = True) -> tuple["pa.Table", dict]:
    """Load a file.

    Returns
    -------
    Table, dict
        Columns are double, string (blank text is blank; special missing values are letters among numbers as text) or, of
        Stata, days and times; and what the file says of them: labels, values, missing, letters, measure, formats, notes.

    Raises
    ------
    Problem
        The file is damaged.
    """
    import pyarrow as pa

    if not apart:
        return _load(path)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", CHILD, str(path.resolve()), folder], capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)})
        if done.returncode == DAMAGED or done.returncode < 0:  # below 0: ended by a signal, such as a segmentation fault
            raise Problem("export_unreadable", file=path.name)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else str(done.returncode))
        with pa.OSFile(f"{folder}/raw.arrow", "rb") as file:
            return pa.ipc.open_file(file).read_all(), json.loads(Path(folder, "meta.json").read_text(encoding="utf-8"))


def child(path: str, folder: str) -> int:
    """Load a file and leave it in `folder`; the exit code says whether it is damaged."""
    import pyarrow as pa

    try:
        table, meta = _load(Path(path))
    except Problem:
        return DAMAGED
    Path(folder, "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    with pa.OSFile(f"{folder}/raw.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    return 0


def _load(path: Path) -> tuple["pa.Table", dict]:
    import pyarrow as pa
    import pyreadstat

    suffix = path.suffix.lower()
    options = {} if suffix == ".dta" else {"disable_datetime_conversion": True}
    if suffix not in (".xpt", ".por"):
        options["user_missing"] = True
    try:
        frame, meta = getattr(pyreadstat, READERS[suffix])(str(path), **options)
        names = list(frame.columns)
        if names != list(meta.column_names) or len(set(names)) < len(names) or not all(isinstance(one, str) and one for one in names):
            raise ValueError("names")
        table = pa.table({name: _column(frame[name], text=meta.readstat_variable_types.get(name) == "string") for name in names})
        return table, {
            "labels": {name: label for name, label in meta.column_names_to_labels.items() if label},
            "values": {name: list(map(list, codes.items())) for name, codes in meta.variable_value_labels.items()},
            "missing": meta.missing_ranges or {}, "letters": meta.missing_user_values or {}, "measure": meta.variable_measure or {},
            "formats": {name: str(shown or "").upper() for name, shown in meta.original_variable_types.items()}, "notes": list(meta.notes or [])}
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, pa.ArrowException, ValueError, OverflowError, KeyError, TypeError,
            MemoryError) as error:
        raise Problem("export_unreadable", file=path.name) from error


def _column(series: "pd.Series", *, text: bool) -> "pa.ChunkedArray":
    import pyarrow as pa

    values = series.tolist() if text or series.dtype == object else []
    if text or any(isinstance(one, str | time) for one in values):
        made = pa.array([_text(one) for one in values], pa.string())
    elif series.dtype.kind in "fiub":
        made = pa.array(series.to_numpy(dtype="f8"), from_pandas=True)
    elif series.dtype.kind == "M":
        made = pa.array(series, pa.timestamp("us"), from_pandas=True)
    elif all(one is None or one != one for one in values):
        made = pa.nulls(len(values), pa.float64())
    else:
        made = pa.array(values, pa.date32(), from_pandas=True)
    return made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, time):
        return value.isoformat()
    return None if value is None or value != value else str(int(value)) if float(value).is_integer() else repr(float(value))
