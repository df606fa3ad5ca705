"""Find the files of a source: in the data set's folder, in CUSTLIB_DATA, in an installed package, or by download."""

import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from custlib.i18n import Problem, Trouble
from custlib.tables.dataset import Dataset, Source

TIMEOUT_S = 60


def locate(dataset: Dataset, source: Source, *, say: Callable[[str], None] = lambda line: None) -> list[Path]:
    """Give the files of `source`, in the order they are declared; download only what is nowhere on this machine.

    Raises
    ------
    Problem
        A file is missing, or is not what its sha256 says.
    Trouble
        The download failed.
    """
    if source.get("package"):
        return [_in_package(source)]
    wanted = source.get("path", [])
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    here = _search(dataset, wanted)
    url, member = source.get("url"), source.get("member")
    if here:
        if not url:  # with a url, sha256 speaks of what is downloaded from there
            _expect_hash(here[0], source.get("sha256"), here[0].name)
        return here
    if not url:
        raise Problem("missing_file", file=", ".join(wanted))
    kept = _search(dataset, [_leaf(member) if member else _url_name(url)])
    if kept and not member:
        _expect_hash(kept[0], source.get("sha256"), kept[0].name)
    return kept or [_download(dataset, source, url, say)]


def sha256(path: Path) -> str:
    """Give the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _search(dataset: Dataset, names: list[str]) -> list[Path]:
    extra = os.environ.get("CUSTLIB_DATA")
    folders = [dataset.folder, dataset.folder / "raw"]
    folders += [Path(extra), Path(extra) / dataset.name] if extra else []
    found = []
    for name in names:
        hits = next((hits for folder in folders if (hits := _matches(folder, name))), [])
        if not hits:
            return []
        found += hits
    return found


def _matches(folder: Path, name: str) -> list[Path]:
    given = Path(name).expanduser()
    if given.is_absolute():
        return [given] if given.is_file() else []
    if (folder / name).is_file():  # a name such as sales[1].csv is itself, no pattern
        return [folder / name]
    return sorted(path for path in folder.glob(name) if path.is_file()) if folder.is_dir() else []


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
