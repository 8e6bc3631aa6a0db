"""`make run` and `make demo`: all processes on this machine, with the sandbox when no JIRA_URL is set."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESTART_SECONDS = 1.0
SANDBOX_USERS = ("admin@example.test", "lead@example.test", "agent@example.test")  # made by the web process
SANDBOX_PASSWORD = "sandbox"  # noqa: S105 # everybody knows it
STOP_SECONDS = 45  # a running verb may take as long as a write to Jira
READY_SECONDS = 60


quiet = threading.Event()  # while the story is told, the processes' lines go to their files alone


@dataclass
class Child:
    """One process of the bot; its lines go to `DATA_DIR/logs` and, with its name in front, to the terminal."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    process: subprocess.Popen[str] | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it in a group of its own, so that Ctrl-C reaches it through us and in order."""
        self.process = subprocess.Popen(  # noqa: S603 # our own commands
            self.command,
            cwd=ROOT,
            env=dict(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._print, args=(self.process,), daemon=True).start()

    def _print(self, process: subprocess.Popen[str]) -> None:
        folder = Path(self.env["DATA_DIR"]) / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{self.name}.log").open("a") as log:
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


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of all processes: what is given, then `.env`, then the sandbox's when there is no JIRA_URL."""
    env = dict(given)
    _add(env, ROOT / ".env")
    env.setdefault("PORT", "8080")
    env.setdefault("SANDBOX_PORT", "8090")
    env.setdefault("LOG_FORMAT", "text")
    env["DATA_DIR"] = str(Path(env.get("DATA_DIR") or ROOT / "var").resolve())
    if not env.get("JIRA_URL"):
        _add(env, ROOT / ".env.sandbox")
    return env


def _add(env: dict[str, str], file: Path) -> None:
    """Read `NAME=value` lines; what is set already wins; `${NAME}` is replaced."""
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith("#") and not env.get(name.strip()):
            env[name.strip()] = re.sub(r"\$\{(\w+)\}", lambda found: env.get(found[1], ""), value.strip())


def children(env: Mapping[str, str]) -> list[Child]:
    """The processes, in the order in which they are started."""
    python = sys.executable
    flask = [python, "-m", "flask", "--app", "app"]
    web = [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{env['PORT']}", "app:create_app()"]
    bot = [Child("web", web, env), Child("worker", [*flask, "worker"], env), Child("clock", [*flask, "clock"], env)]
    sandbox = [Child("sandbox", [python, "-m", "sandbox"], env)] if env.get("SMEZHNIK_SANDBOX") else []
    return [*sandbox, *bot]


class Supervisor:
    """Keeps the processes running until it is told to stop."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes
        self.stopping = threading.Event()

    def start(self) -> None:
        """Start all, and a thread that starts again what dies."""
        for child in self._processes:
            child.start()
        threading.Thread(target=self._watch, daemon=True).start()

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


def _wait_until_ready(port: str) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _taken(env: Mapping[str, str]) -> list[str]:
    names = ["PORT", "SANDBOX_PORT"] if env.get("SMEZHNIK_SANDBOX") else ["PORT"]
    taken = []
    for name in names:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", int(env[name])))
            except OSError:
                taken.append(f"{name}={env[name]}")
    return taken


def _story(env: Mapping[str, str]) -> int:
    """Play the sample tickets through; 0 when every one came out as expected."""
    quiet.set()
    try:
        return _told(env)
    finally:
        quiet.clear()


def _told(env: Mapping[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "sandbox.story"], cwd=ROOT, env=dict(env), check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """Run until Ctrl-C; with `--demo` until the story is over, whose exit status is ours."""
    parser = argparse.ArgumentParser(prog="runtime.supervisor", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="end after the story")
    demo = parser.parse_args(arguments).demo
    env = environment(os.environ)
    if demo:
        env["DATA_DIR"] = str(Path(env["DATA_DIR"]) / f"demo-{os.getpid()}")
        env.pop("DATABASE_URL", None)
    taken = _taken(env)
    if taken:
        _say(f"this port is in use: {', '.join(taken)}; set another one, as in: {taken[0].split('=')[0]}=8181 make run")
        return 1
    supervisor = Supervisor(children(env))
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    supervisor.start()
    try:
        return _serve(env, ended, demo=demo)
    finally:
        supervisor.stop()
        if demo:
            shutil.rmtree(env["DATA_DIR"], ignore_errors=True)


def _serve(env: Mapping[str, str], ended: threading.Event, *, demo: bool) -> int:
    if not _wait_until_ready(env["PORT"]):
        _say("the bot did not start within a minute; its messages stand above")
        return 1
    sandbox = bool(env.get("SMEZHNIK_SANDBOX"))
    _say(f"\n  Smezhnik: http://127.0.0.1:{env['PORT']}/")
    if sandbox:
        _say(f"  sign in as {', '.join(SANDBOX_USERS)}; the password is {SANDBOX_PASSWORD}")
        _say(f"  the sandbox's Jira, WebCRM and Usedesk: http://127.0.0.1:{env['SANDBOX_PORT']}/sandbox")
    _say(f"  what the processes say: {env['DATA_DIR']}/logs\n")
    status = 0
    if sandbox and (demo or env.get("DEMO_TICKETS", "1") != "0"):
        status = _story(env)
    if demo:
        return status
    ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
