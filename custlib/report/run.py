"""One run: check, build, execute the notebooks as a graph, render, publish. All or nothing, and repeatable."""

import hashlib
import json
import os
import signal
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from custlib import tables, value
from custlib.i18n import Trouble
from custlib.report import folder, graph
from custlib.report.execute import declared_parameters, execute
from custlib.report.manifest import manifest
from custlib.report.parameters import check
from custlib.report.settle import settle
from custlib.tables.store import Say, quiet, read_json, write_json


@dataclass
class Clock:
    """Seconds per part of a run; shown in the manifest, never used in a number."""

    seconds: dict[str, Any] = field(default_factory=lambda: {"notebooks": {}})
    started: float = field(default_factory=time.monotonic)

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name], self.started = round(now - self.started, 3), now


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
    given = check({"lang": lang, **(parameters or {}), **({"as_of": as_of} if as_of else {})})
    data = tables.load(dataset)
    listed = graph.notebooks(notebooks or tables.project_root() / "notebooks")
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
            hashes = _hashes(data, built, {**chosen, "dataset": data.name, "map": repr(plan)})
            tables.write_public_rejects(built, work / "tables" / "rejects.parquet")
            _execute_all(listed, work, values, hashes, clock, workers=workers or os.cpu_count() or 1, timeout=timeout, say=say)
            clock.lap("execute")
            _render(work, lang, manifest(work, data, built, chosen, hashes, clock.seconds), clock, say)
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


def _execute_all(listed: list[graph.Notebook], work: Path, values: dict[str, Any], hashes: dict[str, str], clock: Clock, *,
                 workers: int, timeout: int, say: Say) -> None:
    """Run what is not done, as many kernels as workers, each when what it reads is there; stop at the first failure."""
    waiting = {one.name: one for one in listed}
    needs = {one.name: set(graph.needs(one, listed)) for one in listed}
    done: dict[str, str] = {}
    running: dict[Future, str] = {}
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        with _interruptible():
            while waiting or running:
                for name in [name for name in waiting if needs[name] <= set(done)]:
                    one = waiting.pop(name)
                    step = _step_hash(one, hashes, [done[other] for other in sorted(needs[name])])
                    if folder.is_done(work, name, step, one.writes):
                        done[name] = step
                        say(_line(len(done), len(listed), name, "unchanged"))
                        continue
                    folder.clear_step(work, name)
                    running[pool.submit(_step, one, work, values, step, timeout, clock)] = name
                if running:
                    ready, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ready:
                        name = running.pop(future)
                        done[name] = future.result()
                        say(_line(len(done), len(listed), name, f"{clock.seconds['notebooks'][name]:.1f} s"))
    except BaseException:
        _stop_kernels()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step(one: graph.Notebook, work: Path, values: dict[str, Any], step: str, timeout: int, clock: Clock) -> str:
    started = time.monotonic()
    takes = declared_parameters(one)
    execute(one, work, {name: value for name, value in values.items() if name in takes}, timeout=timeout)
    summary = read_json(work / "summary" / f"{one.name}.json")
    if summary is None:
        raise Trouble("not_before_report", notebook=one.name)
    clock.seconds["notebooks"][one.name] = round(time.monotonic() - started, 3)
    # the hash is the mark of a finished step, so it is written last
    write_json(work / "summary" / f"{one.name}.json", {**summary, "input_hash": step})
    return step


def _step_hash(one: graph.Notebook, hashes: dict[str, str], before: list[str]) -> str:
    return hashlib.sha256(json.dumps([one.code_hash, hashes, before], sort_keys=True).encode()).hexdigest()


def _line(place: int, total: int, name: str, what: str) -> str:
    return f"[{'█' * place}{'░' * (total - place)}] {place}/{total} {name} {what}"


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


class _interruptible:
    """Turn SIGTERM into the same clean stop as Ctrl-C while kernels run."""

    def __enter__(self) -> None:
        try:
            self.before = signal.signal(signal.SIGTERM, self._stop)
        except ValueError:  # not in the main thread: a caller of the library keeps its own handlers
            self.before = None

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            signal.signal(signal.SIGTERM, self.before)

    @staticmethod
    def _stop(*_: object) -> None:
        raise KeyboardInterrupt


def _stop_kernels() -> None:
    """End the kernels that this process started; nobody else's."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
