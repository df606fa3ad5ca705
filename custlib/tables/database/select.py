"""What may be asked of a database: one SELECT that only reads, or one table by the name that the database itself lists."""

import re
from collections.abc import Iterator

from custlib.checks import nearest
from custlib.i18n import Problem

WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")
LOCKS = {"FOR": ("UPDATE", "SHARE", "NO", "KEY"), "LOCK": ("IN",)}
ESCAPED = r"'(?:[^'\\]|''|\\.)*'"
QUOTED = {"sqlite": r"\[[^\]]*\]|`(?:[^`]|``)*`|'(?:[^']|'')*'", "duckdb": r"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|'(?:[^']|'')*'",
          "postgresql": rf"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|\b[eE]{ESCAPED}|'(?:[^']|'')*'",
          "mysql": rf"`(?:[^`]|``)*`|{ESCAPED}|\"(?:[^\"\\]|\"\"|\\.)*\""}
LINE = r"--[^\n]*"
LINES = {"mysql": r"\#[^\n]*|--(?=\s|$)[^\n]*"}  # elsewhere # is an operator; in MySQL 1--1 is a sum


def one_select(query: object, kind: str, place: str) -> str:
    """Give the query without what follows its end; the session reads only as well, this is the first of two locks.

    Raises
    ------
    Problem
        No query, no SELECT, several statements, a part that writes, or rows locked for others.

    Examples
    --------
    >>> one_select("SELECT ';' AS mark; -- all", "sqlite", "crm.db")
    "SELECT ';' AS mark"
    """
    text = str(query)
    tokens = list(_tokens(text, kind))
    while tokens and tokens[-1][0] == ";":
        tokens.pop()
    words = [word for word, _, _ in tokens]
    first = next((word for word in words if word != "("), "–")
    if first not in ("SELECT", "WITH"):
        raise Problem("database_not_select", file=place, got=first)
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        written = word in WRITES and before in ("(", ")") and after != "("  # insert(…) is also a function of MySQL
        if written or word in (";", "INTO", "/*!") or after in LOCKS.get(word, ()):
            raise Problem("database_not_select", file=place, got=word)
    return text[tokens[0][1] : tokens[-1][2]]


def _tokens(text: str, kind: str) -> Iterator[tuple[str, int, int]]:
    """Give (word in capitals or mark, start, end) of all that is no comment; what stands in quotes is given as one mark."""
    hidden = r"/\*M?!" if kind == "mysql" else r"(?!)"  # MySQL runs what stands in such a comment
    parts = (rf"(?P<hidden>{hidden})|(?P<skip>\s+|{LINES.get(kind, LINE)}|/\*.*?\*/)|(?P<quoted>{QUOTED[kind]}"
             r'|"(?:[^"]|"")*")|(?P<word>[^\W\d]\w*)|(?P<mark>.)')
    for match in re.finditer(parts, text, re.S):
        if match["hidden"]:
            yield "/*!", *match.span()
        elif match["word"] or match["mark"]:
            yield match[0].upper(), *match.span()
        elif match["quoted"]:
            yield "''", *match.span()


def quoted(*names: str, mark: str = '"') -> str:
    """Quote names for SQL.

    Examples
    --------
    >>> quoted("shop", 'or"ders')
    '"shop"."or""ders"'
    """
    return ".".join(f"{mark}{name.replace(mark, mark * 2)}{mark}" for name in names if name)


def named(table: tuple[str, str]) -> str:
    """Give the name that dataset.toml writes for a (schema, table); the schema is "" for those found without one."""
    return ".".join(filter(None, table))


def chosen(wanted: object, tables: list[tuple[str, str]], place: str) -> tuple[str, str]:
    """Give the (schema, table) that `wanted` means: the full name, else the table's own, else either without regard to case.

    Raises
    ------
    Problem
        There is none, or more than one.
    """
    name = str(wanted)
    if not tables:
        raise Problem("database_no_tables", file=place)
    for same in (lambda one: named(one) == name, lambda one: one[1] == name,
                 lambda one: name.casefold() in (named(one).casefold(), one[1].casefold())):
        found = [one for one in tables if same(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise Problem("database_several", file=place, table=name, have=", ".join(map(named, found)))
    raise Problem("database_no_table", file=place, table=name, near=nearest(name, map(named, tables)))
