"""Exercises as data, and the checker that says right, close or why not, without telling the answer."""

from custlib.course.cards import method_card
from custlib.course.checker import Verdict, check, exercises, hint, question

__all__ = ["Verdict", "check", "exercises", "hint", "method_card", "question"]
