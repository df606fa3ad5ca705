"""Say in words what a build would do with a data set: what was found, what becomes what, what is left out, how good it is."""

from collections.abc import Iterator

from custlib.checks import one_of
from custlib.i18n import LANGS, integer, percent, text
from custlib.tables import schema
from custlib.tables.dataset import Dataset


def explained(dataset: Dataset, facts: dict, *, lang: str) -> list[str]:
    """Give the lines of `tables check`.

    Parameters
    ----------
    dataset : Dataset
        The mapping.
    facts : dict
        What `check` or `build` found.

    Returns
    -------
    list of str
        No value of the data, only names, counts and rules.

    Raises
    ------
    Problem
        `lang` is not one of the three.
    """
    one_of("lang", lang, LANGS)
    return [line for part in (_sources, _tables, _account, _quality) for line in part(dataset, facts, lang)]


def _sources(dataset: Dataset, facts: dict, lang: str) -> Iterator[str]:
    for name, one in facts["inputs"].items():
        for file in one["files"]:
            marks = [str(file[key]) for key in ("encoding", "delimiter", "sheet") if file.get(key)]
            marks = ["tab" if mark == "\t" else mark for mark in marks]
            yield text("explain.file", lang, sep=" ", file=file["file"], kind=" ".join([file.get("kind", ""), *marks]).strip(),
                       rows=integer(file["rows"]) if file.get("rows") is not None else "–")
            if file.get("encoding_sure") is False:
                yield text("explain.guessed", lang, sep=" ", encoding=file["encoding"], name=name)
            if file.get("left_aside"):
                yield text("explain.aside", lang, sep=" ", rows=integer(file["left_aside"]))
        for key in ("new", "gone", "unused"):
            if one[key]:
                yield text(f"explain.{key}", lang, sep=" ", columns=", ".join(one[key]))


def _tables(dataset: Dataset, facts: dict, lang: str) -> Iterator[str]:
    for name, mapping in dataset.tables.items():
        table = schema.table(name)
        shown = {"zh": table.zh, "en": table.en, "bi": f"{table.zh} {table.en}"}[lang]
        yield text("explain.table", lang, sep=" ", table=f"{name} ({shown})", sources=" + ".join(mapping.sources),
                   columns=", ".join(f"{column} ← {_origin(spec)}" for column, spec in mapping.columns.items()))


def _origin(spec: dict) -> str:
    if "from" in spec:
        return spec["from"]
    if "concat" in spec:
        return " + ".join(spec["concat"])
    return "#" if "row_number" in spec else repr(spec["constant"])


def _account(dataset: Dataset, facts: dict, lang: str) -> Iterator[str]:
    for name, one in facts["sources"].items():
        yield text("explain.account", lang, sep=" ", name=name, **{part: integer(one[part]) for part in ("rows_in", "kept", "rejected")})
    for rule in facts["rules"]:
        yield text("explain.rejected", lang, sep=" ", rows=integer(rule["rows"]), rule=rule["rule"], column=rule["column"])
    for name, policy in facts["policies"].items():
        yield text("explain.policy", lang, sep=" ", name=name, action=policy["action"], rows=integer(policy["rows"]))
    if facts["span"]:
        yield text("explain.span", lang, sep=" ", first=facts["span"]["first_day"], last=facts["span"]["last_day"])


def _quality(dataset: Dataset, facts: dict, lang: str) -> Iterator[str]:
    found = facts["quality"]
    if found["score"] is None:
        yield text("explain.no_score", lang, sep=" ")
        return
    parts = ", ".join(_part(one, lang) for one in found["parts"] if one["score"] is not None)
    yield text("explain.score", lang, sep=" ", score=f"{found['score']:.1f}", parts=parts)


def _part(one: dict, lang: str) -> str:
    name = text(f"quality.part.{one['part']}", lang, sep=" ")
    return f"{name} {one['score']:.1f} × {percent(one['weight'])}"
