"""The first minutes of `make`: which Python is taken, and what is said while pip installs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_requirements import versions

ROOT = Path(__file__).parent.parent
TOO_OLD = "import sys; sys.version_info = (3, 10, 13)"
BARE = "import sys; sys.modules['ensurepip'] = None"  # as Debian's without python3-venv
GOOD = ""
INSTALL = "install Python 3.11 or newer, or name one: PYTHON=/path/to/python make run"


def found(folder: Path, pythons: dict[str, str], **env: str) -> tuple[int, str, str]:
    """What find_python.sh says where these interpreters are all that there is."""
    for name, before in pythons.items():
        fake = folder / name
        fake.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{before}\n$2"\n')
        fake.chmod(0o755)
    command = ["/bin/sh", str(ROOT / "runtime/find_python.sh")]
    options = {"PATH": str(folder), **env}
    done = subprocess.run(command, env=options, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"python3.14": GOOD, "python3.11": GOOD, "python3": GOOD}, "python3.14"),
        ({"python3.12": GOOD, "python3": TOO_OLD}, "python3.12"),
        ({"python3": GOOD}, "python3"),
        ({"python": GOOD}, "python"),
        ({"python3.13": BARE, "python3.11": GOOD}, "python3.11"),
    ],
)
def test_the_newest_python_that_will_do_is_taken(pythons: dict[str, str], taken: str, tmp_path: Path) -> None:
    assert found(tmp_path, pythons) == (0, f"{taken}\n", "")


@pytest.mark.parametrize(
    ("pythons", "missing"),
    [
        ({}, f"there is no Python here; {INSTALL}"),
        ({"python3": TOO_OLD}, f"python3 is older than 3.11; {INSTALL}"),
        (
            {"python3.12": BARE, "python3": TOO_OLD},
            "python3.12 cannot make a .venv; on Debian and Ubuntu: apt-get install python3.12-venv",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(pythons: dict[str, str], missing: str, tmp_path: Path) -> None:
    assert found(tmp_path, pythons) == (1, "", f"{missing}\n")


def test_a_python_that_is_named_is_taken_or_refused(tmp_path: Path) -> None:
    mine = tmp_path / "my own python"
    assert found(tmp_path, {mine.name: GOOD, "python3": GOOD}, PYTHON=str(mine)) == (0, f"{mine}\n", "")
    assert found(tmp_path, {}, PYTHON="nowhere") == (1, "", f"there is no nowhere here; {INSTALL}\n")


def installed(lock: Path, line: str) -> tuple[int, list[str]]:
    """What is said while a lock of one line is installed, without a network, and with something for pip to warn of."""
    lock.write_text(f"{line} --hash=sha256:{'0' * 64}\n")
    env = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(lock.parent / "nowhere")}
    command = [sys.executable, "-P", str(ROOT / "runtime/installing.py"), str(lock)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_progress_is_said_and_no_warning_of_pip(tmp_path: Path) -> None:
    status, said = installed(tmp_path / "lock", f"click=={versions('requirements.lock')['click']}")
    assert status == 0, said
    assert said[0] == "  installing 1 packages into .venv, which takes a minute or two"
    assert said[-1].startswith("  1 packages are installed, after ")
    assert not [line for line in said if "WARNING" in line]


def test_all_that_pip_said_is_shown_when_it_fails(tmp_path: Path) -> None:
    status, said = installed(tmp_path / "lock", "no-such-package==1")
    assert status != 0
    assert "  pip could not install the packages:" in said
    assert said[-1].startswith("ERROR: No matching distribution found for no-such-package==1")
