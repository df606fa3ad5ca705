"""Read JSON: one object a line (.jsonl, .ndjson) of any size, or one array or object (.json) that fits into memory."""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from json.encoder import encode_basestring as _in_quotes
from pathlib import Path

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import header, limits
from custlib.tables.readers.staged import Staged, fresh, of_parquet
from custlib.tables.readers.text import LONGEST_LINE, as_utf8
from custlib.tables.readers.write import write_growing

DEPTH = 20  # objects inside objects that become columns; deeper ones stay JSON text
MOST_COLUMNS = 2_000
LOOKED_AT = 1_000  # records that `lists` looks at
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # one half of a pair: alone it is no character
LONGEST = limits.WHOLE_FILE_MB << 20  # characters: an array often stands in one line
BROKEN = "broken_json"
WORDS = {True: "true", False: "false", None: "null"}
Entry = tuple[int, dict | None]


class Number(str):
    """A number as it was written: no digit is lost."""

    __slots__ = ()


_decode = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number).decode


def stage(path: Path, source: Source, folder: Path, *, memory: str) -> Staged:
    """Stage records as text: nested objects become columns with dots (``customer.id``), lists stay JSON text.

    ``records = "items"`` makes a row of each object in the list ``items`` (``data.items``: in a list inside the list ``data``)
    and repeats what stands around it; a record with an empty list stays one row. The row is the line of the file, in an array the
    place of the record (from 1), with ``records`` the place of the element in the whole file. Of two members of one name in an
    object the last counts. A line that is no JSON object breaks the rule ``broken_json`` alone.

    Raises
    ------
    Problem
        No text, a broken or too large array, no record, no such list, too many columns.
    """
    given = source.get("records") or []
    steps = given.split(".") if isinstance(given, str) else list(given)
    text = as_utf8(path, source, folder, longest=LONGEST)
    try:
        entries, kind = _entries(path, text.path)
        met: list[bool] = []
        rows = _exploded(entries, steps, met) if steps else ((number, *_flat_or_broken(one)) for number, one in entries)
        named = _named(rows, source)
        names, parts = write_growing(named, partial(fresh, folder, ".parquet"), MOST_COLUMNS)
        if steps and not met:
            have = ", ".join(_lists_in(_entries(path, text.path)[0])) or "–"
            raise Problem("no_such_list", file=path.name, records=".".join(steps), have=have)
    finally:
        if text.path != path:
            text.path.unlink()
    if len(names) > MOST_COLUMNS:
        raise Problem("too_many_columns", file=path.name, limit=MOST_COLUMNS)
    if not any(names):
        raise Problem("no_records", file=path.name)
    for name in source.get("fill_down") or []:
        header.known(path.name, name, names)
    found = {"kind": kind, "encoding": text.coding.name, "encoding_sure": text.coding.sure}
    return of_parquet(path, names, parts, found)


def lists(path: Path, source: Source, folder: Path) -> list[str]:
    """Give the paths of nested lists of objects in the first records, in the order in which they are met."""
    text = as_utf8(path, source, folder, longest=LONGEST)
    entries, _ = _entries(path, text.path)
    return _lists_in(entries)


def _lists_in(entries: Iterator[Entry]) -> list[str]:
    found: dict[str, None] = {}
    for _, record in islice(entries, LOOKED_AT):
        _note_lists(record, "", found)
    return list(found)


def _note_lists(value: object, where: str, found: dict[str, None], depth: int = 0) -> None:
    if depth > DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _note_lists(inner, f"{where}.{key}" if where else key, found, depth + 1)
    elif isinstance(value, list) and where:
        objects = [one for one in value if isinstance(one, dict)]
        if objects:
            found.setdefault(where)
        for one in objects[:LOOKED_AT]:
            _note_lists(one, where, found, depth + 1)


