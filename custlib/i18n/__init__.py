"""Everything people read: the zh and en catalogues, numbers and dates, fonts, and errors in the user's words."""

from custlib.i18n.catalogue import LANGS, keys, text
from custlib.i18n.numbers import day, integer, money, number, percent
from custlib.i18n.problem import GateRefused, Problem, Trouble

__all__ = ["LANGS", "GateRefused", "Problem", "Trouble", "day", "integer", "keys", "money", "number", "percent", "text"]
