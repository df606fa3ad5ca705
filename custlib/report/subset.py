"""Cut the Chinese font down to the characters of one page, so that the page carries its own glyphs."""

from functools import cache
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from custlib.i18n import fonts

_LATIN = "".join(chr(code) for code in range(0x20, 0x7F)) + "–—−·×≤≥…“”‘’£€¥"


def subset(text: str) -> bytes:
    """Give a woff2 font that holds the characters of `text` and plain Latin; the same text gives the same bytes.

    Parameters
    ----------
    text : str
        Any text. Characters that the font does not have are left to the reader's machine.

    Returns
    -------
    bytes
        The font file.

    Examples
    --------
    >>> subset("客户")[:4]
    b'wOF2'
    """
    return _subset("".join(sorted(set(text) | set(_LATIN))))


@cache
def _subset(characters: str) -> bytes:
    options = Options()
    options.flavor, options.layout_features, options.hinting = "woff2", ["kern", "tnum", "locl", "palt"], False
    options.ignore_missing_unicodes = options.ignore_missing_glyphs = True
    options.notdef_outline = False
    # the head table keeps the foundry's own date: a new one would change the bytes at every run
    font = TTFont(fonts.path(), recalcTimestamp=False, lazy=True)
    subsetter = Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.flavor, out = "woff2", BytesIO()
    font.save(out)
    return out.getvalue()
