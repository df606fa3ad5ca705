"""The command `synth`: one world, delivered as raw files, with its truth beside them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from custlib.i18n import Problem, Trouble
from custlib.synth import truth
from custlib.synth.world import World


def synth_command(world: World, out: Path, *, say: Callable[[str], None] = lambda text: None, chunk: int = 1) -> dict[str, int]:
    """Write the raw files of a world into ``out/raw``, their ``dataset.toml`` beside them, and what is planted into ``out/truth``.

    Parameters
    ----------
    say : callable
        Told how far it is.
    chunk : int
        Blocks of 1,000 customers held at a time: more is faster and takes more memory; the bytes are the same.

    Returns
    -------
    dict
        Rows per table.

    Raises
    ------
    Problem
        ``out/raw`` holds files that no world made: they are not touched.
    Trouble
        The folder cannot be written; what was there before stands.
    """
    from custlib.synth import mapping, raw

    held = out / "raw"
    if held.exists() and not (held.is_dir() and not any(held.iterdir())) and not (out / "truth" / "truth.toml").is_file():
        raise Problem("generated_in_the_way", folder=str(held))
    part = out / f".world-{os.getpid()}"
    try:
        rows = raw.deliver(world, part / "raw", chunk=chunk, say=say)
        (part / "dataset.toml").write_text(mapping.dataset_toml(rows), encoding="utf-8")
        truth.write(world, part / "truth")
        for name in ("raw", "truth"):  # whole, or not at all
            shutil.rmtree(out / name, ignore_errors=True)
            os.replace(part / name, out / name)
        os.replace(part / "dataset.toml", out / "dataset.toml")
    except OSError as error:
        raise Trouble("out_unwritable", folder=str(out), detail=os.strerror(error.errno) if error.errno else type(error).__name__) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return rows
