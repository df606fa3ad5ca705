"""The full Chinese font that comes with the installation, registered once for matplotlib."""

from functools import cache
from importlib.resources import files
from pathlib import Path

FAMILY = "Noto Sans SC"


def path() -> Path:
    """Give the path of the font file (Noto Sans SC, open licence).

    Examples
    --------
    >>> path().name
    'NotoSansSC-Regular.otf'
    """
    return Path(str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"))


@cache
def register() -> str:
    """Make the font known to matplotlib and give its family name.

    Examples
    --------
    >>> register()
    'Noto Sans SC'
    """
    from matplotlib import font_manager

    font_manager.fontManager.addfont(str(path()))
    return FAMILY
