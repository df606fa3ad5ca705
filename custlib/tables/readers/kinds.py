"""Tell what kind of file lies there, by its first bytes and by its name, and hand it to the reader of that kind."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb

from custlib.i18n import Problem, Trouble
from custlib.tables.declared import Source
from custlib.tables.readers import archive, excel, json_lines, parquet, statistics, text
from custlib.tables.readers.staged import Staged, fresh, kept, quoted

KINDS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".psv": "csv", ".tab": "csv", ".dat": "csv",
         ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
         ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
         ".sav": "statistics", ".zsav": "statistics", ".por": "statistics", ".sas7bdat": "statistics", ".xpt": "statistics",
         ".dta": "statistics", ".gz": "archive", ".zip": "archive"}
BOOKS = (b"PK", b"\xd0\xcf\x11\xe0", b"\t\x00", b"\t\x02", b"\t\x04", b"\t\x08")  # how real spreadsheets begin
PAGES = (b"<html", b"<!doctype html", b"<table", b"<meta")


@cache
def _readers() -> dict[str, Callable[..., Staged]]:
    return {"csv": text.stage, "excel": excel.stage, "json": json_lines.stage, "jsonl": json_lines.stage, "parquet": parquet.stage,
            "statistics": statistics.stage}


def stage(path: Path, source: Source, folder: Path, *, memory: str = "1GB") -> Staged:
    """Stage one file of `source`: what DuckDB does not read in place is copied to Parquet in `folder`.

    Parameters
    ----------
    path : Path
        The file; a packed one (.gz, .zip with one member) is unpacked into `folder` first.
    source : Source
        Options: format, encoding, delimiter, sheet, header, records, only, fill_down, value_labels.
    folder : Path
        Where copies go; it must exist. A text that is not UTF-8 needs room for itself there twice.
    memory : str
        DuckDB's limit. Text, JSON lines and Parquet may be any size; other kinds are read whole, up to a limit.

    Raises
    ------
    Problem
        Whatever is wrong with the file or the options, in one sentence.
    """
    try:
        kind = _kind(path, source)
        if kind == "archive":
            return _from_archive(path, source, folder, memory)
        return kept(_readers()[kind](path, source, folder, memory=memory), source, memory=memory)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise _trouble(path, folder, error) from error


def parts(path: Path) -> list[dict]:
    """Give what one file holds, as options of a source: one ``{}`` for most kinds.

    Of a spreadsheet with several sheets that hold anything: ``{"sheet": name}`` for each; of JSON: ``{}`` and ``{"records": path}``
    for each nested list of objects.

    Raises
    ------
    Problem
        The file cannot be opened.
    """
    source = Source("part", {})
    try:
        kind = _kind(path, source)
        if kind == "excel":
            names = excel.sheets(path)
            return [{"sheet": name} for name in names] if len(names) > 1 else [{}]
        with tempfile.TemporaryDirectory(prefix="custlib-") as folder:
            if kind == "archive":
                return parts(archive.unpacked(path, Path(folder) / "in"))
            if kind in ("json", "jsonl"):
                return [{}, *({"records": one} for one in json_lines.lists(path, source, Path(folder)))]
    except OSError as error:
        raise _trouble(path, Path(tempfile.gettempdir()), error) from error
    return [{}]


def _trouble(path: Path, folder: Path, error: Exception) -> Problem:
    """Give what to raise where the machine failed: no such file, no right to read it, no room."""
    if isinstance(error, FileNotFoundError | IsADirectoryError):
        return Problem("missing_file", file=path.name)
    if isinstance(error, PermissionError):
        return Problem("file_closed", file=path.name)
    return Trouble("no_room", file=path.name, folder=folder.name, detail=(getattr(error, "strerror", None) or type(error).__name__))


def _kind(path: Path, source: Source) -> str:
    """Give the declared kind, else what the first bytes say beyond doubt, else what the name says."""
    if path.stat().st_size == 0:
        raise Problem("empty_file", file=path.name)
    given = source.get("format")
    if given is not None:
        if given not in _readers():
            raise Problem("not_allowed", name="format", allowed=", ".join(_readers()), got=repr(given))
        return given
    named = KINDS.get(path.suffix.lower())
    if named is None:
        raise Problem("unknown_kind", file=path.name, kinds=", ".join(sorted(KINDS)))
    with path.open("rb") as file:
        start = file.read(512)
    if named == "excel" and not start.startswith(BOOKS):  # many programs name a web page or a text .xls
        if any(page in start.lower() for page in PAGES):
            raise Problem("web_page", file=path.name)
        return "csv" if start and (not start.count(0) or start[:2] in (b"\xff\xfe", b"\xfe\xff")) else named
    if named == "csv":
        if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
            return "excel"
        if start.startswith(b"PAR1"):
            return "parquet"
        if start.startswith(b"\x1f\x8b"):
            return "archive"
    return named


def _from_archive(path: Path, source: Source, folder: Path, memory: str) -> Staged:
    inside = fresh(folder, ".unpacked")
    try:
        inner = archive.unpacked(path, inside)
        if KINDS.get(inner.suffix.lower(), "archive") == "archive" and not source.get("format"):
            raise Problem("unknown_kind", file=inner.name, kinds=", ".join(sorted(KINDS)))
        staged = stage(inner, source, folder, memory=memory)
        if quoted(inner) in staged.scan:  # read in place: it has to stay
            staged = replace(staged, scan=staged.scan.replace(quoted(inner), quoted(inner.replace(fresh(folder, ".parquet")))))
    except Problem as problem:
        raise type(problem)(problem.key, **problem.values | ({"file": path.name} if "file" in problem.values else {})) from problem
    finally:
        shutil.rmtree(inside, ignore_errors=True)
    return replace(staged, file=path.name, found={**staged.found, "member": inner.name})
