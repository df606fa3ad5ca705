"""Look a text up in zh.toml or en.toml; `bi` gives both, Chinese first."""

import tomllib
from functools import cache
from importlib.resources import files

LANGS = ("zh", "en", "bi")


@cache
def _catalogue(lang: str) -> dict[str, str]:
    raw = tomllib.loads((files("custlib.i18n") / f"{lang}.toml").read_text(encoding="utf-8"))
    return dict(_flat(raw))


def _flat(tree: dict, prefix: str = ""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def keys(lang: str) -> frozenset[str]:
    """Give every key of one catalogue.

    Parameters
    ----------
    lang : str
        ``zh`` or ``en``.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> keys("zh") == keys("en")
    True
    """
    return frozenset(_catalogue(lang))


def text(key: str, /, lang: str, *, sep: str = "\n", **values: object) -> str:
    """Give the text of `key` in `lang`, with `values` filled in.

    Parameters
    ----------
    key : str
        Dotted name in the catalogues, such as ``plots.lorenz.title``.
    lang : str
        ``zh``, ``en``, or ``bi`` (Chinese, `sep`, English).
    sep : str
        What stands between the two languages of ``bi``.
    **values
        Placeholders of the text.

    Raises
    ------
    ValueError
        `lang` is not one of the three.
    KeyError
        The catalogues have no such key, or a placeholder has no value: a fault of the program.

    Examples
    --------
    >>> text("word.customers", "bi", sep=" ")
    '客户 customers'
    """
    if lang not in LANGS:
        raise ValueError(f"lang must be zh, en or bi, got {lang!r}")
    if lang == "bi":
        zh, en = (text(key, one, **values) for one in ("zh", "en"))
        return zh if zh == en else f"{zh}{sep}{en}"
    template = _catalogue(lang)[key]
    return template.format(**values) if values else template
