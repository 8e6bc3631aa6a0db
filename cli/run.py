"""`make run` and `make demo`: all processes on this machine, with the sandbox when no JIRA_URL is set.

The bot's processes are forks of this one, which has imported what they need, so they share that memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial
from http.client import HTTPException
from importlib import import_module
from pathlib import Path

from config import ConfigError, environment
from runtime import memory
from runtime.supervisor import ENDS, Child, Supervisor, say

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
WORKERS = min(2, os.cpu_count() or 1)  # one worker fills one core
DEFAULTS = {"PORT": "8080", "SANDBOX_PORT": "8090", "WORKERS": str(WORKERS), "LOG_FORMAT": "text"}
PLACES = {"web": ("PORT", "/health/ready"), "sandbox": ("SANDBOX_PORT", "/sandbox/calls")}  # answer once started
PRELOADED = ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "app", "wiring", "runtime.worker", "runtime.clock")
TO_TRY = """
  Three things to try; the password of all is "sandbox":
  1. as admin@example.test, see what became of each event and by which rule: http://127.0.0.1:{PORT}/deliveries
  2. as agent@example.test, see what waits for you: http://127.0.0.1:{PORT}/mine
  3. as lead@example.test, see who has waited too long: http://127.0.0.1:{PORT}/board; let another day go by:
     curl http://127.0.0.1:{SANDBOX_PORT}/sandbox/clock -H 'Content-Type: application/json' -d '{{"advance": "25h"}}'

  The sandbox's own page: http://127.0.0.1:{SANDBOX_PORT}/sandbox; to send events of your own: docs/sandbox.md
