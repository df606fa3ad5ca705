"""The checker: right, close, known error, wrong; in both languages; a wrong answer learns nothing."""
import numpy as np
import pytest

from custlib import course

TRUTH = {
    "a_customers": {"value": 688, "unit": "customers"},
    "a_customers_exclusive": 687,
    "a_share": 0.1586,
    "missing_f_scores": [2],
    "order_dependent_share": 0.305,
    "rejected": 17,
    "kept": 983,
    "differences": 0,
}
STEPS = ["collect", "analyse", "segment", "personalise", "evaluate"]
RIGHT = {
    "00-e1": STEPS,
    "00-e2": ["04", "02", "05", "13", "09"],
    "01-e1": 17,
    "01-e2": ["gb18030"],
    "01-e3": 0,
    "04-e1": 688,
    "04-e2": {2},
    "04-e3": 0.30,
    "04-e4": "c",
    "04-e5": 0.159,
}
WRONG = {
    "00-e1": STEPS[::-1],
    "00-e2": ["01", "01", "01", "01", "01"],
    "01-e1": 400,
    "01-e2": ["latin-1"],
    "01-e3": 3,
    "04-e1": 1000,
    "04-e2": {1, 3},
    "04-e3": 0.9,
    "04-e4": "a",
    "04-e5": 0.4,
}


def test_every_exercise_is_tried_here():
    assert set(course.exercises()) == set(RIGHT) == set(WRONG)


@pytest.mark.parametrize("lang", ["zh", "en", "bi"])
@pytest.mark.parametrize("exercise", RIGHT)
def test_right_answer_is_right_and_says_why(exercise, lang):
    verdict = course.check(exercise, RIGHT[exercise], truth=TRUTH, lang=lang)
    assert verdict.right and verdict.state == "right"
    assert verdict.text.count("\n") == {"zh": 1, "en": 1, "bi": 3}[lang]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("exercise", WRONG)
def test_wrong_answer_never_learns_the_right_one(exercise, lang):
    verdict = course.check(exercise, WRONG[exercise], truth=TRUTH, lang=lang)
    assert not verdict.right and verdict.state in {"wrong", "known"}
    because = course.check(exercise, RIGHT[exercise], truth=TRUTH, lang=lang).text.split("\n", 1)[1]
    assert because not in verdict.text
    for secret in ("688", "0.305", "30.5", "0.158", "0.159", "15.9", "collect, analyse", "收集、分析", "04, 02"):
        assert secret not in verdict.text


@pytest.mark.parametrize(
    ("exercise", "value", "says"),
    [
        ("00-e1", ["收集", "分群", "分析", "个性化营销", "评估反馈"], "segment before you analyse"),
        ("04-e1", 687, "crosses the 70% line"),
        ("04-e1", 0.1586, "asks for a head count"),
        ("04-e2", range(1, 6), "every score"),
        ("04-e3", 0, "shuffle before you score"),
        ("04-e4", " D ", "There is an error"),
        ("04-e5", 0.7, "share of the money"),
        ("04-e5", 688, "divide by all customers"),
        ("04-e5", 15.86, "a percentage"),
    ],
)
def test_known_error_is_named(exercise, value, says):
    verdict = course.check(exercise, value, truth=TRUTH, lang="en")
    assert verdict.state == "known" and says in verdict.text


@pytest.mark.parametrize(
    ("exercise", "value", "state"),
    [
        ("04-e1", 722, "close"),
        ("04-e1", 723, "wrong"),
        ("04-e3", 0.319, "close"),
        ("04-e5", 0.1607, "close"),
        ("04-e2", {2, 4}, "close"),
        ("04-e2", {4}, "wrong"),
        ("00-e1", ["analyse", "collect", "segment", "personalise", "evaluate"], "close"),
        ("00-e1", STEPS[1:], "wrong"),
        ("00-e2", ["04", "02", "05", "13", "14"], "close"),
        ("00-e2", ["04", "02", "05", "14", "14"], "wrong"),
    ],
)
def test_close_is_told_from_wrong(exercise, value, state):
    assert course.check(exercise, value, truth=TRUTH, lang="en").state == state


@pytest.mark.parametrize(
    ("exercise", "value"),
    [
        ("00-e1", "收集 → 分析 → 分群 → 个性化营销 → 评估反馈"),
        ("00-e2", {"1": "04", "2": "02", "3": 5, "4": 13, "5": "9"}),
        ("04-e1", np.int64(688)),
        ("04-e2", np.array([2.0])),
        ("04-e2", 2),
        ("04-e4", "C"),
    ],
    ids=["arrows", "mapping", "numpy number", "array", "one number", "capital"],
)
def test_other_ways_to_write_the_right_answer(exercise, value):
    assert course.check(exercise, value, truth=TRUTH).right


def test_no_missing_score_is_answered_by_an_empty_set():
    assert course.check("04-e2", set(), truth={"missing_f_scores": []}).right


def test_known_error_that_equals_the_truth_is_right():
    assert course.check("04-e1", 5, truth={"a_customers": 5, "a_customers_exclusive": 5}).right


@pytest.mark.parametrize("value", [None, ...])
def test_blank_sheet_is_open(value):
    assert course.check("04-e1", value, truth=TRUTH, lang="zh").text == "还没有作答。"


@pytest.mark.parametrize(("exercise", "value"), [("04-e1", "688"), ("04-e1", True), ("04-e1", float("nan"))])
def test_another_kind_of_value_is_named(exercise, value):
    verdict = course.check(exercise, value, truth=TRUTH, lang="en")
    assert (verdict.state, verdict.text) == ("kind", "A number is asked for.")


def test_faults_of_the_caller_are_named():
    with pytest.raises(ValueError, match="did you mean '04-e5'"):
        course.check("4-e5", 1, truth=TRUTH)
    with pytest.raises(ValueError, match="needs 'a_customers' in truth, got a_share"):
        course.check("04-e1", 1, truth={"a_share": 0.1})
    with pytest.raises(ValueError, match="lang must be zh, en or bi"):
        course.question("04-e1", lang="fr")


@pytest.mark.parametrize("exercise", RIGHT)
def test_question_and_hint_stand_in_both_languages(exercise):
    for said in (course.question, course.hint):
        zh, en = said(exercise, lang="bi").split("\n")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
        assert (zh, en) == (said(exercise, lang="zh"), said(exercise, lang="en"))


def test_html_escapes_and_text_names_the_exercise():
    verdict = course.Verdict("04-e1", "wrong", "a < b")
    assert "a &lt; b" in verdict._repr_html_() and str(verdict) == "× 04-e1 a < b"
