"""Column names that SPSS and SAS accept: short, without marks they refuse, and each once whatever the case."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

RESERVED = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with",
            "_n_", "_all_", "_error_", "_numeric_", "_character_", "_char_"}


@dataclass(frozen=True)
class Form:
    """What a program takes as a name: its length in bytes, and whether letters beyond a–z are letters."""

    length: int
    any_letter: bool


SPSS, SAS8, SAS5 = Form(64, True), Form(32, False), Form(8, False)


def safe(names: Iterable[str], form: Form) -> list[str]:
    """Give each name as `form` allows it; one that is allowed already stays as it is where no earlier one took it.

    Examples
    --------
    >>> safe(["customer_id", "实付 金额", "1st", "a b", "A_B"], SPSS)
    ['customer_id', '实付_金额', 'v1st', 'a_b', 'A_B_2']
    >>> safe(["customer_id", "实付", "customer_ip"], SAS5)
    ['customer', 'v2', 'custom_2']
    """
    taken, made = set(RESERVED), []
    for place, name in enumerate(names, 1):
        plain = "".join(one if _allowed(one, form) else "_" for one in name)
        if not re.search(r"[^_.]", plain):
            plain = f"v{place}"
        if not (plain[0].isalpha() and plain[0] != "_"):
            plain = f"v{plain}"
        plain = _cut(plain, form.length).rstrip(".")
        unique, number = plain, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{_cut(plain, form.length - len(str(number)) - 1)}_{number}"
        taken.add(unique.casefold())
        made.append(unique)
    return made


def clip(text: str, size: int) -> str:
    """Cut a text to `size` bytes of UTF-8 without cutting a character.

    Examples
    --------
    >>> clip("金额", 5)
    '金'
    """
    return text.encode()[:size].decode(errors="ignore")


def _allowed(one: str, form: Form) -> bool:
    if one.isascii():
        return one.isalnum() or one == "_" or (form.any_letter and one == ".")
    return form.any_letter and unicodedata.category(one)[0] == "L" and len(one.casefold().encode()) < 4


def _cut(text: str, size: int) -> str:
    return clip(text, size).rstrip(".") or "v"
