"""The README, walked word by word in an empty environment."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ALL, ROOT

pytestmark = pytest.mark.xdist_group("readme")


def commands(name: str) -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(), flags=re.S) for line in block.strip().splitlines()]


def test_both_languages_give_the_same_commands_links_and_tables():
    zh, en = (ROOT / "README.zh.md").read_text(), (ROOT / "README.md").read_text()
    assert commands("README.zh.md") == commands("README.md")
    links = [sorted(set(re.findall(r"\]\((?!README)([^)]+)\)", text))) for text in (zh, en)]
    assert [link.replace(".zh.md", ".md") for link in links[0]] == links[1]
    assert all((ROOT / link).exists() for link in links[0])
    assert zh.count("\n|") == en.count("\n|")


def test_every_command_of_the_readme_works_in_an_empty_environment(tmp_path):
    if not ALL:
        pytest.skip("needs CUSTLIB_REQUIRE=all (installs everything anew, about two minutes)")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    python = shutil.which("python3.11") or shutil.which("python3")
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy"))}
    empty = {**kept, "PATH": f"{Path(python).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    for command in commands("README.md"):
        ended = subprocess.run(["bash", "-c", command], cwd=clone, env=empty, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr[-2000:]
        page = Path(ended.stdout.strip().splitlines()[-1])
        assert page.is_file()
        assert page.is_relative_to(clone)
    shutil.rmtree(clone)
