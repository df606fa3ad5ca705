"""The first notebook: the way of the data, a self-test, what a data set holds, and the glossary."""

import tomllib
from importlib.metadata import version
from importlib.resources import files

import pandas as pd

from custlib.engine import connect
from custlib.i18n import fonts, text
from custlib.tables import Built, Dataset, schema

STEPS = (("01", "收集", "collect"), ("02", "识别", "identify"), ("03", "档案", "profile"), ("04", "价值", "value"), ("06", "分群", "segment"),
         ("12", "预测", "predict"), ("13", "策略", "act"), ("14", "评估", "evaluate"), ("90", "报告", "report"))
HERE = ("04", "90")
LIBRARIES = ("pandas", "duckdb", "matplotlib", "seaborn", "scikit-learn", "papermill")


def strip(*, lang: str) -> pd.DataFrame:
    """Give the steps of the workbench in order, marked ● where this version runs them."""
    names = {"zh": [zh for _, zh, _ in STEPS], "en": [en for _, _, en in STEPS], "bi": [f"{zh} {en}" for _, zh, en in STEPS]}[lang]
    return pd.DataFrame([["●" if number in HERE else "○" for number, _, _ in STEPS]],
                        columns=[f"{number} {name}" for (number, _, _), name in zip(STEPS, names, strict=True)], index=[""])


def self_test(*, lang: str) -> pd.DataFrame:
    """Try the query engine, the font and the packages once.

    Returns
    -------
    DataFrame, one row per check
        What was tried and what was seen.
    """
    with connect() as db:
        seen = db.execute("SELECT sum(i) FROM range(1000) AS t(i)").fetchall()[0][0]
    rows = [(text("nb.engine", lang, sep=" "), text("nb.works", lang, sep=" ") if seen == 499500 else "×"),
            (text("nb.font", lang, sep=" "), fonts.register()),
            (text("nb.libraries", lang, sep=" "), ", ".join(f"{name} {version(name)}" for name in LIBRARIES))]
    return pd.DataFrame(rows, columns=[text("nb.step", lang, sep=" "), text("nb.seen", lang, sep=" ")])


def availability(data: Dataset, built: Built, *, lang: str) -> pd.DataFrame:
    """Say which canonical tables a data set has.

    Returns
    -------
    DataFrame, one row per canonical input table
        Its name, 可用/不可用, rows in the build, and why it is missing.
    """
    rows = []
    with connect() as db:
        for table in schema.tables().values():
            path = built.folder / f"{table.name}.parquet"
            if table.kind != "input":
                continue
            there = path.exists()
            count = db.execute(f"SELECT count(*) FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')").fetchall()[0][0] if there else 0
            state = text("nb.available" if there else "nb.unavailable", lang, sep=" ")
            rows.append((f"{table.name} {table.zh if lang == 'zh' else table.en if lang == 'en' else f'{table.zh} {table.en}'}", state,
                         count, "" if there else text("nb.not_mapped", lang, sep=" ")))
    heads = [text(f"nb.{key}", lang, sep=" ") for key in ("table", "state", "rows", "reason")]
    return pd.DataFrame(rows, columns=heads).sort_values(heads[2], ascending=False, kind="stable", ignore_index=True)


def glossary(*, notebook: str) -> pd.DataFrame:
    """Give the terms of one notebook in both languages.

    Returns
    -------
    DataFrame, one row per term
        ``id`` (row of the inventory), ``zh``, ``en``.

    Examples
    --------
    >>> glossary(notebook="04").set_index("id").loc["E04", "zh"]
    'RFM 模型'
    """
    terms = tomllib.loads((files("custlib.i18n") / "glossary.toml").read_text(encoding="utf-8"))
    rows = [(name, one["zh"], one["en"]) for name, one in terms.items() if notebook in one["notebooks"]]
    return pd.DataFrame(rows, columns=["id", "zh", "en"])
