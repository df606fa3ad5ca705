"""The environment: three descriptions agree, and no committed file names a package registry or a path of one machine."""

import re
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CONDA = {"python-duckdb": "duckdb", "brotli-python": "brotli", "python-tzdata": "tzdata"}
SKIPPED = {"python", "pip"}


def pip_side() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {canonicalize_name(one.name): str(one.specifier) for one in map(Requirement, project["dependencies"])}


def conda_side() -> dict[str, str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    names = [one for one in listed if isinstance(one, str)] + next(one["pip"] for one in listed if isinstance(one, dict))
    found = [Requirement(one) for one in names]
    return {canonicalize_name(CONDA.get(one.name, one.name)): str(one.specifier) for one in found if one.name not in SKIPPED}


def locked(name: str) -> dict[str, list[Version]]:
    versions: dict[str, list[Version]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), flags=re.M):
        versions.setdefault(canonicalize_name(package), []).append(Version(version))
    return versions


def test_environment_and_project_name_the_same_packages_and_ranges():
    assert conda_side() == pip_side()


@pytest.mark.parametrize(("name", "group"), [("requirements.lock", None), ("requirements/test.lock", "test")])
def test_every_declared_package_is_locked_inside_its_range_and_hashed(name, group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"] if group is None else project["dependency-groups"][group]
    versions = locked(name)
    for one in map(Requirement, declared):
        assert any(version in one.specifier for version in versions[canonicalize_name(one.name)]), one.name
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=[\w.-]+==)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_python_is_the_same_everywhere():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert "python" + tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] in listed


def test_no_committed_file_holds_a_registry_address_or_a_path_of_one_machine():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    hosts = "|".join(("py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.org", r"deb\.deb" + "ian", "conda" + r"\.ana" + "conda"))
    found = []
    for name in filter(None, names):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".parquet"):
            text = path.read_text(encoding="utf-8")
            found += [name for _ in re.findall(hosts, text)]
            found += [name for _ in re.findall(r"/wo" + r"rk/main|/ro" + r"ot/", text)]
    assert found == []


def test_every_target_of_the_makefile_has_help():
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, flags=re.M).group(1).split()
    helped = re.findall(r"^([a-z]+):.*## \w", text, flags=re.M)
    targets = ["setup", "report", "test", "notebooks", "lab", "bench", "extra", "fuzz", "lint", "clean", "help"]
    assert sorted(phony) == sorted(helped) == sorted(targets)
