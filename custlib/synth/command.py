"""The command `synth`: one world, delivered as raw files, with its truth beside them."""

from collections.abc import Callable
from pathlib import Path

from custlib.synth import truth
from custlib.synth.world import World


def synth_command(world: World, out: Path, *, say: Callable[[str], None] = lambda text: None, chunk: int = 1) -> dict[str, int]:
    """Write the raw files of a world into ``out/raw``, their ``dataset.toml`` beside them, and what is planted into ``out/truth``.

    Parameters
    ----------
    say : callable
        Told the path of each file group as it is done.
    chunk : int
        Blocks of 1,000 customers held at a time: more is faster and takes more memory; the bytes are the same.

    Returns
    -------
    dict
        Rows per table.
    """
    from custlib.synth import mapping, raw

    rows = raw.deliver(world, out / "raw", chunk=chunk)
    (out / "dataset.toml").write_text(mapping.dataset_toml(rows), encoding="utf-8")
    say(str(out / "dataset.toml"))
    say(str(truth.write(world, out / "truth")))
    return rows
