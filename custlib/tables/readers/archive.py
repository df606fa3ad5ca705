"""Unpack a file that came as .gz, or as the only data file of a .zip."""

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from custlib.i18n import Problem

TIMES = 200  # text shrinks to a hundredth at best; what grows beyond this many times its size is no data
ROOM = 1 << 30  # bytes that any archive may grow to
CHUNK = 1 << 20


def unpacked(path: Path, folder: Path) -> Path:
    """Write the one file that the archive holds into `folder`, a new folder, and give its path.

    Raises
    ------
    Problem
        A damaged archive, a password, several files, or contents that grow beyond all measure.
    """
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rb") as file:
                return _copied(file, path, folder / path.stem)
        with zipfile.ZipFile(path) as packed:
            names = [one for one in packed.namelist() if not _beside(one)]
            if len(names) != 1:
                raise Problem("archive_members", file=path.name, count=len(names))
            with packed.open(names[0]) as file:
                return _copied(file, path, folder / PurePosixPath(names[0].replace("\\", "/")).name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, UnicodeError) as error:
        if isinstance(error, Problem):
            raise
        raise Problem("broken_archive", file=path.name) from error


def _beside(name: str) -> bool:
    """Tell folders and what operating systems put beside the data."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return name.endswith("/") or not parts or parts[0] == "__MACOSX" or parts[-1].startswith(".")


def _copied(file: BinaryIO, path: Path, target: Path) -> Path:
    most, size = max(ROOM, TIMES * path.stat().st_size), 0
    target.parent.mkdir(parents=True)
    try:
        with target.open("wb") as out:
            while block := file.read(CHUNK):
                size += len(block)
                if size > most:
                    raise Problem("file_too_large", file=path.name, size=size >> 20, limit=most >> 20)
                out.write(block)
    except BaseException:
        shutil.rmtree(target.parent)
        raise
    return target
