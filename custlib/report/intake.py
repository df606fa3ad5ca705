"""What was read and how good it is, from the manifest: files, columns that are new or gone, score, rules that were broken."""

from collections.abc import Iterator
from math import floor

from custlib.i18n import integer, number, percent
from custlib.report.context import Run, named, sentence
from custlib.report.grids import Cell, Grid, Words

SEVERITIES = ("stop", "error", "warning", "info")


def known(run: Run) -> bool:
    """Tell whether the run says anything about its intake."""
    return bool(files(run) or quality(run))


def quality(run: Run) -> dict:
    """Give the judgement of the build: ``score``, ``parts``, ``rules``; empty where there is none."""
    return (run.manifest.get("intake") or {}).get("quality") or {}


def files(run: Run) -> list[dict]:
    """Give every file that was read.

    Returns
    -------
    list of dict
        ``source``, ``file``, ``kind``, ``encoding``, ``sure`` (of the encoding), ``rows``; what is not known is None.
    """
    found = []
    for source, one in ((run.manifest.get("intake") or {}).get("inputs") or {}).items():
        listed = one.get("files", []) if isinstance(one, dict) else [{"file": pair[0]} for pair in one]
        found += [{"source": source, "file": str(file.get("file", "–")), "kind": file.get("kind"), "encoding": file.get("encoding"),
                   "sure": file.get("encoding_sure", True), "rows": file.get("rows")} for file in listed]
    return found


def changes(run: Run) -> list[tuple[str, str, list[str]]]:
    """Give what changed since the mapping was written: (source, ``new`` or ``gone``, columns)."""
    inputs = (run.manifest.get("intake") or {}).get("inputs") or {}
    return [(source, kind, [str(name) for name in one[kind]]) for source, one in inputs.items() if isinstance(one, dict)
            for kind in ("new", "gone") if one.get(kind)]


def broken(run: Run) -> list[dict]:
    """Give the rules that some row failed, the gravest first."""
    failed = [one for one in quality(run).get("rules", []) if one.get("failing")]
    return sorted(failed, key=lambda one: (_grave(one), -(one.get("share") or 0), str(one.get("rule")), _where(one)))


def section(run: Run, words: Words) -> dict | None:
    """Give what the page shows of the intake; None where nothing is known."""
    if not known(run):
        return None
    found = quality(run)
    checked, failed = found.get("rules", []), broken(run)
    judged = [one for one in checked if one.get("share") is not None]
    lead = words.say("report.lead.quality", checked=integer(len(judged)), broken=integer(len(failed)))
    return {
        "score": written(found.get("score")) if found else "",
        "lead": lead if checked else "",
        "unknown": len(checked) - len(judged),
        "parts": _parts(found, words) if found.get("parts") else None,
        "rules": _rules(failed, words) if failed else None,
        "files": _files(run, words) if files(run) else None,
        "assumptions": [words.each(lambda lang, item=item: sentence(item, lang)) for item in _assumed(run)],
    }


def banner(run: Run, words: Words) -> list:
    """Give one sentence for each source whose columns changed."""
    return [words.say(f"report.lead.columns_{kind}", source=source, columns=", ".join(names)) for source, kind, names in changes(run)]


def rows(run: Run, lang: str) -> Iterator[dict]:
    """Give the judgement as rows of a sheet: the whole, then each part, each followed by the rules that were broken in it."""
    found, failed = quality(run), broken(run)
    if found:
        yield {"part": named("report.col", "whole", lang), "part_score": found.get("score")}
    parts = [one.get("part") for one in found.get("parts", [])]
    for one in found.get("parts", []):
        yield {"part": named("quality.part", one.get("part"), lang), "weight": one.get("weight"), "part_score": one.get("score")}
        yield from (_row(rule, lang) for rule in failed if rule.get("part") == one.get("part"))
    yield from (_row(rule, lang) for rule in failed if rule.get("part") not in parts)


def written(score: float | None) -> str:
    """Write a score with one decimal, cut instead of rounded: 100.0 stands only where nothing failed.

    Examples
    --------
    >>> written(99.99), written(None)
    ('99.9', '–')
    """
    return number(None if score is None else floor(score * 10 + 1e-6) / 10, 1)


def _row(rule: dict, lang: str) -> dict:
    return {"part": named("quality.part", rule.get("part"), lang), "check": named("quality.rule", rule.get("rule"), lang), "where": _where(rule),
            "severity": named("quality.severity", rule.get("severity"), lang), "checked": rule.get("checked"),
            "failing": rule.get("failing"), "failing_share": rule.get("share")}


def _grave(rule: dict) -> int:
    severity = rule.get("severity")
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _where(rule: dict) -> str:
    parts = [str(rule[part]) for part in ("table", "column") if rule.get(part) and rule[part] != "–"]
    return ".".join(parts) or "–"


def _place(rule: dict) -> Cell:
    """Give where a rule looked: the column, and under it its table."""
    table, _, column = _where(rule).partition(".")
    return Cell(column, note=table) if column else Cell(table)


def _assumed(run: Run) -> list:
    return (run.manifest.get("intake") or {}).get("assumptions") or []


def _columns(words: Words, *names: str) -> list[tuple]:
    pairs = [name.partition(":") for name in names]
    return [(words.say(f"report.col.{name}"), kind or "number") for name, _, kind in pairs]


def _shown(words: Words, part: str, name: object) -> Cell:
    return Cell(words.each(lambda lang: named(f"quality.{part}", str(name), lang)))


def _count(value: float | None) -> Cell:
    return Cell(integer(value), None if value is None else float(value), kind="number")


def _parts(found: dict, words: Words) -> Grid:
    rows = [[_shown(words, "part", one.get("part")), Cell(percent(one.get("weight"), 0), one.get("weight"), kind="number"),
             Cell(written(one.get("score")), one.get("score"), kind="number", bar=_bar(one.get("score")))] for one in found["parts"]]
    return Grid("quality_parts", words.say("report.h.quality_parts"), _columns(words, "part:text", "weight", "part_score"), rows)


def _bar(score: float | None) -> tuple[float, float, float] | None:
    return None if score is None else (round(score, 2),) * 3


def _rules(failed: list[dict], words: Words) -> Grid:
    rows = []
    for one in failed:
        share = one.get("share")
        said = "<0.1%" if share and share < 0.001 else percent(share)
        severity = Cell(words.each(lambda lang, one=one: named("quality.severity", str(one.get("severity")), lang)), float(_grave(one)))
        rows.append([_shown(words, "rule", one.get("rule")), _place(one), severity, _count(one.get("failing")),
                     _count(one.get("checked")), Cell(said, share, kind="number")])
    columns = _columns(words, "check:text", "where:text", "severity:text", "failing", "checked", "failing_share")
    return Grid("quality_rules", words.say("report.h.quality_rules"), columns, rows, filterable=len(rows) > 12)


def _files(run: Run, words: Words) -> Grid:
    rows = []
    for one in files(run):
        encoding = str(one["encoding"] or "–")
        note = "" if one["sure"] else words.attribute("report.lead.encoding_unsure")
        rows.append([Cell(one["file"], kind="id"), Cell(one["source"]), Cell(str(one["kind"] or "–")), Cell(encoding, note=note),
                     _count(one["rows"])])
    return Grid("files", words.say("report.h.files"), _columns(words, "file:id", "source:text", "kind:text", "encoding:text", "rows_read"), rows)
