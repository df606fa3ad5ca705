"""Write values as TOML, and text as a comment that is one line."""

import json
import re

LONG = 12  # values of a list that are shown on one line


def toml(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{key if re.fullmatch(r'[A-Za-z0-9_-]+', str(key)) else quote(str(key))} = {toml(one)}" for key, one in value.items())
            + " }"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return quote(value) if isinstance(value, str) else repr(value)


def quote(value: str) -> str:
    """Write a text as a TOML string."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def one_line(value: object) -> str:
    """One line, without signs that a comment must not hold."""
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", str(value)).strip()


def some(columns: list[str]) -> str:
    """List the first names, with … where there are more."""
    return ", ".join(map(one_line, columns[:LONG])) + (" …" if len(columns) > LONG else "")
