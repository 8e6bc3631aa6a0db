"""`make run` and `make demo`: all processes on this machine, with the sandbox when no JIRA_URL is set."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from config import ConfigError, environment

ROOT = Path(__file__).resolve().parent.parent
RESTART_SECONDS = 1.0
STOP_SECONDS = 45  # a running verb may take as long as a write to Jira
READY_SECONDS = 60
DEFAULTS = {"PORT": "8080", "SANDBOX_PORT": "8090", "LOG_FORMAT": "text"}
PLACES = {"web": ("PORT", "/health/ready"), "sandbox": ("SANDBOX_PORT", "/sandbox/calls")}  # where a start is seen
TO_TRY = """
  Three things to try; the password of all is "sandbox":
  1. as admin@example.test, see what became of each event and by which rule: http://127.0.0.1:{PORT}/deliveries
  2. as agent@example.test, see a ticket's card: http://127.0.0.1:{PORT}/tickets/usedesk/2380001
  3. let a day go by, then see as lead@example.test who has waited too long: http://127.0.0.1:{PORT}/board
     curl http://127.0.0.1:{SANDBOX_PORT}/sandbox/clock -H 'Content-Type: application/json' -d '{{"advance": "25h"}}'

  The sandbox's own page: http://127.0.0.1:{SANDBOX_PORT}/sandbox; to send events of your own: docs/sandbox.md
"""

quiet = threading.Event()  # while the story is told, the processes' lines go to their files alone


@dataclass
class Child:
    """One process of the bot; its lines go to `DATA_DIR/logs` and, with its name in front, to the terminal."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    process: subprocess.Popen[str] | None = None
    printer: threading.Thread | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a group of its own, so that Ctrl-C reaches it through us and in order."""
        self.process = subprocess.Popen(  # noqa: S603 # our own commands
            self.command,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.printer = threading.Thread(target=self._print, args=(self.process,), daemon=True)
        self.printer.start()

    def ended(self) -> bool:
        """True when it has come to an end by itself, and all that it said is printed."""
        if self.process is None or self.printer is None or self.process.poll() is None:
            return False
        self.printer.join(1)  # a child of its own may still hold the pipe
        return True

    def _print(self, process: subprocess.Popen[str]) -> None:
        with (Path(self.env["DATA_DIR"]) / "logs" / f"{self.name}.log").open("a") as log:
            for line in process.stdout or ():
                log.write(line)
                log.flush()
                if not quiet.is_set():
                    _say(f"{self.name:>7} | {line.rstrip()}")

    def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _is_there(port: str, path: str) -> bool:
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxies the machine has
    try:
        with here.open(f"http://127.0.0.1:{port}{path}", timeout=2):
            return True
    except (OSError, HTTPException, OverflowError):  # not there or not ready; no port at all
        return False


def prepare() -> dict[str, str]:
    """The environment of all processes: what is given, then `.env`, then the sandbox's when there is no JIRA_URL.

    Raises ConfigError when `.env` cannot be read.
    """
    environment.complete()
    for name, value in DEFAULTS.items():
        os.environ[name] = os.environ.get(name) or value
    os.environ["DATA_DIR"] = str(Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve())
    if not os.environ.get("JIRA_URL"):
        environment.add(ROOT / ".env.sandbox")
    return dict(os.environ)


def children(env: Mapping[str, str]) -> list[Child]:
    """The processes; they are stopped from the last to the first."""
    python = sys.executable
    flask = [python, "-m", "flask", "--app", "app"]
    web = [python, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "app:create_app()"]
    bot = [Child("web", web, env), Child("worker", [*flask, "worker"], env), Child("clock", [*flask, "clock"], env)]
    sandbox = [Child("sandbox", [python, "-m", "sandbox"], env)] if env.get("SMEZHNIK_SANDBOX") else []
    return [*sandbox, *bot]


class Supervisor:
    """Keeps the processes running until it is told to stop."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes
        self.stopping = threading.Event()

    def start(self, env: Mapping[str, str]) -> bool:
        """Start all; False: they do not start, and what is wrong was said, or we are told to stop.

        The web process comes first: it says what is wrong with the settings, once, and makes the database ready.
        """
        first = [child for child in self._processes if child.name in PLACES]
        for child in sorted(first, key=lambda child: child.name != "web"):
            child.start()
            port, path = PLACES[child.name]
            if not self._answers(env[port], path, child):
                return False
        for child in self._processes:
            if child not in first:
                child.start()
        threading.Thread(target=self._watch, daemon=True).start()
        return True

    def _answers(self, port: str, path: str, child: Child) -> bool:
        """Wait until a process answers; False when it ends instead, takes too long, or we are told to stop."""
        deadline = time.monotonic() + READY_SECONDS
        while not _is_there(port, path):
            late = time.monotonic() > deadline
            if child.ended() or late:
                _say(f"{child.name} did not start{' within a minute' if late else ''}; what is wrong stands above")
                return False
            if self.stopping.wait(0.2):
                return False
        return True

    def _watch(self) -> None:
        while not self.stopping.wait(0.2):
            for child in self._processes:
                if child.process is not None and child.process.poll() is not None and not self.stopping.is_set():
                    _say(f"{child.name:>7} | ended with {child.process.returncode}, starting it again")
                    child.deaths.append(time.monotonic())
                    recent = [death for death in child.deaths if time.monotonic() - death < READY_SECONDS]
                    self.stopping.wait(RESTART_SECONDS * len(recent))
                    if not self.stopping.is_set():
                        child.start()

    def stop(self) -> None:
        """End all: the clock and the web first, the sandbox last."""
        self.stopping.set()
        for child in reversed(self._processes):
            child.stop()


