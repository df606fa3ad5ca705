"""Labels that a user's own notebooks wrote: checked against the canonical table, and read beside ours."""

from pathlib import Path

import pandas as pd

from custlib.i18n import Problem
from custlib.report.graph import Notebook
from custlib.value.schemes import PREFIX

PATTERN = "labels_*.parquet"
BLANK = {"score": float("nan"), "confidence": float("nan"), "evidence": "{}"}


def written_by(one: Notebook, work: Path, *, as_of: str) -> None:
    """Check the label tables that a notebook declares, as soon as it has run.

    Raises
    ------
    Problem
        A table is no Parquet file, breaks the canonical schema, names a scheme that is not ``x.<name>``, is of another day, or
        labels a customer twice under one scheme.
    """
    for pattern in one.writes:
        for path in sorted(work.glob(pattern)):
            if path.match(PATTERN):
                frame(path, as_of=as_of, notebook=one.name)


def frame(path: Path, *, as_of: str, notebook: str = "") -> pd.DataFrame:
    """Read one table of labels, completed and checked.

    Returns
    -------
    DataFrame, one row per identity and scheme
        The columns of the canonical table ``labels``; a missing ``as_of`` is the run's, missing scores are blank.
    """
    from custlib.tables.frames import conform

    try:
        given = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise Problem("broken_parquet", file=path.name) from error
    own = {"as_of": pd.Timestamp(as_of).date(), **BLANK, "method": notebook or path.stem, "run_id": "own"}
    whole = given.assign(**{column: value for column, value in own.items() if column not in given.columns})
    try:
        checked = conform(whole, "labels")
    except Problem as error:  # the same sentence, and which file it speaks of
        raise type(error)(error.key, **{**error.values, "table": f"labels ({path.name})"}) from error
    schemes = checked["scheme"].astype(str)
    other = sorted(name for name in schemes.unique() if not name.startswith(PREFIX))
    if other:
        raise Problem("labels_scheme", file=path.name, scheme=other[0])
    if (pd.to_datetime(checked["as_of"]) != pd.Timestamp(as_of)).any():
        raise Problem("labels_other_day", file=path.name, as_of=as_of)
    return checked.assign(scheme=schemes)


def check(work: Path, listed: list[Notebook]) -> None:
    """Check the own labels of a whole run: every table is declared, and no customer has one scheme from two places.

    Raises
    ------
    Problem
        Names the file, or the scheme that two of them write.
    """
    declared = {path for one in listed for pattern in one.writes for path in work.glob(pattern)}
    seen: dict[tuple[str, str], str] = {}
    shipped = work / "tables" / "labels.parquet"
    tables = {shipped.name: pd.read_parquet(shipped, columns=["identity_id", "scheme"])} if shipped.exists() else {}
    for path in sorted((work / "tables").glob(PATTERN)):
        if path not in declared:
            raise Problem("labels_undeclared", file=path.name)
        tables[path.name] = pd.read_parquet(path, columns=["identity_id", "scheme"])  # it was checked when its notebook had run
    for name, table in tables.items():
        for scheme in (one for one in table["scheme"].unique() if str(one).startswith(PREFIX)):
            inside = set(table.loc[table["scheme"] == scheme, "identity_id"])
            for (other, file), people in seen.items():
                if other == scheme and inside & people:
                    raise Problem("labels_two_files", scheme=scheme, first=file, second=name)
            seen[scheme, name] = inside


def read(folder: Path) -> pd.DataFrame:
    """Give every row of an own scheme in a finished run, from our table and from the user's.

    Returns
    -------
    DataFrame, one row per identity and own scheme, by scheme and identity
        ``identity_id``, ``scheme``, ``label``, ``score``, ``confidence``, ``evidence``, ``file``.
    """
    columns = ["identity_id", "scheme", "label", "score", "confidence", "evidence"]
    parts = [pd.DataFrame({column: pd.Series(dtype="float64" if column in ("score", "confidence") else "object")
                           for column in (*columns, "file")})]
    for path in [folder / "tables" / "labels.parquet", *sorted((folder / "tables").glob(PATTERN))]:
        if path.exists():
            table = pd.read_parquet(path)
            table = table[table["scheme"].astype(str).str.startswith(PREFIX)]
            parts.append(table.assign(**{name: value for name, value in BLANK.items() if name not in table.columns}, file=path.name)[
                [*columns, "file"]].astype({"scheme": str, "label": str, "identity_id": str}))
    whole = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return whole.sort_values(["scheme", "identity_id"], ignore_index=True, kind="stable")
