"""Take the files a person points at as a data set: use their mapping where there is one, else draft it."""

import hashlib
import tomllib
from pathlib import Path

from custlib.checks import iso_day, one_of
from custlib.i18n import LANGS, Problem, Trouble
from custlib.tables import declared
from custlib.tables.dataset import currency, project_root
from custlib.tables.locate import ASIDE
from custlib.tables.readers import KINDS
from custlib.tables.store import Say, quiet, read_json, write_json

NOTES = "draft.json"


def is_data(given: str | Path) -> bool:
    """Say whether `given` means data files (a file, a folder of files, a database) rather than a data set.

    Examples
    --------
    >>> is_data("cdnow"), is_data("sqlite:///crm.db")
    (False, True)
    """
    if "://" in str(given):
        return True
    path = Path(given).expanduser()
    if path.is_dir():
        return not (path / "dataset.toml").is_file()
    return path.is_file() and path.suffix != ".toml"


def adopt(given: list[str | Path], *, name: str | None = None, out: Path | None = None, force: bool = False, lang: str = "en",
          say: Say = quiet, **known: str | None) -> Path:
    """Give the dataset.toml of some files: the one that names them already, else a new draft.

    Parameters
    ----------
    given : list
        Files, a folder, or the address of a database.
    out : Path, optional
        Folder of the data set; default ``data/<name>``, the name made from the first file's.
    known : str
        ``currency``, ``timezone``, ``as_of``, where a person has said them.

    Raises
    ------
    Problem
        A file is not there, or a dataset.toml is and `force` is not given; ``draft_asks``: the draft is written, and only a
        person can answer what it asks.
    """
    from custlib.tables.draft import draft, write_draft

    standing = None if out or force else _mapped(given)
    if standing:
        say(f"dataset: {_shown(standing)}")
        return standing
    _check(given, known)
    one_of("lang", lang, LANGS)
    folder = out or _free(name or _slug(given[0]))
    if (folder / "dataset.toml").exists() and not force:  # before everything is read for nothing
        raise Problem("draft_exists", file=folder / "dataset.toml")
    try:
        made = draft(list(given), name=name or folder.name, folder=folder, say=say, **known)
        path = write_draft(made, folder, force=force)
    except OSError as error:  # whatever is wrong with the files themselves is told in the draft
        raise Trouble("out_unwritable", folder=folder.name, detail=error.strerror or type(error).__name__) from error
    write_json(folder / NOTES, {"fingerprint": hashlib.sha256(made.text.encode()).hexdigest(),
                                "notes": [{"zh": one.zh, "en": one.en, "sure": one.sure} for one in made.notes]})
    say(f"draft: {_shown(path)}")
    for one in made.notes:
        sure = "   ?" if one.sure is None else f"{one.sure:>4.0%}"
        say("\n".join(f"  {sure}  {getattr(one, said)}" for said in (("zh", "en") if lang == "bi" else (lang,))))
    if not made.certain:
        raise Problem("draft_asks", file=_shown(path), questions={lang: _asked(made.questions, lang) for lang in ("zh", "en")})
    return path


def assumptions(folder: Path, fingerprint: str) -> list[dict]:
    """Give what an automatic draft assumed, as long as nobody has changed the file since."""
    kept = read_json(folder / NOTES)
    return kept["notes"] if kept and kept["fingerprint"] == fingerprint else []


def _asked(questions: tuple, lang: str) -> str:
    lines = [f"\n  {number}. {one.key}: {getattr(one, lang)}{_choices(one.choices)}" for number, one in enumerate(questions, 1)]
    return "".join(lines)


def _choices(choices: tuple[tuple[str, float], ...]) -> str:
    return f" ({'; '.join(f'{what} {sure:.0%}' for what, sure in choices)})" if choices else ""


def _check(given: list[str | Path], known: dict[str, str | None]) -> None:
    """Refuse what would make every draft wrong, before anything is read."""
    for one in given:
        _there(one)
    if known.get("currency") is not None:
        currency(known["currency"])
    if known.get("timezone") is not None:
        declared.zone(known["timezone"])
    if known.get("as_of") is not None:
        iso_day("as_of", known["as_of"])


def _there(given: str | Path) -> None:
    """Refuse a file that does not exist and a folder without files: nothing could be drafted of them."""
    path = Path(given).expanduser()
    if "://" in str(given) or path.is_file():
        return
    if not path.is_dir():
        raise Problem("missing_file", file=path.name)
    if not any(one.is_file() and KINDS.get(one.suffix.lower()) and not one.name.startswith(ASIDE) for one in path.iterdir()):
        raise Problem("folder_empty", folder=path.name, kinds=", ".join(sorted(KINDS)))


def _mapped(given: list[str | Path]) -> Path | None:
    """Find the data set under data/ whose sources are exactly these files."""
    wanted = {_where(one, Path.cwd()) for one in given}
    for path in sorted((project_root() / "data").glob("*/dataset.toml")):
        try:
            sources = tomllib.loads(path.read_text(encoding="utf-8")).get("sources", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue  # somebody else's broken file is told when it is asked for
        named = [name for one in sources.values() if isinstance(one, dict) for name in _names(one)]
        if named and {_where(name, path.parent) for name in named} == wanted:
            return path
    return None


def _names(source: dict) -> list[str]:
    found = source.get("path", source.get("database", []))
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]


def _where(name: str | Path, folder: Path) -> str:
    return str(name) if "://" in str(name) else str((folder / Path(name).expanduser()).resolve())


def _slug(given: str | Path) -> str:
    """Make a folder name of a file's name.

    Examples
    --------
    >>> _slug("exports/Sales 2024 (final).csv"), _slug("/x/销售.xlsx")
    ('sales_2024_final', '销售')
    """
    stem = Path(str(given).split("?")[0]).name.split(".")[0]
    slug = "".join(one if one.isalnum() else "_" for one in stem.lower())
    return "_".join(part for part in slug.split("_") if part) or "own"


def _free(name: str) -> Path:
    """Give the folder data/<name>, or the first of name_2, name_3 … that does not stand."""
    data = project_root() / "data"
    number, folder = 1, data / name
    while (folder / "dataset.toml").exists():
        number += 1
        folder = data / f"{name}_{number}"
    return folder


def _shown(path: Path) -> str:
    root = project_root()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
