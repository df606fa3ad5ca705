"""Write the report of a finished run as one HTML page that opens offline and asks nothing of any server."""

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from custlib.i18n import LANGS
from custlib.report.context import Run, read_run, write_atomic
from custlib.report.grids import Words
from custlib.report.subset import subset
from custlib.report.views import page

_FONT_NAME = "Report Sans"


def render_html(run_dir: Path, *, lang: str) -> Path:
    """Write ``report.<lang>.html`` into the run folder.

    Parameters
    ----------
    run_dir : Path
        A finished run; only this folder is read.
    lang : str
        ``zh``, ``en``, or ``bi`` (Chinese first, English under it).

    Returns
    -------
    Path
        The page. The same run folder gives the same bytes.

    Raises
    ------
    ValueError
        `lang` is not one of the three.
    Problem
        A file of the run folder is missing.
    """
    if lang not in LANGS:
        raise ValueError(f"lang must be zh, en or bi, got {lang!r}")
    run = read_run(run_dir)
    body = _fill(run, lang)
    return write_atomic(run.folder / f"report.{lang}.html", body.encode())


def _fill(run: Run, lang: str) -> str:
    words = Words.of(lang)
    css, js = _part("report.css"), _part("report.js")
    context = page(run, words) | {"t": words.say, "a": words.attribute, "lang": lang, "js": Markup(js)}
    template = _environment().get_template("report.html.j2")
    # the first pass shows which characters the page needs; the second carries the font cut to them
    plain = template.render(**context, css=Markup(""), policy="")
    styled = Markup(_font_face(plain + css) + css)
    return template.render(**context, css=styled, policy=_policy(styled, js))


def _environment() -> Environment:
    folder = str(files("custlib.report") / "template")
    return Environment(
        loader=FileSystemLoader(folder), autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )


def _part(name: str) -> str:
    return (files("custlib.report") / "template" / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _font_face(shown: str) -> str:
    data = base64.b64encode(subset(shown)).decode()
    return f'@font-face{{font-family:"{_FONT_NAME}";font-display:block;src:url(data:font/woff2;base64,{data})format("woff2")}}\n'


def _policy(css: str, js: str) -> str:
    """Allow this page's own style and script by their hashes, pictures and fonts as data, and nothing else."""
    style, script = (
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (css, js)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
