"""`python -m sandbox`: serve the sandbox on 127.0.0.1:$SANDBOX_PORT, one process, 16 threads."""

from __future__ import annotations

import os
import sys

from sandbox.settings import Settings

OPTIONS = (
    *("--worker-class", "gthread", "--workers", "1", "--threads", "16"),
    *("--keep-alive", "75", "--graceful-timeout", "2", "--log-level", "warning"),
)


def main() -> None:
    """Become gunicorn, so that a signal meets the server itself."""
    os.environ["PYTHONTZPATH"] = ""  # zones come from the package tzdata: the host's may be years old
    port = Settings.from_env(os.environ).port
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *OPTIONS, "sandbox:create_app()"]
    os.execv(sys.executable, command)  # noqa: S606 - our own server, no shell


if __name__ == "__main__":
    main()
