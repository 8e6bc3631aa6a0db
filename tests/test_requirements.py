"""What is imported is required by name, and what is required is locked with its hashes."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BOT = ["app.py", "wiring.py", "gunicorn.conf.py", "cli", "config", "desk", "events", "handlers", "receivers", "runtime"]
BOT += ["sandbox", "store", "web"]
NOT_IMPORTED = {"tzdata", "gunicorn", "psycopg"}  # data, a server and a driver, found by their names
TYPES_ALONE = {"_typeshed"}  # known to type checkers only

Versions = dict[str, str]


def versions(name: str) -> Versions:
    """The packages of a list or a lock, by their normalized names."""
    lines = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {normalized(package): version for package, version in lines}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(paths: Iterable[str]) -> dict[str, Path]:
    """The packages from outside that the code under the paths imports, each with a file that does."""
    own = {path.stem for path in ROOT.iterdir()}
    found: dict[str, Path] = {}
    for path in paths:
        for file in [ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("*.py")):
            for module in modules(ast.parse(file.read_text("utf-8"))):
                if module not in own | sys.stdlib_module_names | TYPES_ALONE:
                    found.setdefault(module, file)
    return found


def modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def distributions(module: str) -> set[str]:
    return {normalized(name) for name in packages_distributions().get(module, [module])}


@pytest.mark.parametrize(
    ("paths", "lists"),
    [(BOT, ["requirements.txt"]), (["tests", "benchmarks"], ["requirements.txt", "dev-requirements.txt"])],
    ids=["bot", "tests"],
)
def test_every_package_that_is_imported_is_required_by_its_name(paths: list[str], lists: list[str]) -> None:
    required = {package for name in lists for package in versions(name)}
    missing = {module: str(file) for module, file in imported(paths).items() if not distributions(module) & required}
    assert missing == {}


def test_nothing_is_required_that_the_bot_does_not_use() -> None:
    used = {package for module in imported(BOT) for package in distributions(module)}
    assert set(versions("requirements.txt")) - used - NOT_IMPORTED == set()


@pytest.mark.parametrize("name", ["requirements", "dev-requirements"])
def test_the_lock_has_the_versions_that_are_asked_for(name: str) -> None:
    assert versions(f"{name}.txt").items() <= versions(f"{name}.lock").items(), "run `make lock`"


def test_tests_run_with_the_versions_that_the_bot_runs_with() -> None:
    assert versions("requirements.lock").items() <= versions("dev-requirements.lock").items(), "run `make lock`"


@pytest.mark.parametrize("name", ["requirements.lock", "dev-requirements.lock"])
def test_every_locked_package_has_hashes(name: str) -> None:
    packages = re.split(r"^(?=[\w.-]+(?:\[[\w,]+\])?==)", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert packages
    assert [package for package in packages if "--hash=sha256:" not in package] == []
