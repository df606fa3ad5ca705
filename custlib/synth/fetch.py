"""Make the raw files of a data set that says ``generated`` in its `dataset.toml`, and tell which world they are of."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from custlib.synth import raw, truth
from custlib.synth.world import World

PACKAGE = Path(__file__).parent


def identity(options: dict) -> dict:
    """Tell what raw files depend on: size, seed, plain, and the code and words that make them.

    Examples
    --------
    >>> {key: value for key, value in identity({"customers": 500}).items() if key != "code"}
    {'customers': 500, 'seed': 20250123, 'plain': False}
    """
    made = hashlib.sha256()
    for path in sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("words/*.toml")], key=lambda one: one.relative_to(PACKAGE).as_posix()):
        made.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return {**asdict(World(**options)), "code": made.hexdigest()}


def make(folder: Path, options: dict, *, say: Callable[[str], None] = lambda line: None) -> None:
    """Write the raw files of the world of `options` (customers, seed, plain) into a folder, and what is planted beside it in ``truth``.

    Raises
    ------
    Problem
        Size or seed is out of range.
    """
    world = World(**options)
    say(f"synth: {world.customers:,} × {world.seed}")
    raw.deliver(world, folder, say=say)
    truth.write(world, folder.parent / "truth")
