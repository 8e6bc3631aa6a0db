"""Our processes as they run in production, and fresh databases for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bot import environment, free_port
from tests.databases import Postgres, Sqlite, reachable

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 45
NOWHERE = "http://127.0.0.1:9"  # for runs that call no other system


Maker = Sqlite | Postgres
Makers = Mapping[str, Maker]


@contextmanager
def stores() -> Iterator[Makers]:
    """Makers of fresh databases, by name; PostgreSQL where it answers at TEST_DATABASE_URL."""
    with TemporaryDirectory() as folder:
        makers: dict[str, Maker] = {"SQLite": Sqlite(Path(folder))}
        if reachable():
            makers["PostgreSQL"] = Postgres()
        else:
            print("no PostgreSQL answers at TEST_DATABASE_URL: SQLite alone is measured")
        try:
            yield makers
        finally:
            for maker in makers.values():
                maker.close()


@contextmanager
def fresh(maker: Maker, sandbox_url: str = NOWHERE) -> Iterator[dict[str, str]]:
    """The environment of a bot on a new database."""
    with TemporaryDirectory() as folder:
        url = maker.fresh(Path(folder))
        yield dict(os.environ) | environment(sandbox_url, url, Path(folder)) | {"LOG_FORMAT": "json"}
        maker.drop(url)


@contextmanager
def web(env: Mapping[str, str], port: int | None = None) -> Iterator[int]:
    """gunicorn with the settings of `gunicorn.conf.py`; the port that it answers on."""
    port = port or free_port()
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:create_app()"]
    with _process(command, env) as process:
        _wait(process, port)
        yield port


@contextmanager
def sandbox() -> Iterator[str]:
    """A sandbox in a process of its own; its address."""
    port = free_port()
    with TemporaryDirectory() as folder:
        env = dict(os.environ) | {
            "SANDBOX_PORT": str(port),
            "DATA_DIR": folder,
            "SANDBOX_SEARCH_LAG": "0",
            "BOT_URL": "",
        }
        with _process(["-m", "sandbox"], env) as process:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"


@contextmanager
def command(env: Mapping[str, str], name: str) -> Iterator[subprocess.Popen[bytes]]:
    """`flask worker` or `flask clock`."""
    with _process(["-m", "flask", "--app", "app", name], env) as process:
        yield process


@contextmanager
def counting_worker(env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker whose statements and commits `benchmarks.counting` tells."""
    with _process(["-m", "benchmarks.counting"], env) as process:
        yield process


@contextmanager
def _process(arguments: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Python of ours; its log goes into DATA_DIR and is shown when it fails."""
    log = Path(env["DATA_DIR"]) / f"{arguments[1]}.log"
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=dict(env), stdout=out, stderr=out)
    try:
        yield process
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-2000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2).close()
        except urllib.error.HTTPError:  # the sandbox has no such route
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the web process did not start")
