"""docs/own-data, walked word by word with its two made-up files, in both languages."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from conftest import ROOT

PAGES = {"en": ROOT / "docs/own-data.md", "zh": ROOT / "docs/own-data.zh.md"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """Give the fenced blocks of a page as (what, content), in order."""
    return re.findall(r"```(\w[^\n]*)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


def edit(path: Path, lines: str) -> None:
    """Put each line in the place of the line of that key, as a person would."""
    text = path.read_text(encoding="utf-8")
    for line in lines.strip().splitlines():
        key = line.split(" = ")[0]
        text, times = re.subn(rf"^{re.escape(key)} = .*\?.*$", line.replace("\\", r"\\"), text, flags=re.M)
        assert times == 1, f"{key} is no open question of the draft"
    path.write_text(text, encoding="utf-8")


def test_both_pages_hold_the_same_steps():
    zh, en = (blocks(PAGES[one]) for one in ("zh", "en"))
    assert [(what, content.replace("--lang zh", "--lang en")) for what, content in zh] == en
    assert PAGES["zh"].read_text().count("\n|") == PAGES["en"].read_text().count("\n|")


@pytest.mark.parametrize("lang", ["zh"])  # the other page has the same steps
def test_the_page_can_be_followed_word_by_word(lang, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = []
    for what, content in blocks(PAGES[lang]):
        kind, _, name = what.partition(" ")
        if kind == "csv":
            (tmp_path / name).write_text(content, encoding="utf-8")
        elif kind == "edit":
            edit(tmp_path / name, content)
        else:
            assert kind == "sh"
            for line in content.strip().splitlines():
                words = [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(line)]
                done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300)
                assert done.returncode == (2 if name == "asks" else 0), done.stderr[-2000:]
                said.append((done.stdout.strip().splitlines() or [""])[-1])
    pages = [Path(one) for one in said if one.endswith(".html")]
    assert len(pages) == 2 and all(page.is_file() and page.is_relative_to(tmp_path) for page in pages)
    assert (tmp_path / "ledger_orders.sav").is_file()
    book = openpyxl.load_workbook(pages[0].with_name("report.xlsx"), read_only=True)
    cells = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None}
    assert {"M01", "M02", "M04", "M05"} <= cells and "M03" not in cells  # her only order was cancelled
