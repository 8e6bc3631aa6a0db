"""`python -m sandbox`: serve the sandbox on 127.0.0.1:$SANDBOX_PORT, as `serving.py` says."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Become gunicorn, so that a signal meets the server itself."""
    os.environ["PYTHONTZPATH"] = ""  # zones come from the package tzdata: the host's may be years old
    command = [sys.executable, "-m", "gunicorn", "--config", "python:sandbox.serving", "sandbox:create_app()"]
    os.execv(sys.executable, command)  # noqa: S606 - our own server, no shell


if __name__ == "__main__":
    main()
