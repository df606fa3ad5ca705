"""Check an answer: right, close, a known error, or wrong; a wrong answer never learns the right one."""

import difflib
import html
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import isfinite
from numbers import Real

from custlib.i18n import LANGS, text

CLOSE = 0.05
_SIGNS = {"right": "✓", "close": "≈", "known": "×", "wrong": "×", "kind": "?", "open": "…"}


class Prose(str):
    """A text that a notebook shows as prose, not as a quoted string."""

    def _repr_markdown_(self) -> str:
        return self.replace("\n", "\n\n")


@dataclass(frozen=True)
class Verdict:
    """What the checker says about one answer.

    Parameters
    ----------
    exercise : str
        Its id.
    state : str
        ``right``, ``close``, ``known`` (a typical error), ``wrong``, ``kind`` (another kind of value is
        asked for) or ``open`` (not answered yet).
    text : str
        For the reader, in the language asked for.
    """

    exercise: str
    state: str
    text: str

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.state == "right"

    def __str__(self) -> str:
        return f"{_SIGNS[self.state]} {self.exercise} {self.text}"

    def _repr_html_(self) -> str:
        said = html.escape(self.text).replace("\n", "<br>")
        mark = f"<strong>{_SIGNS[self.state]} {html.escape(self.exercise)}</strong>"
        return f'<p class="verdict {self.state}">{mark} {said}</p>'


@cache
def _all() -> dict[str, dict]:
    return tomllib.loads((files("custlib.course") / "exercises.toml").read_text(encoding="utf-8"))


def exercises() -> tuple[str, ...]:
    """Give the ids of all exercises, in reading order.

    Examples
    --------
    >>> exercises()[:3]
    ('00-e1', '00-e2', '01-e1')
    """
    return tuple(_all())


def _exercise(exercise_id: str) -> dict:
    known = _all()
    if exercise_id not in known:
        nearest = difflib.get_close_matches(str(exercise_id), known, n=1, cutoff=0)[0]
        raise ValueError(f"no exercise {exercise_id!r}; did you mean {nearest!r}?")
    return known[exercise_id]


def _said(words: Mapping[str, str], lang: str) -> str:
    if lang not in LANGS:
        raise ValueError(f"lang must be zh, en or bi, got {lang!r}")
    return "\n".join(words[one] for one in (("zh", "en") if lang == "bi" else (lang,)))


def _part(exercise_id: str, part: str, lang: str) -> Prose:
    return Prose(_said(_exercise(exercise_id)[part], lang))


def question(exercise_id: str, *, lang: str = "bi") -> Prose:
    """Give the question in `lang` (zh, en or bi).

    Raises
    ------
    ValueError
        No such exercise, or no such language.

    Examples
    --------
    >>> question("04-e1", lang="en")[:38]
    'How many customers are in class A? (Su'
    """
    return _part(exercise_id, "question", lang)


def hint(exercise_id: str, *, lang: str = "bi") -> Prose:
    """Give the hint in `lang` (zh, en or bi).

    Raises
    ------
    ValueError
        No such exercise, or no such language.

    Examples
    --------
    >>> str(hint("04-e5", lang="en"))
    'Above and below the line stand people, not money.'
    """
    return _part(exercise_id, "hint", lang)


def _token(value: object) -> object:
    if isinstance(value, Real):
        return int(value) if isfinite(value) and float(value).is_integer() else float(value)
    said = str(value).strip().lower()
    return int(said) if said.isdecimal() else said


def _tokens(value: object) -> list | None:
    if isinstance(value, str):
        return [_token(part) for part in re.split(r"[\s,，、;；>→-]+", value.strip()) if part]
    if isinstance(value, Mapping):
        return [_token(part) for part in value.values()]
    if isinstance(value, Real):
        return [_token(value)]
    return [_token(part) for part in value] if isinstance(value, Iterable) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) and isfinite(value) else None


