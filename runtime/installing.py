"""Installs a lock file into this Python with pip and reports the progress, for the first run of `make`.

Runs before anything is installed, so it imports only the standard library. pip's output is shown only if pip fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.5
SAY_SECONDS = 5.0  # between two lines where a line cannot be overwritten
_PACKAGE = re.compile(r"^[\w.-]+(?:\[[\w,]+\])?==", re.MULTILINE)
_PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]


class Progress:
    """One line that is overwritten on a terminal; elsewhere a new line every few seconds."""

    def __init__(self) -> None:
        self._over = sys.stdout.isatty()
        self._said = -SAY_SECONDS
        self._last = ""

    def say(self, line: str) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if line != self._last and (self._over or now - self._said >= SAY_SECONDS):
            self._last, self._said = line, now
            self._write(f"\r\033[K  {line}" if self._over else f"  {line}\n")

    def end(self, line: str) -> None:
        """Show how it ended."""
        self._write(("\r\033[K" if self._over else "") + f"  {line}\n")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def install(lock: Path) -> int:
    """Install all packages that a lock file names; return pip's exit status."""
    count = len(_PACKAGE.findall(lock.read_text(encoding="utf-8")))
    begun, progress, said = time.monotonic(), Progress(), list[str]()
    progress.say(f"installing {count} packages into .venv, which takes a minute or two")
    pip = subprocess.Popen(  # noqa: S603 # our own command
        [*_PIP, "--require-hashes", "-r", str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    reader = threading.Thread(target=lambda: said.extend(pip.stdout or ()), daemon=True)
    reader.start()
    here = _installed()
    while pip.poll() is None:
        time.sleep(LOOK_SECONDS)
        progress.say(_how_far(said, count, _installed() - here))
    reader.join()
    if pip.returncode:
        progress.end("pip could not install the packages:")
        sys.stdout.writelines(said)
    else:
        progress.end(f"{count} packages are installed, after {time.monotonic() - begun:.0f} s")
    return pip.returncode


def _how_far(said: list[str], count: int, installed: int) -> str:
    if any(line.startswith("Installing collected") for line in said):
        return f"{installed} of {count} packages unpacked"
    return f"{sum(line.startswith('Collecting ') for line in said)} of {count} packages fetched"


def _installed() -> int:
    return len(list(Path(sysconfig.get_path("purelib")).glob("*.dist-info")))


if __name__ == "__main__":
    sys.exit(install(Path(sys.argv[1])))