def _in_the_way(env: Mapping[str, str]) -> str:
    """What keeps us from starting anything: no place for logs, or ports that are in use; nothing when all is well."""
    logs = Path(env["DATA_DIR"]) / "logs"
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{logs} cannot be made ({error.strerror}); set DATA_DIR to another folder"
    names = ["PORT", "SANDBOX_PORT"] if env.get("SMEZHNIK_SANDBOX") else ["PORT"]
    taken = [f"{name}={env[name]}" for name in names if _taken(env[name])]
    if not taken:
        return ""
    return f"this port is in use: {', '.join(taken)}; set another one, as in: {taken[0].split('=')[0]}=8181 make run"


def _taken(port: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except (ValueError, OverflowError):
            return False  # no port at all, which the web process says
        except OSError:
            return True
    return False


def _story(env: Mapping[str, str]) -> int:
    """Play the sample tickets through; 0 when every one came out as expected."""
    quiet.set()
    try:
        return _told(env)
    finally:
        quiet.clear()


def _told(env: Mapping[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "sandbox.story"], env=dict(env), check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C; with `--demo` until the story is over, whose exit status is ours."""
    parser = argparse.ArgumentParser(prog="runtime.supervisor", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="end after the story")
    demo = parser.parse_args(arguments).demo
    try:
        env = prepare()
    except ConfigError as error:
        _say(str(error))
        return 1
    if demo:
        env["DATA_DIR"] = str(Path(env["DATA_DIR"]) / f"demo-{os.getpid()}")
        env["DATABASE_URL"] = f"sqlite:///{env['DATA_DIR']}/smezhnik.sqlite"
    if wrong := _in_the_way(env):
        _say(wrong)
        return 1
    supervisor = Supervisor(children(env))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: supervisor.stopping.set())
    try:
        return _serve(supervisor, env, demo=demo)
    finally:
        supervisor.stop()
        if demo:
            shutil.rmtree(env["DATA_DIR"], ignore_errors=True)


def _serve(supervisor: Supervisor, env: Mapping[str, str], *, demo: bool) -> int:
    if not supervisor.start(env):
        return 0 if supervisor.stopping.is_set() else 1
    sandbox = bool(env.get("SMEZHNIK_SANDBOX"))
    _say(f"\n  Smezhnik: http://127.0.0.1:{env['PORT']}/")
    _say(f"  what the processes say: {env['DATA_DIR']}/logs\n")
    status = 0
    if sandbox and (demo or env.get("DEMO_TICKETS", "1") != "0"):
        status = _story(env)
    if demo:
        return status
    if sandbox:
        _say(TO_TRY.format_map(env))
    supervisor.stopping.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
