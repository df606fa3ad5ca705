"""Read files of statistics programs: SPSS (.sav .zsav .por), SAS (.sas7bdat .xpt) and Stata (.dta)."""

from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import header, isolated, limits
from custlib.tables.readers.staged import Staged, fresh, of_parquet
from custlib.tables.readers.text import known
from custlib.tables.readers.write import write_records

READERS = {".sav": "read_sav", ".zsav": "read_sav", ".por": "read_por", ".sas7bdat": "read_sas7bdat", ".xpt": "read_xport", ".dta": "read_dta"}
MAGIC = {b"$FL2": "read_sav", b"$FL3": "read_sav", b"<stata_dta>": "read_dta", b"HEADER RECORD*******LIB": "read_xport"}
CELLS = 100_000_000  # in memory at once


def stage(path: Path, source: Source, folder: Path, *, memory: str) -> Staged:
    """Stage the file as text: codes stay codes unless ``value_labels = true``, codes declared missing become blanks.

    ``found`` tells labels {column: text}, value_labels {column: {code: label}} and missing_codes {column: [code or "low..high"]}.

    Raises
    ------
    Problem
        No whole file of its kind, too large, an unknown encoding, two columns of one name, no row.
    """
    limits.small_enough(path)
    options = {"most": CELLS, "labelled": bool(source.get("value_labels"))}
    encoding = str(source.get("encoding", "auto"))
    if encoding.lower() != "auto":
        options["encoding"] = known(path, encoding)
    facts, batches = isolated.ask("statistics", path, _reader(path), options)
    names = [name.strip() for name in facts["names"]]
    header.no_twins(path.name, names)
    if facts["cells"] > CELLS:
        raise Problem("file_too_large", file=path.name, size=facts["cells"] * 8 >> 20, limit=CELLS * 8 >> 20)
    target = fresh(folder, ".parquet")
    records = ((number, row, None) for number, row in enumerate(isolated.rows_of(batches), 1))
    write_records(header.filled_down(records, names, source, path.name), len(names), target)
    found = {"kind": "statistics", **{key: facts[key] for key in ("labels", "value_labels", "missing_codes")}}
    return of_parquet(path, names, target, found)


def _reader(path: Path) -> str:
    """Name the reader by the first bytes, else by the name of the file."""
    with path.open("rb") as file:
        start = file.read(80)
    found = next((name for magic, name in MAGIC.items() if start.startswith(magic)), READERS.get(path.suffix.lower()))
    if found is None:
        raise Problem("broken_statistics", file=path.name)
    return found
