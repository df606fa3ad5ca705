"""Refuse what would not fit into memory, or is not what its name says, before it is opened."""

import zipfile
from pathlib import Path

from custlib.i18n import Problem

WHOLE_FILE_MB = 200  # the largest file of a kind that is read whole
UNPACKED_MB = 4_000  # the most that a packed spreadsheet may hold


def small_enough(path: Path) -> None:
    """Refuse a file too large to be read whole."""
    size = path.stat().st_size
    if size > WHOLE_FILE_MB << 20:
        raise Problem("file_too_large", file=path.name, size=size >> 20, limit=WHOLE_FILE_MB)


def unpacks(path: Path) -> None:
    """Refuse a packed file that would grow beyond the limit; what is no archive is not judged here."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return
    if size > UNPACKED_MB << 20:
        raise Problem("file_too_large", file=path.name, size=size >> 20, limit=UNPACKED_MB)
