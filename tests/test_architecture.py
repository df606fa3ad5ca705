"""Modules import only from lower floors (DESIGN §5), nothing works or prints at import, no cycle."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import custlib

ROOT = Path(custlib.__file__).parent
FLOORS = [
    ["i18n"],
    ["checks"],
    ["engine"],
    ["synth"],
    ["tables"],
    ["identity", "privacy"],
    ["profile", "value", "lifecycle", "segment", "types", "voice", "social", "predict"],
    ["strategy", "evaluate", "plots"],
    ["widgets", "report", "course"],
    ["cli"],
    ["__main__"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def dotted(path: Path) -> str:
    parts = ("custlib", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def family(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path, tree: ast.Module) -> list[str]:
    """Give the dotted names a module imports, wherever in the module, relative ones made whole."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
            for _ in range(max(node.level - 1, 0)):
                package = package.rpartition(".")[0]
            base = ".".join(one for one in (package if node.level else "", node.module or "") if one)
            found += [f"{base}.{one.name}" for one in node.names]
    return found


def module_of(name: str) -> str | None:
    """Give the module of custlib that an imported name lives in."""
    known = {dotted(path) for path in MODULES}
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def test_every_module_has_a_floor():
    assert sorted({family(path) for path in MODULES} - set(FLOOR) - {"__init__"}) == []


def test_a_module_imports_only_from_lower_floors_or_its_own_package():
    wrong = []
    for path, tree in MODULES.items():
        for name in imports(path, tree):
            parts = name.split(".")
            if (
                parts[0] == "custlib"
                and len(parts) > 1
                and parts[1] in FLOOR
                and parts[1] != family(path)
                and FLOOR[parts[1]] >= FLOOR.get(family(path), -1)
            ):
                wrong.append(f"{dotted(path)} imports {name}")
    assert wrong == []


def test_there_is_no_cycle():
    above = {
        dotted(path): {module_of(name) for name in imports(path, tree) if name.startswith("custlib")}
        - {dotted(path), None, "custlib"}
        for path, tree in MODULES.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> list[str]:
        if name in way:
            return [" → ".join((*way[way.index(name) :], name))]
        if name in done:
            return []
        found = [cycle for one in sorted(above[name]) for cycle in visit(one, (*way, name))]
        done.add(name)
        return found

    # a package's own door imports its modules, which is no cycle unless they import the door
    assert [cycle for name in sorted(above) for cycle in visit(name, ())] == []


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT.parent)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_custlib_takes_no_other_package_along():
    code = "import sys; before = set(sys.modules); import custlib; print(sorted(set(sys.modules) - before))"
    assert python(code).strip() == "['custlib']"


def test_the_top_of_custlib_holds_one_docstring():
    body = MODULES[ROOT / "__init__.py"].body
    assert len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value.value, str)


@pytest.mark.parametrize("name", ["i18n", "checks", "tables.dataset"])
def test_the_lower_floors_import_no_data_frames(name):
    heavy = python(
        f"import sys, custlib.{name}; print([one for one in ('pandas', 'matplotlib', 'sklearn') if one in sys.modules])"
    )
    assert heavy.strip() == "[]"


def test_only_the_command_line_prints():
    wrong = []
    for path, tree in MODULES.items():
        if family(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "print":
                wrong.append(f"{dotted(path)}:{node.lineno} prints")
            if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr") and getattr(node.value, "id", None) == "sys":
                wrong.append(f"{dotted(path)}:{node.lineno} writes sys.{node.attr}")
    assert wrong == []


def test_calculation_never_reads_the_clock():
    wrong = [
        f"{dotted(path)}:{node.lineno}"
        for path, tree in MODULES.items()
        if FLOOR.get(family(path), 9) <= FLOOR["evaluate"]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("today", "now", "utcnow")
        and getattr(node.func.value, "id", "") in ("date", "datetime", "pd", "Timestamp")
    ]
    assert wrong == []


def test_every_public_function_and_class_has_a_docstring():
    bare = [
        f"{dotted(path)}.{node.name}"
        for path, tree in MODULES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_files_are_read_as_data_only():
    wrong = [
        f"{dotted(path)}:{node.lineno}"
        for path, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            getattr(node.func, "id", None) in ("eval", "exec") or getattr(node.func, "attr", None) in ("read_pickle", "to_pickle")
        )
    ]
    wrong += [
        f"{dotted(path)} imports {name}"
        for path, tree in MODULES.items()
        for name in imports(path, tree)
        if name.split(".")[0] in ("pickle", "shelve", "marshal", "dill")
    ]
    assert wrong == []
