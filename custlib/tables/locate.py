"""Find the files of a source: in the data set's folder, in CUSTLIB_DATA, anywhere by a full path, in a package, or by download."""

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from custlib.i18n import Problem, Trouble
from custlib.tables.dataset import Dataset, Source
from custlib.tables.readers import KINDS

TIMEOUT_S = 60
ASIDE = (".", "~$")  # how the names of hidden files and of Excel's locks begin


def locate(dataset: Dataset, source: Source, *, say: Callable[[str], None] = lambda line: None) -> list[Path]:
    """Give the files of `source`, in the order they are declared; download only what is nowhere on this machine.

    A ``path`` is a file, a folder (its files of one known kind) or a pattern such as ``sales-*.csv``; files of a folder or
    pattern come in name order, without hidden and lock files, and each file once.

    Raises
    ------
    Problem
        A file is missing, or is not what its sha256 says; a folder holds nothing to read, or several kinds of file; a file
        lies where this data set is built.
    Trouble
        The download failed.
    """
    if source.get("package"):
        return [_in_package(source)]
    wanted = source.get("path", [])
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    here = _search(dataset, wanted)
    _not_own(dataset, [*here, *(dataset.folder / Path(name).expanduser() for name in wanted)])
    url, member = source.get("url"), source.get("member")
    if here:
        if not url:  # with a url, sha256 speaks of what is downloaded from there
            _expect_hash(here[0], source.get("sha256"), here[0].name)
        return here
    if not url:
        empty = [name for name in wanted if name and any((one / Path(name).expanduser()).is_dir() for one in _folders(dataset))]
        if empty:
            raise Problem("folder_empty", folder=empty[0], kinds=", ".join(sorted(KINDS)))
        raise Problem("missing_file", file=", ".join(name or '""' for name in wanted))
    name = _leaf(member) if member else _url_name(url)
    kept = [path for folder in _folders(dataset) if (path := folder / name).is_file()][:1]
    if kept and not member:
        _expect_hash(kept[0], source.get("sha256"), kept[0].name)
    return kept or [_download(dataset, source, url, say)]


def sha256(path: Path) -> str:
    """Give the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folders(dataset: Dataset) -> list[Path]:
    """Give the folders that files are looked up in, first one first."""
    extra = os.environ.get("CUSTLIB_DATA")
    return [dataset.folder, dataset.folder / "raw", *([Path(extra), Path(extra) / dataset.name] if extra else [])]


def _search(dataset: Dataset, names: list[str]) -> list[Path]:
    found: dict[Path, Path] = {}
    for name in names:
        hits = next((hits for folder in _folders(dataset) if (hits := _matches(folder, name))), [])
        if not hits:
            return []
        for path in hits:
            found.setdefault(path.resolve(), path)  # two names of one file: its rows are no more for that
    return list(found.values())


def _matches(folder: Path, name: str) -> list[Path]:
    """Give the files that `name` means in `folder`, or anywhere when it is a full path."""
    place = folder / Path(name).expanduser()
    if not name:
        return []
    if place.is_file():  # a name such as sales[1].csv is itself, no pattern
        return [place]
    if place.is_dir():
        return _inside(place, name)
    start, rest = Path(place.parts[0]), list(place.parts[1:])
    while len(rest) > 1 and (start / rest[0]).is_dir():  # nor is a folder that exists
        start /= rest.pop(0)
    shown = tuple(mark for mark in ASIDE if not any(part.startswith(mark) for part in rest))
    try:
        found = sorted(path for path in start.glob("/".join(rest)) if path.is_file())
    except (ValueError, NotImplementedError):  # no pattern, such as a**
        return []
    return [path for path in found if not any(part.startswith(shown) for part in path.relative_to(start).parts)]


def _inside(folder: Path, name: str) -> list[Path]:
    """Give the files of a known kind that lie directly in a folder."""
    found = sorted(path for path in folder.glob("*") if path.is_file() and not path.name.startswith(ASIDE) and _ending(path))
    endings = Counter(map(_ending, found))
    if len(endings) > 1:
        raise Problem("folder_mixed", folder=name, kinds=", ".join(sorted(endings)),
                      example=f"{name.rstrip('/')}/*{endings.most_common(1)[0][0]}")
    return found


def _ending(path: Path) -> str:
    """Give the ending of a name in small letters, .csv.gz for a packed one; "" for an unknown kind."""
    name = path.name.lower()
    last, inner = Path(name).suffix, Path(name.removesuffix(".gz")).suffix
    return "" if last not in KINDS else inner + last if last == ".gz" and inner in KINDS else last


def _not_own(dataset: Dataset, paths: list[Path]) -> None:
    """Refuse what a build of this data set makes: it would be read by the next one as a source."""
    for own in (dataset.build, dataset.folder / "refused"):
        for path in paths:
            if path.resolve().is_relative_to(own.resolve()):
                raise Problem("path_in_build", file=path.name, folder=own.name)


def _in_package(source: Source) -> Path:
    package, name = str(source.get("package")), str(source.get("file"))
    try:
        listed = files(package) or []
    except PackageNotFoundError as error:
        raise Problem("no_package", package=package) from error
    for entry in listed:
        if str(entry).endswith(name):
            return Path(str(entry.locate()))
    raise Problem("no_file_in_package", package=package, file=name)


def _url_name(url: str) -> str:
    return _leaf(unquote(urlsplit(url).path)) or "download"


def _leaf(path: str) -> str:
    return Path(path).name


def _host(url: str) -> str:
    return urlsplit(url).hostname or urlsplit(url).path


def _download(dataset: Dataset, source: Source, url: str, say: Callable[[str], None]) -> Path:
    raw = dataset.folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    target, part = raw / _url_name(url), raw / f".{_url_name(url)}.{os.getpid()}.part"
    say(f"{target.name} ← {_host(url)}")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, part.open("wb") as file:
            shutil.copyfileobj(answer, file)
            if answer.headers.get("Content-Length") not in (None, str(file.tell())):
                raise ConnectionError("the file ended early")
        _expect_hash(part, source.get("sha256"), target.name)
        os.replace(part, target)
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        # from None: the first error may quote the address with its password
        raise Trouble("download_failed", file=target.name, host=_host(url), folder="data/" + dataset.name + "/raw",
                      detail=type(error).__name__) from None
    finally:
        part.unlink(missing_ok=True)
    return _member(target, source.get("member")) if source.get("member") else target


def _expect_hash(path: Path, expected: str | None, name: str) -> None:
    if expected and sha256(path) != expected:
        raise Problem("wrong_hash", file=name)


def _member(archive: Path, member: str) -> Path:
    name = _leaf(member)
    part, target = archive.parent / f".{name}.{os.getpid()}.part", archive.parent / name
    try:
        with zipfile.ZipFile(archive) as bundle, bundle.open(member) as inside, part.open("wb") as out:
            shutil.copyfileobj(inside, out)
        os.replace(part, target)
    except (zipfile.BadZipFile, KeyError) as error:
        raise Problem("bad_archive", file=archive.name, member=member) from error
    finally:
        part.unlink(missing_ok=True)
    return target