def _entries(path: Path, text: Path) -> tuple[Iterator[Entry], str]:
    """Give the records with their numbers (None for a broken one), and the kind: ``jsonl`` or ``json``."""
    with text.open(encoding="utf-8-sig") as file:
        first = next((line for line in iter(lambda: file.readline(LONGEST_LINE), "") if line.strip()), "").strip()
        more = any(line.strip() for line in iter(lambda: file.readline(LONGEST_LINE), ""))
    if not first:
        raise Problem("empty_file", file=path.name)
    by_line = (path.suffix.lower() != ".json" and first != "{") or (more and _object(first) is not None)
    if by_line and not first.startswith("["):
        return _lines(text), "jsonl"
    limits.small_enough(text)
    return _whole(path, text), "json"


def _lines(text: Path) -> Iterator[Entry]:
    with text.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line)


def _object(line: str) -> dict | None:
    try:
        found = _decode(line)
        if HALF.search(line):
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _whole(path: Path, text: Path) -> Iterator[Entry]:
    content = text.read_text(encoding="utf-8-sig")
    try:
        found = _decode(content)
    except json.JSONDecodeError as error:
        raise Problem("broken_json", file=path.name, row=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise Problem("json_too_deep", file=path.name) from error
    halves = HALF.search(content)
    del content
    for number, one in enumerate(found if isinstance(found, list) else [found], 1):
        yield number, one if isinstance(one, dict) and not (halves and _has_half(one)) else None


def _has_half(record: dict) -> bool:
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return True
    return False


def _flat_or_broken(record: dict | None) -> tuple[dict | None, str | None]:
    return (None, BROKEN) if record is None else (_flat(record, "", {}, 0), None)


def _flat(record: dict, prefix: str, out: dict, depth: int) -> dict[str, str | None]:
    """Give the members of an object, of those inside it with dots, as text."""
    for key, value in record.items():
        kind = value.__class__
        if kind is str or kind is Number or value is None:
            out[prefix + key] = value
        elif kind is dict and depth < DEPTH:
            _flat(value, f"{prefix}{key}.", out, depth + 1)
        else:
            out[prefix + key] = _text(value)
    return out


def _text(value: object) -> str:
    """Write a value as JSON, numbers digit by digit as they came."""
    kind = value.__class__
    if kind is Number:
        return value
    if kind is str:
        return _in_quotes(value)
    if kind is list:
        return f"[{', '.join(map(_text, value))}]"
    if kind is dict:
        return "{" + ", ".join([f"{_in_quotes(key)}: {_text(inner)}" for key, inner in value.items()]) + "}"
    return WORDS[value]


def _exploded(entries: Iterator[Entry], steps: list[str], met: list[bool]) -> Iterator[tuple[int, dict | None, str | None]]:
    number = 0
    for _, record in entries:
        for one in [None] if record is None else _unfolded(record, steps, "", met):
            number += 1
            yield number, one, BROKEN if one is None else None


def _unfolded(record: dict, steps: list[str], prefix: str, met: list[bool]) -> Iterator[dict[str, str | None]]:
    """Give one flat record for each element of the list at the end of `steps`, with what stands around it."""
    step, *rest = steps
    around = _flat({key: value for key, value in record.items() if key != step}, prefix, {}, 0)
    inside = record.get(step)
    elements = inside if isinstance(inside, list) else [inside] if isinstance(inside, dict) and rest else []
    if isinstance(inside, list) and not rest and not met:
        met.append(True)
    if not elements:
        yield around | ({prefix + step: _text(inside)} if inside not in (None, []) else {})
    for one in elements:
        if not isinstance(one, dict):
            yield {**around, prefix + step: one if isinstance(one, str) else None if one is None else _text(one)}
        elif rest:
            for deeper in _unfolded(one, rest, f"{prefix}{step}.", met):
                yield {**around, **deeper}
        else:
            yield {**around, **_flat(one, f"{prefix}{step}.", {}, 0)}


def _named(rows: Iterator[tuple[int, dict | None, str | None]], source: Source) -> Iterator[tuple[int, dict | None, str | None]]:
    """Fill blanks of the columns ``fill_down`` from the record above."""
    wanted = source.get("fill_down") or []
    if not wanted:
        yield from rows
        return
    last: dict[str, str] = {}
    for number, values, rule in rows:
        if values is not None:
            last |= {name: values[name] for name in wanted if (values.get(name) or "").strip()}
            values = {**values, **{name: last[name] for name in wanted if name in last}}
        yield number, values, rule
