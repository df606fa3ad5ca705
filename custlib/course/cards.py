"""Method cards: what a method asks, how it answers, and where it misleads; the same words as in the report."""

from custlib.i18n import text

FIELDS = ("question", "unit", "estimator", "interval", "assumptions", "trap", "smallest", "baseline")


def method_card(name: str, *, lang: str) -> str:
    """Give the card of a method as Markdown.

    Parameters
    ----------
    name : str
        rfm, named, abc, lorenz or cn8.
    lang : str
        zh, en or bi.

    Raises
    ------
    KeyError
        There is no card of that name.

    Examples
    --------
    >>> method_card("rfm", lang="en").splitlines()[0]
    '#### RFM scores'
    """
    lines = [f"#### {text(f'method.{name}.title', lang, sep=' · ')}", ""]
    return "\n".join(lines + [f"- **{text(f'method.{field}', lang, sep=' ')}** {text(f'method.{name}.{field}', lang, sep=' ')}" for field in FIELDS])
