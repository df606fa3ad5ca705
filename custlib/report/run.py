"""One run: check, build, execute the notebooks as a graph, render, publish. All or nothing, and repeatable."""

import hashlib
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from custlib import tables, value
from custlib.report import folder, graph, own_labels, rules
from custlib.report.declared import has_orders, own
from custlib.report.execute import check_kernels, own_parameters
from custlib.report.manifest import manifest
from custlib.report.parameters import check
from custlib.report.settle import settle
from custlib.report.steps import Clock, Plan, execute_all
from custlib.tables.store import Say, quiet, write_json


def run(dataset: str | Path, *, as_of: str | None, lang: str, out: Path | None, parameters: dict[str, Any] | None = None,
        workers: int | None = None, timeout: int = 1800, notebooks: Path | None = None, say: Say = quiet) -> Path:
    """Run every notebook on a data set and publish the report.

    Parameters
    ----------
    dataset : str or Path
        Name under ``data/`` or path of a ``dataset.toml``.
    as_of : str or None
        Snapshot day; None takes the default of the data set.
    out : Path or None
        The run folder; None gives ``reports/runs/<dataset>_<as_of>``.
    parameters : dict, optional
        Further declared parameters.
    workers : int or None
        Kernels at a time; None is the number of cores. No number depends on it.
    timeout : int
        Seconds that one cell may take.

    Returns
    -------
    Path
        ``report.<lang>.html`` in the published run folder.

    Raises
    ------
    Problem
        Bad use, a bad file, a gate that refuses (nothing is published); Trouble where machine or notebook failed.
    """
    clock = Clock()
    data = tables.load(dataset)
    declared = own(data)
    listed = graph.notebooks(notebooks or tables.project_root() / "notebooks", data.folder / "notebooks")
    rules.check(listed)
    check_kernels(listed)
    given = check({"lang": lang, **(parameters or {}), **({"as_of": as_of} if as_of else {})}, own_parameters(listed))
    built = tables.build(data, say=say)
    with tables.held(data, alone=False):
        chosen = settle(data, built, given)
        target = Path(out) if out else tables.project_root() / "reports" / "runs" / f"{data.name}_{chosen['as_of']}"
        clock.lap("build")
        with folder.filling(target) as work:
            values = {**chosen, "dataset": _short(data.path), "run_dir": _short(work)}
            plan = value.load_map(chosen["segment_map"])
            if chosen["segment_map"] not in value.SHIPPED:
                values["segment_map"] = str(Path(chosen["segment_map"]).resolve())  # a kernel starts in another folder
                chosen["segment_map"] = plan.file
            maps = {"map": repr(plan), **({"schemes": repr(declared.schemes)} if declared.schemes else {})}
            hashes = _hashes(data, built, {**chosen, "dataset": data.name, **maps})
            skipped = graph.skipped(listed, [path.stem for path in built.folder.glob("*.parquet")])
            tables.write_public_rejects(built, work / "tables" / "rejects.parquet")
            if not has_orders(built):
                folder.no_sales(work)
            execute_all(Plan(data.name, listed, skipped, values, hashes, workers or os.cpu_count() or 1, timeout), work, clock, say=say)
            own_labels.check(work, listed)
            clock.lap("execute")
            _render(work, lang, manifest(work, data, built, chosen, hashes, clock.seconds, skipped=skipped), clock, say)
            folder.publish(work, target)
    return target.absolute() / f"report.{lang}.html"


def _short(path: Path) -> str:
    """Give a path as a notebook of this workbench finds it: below the workbench folder where it lies there."""
    root = tables.project_root()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def code_hash() -> str:
    """Give a short hash of the whole package, so that changed code runs its notebooks again."""
    root = Path(str(files("custlib")))
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".sql", ".j2", ".css", ".js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _hashes(data: tables.Dataset, built: tables.Built, chosen: dict[str, Any]) -> dict[str, str]:
    lock = tables.project_root() / "requirements.lock"
    return {"data": built.facts["key"][:16], "code": code_hash(),
            "lock": hashlib.sha256(lock.read_bytes()).hexdigest()[:16] if lock.exists() else "",
            "parameters": hashlib.sha256(json.dumps(chosen, sort_keys=True, default=str).encode()).hexdigest()[:16]}


def _render(work: Path, lang: str, content: dict, clock: Clock, say: Say) -> None:
    from custlib.report.html import render_html
    from custlib.report.xlsx import write_xlsx

    for stale in work.glob("report.*.html"):
        stale.unlink()
    write_json(work / "manifest.json", content)
    render_html(work, lang=lang)
    write_xlsx(work, lang=lang)
    clock.lap("render")
    write_json(work / "manifest.json", {**content, "timings": clock.seconds})
    say(f"render {clock.seconds['render']:.1f} s")