def _read(exercise: Mapping, value: object) -> object:
    """Bring an answer, or the truth, into the form in which two are compared; None: another kind of value."""
    if exercise["kind"] == "number":
        return _number(value)
    parts = _tokens(value)
    if parts is None or exercise["kind"] != "order":
        return frozenset(parts) if parts is not None and exercise["kind"] == "set" else parts
    names = {name.lower(): item for item, said in exercise["items"].items() for name in said}
    return [names.get(part, part) for part in parts]


def _truth(exercise_id: str, exercise: Mapping, truth: Mapping[str, object]) -> object:
    if "answer" in exercise:
        return exercise["answer"]
    if exercise["truth"] not in truth:
        raise ValueError(f"{exercise_id} needs {exercise['truth']!r} in truth, got {', '.join(truth) or 'nothing'}")
    return truth[exercise["truth"]]


def _same(given: object, asked: object, tolerance: float) -> bool:
    if isinstance(given, float) and isinstance(asked, float):
        return abs(given - asked) <= tolerance + 1e-9
    return given == asked


def _near(kind: str, given: object, asked: object) -> bool:
    if kind == "number":
        return abs(given - asked) <= CLOSE * abs(asked)
    if kind == "set":
        return len(given ^ asked) == 1
    # a list: one wrong entry, or two neighbours that changed places
    apart = sum(mine != theirs for mine, theirs in zip(given, asked, strict=False))
    return len(given) == len(asked) > 1 and apart <= (2 if kind == "order" else 1)


def _known_error(exercise: Mapping, given: object, asked: object, truth: Mapping, lang: str) -> str | None:
    tolerance = exercise.get("tolerance", 0)
    for error in exercise.get("errors", ()):
        wrong = _read(exercise, truth.get(error["from"]) if "from" in error else error["is"])
        if wrong is not None and _same(given, wrong, error.get("tolerance", tolerance)):
            return _said(error, lang)
    if exercise.get("share") and _same(given / 100, asked, tolerance):
        return text("course.percent", lang)
    return None


def check(exercise_id: str, value: object, *, truth: Mapping[str, object] | None = None, lang: str = "bi") -> Verdict:
    """Judge `value` as the answer to one exercise.

    Parameters
    ----------
    exercise_id : str
        Such as ``04-e1``.
    value : number, set, list or str
        The answer; ``None`` and ``...`` mean "not answered yet".
    truth : mapping of name to number (or list), optional
        What the notebook's run computed; an entry may also be a summary's ``{"value": ...}``. Not
        needed where the truth stands with the exercise.
    lang : str
        ``zh``, ``en`` or ``bi``.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        No such exercise (the nearest is named), no such language, or `truth` lacks the number asked for.

    Examples
    --------
    >>> print(check("04-e1", 687, truth={"a_customers": 688, "a_customers_exclusive": 687}, lang="en"))
    × 04-e1 You left out the customer who crosses the 70% line: without that one, 70% is not yet reached.
    >>> check("04-e1", 688, truth={"a_customers": 688}).right
    True
    """
    exercise = _exercise(exercise_id)
    numbers = {name: entry["value"] if isinstance(entry, Mapping) else entry for name, entry in (truth or {}).items()}
    asked = _read(exercise, _truth(exercise_id, exercise, numbers))
    if value is None or value is ...:
        return Verdict(exercise_id, "open", text("course.open", lang))
    given = _read(exercise, value)
    if given is None:
        return Verdict(exercise_id, "kind", text(f"course.kind_{exercise['kind']}", lang))
    if _same(given, asked, exercise.get("tolerance", 0)):
        because = _said(exercise["because"], lang)
        return Verdict(exercise_id, "right", f"{text('course.right', lang)}\n{because}")
    if known := _known_error(exercise, given, asked, numbers, lang):
        return Verdict(exercise_id, "known", known)
    state = "close" if _near(exercise["kind"], given, asked) else "wrong"
    return Verdict(exercise_id, state, f"{text(f'course.{state}', lang)}\n{_said(exercise['hint'], lang)}")
