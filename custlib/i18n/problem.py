"""What went wrong, in the user's words and language."""

from custlib.i18n.catalogue import keys, text


class Problem(ValueError):
    """A fault that the user can mend: bad use, a bad file, a bad parameter (exit code 2).

    Parameters
    ----------
    key : str
        Name of the sentence under ``error.`` in the catalogues.
    **values
        What the sentence names: file, row, column, limit, what came.

    Examples
    --------
    >>> str(Problem("missing_file", file="sales.csv"))
    'sales.csv does not exist; check the path in dataset.toml or on the command line.'
    """

    exit_code = 2

    def __init__(self, key: str, /, **values: object):
        self.key, self.values = key, values
        super().__init__(self.said("en"))

    def said(self, lang: str) -> str:
        """Give the sentence in `lang`; a value such as ``@want.shares`` is itself looked up, one of two languages is chosen."""
        if lang == "bi":
            return "\n".join(self.said(one) for one in ("zh", "en"))
        return text(f"error.{self.key}", lang, **{name: _said(value, lang) for name, value in self.values.items()})


def _said(value: object, lang: str) -> object:
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        return value[lang]
    return text(value[1:], lang) if isinstance(value, str) and value[:1] == "@" and value[1:] in keys(lang) else value


class GateRefused(Problem):
    """The data were read, but a declared limit refuses to go on (exit code 3)."""

    exit_code = 3


class Trouble(Problem):
    """The machine or the network failed, not the user's input (exit code 1)."""

    exit_code = 1
