"""Both languages say everything, with the same placeholders; every sentence of the program exists and is used."""

import ast
import re
import string
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

import custlib
from custlib.i18n import GateRefused, Problem, Trouble, day, integer, keys, money, number, percent, text

CODE = sorted(Path(custlib.__file__).parent.rglob("*.py"))
PROBLEMS = {"Problem", "GateRefused", "Trouble"}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def calls(names: set[str]):
    """Give (file, call) for every call of one of `names` in custlib."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            if isinstance(node, ast.Call) and (getattr(called, "id", None) or getattr(called, "attr", None)) in names:
                yield path.name, node


def keys_of(node: ast.expr) -> list[str]:
    """Give the literal keys of a first argument: a string, or a choice between two."""
    if isinstance(node, ast.IfExp):
        return keys_of(node.body) + keys_of(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_both_languages_have_the_same_keys():
    assert sorted(keys("zh") ^ keys("en")) == []


def test_no_text_is_empty_and_both_languages_have_the_same_placeholders():
    blank = {key for key in keys("zh") for lang in ("zh", "en") if not text(key, lang).strip()}
    assert blank <= {"plots.join"}  # what stands between two sentences: nothing in Chinese, a space in English
    differ = {
        key: (placeholders(text(key, "zh")), placeholders(text(key, "en")))
        for key in keys("zh")
        if placeholders(text(key, "zh")) != placeholders(text(key, "en"))
    }
    assert differ == {}


def test_a_chinese_text_is_chinese():
    plain = [
        key
        for key in keys("zh")
        if not re.search("[\u4e00-\u9fff]", text(key, "zh"))
        and text(key, "zh") != text(key, "en")
        and re.search("[a-z]{4}", re.sub(r"\{\w+\}", "", text(key, "zh")))
    ]
    assert plain == []


def test_no_key_stands_twice_in_a_catalogue():
    for lang in ("zh", "en"):
        raw = (files("custlib.i18n") / f"{lang}.toml").read_text(encoding="utf-8")
        section, seen = "", []
        for line in raw.splitlines():
            if head := re.fullmatch(r"\[([\w.]+)\]", line.strip()):
                section = head[1]
            elif entry := re.match(r"([\w.]+)\s*=", line):
                seen.append(f"{section}.{entry[1]}")
        assert sorted({one for one in seen if seen.count(one) > 1}) == []
        assert set(seen) == set(keys(lang))


def test_bi_gives_chinese_first_and_one_text_where_both_are_alike():
    assert text("segment.lost", "bi") == f"{text('segment.lost', 'zh')}\n{text('segment.lost', 'en')}"
    assert text("segment.lost", "bi", sep=" / ") == f"{text('segment.lost', 'zh')} / {text('segment.lost', 'en')}"
    alike = next(key for key in sorted(keys("zh")) if text(key, "zh") == text(key, "en"))
    assert text(alike, "bi") == text(alike, "zh")


def test_an_unknown_language_or_key_is_a_fault():
    with pytest.raises(ValueError, match="lang must be zh, en or bi, got 'fr'"):
        text("segment.lost", "fr")
    with pytest.raises(KeyError):
        text("segment.lots", "zh")


def test_every_error_sentence_takes_its_placeholders_whatever_they_are_called():
    for key in sorted(one for one in keys("en") if one.startswith("error.")):
        values = {name: f"<{name}>" for name in placeholders(text(key, "en"))}
        problem = Problem(key.removeprefix("error."), **values)
        for lang in ("zh", "en", "bi"):
            assert all(value in problem.said(lang) for value in values.values())
        assert "{" not in problem.said("bi")


def test_every_problem_that_is_raised_has_a_sentence_and_fills_it():
    found, bad = set(), []
    for file, call in calls(PROBLEMS):
        given = {one.arg for one in call.keywords}
        for key in keys_of(call.args[0]) if call.args else []:
            found.add(key)
            if f"error.{key}" not in keys("en"):
                bad.append(f"{file}: no sentence {key}")
            elif None not in given and given != placeholders(text(f"error.{key}", "en")):
                bad.append(f"{file}: {key} takes {sorted(placeholders(text(f'error.{key}', 'en')))}, got {sorted(given)}")
    assert bad == []
    assert len(found) > 30


def test_every_error_sentence_is_used():
    used = {key for _, call in calls(PROBLEMS) if call.args for key in keys_of(call.args[0])}
    strings = {
        node.value
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    sentences = {key.removeprefix("error.") for key in keys("en") if key.startswith("error.")}
    assert sorted(sentences - used - strings) == []


def test_every_text_that_is_asked_for_by_name_exists():
    lacking = [
        f"{file}: {key}"
        for file, call in calls({"text"})
        if call.args
        for key in keys_of(call.args[0])
        if len(call.args) > 1 and "." in key and key not in keys("zh")
    ]
    assert lacking == []


def test_exit_codes_tell_the_kinds_of_trouble_apart():
    assert [kind.exit_code for kind in (Trouble, Problem, GateRefused)] == [1, 2, 3]
    assert issubclass(GateRefused, Problem) and issubclass(Problem, ValueError)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number(1234.5), "1,234.50"),
        (number(-1234.567, 1), "−1,234.6"),
        (number(-0.004), "0.00"),
        (number(None), "–"),
        (number(float("nan")), "–"),
        (integer(1e6), "1,000,000"),
        (percent(0.1234), "12.3%"),
        (percent(-0.5, 0), "−50%"),
        (percent(None), "–"),
        (money(8911407.9, "GBP"), "£8,911,407.90"),
        (money(-5, "CNY"), "−¥5.00"),
        (money(5, "CHF", 0), "CHF 5"),
        (money(None, "CNY"), "–"),
        (day(date(2025, 1, 9), "zh"), "2025年1月9日"),
        (day(date(2025, 1, 9), "en"), "9 Jan 2025"),
        (day(date(2025, 1, 9), "bi"), "2025-01-09"),
    ],
)
def test_numbers_money_and_days_are_written_as_people_write_them(written, expected):
    assert written == expected


def test_segments_states_and_steps_of_the_ledger_have_names():
    doors = {"in", "rejected", "after_as_of", "before_window", "anonymous", "return", "zero", "kept"}
    assert {f"ledger.{door}" for door in doors} <= keys("zh")
    assert {f"abc.{name}" for name in "ABC"} | {f"tier3.{name}" for name in ("high", "mid", "low")} <= keys("zh")
