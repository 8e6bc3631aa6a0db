"""Each way to get the tables wrong: the file, and the exact fault with line and fix (`golden/<nnn>_<name>/`).

A case overlays `golden/base`; `remove` names files to take away, `env` holds variables to set or (empty) to unset.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config import check

GOLDEN = Path(__file__).parent / "golden"
SHIPPED = Path(__file__).resolve().parents[2] / "config"
CASES = sorted(path for path in GOLDEN.iterdir() if path.name != "base")
NOT_TABLES = ("remove", "env", "expected.txt")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Two templates of issues, and what lies beside them."""
    folder = tmp_path / "jira_templates"
    folder.mkdir()
    for name in ("fbo", "ads", "_shared", "comments"):
        (folder / f"{name}.yml").touch()
    return folder


def spoil(folder: Path, case: Path) -> None:
    """Lay the base and then the case over the folder."""
    folder.mkdir()
    shutil.copy(SHIPPED / "rules.yml", folder)
    for source in (*(GOLDEN / "base").iterdir(), *(path for path in case.iterdir() if path.name not in NOT_TABLES)):
        shutil.copy(source, folder)
    if (case / "remove").exists():
        for name in (case / "remove").read_text().split():
            (folder / name).unlink()


def environment(case: Path, env: dict[str, str]) -> dict[str, str]:
    """Give the environment of a case."""
    lines = (case / "env").read_text().splitlines() if (case / "env").exists() else []
    return env | dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(
    case: Path, tmp_path: Path, templates: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(tmp_path / "config", case)
    monkeypatch.chdir(tmp_path)
    faults = check(Path("config"), environment(case, env), templates)
    assert "".join(f"{fault}\n" for fault in faults) == (case / "expected.txt").read_text(encoding="utf-8")


def test_the_base_has_no_fault(tmp_path: Path, templates: Path, env: dict[str, str]) -> None:
    spoil(tmp_path / "config", GOLDEN / "base")
    assert check(tmp_path / "config", env, templates) == []


def test_no_fault_repeats_a_secret() -> None:
    texts = "".join((case / "expected.txt").read_text(encoding="utf-8") for case in CASES)
    assert "ATATT3" not in texts
    assert "AbCdEf" not in texts
    assert "secret@" not in texts
