"""A data set that makes its own files: the simulated brand, by its size and seed, on first use and when these change."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from custlib.checks import nearest
from custlib.i18n import Problem, Trouble

KEYS = ("customers", "seed", "plain")
MARK = "world.json"


def options(given: object, path: Path) -> dict | None:
    """Check the ``[generated]`` part of a `dataset.toml`; None where there is none.

    Raises
    ------
    Problem
        It is no table, or a key is unknown; sizes and seeds are checked by the world itself.

    Examples
    --------
    >>> options({"customers": 500}, Path("dataset.toml"))
    {'customers': 500}
    """
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Problem("not_a_table", file=path, where="generated")
    for key, value in given.items():
        if key not in KEYS:
            raise Problem("unknown_key", file=path, key=f"generated.{key}", near=nearest(key, KEYS))
        if not isinstance(value, bool if key == "plain" else int) or (key != "plain" and isinstance(value, bool)):
            raise Problem("bad_parameter", name=f"generated.{key}", want="@want.yes_no" if key == "plain" else "@want.whole", got=repr(value))
    return given


def ready(folder: Path, given: dict, *, say: Callable[[str], None] = lambda line: None) -> None:
    """Make the files under ``raw`` of a data set's folder, unless they are those of this world already.

    Raises
    ------
    Problem
        ``raw`` holds files that no world made: they are not touched.
    Trouble
        The folder cannot be written.
    """
    from custlib.synth import fetch  # the world is made only where it is asked for

    raw = folder / "raw"
    wanted = fetch.identity(given)
    if _marked(raw) == wanted:
        return
    if raw.exists() and any(raw.iterdir()) and _marked(raw) is None:
        raise Problem("generated_in_the_way", folder=f"{folder.name}/raw")
    part = folder / f".raw-{os.getpid()}"
    try:
        part.mkdir(parents=True)
        fetch.make(part, given, say=say)
        (part / MARK).write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(raw, ignore_errors=True)
        os.replace(part, raw)
    except OSError as error:
        if _marked(raw) == wanted:  # another process was quicker
            return
        detail = os.strerror(error.errno) if error.errno else type(error).__name__
        raise Trouble("out_unwritable", folder=f"{folder.name}/raw", detail=detail) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _marked(raw: Path) -> dict | None:
    """Give the world that made the files, by their mark; None without one."""
    try:
        return json.loads((raw / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