"""


def prepare(*, demo: bool) -> None:
    """Complete the environment of all processes from `.env`, the defaults, and without a JIRA_URL the sandbox's.

    A demo gets a data folder of its own. Raises ConfigError when `.env` cannot be read.
    """
    environment.complete()
    for name, value in DEFAULTS.items():
        os.environ[name] = os.environ.get(name) or value
    os.environ["DATA_DIR"] = str(Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve())
    if not os.environ.get("JIRA_URL"):
        if not os.environ.get("CONFIG_DIR"):  # whoever brings tables has people of their own
            os.environ["PEOPLE_FILE"] = os.environ.get("PEOPLE_FILE") or str(ROOT / "sandbox" / "people.yml")
        environment.add(ROOT / ".env.sandbox")
    if demo:
        folder = f"{os.environ['DATA_DIR']}/demo-{os.getpid()}"
        os.environ |= {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/smezhnik.sqlite"}


def preload() -> None:
    """Import what the processes need, without starting threads, opening connections or reading settings."""
    if not os.environ.get("DATABASE_URL", "sqlite").startswith("sqlite"):
        # prometheus_client reads this at its import to know that there are several processes; gunicorn.conf.py sets
        # the folder
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ["DATA_DIR"]
        import_module("psycopg")
    for name in PRELOADED:
        import_module(name)
    memory.use_few_arenas()
    memory.before_forks()


def _serve() -> None:
    """Run gunicorn the way the Procfile does."""
    from gunicorn.app import wsgiapp

    sys.argv = ["gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "app:create_app()"]
    wsgiapp.run()


def _command(name: str) -> None:
    """Run a worker or a clock the way `flask --app app …` does."""
    from flask.cli import main

    sys.argv = ["flask", "--app", "app", name]
    main()


def children() -> list[Child]:
    """Return the processes; they are stopped from the last to the first."""
    logs = Path(os.environ["DATA_DIR"]) / "logs"
    wanted = os.environ["WORKERS"]  # if malformed, the web process, which starts first, reports it
    others = [f"worker{number}" for number in range(2, int(wanted) + 1)] if wanted.isdecimal() else []
    commands = {**dict.fromkeys(["worker", *others], "worker"), "clock": "clock"}
    bot = [Child("web", _serve, logs), *(Child(name, partial(_command, do), logs) for name, do in commands.items())]
    python = [sys.executable, "-m", "sandbox"]
    sandbox = [Child("sandbox", partial(os.execv, sys.executable, python), logs)]
    return [*(sandbox if _with_sandbox() else []), *bot]


def _with_sandbox() -> bool:
    return bool(os.environ.get("SMEZHNIK_SANDBOX"))


def _start(supervisor: Supervisor, processes: list[Child]) -> bool:
    """Start all processes; return False when one does not start, which was reported, or we are told to stop.

    The web process comes first: it reports faulty settings once, and migrates the database.
    """
    for child in sorted(processes, key=lambda child: (child.name not in PLACES, child.name != "web")):
        supervisor.start(child)
        if child.name in PLACES and not _answers(supervisor, child):
            return False
    return True


def _answers(supervisor: Supervisor, child: Child) -> bool:
    """Wait until a process answers; return False when it ends, takes too long, or we are told to stop."""
    port, path = PLACES[child.name]
    deadline = time.monotonic() + READY_SECONDS

    def late() -> bool:
        return time.monotonic() > deadline

    def is_there() -> bool:
        return _is_there(os.environ[port], path)

    if not supervisor.attend(lambda: is_there() or child.ended or late(), restart=False):
        return False
    if child.ended or late():
        supervisor.attend(lambda: True)
        say(f"{child.name} did not start{' within a minute' if late() else ''}; what is wrong stands above")
        return False
    return True


def _is_there(port: str, path: str) -> bool:
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # without the machine's proxies
    try:
        with here.open(f"http://127.0.0.1:{port}{path}", timeout=2):
            return True
    except (OSError, HTTPException, OverflowError):  # not there, not ready, or not a valid port
        return False


def _in_the_way() -> str:
    """Return what prevents a start: no folder for logs, or ports in use; an empty string when nothing does."""
    logs = Path(os.environ["DATA_DIR"]) / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{logs} cannot be made ({error.strerror}); set DATA_DIR to another folder"
    names = ["PORT", "SANDBOX_PORT"] if _with_sandbox() else ["PORT"]
    taken = [f"{name}={os.environ[name]}" for name in names if _taken(os.environ[name])]
    if not taken:
        return ""
    return f"this port is in use: {', '.join(taken)}; set another one, as in: {taken[0].split('=')[0]}=8181 make run"


def _taken(port: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except (ValueError, OverflowError):
            return False  # not a valid port, which the web process reports
        except OSError:
            return True
    return False


def _story(supervisor: Supervisor, module: str = "sandbox.story") -> int:
    """Play the sample tickets, or another module of the sandbox; return 0 when all came out as expected."""
    supervisor.quiet = True
    with subprocess.Popen([sys.executable, "-m", module]) as story:  # noqa: S603 # one of our own two
        if not supervisor.attend(lambda: story.poll() is not None):
            story.terminate()
    supervisor.quiet = False
    return story.returncode


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C; with `--demo` until the story is over, and return its exit status."""
    parser = argparse.ArgumentParser(prog="cli.run", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="end after the story")
    demo = parser.parse_args(arguments).demo
    try:
        prepare(demo=demo)
    except ConfigError as error:
        say(str(error))
        return 1
    if wrong := _in_the_way():
        say(wrong)
        return 1
    processes = children()
    supervisor = Supervisor(processes)
    for name in ENDS:
        signal.signal(name, lambda *_: setattr(supervisor, "stopping", True))
    try:
        preload()
        return _run(supervisor, processes, demo=demo)
    finally:
        supervisor.stop()
        if demo:
            shutil.rmtree(os.environ["DATA_DIR"], ignore_errors=True)


def _run(supervisor: Supervisor, processes: list[Child], *, demo: bool) -> int:
    if not _start(supervisor, processes):
        return 0 if supervisor.stopping else 1
    say(f"\n  Smezhnik: http://127.0.0.1:{os.environ['PORT']}/")
    say(f"  what the processes say: {os.environ['DATA_DIR']}/logs\n")
    status = 0
    if _with_sandbox() and (demo or os.environ.get("DEMO_TICKETS", "1") != "0"):
        status = _story(supervisor)
        if not demo and not supervisor.stopping:
            _story(supervisor, "sandbox.living_desk")
    if demo:
        return status
    if _with_sandbox():
        say(TO_TRY.format_map(os.environ))
    supervisor.attend(lambda: False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
