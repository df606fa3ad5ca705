"""Execute the notebooks of a run as a graph: as many kernels as workers, each notebook when what it reads is there."""

import hashlib
import json
import signal
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custlib.i18n import Problem, Trouble
from custlib.report import folder, graph, own_labels, rules
from custlib.report.execute import declared_parameters, execute
from custlib.report.summary import completed, write_summary
from custlib.tables.store import Say, read_json, write_json


@dataclass
class Clock:
    """Seconds per part of a run; shown in the manifest, never used in a number."""

    seconds: dict[str, Any] = field(default_factory=lambda: {"notebooks": {}})
    started: float = field(default_factory=time.monotonic)

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name], self.started = round(now - self.started, 3), now


@dataclass(frozen=True)
class Plan:
    """What every step of a run is given: the data set, the notebooks, those skipped (with the reason), the values, the limits."""

    dataset: str
    listed: list[graph.Notebook]
    skipped: dict[str, dict]
    values: dict[str, Any]
    hashes: dict[str, str]
    workers: int
    timeout: int


def execute_all(plan: Plan, work: Path, clock: Clock, *, say: Say) -> None:
    """Run what is not done and not skipped; stop at the first failure and keep what is done.

    Raises
    ------
    Problem
        A notebook did not write what it declares, or what it wrote cannot be read; Trouble where one failed.
    """
    names = [one.name for one in plan.listed]
    folder.clear_vanished(work, names)
    waiting = {one.name: one for one in plan.listed if one.name not in plan.skipped}
    needs = {one.name: set(graph.needs(one, plan.listed)) for one in plan.listed}
    done: dict[str, str] = {}
    for name, why in plan.skipped.items():
        done[name] = _skip(name, why, work, plan)
        say(_line(len(done), len(names), name, f"skipped: no {why['values'].get('tables') or why['values']['other']}"))
    running: dict[Future, str] = {}
    pool = ThreadPoolExecutor(max_workers=plan.workers)
    try:
        with _interruptible():
            while waiting or running:
                for name in [name for name in waiting if needs[name] <= set(done)]:
                    one = waiting.pop(name)
                    step = _step_hash(one, plan.hashes, [done[other] for other in sorted(needs[name])])
                    if folder.is_done(work, name, step, one.writes):
                        done[name] = step
                        say(_line(len(done), len(names), name, "unchanged"))
                        continue
                    folder.clear_step(work, name)
                    running[pool.submit(_step, one, work, plan, step, clock)] = name
                if running:
                    ready, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in ready:
                        name = running.pop(future)
                        done[name] = future.result()
                        say(_line(len(done), len(names), name, f"{clock.seconds['notebooks'][name]:.1f} s"))
    except BaseException:
        _stop_kernels()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step(one: graph.Notebook, work: Path, plan: Plan, step: str, clock: Clock) -> str:
    started = time.monotonic()
    takes = declared_parameters(one)
    execute(one, work, {name: value for name, value in plan.values.items() if name in takes}, timeout=plan.timeout)
    path = work / "summary" / f"{one.name}.json"
    summary = read_json(path)
    if summary is None and (path.exists() or not one.own):
        raise Problem("summary_part", notebook=one.name, part="JSON") if path.exists() else Trouble("not_before_report", notebook=one.name)
    if one.own:
        summary = completed(summary, one.name, **_about(plan))
        write_json(path, summary)
        rules.figures(one, work)
    for written in one.writes:
        if not any(work.glob(written)):
            raise Problem("notebook_wrote_not", notebook=one.name, path=written)
    own_labels.written_by(one, work, as_of=plan.values["as_of"])
    clock.seconds["notebooks"][one.name] = round(time.monotonic() - started, 3)
    # the hash is the mark of a finished step, so it is written last
    write_json(path, {**summary, "input_hash": step, "writes": list(one.writes)})
    return step


def _about(plan: Plan) -> dict[str, str]:
    return {"dataset": plan.dataset, "as_of": plan.values["as_of"], "lang": plan.values["lang"]}


def _skip(name: str, why: dict, work: Path, plan: Plan) -> str:
    """Leave a summary that says why, and nothing else of a notebook that an earlier run still had."""
    folder.clear_step(work, name)
    write_summary(work, name, **_about(plan), numbers={}, skipped=[{"row": name[:2], **why}])
    return f"skipped {name}"


def _step_hash(one: graph.Notebook, hashes: dict[str, str], before: list[str]) -> str:
    return hashlib.sha256(json.dumps([one.code_hash, hashes, before], sort_keys=True).encode()).hexdigest()


def _line(place: int, total: int, name: str, what: str) -> str:
    return f"[{'█' * place}{'░' * (total - place)}] {place}/{total} {name} {what}"


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
