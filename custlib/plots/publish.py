"""Put a figure into the run folder: picture, frame, words; whole or not at all."""

import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from custlib.plots.style import theme

_NAME = re.compile(r"\d\d_[a-z0-9_]+")
_DATELESS = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def both(say: Callable[..., str], *args: object, **options: object) -> dict[str, str]:
    """Call `say` once for zh and once for en, as `publish` wants its words.

    Examples
    --------
    >>> from custlib.i18n import text
    >>> both(text, "plots.lorenz.x")["en"]
    'Share of customers, lowest spend first'
    """
    return {one: say(*args, lang=one, **options) for one in ("zh", "en")}


def _atomic(target: Path, write: Callable[[Path], object]) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write(draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def publish(
    ax: Axes,
    *,
    run_dir: Path,
    name: str,
    frame: pd.DataFrame,
    title: dict[str, str],
    alt: dict[str, str],
    reading: dict[str, str] | None,
    sql: list[str],
    n: int,
    as_of: str,
) -> Path:
    """Write ``figures/NAME.svg``, ``.png``, ``.csv`` and ``.json`` of a run; the figure stays as it was.

    The same figure gives the same bytes. Each file appears by an atomic rename, the ``.json`` last:
    where it stands, the other three are whole.

    Parameters
    ----------
    ax : Axes
        The drawn figure.
    run_dir : Path
        The run folder; ``figures`` is made when it is missing.
    name : str
        Two digits of the notebook, then lower-case words: ``04_lorenz``.
    frame : DataFrame
        What was drawn, for the csv.
    title, alt, reading : dict with zh and en
        Words for the report; no `reading` writes two empty ones.
    sql : list of str
        Names of the SQL texts behind the frame, without ``.sql``.
    n : int
        Customers behind the figure.
    as_of : str
        ISO date.

    Returns
    -------
    Path
        The svg.

    Raises
    ------
    ValueError
        `name` has another form, or words lack a language.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"name must look like 04_lorenz, got {name!r}")
    words = {"title": title, "alt": alt, "reading": reading or {"zh": "", "en": ""}}
    for what, said in words.items():
        if set(said) != {"zh", "en"}:
            raise ValueError(f"{what} needs zh and en, got {', '.join(sorted(said)) or 'nothing'}")
    facts = {"name": name, **words, "sql": list(sql), "n": int(n), "as_of": str(as_of)}
    folder = Path(run_dir) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    with theme():
        for kind, metadata in _DATELESS.items():
            save = partial(ax.figure.savefig, format=kind, metadata=metadata)
            _atomic(folder / f"{name}.{kind}", save)
    _atomic(folder / f"{name}.csv", lambda draft: frame.to_csv(draft, index=False, lineterminator="\n"))
    said = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    _atomic(folder / f"{name}.json", lambda draft: draft.write_text(said, encoding="utf-8"))
    return folder / f"{name}.svg"
