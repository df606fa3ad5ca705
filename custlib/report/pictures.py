"""The figures of the page: where each stands, the picture as data, its words and the SQL behind it."""

import base64
from datetime import date

import pandas as pd

from custlib.i18n import day, integer, text
from custlib.report import intake
from custlib.report.context import Run
from custlib.report.grids import Words


def placed(run: Run, words: Words, place: str) -> list[dict]:
    """Give the figures of one place on the page: ``own`` (the user's), ``intake``, or the ``rest``."""
    def at(name: str) -> str:
        if "50" <= name[:2] <= "89":
            return "own"
        return "intake" if name[:2] < "04" and intake.known(run) else "rest"

    return [figure(run, meta, words) for meta in run.figures if at(meta["name"]) == place]


def figure(run: Run, meta: dict, words: Words) -> dict:
    """Give one figure: the picture as data, its texts, and the SQL behind it."""
    picture = (run.folder / "figures" / f"{meta['name']}.svg").read_bytes()
    source = run.facts["source"]
    return {
        "name": meta["name"],
        "title": words.pick(meta["title"]),
        "alt": words.line(lambda lang: meta["alt"][lang]),
        "reading": words.pick(meta["reading"]) if meta.get("reading") else "",
        "src": f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}",
        "source": words.each(lambda lang: text(
            "report.source_line", lang, source=source[lang], n=integer(meta["n"]), day=written_day(meta["as_of"], lang)
        )),
        "sql": [(name, _sql(run, name)) for name in meta.get("sql") or []],
    }


def _sql(run: Run, name: str) -> str:
    path = run.folder / "sql" / f"{name}.sql"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else name


def written_day(value: object, lang: str) -> str:
    """Write a day in the language of the reader; a dash where there is none."""
    return "–" if pd.isna(value) else day(date.fromisoformat(str(value)[:10]), lang)
