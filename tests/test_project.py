"""What the project says of itself: its version, its releases, what people and CI run."""

from __future__ import annotations

import ast
import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Container, Iterator
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from cli.version import version

ROOT = Path(__file__).parent.parent
PRODUCTION = ("cli", "config", "desk", "events", "handlers", "receivers", "runtime", "sandbox", "store", "web")
MIGRATIONS = "store/migrations/versions/"  # each is a table
RELEASE = re.compile(r"^## (\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(text("pyproject.toml"))["project"]
    return found


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    assert ".".join(RELEASE.findall(text("CHANGELOG.md"))[0][:3]) == version()


def test_every_release_in_the_changelog_has_its_date_the_newest_first() -> None:
    releases = [
        (tuple(map(int, numbers)), date.fromisoformat(day)) for *numbers, day in RELEASE.findall(text("CHANGELOG.md"))
    ]
    assert releases == sorted(releases, reverse=True)
    headings = re.findall(r"^## (.+)$", text("CHANGELOG.md"), re.MULTILINE)
    assert len([heading for heading in headings if heading != "Unreleased"]) == len(releases)


def test_people_hooks_and_ci_run_the_same() -> None:
    hooks = [
        hook["entry"] for repo in yaml.safe_load(text(".pre-commit-config.yaml"))["repos"] for hook in repo["hooks"]
    ]
    steps = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["ci"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]
    for command in ("make lint", "make test"):
        assert command in hooks
        assert command in text(".ci/run").splitlines()
        assert command in [line.split("#")[0].strip() for line in text("CONTRIBUTING.md").splitlines()]


def test_ci_runs_every_python_that_is_promised() -> None:
    promised = [name.rpartition(" ")[2] for name in project()["classifiers"] if "Python :: 3." in name]
    matrix = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["ci"]["strategy"]["matrix"]
    assert matrix["python"] == promised
    assert project()["requires-python"] == f">={promised[0]}"


def modules() -> Iterator[tuple[str, str]]:
    """Path and text of each module of the bot and of the sandbox."""
    folders = (path for folder in PRODUCTION for path in sorted((ROOT / folder).rglob("*.py")))
    for path in (*sorted(ROOT.glob("*.py")), *folders):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def functions() -> Iterator[tuple[str, int]]:
    """`file::name` and the lines of each function, decorators aside."""
    for path, source in modules():
        if not path.startswith(MIGRATIONS):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{path}::{node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_no_file_is_over_300_lines() -> None:
    assert {path: lines for path, source in modules() if (lines := source.count("\n")) > 300} == {}


def test_no_function_is_over_40_lines_and_half_are_short() -> None:
    assert {name: lines for name, lines in functions() if lines > 40} == {}
    assert statistics.median(lines for _, lines in functions()) <= 8


def test_no_class_name_stands_for_two_things() -> None:
    places: dict[str, list[str]] = {}
    for path, source in modules():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path}:{node.lineno}")
    assert {name: twice for name, twice in places.items() if len(twice) > 1} == {}


def test_little_is_typed_as_anything() -> None:
    bot = [(path, source) for path, source in modules() if not path.startswith("sandbox/")]
    count = Counter(
        path
        for path, source in bot
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and node.id == "Any"
    )
    thousands = sum(source.count("\n") for _, source in bot) / 1000
    assert count.total() <= 10 * thousands, count.most_common(20)


def imported(source: str, names: Container[str]) -> Iterator[str]:
    """The modules of these names that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (name for name in (inner if inner in names else node.module,) if name in names)


def test_no_module_imports_one_that_imports_it() -> None:
    bot = [(path, text) for path, text in modules() if not path.startswith("sandbox/")]
    named = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): text for path, text in bot}
    graph = {name: set(imported(source, named)) - {name} for name, source in named.items()}
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(named)  # raises CycleError
