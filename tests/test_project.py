"""What the project says of itself: its version, its releases, what people and CI run."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from cli.version import version

ROOT = Path(__file__).parent.parent
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
