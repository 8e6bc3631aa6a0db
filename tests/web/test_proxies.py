"""The proxies of `deploy/`: their numbers are the bot's own, and what passes them arrives as it was sent.

Those that are installed here are run before the pages of this process; nginx is in CI, Caddy where somebody has it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from flask import Request, request, request_started
from werkzeug.serving import make_server

from config.settings import Settings
from runtime.serving.connection import Limits
from runtime.serving.request import BODY_LIMIT
from tests.bot import free_port, sign_crm
from tests.certificates import Authority
from tests.databases import Sqlite
from tests.runtime.waiting import until
from tests.tickets import closing, ticket
from tests.web.site import opened

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {name: (ROOT / "deploy" / name).read_text(encoding="utf-8") for name in ("nginx.conf", "Caddyfile")}
UNITS = {"s": 1, "m": 1024 * 1024, "MiB": 1024 * 1024}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def told(name: str, word: str) -> int:
    """The number that a file gives for a directive, in seconds or bytes."""
    (found,) = re.findall(rf"^\s*{word} (\d+)(\w+);?(?:\s+#.*)?$", TEXTS[name], re.MULTILINE)
    return int(found[0]) * UNITS[found[1]]


def of_gunicorn(word: str) -> int:
    """A number of `gunicorn.conf.py`."""
    (found,) = re.findall(rf"^{word} = (\d+)", (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8"), re.MULTILINE)
    return int(found)


LIMITS = Limits.of(Settings.model_construct())


@pytest.mark.parametrize(("name", "word"), [("nginx.conf", "client_max_body_size"), ("Caddyfile", "max_size")])
def test_the_longest_body_is_the_bot_s_own(name: str, word: str) -> None:
    assert told(name, word) == BODY_LIMIT


@pytest.mark.parametrize(
    ("name", "word", "seconds"),
    [
        ("nginx.conf", "client_header_timeout", LIMITS.seconds),
        ("nginx.conf", "client_body_timeout", LIMITS.seconds),
        ("Caddyfile", "read_header", LIMITS.seconds),
        ("Caddyfile", "read_body", LIMITS.for_body(BODY_LIMIT)),
    ],
)
def test_a_client_has_as_long_as_the_bot_gives_it(name: str, word: str, seconds: float) -> None:
    assert told(name, word) == seconds


@pytest.mark.parametrize(("name", "word"), [("nginx.conf", "keepalive_timeout"), ("Caddyfile", "keepalive")])
def test_the_proxy_lets_go_of_an_idle_connection_first(name: str, word: str) -> None:
    assert told(name, word) < of_gunicorn("keepalive")


@pytest.mark.parametrize(
    ("name", "word"), [("nginx.conf", "proxy_read_timeout"), ("Caddyfile", "response_header_timeout")]
)
def test_an_answer_is_awaited_as_long_as_the_bot_may_take_to_end(name: str, word: str) -> None:
    assert told(name, word) >= of_gunicorn("graceful_timeout")


@pytest.mark.parametrize("name", TEXTS)
def test_it_asks_where_the_bot_listens(name: str) -> None:
    assert re.findall(r"127\.0\.0\.1:(\d+)", TEXTS[name]) == [str(Settings.model_construct().port)]


@dataclass(frozen=True)
class Place:
    """Where a proxy is run: its folder, its port, that of the bot, and its certificate."""

    folder: Path
    port: int
    bot: int

    def written(self, name: str, text: str) -> Path:
        """A file of the folder, for the bot of this place."""
        file = self.folder / name
        file.write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{self.bot}"), encoding="utf-8")
        return file


def nginx(place: Place) -> list[list[str]]:
    """The command that checks its file, and the one that runs it."""
    text = TEXTS["nginx.conf"].replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{place.port} ssl;")
    text = text.replace("/etc/ssl/smezhnik/fullchain.pem", f"{place.folder}/localhost.pem")
    site = place.written("site.conf", text.replace("/etc/ssl/smezhnik/key.pem", f"{place.folder}/localhost.key"))
    folders = "".join(f"{name}_temp_path {place.folder}/{name};" for name in TEMPORARY)
    http = f"http {{access_log off; {folders} include {site};}}"
    file = place.written("nginx.conf", f"daemon off; master_process off; pid {place.folder}/pid; events {{}} {http}")
    command = ["nginx", "-p", str(place.folder), "-e", f"{place.folder}/log", "-c", str(file)]
    return [[*command, "-t"], command]


def caddy(place: Place) -> list[list[str]]:
    """The same of Caddy."""
    text = TEXTS["Caddyfile"].replace("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers")
    tls = f"tls {place.folder}/localhost.pem {place.folder}/localhost.key"
    file = place.written("Caddyfile", text.replace("bot.example.com {", f"https://localhost:{place.port} {{\n\t{tls}"))
    named = ["--config", str(file), "--adapter", "caddyfile"]
    return [["caddy", "validate", *named], ["caddy", "run", *named]]


PROXIES: dict[str, Callable[[Place], list[list[str]]]] = {"nginx": nginx, "caddy": caddy}


def usable(name: str) -> bool:
    """Whether it is installed here, and new enough for the file."""
    if name == "caddy" and shutil.which(name):
        version = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        return tuple(map(int, re.findall(r"\d+", version)[:3])) >= (2, 6, 4)
    return shutil.which(name) is not None


@contextmanager
def running(name: str, place: Place) -> Iterator[None]:
    """The proxy, once its own check of the file has passed."""
    check, run = PROXIES[name](place)
    env = os.environ | {"HOME": str(place.folder), "XDG_CONFIG_HOME": str(place.folder)}
    checked = subprocess.run(check, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    with (place.folder / "log").open("w") as log:
        process = subprocess.Popen(run, env=env, stdout=log, stderr=log)  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class Outside:
    """The bot as the world sees it; `seen` are the requests that reached it."""

    url: str
    session: requests.Session
    seen: list[Request]


@pytest.fixture(params=PROXIES)
def outside(
    request: pytest.FixtureRequest, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    if not usable(request.param):
        pytest.skip(f"no {request.param} is installed here")
    authority = Authority(tmp_path)
    authority.server("localhost")
    place = Place(tmp_path, free_port(), free_port())
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, TRUSTED_PROXIES="1") as site:
        bot = make_server("127.0.0.1", place.bot, site.app, threaded=True)
        serving = threading.Thread(target=bot.serve_forever)
        serving.start()
        try:
            with running(request.param, place), requests.Session() as session:
                session.trust_env, session.verify = False, str(authority.file)
                made = Outside(f"https://localhost:{place.port}", session, [])
                until(lambda: answers(made), "the proxy answers", log=tmp_path / "log")
                with request_started.connected_to(lambda *_, **__: note(made), site.app):
                    yield made
        finally:
            bot.shutdown()
            serving.join()
            bot.server_close()


def answers(outside: Outside) -> bool:
    try:
        return outside.session.get(f"{outside.url}/health/live", timeout=5).ok
    except requests.RequestException:
        return False


def note(outside: Outside) -> None:
    """Keep the request that is being served."""
    outside.seen.append(request._get_current_object())  # type: ignore[attr-defined]


def test_the_bot_knows_who_asks_and_by_which_address(outside: Outside) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    answer = outside.session.get(f"{outside.url}/sign-in", headers=spoofed, timeout=10)
    assert "Strict-Transport-Security" in answer.headers
    (seen,) = outside.seen
    assert (seen.remote_addr, seen.scheme, seen.host.partition(":")[0]) == ("127.0.0.1", "https", "localhost")


def test_a_long_webhook_arrives_byte_for_byte(outside: Outside) -> None:
    body = json.dumps(closing(ticket()) | {"text": "Где заказ?" * 200_000}, ensure_ascii=False, indent=3).encode()
    answer = outside.session.post(
        f"{outside.url}/webhooks/webcrm", data=body, headers=sign_crm(body, "d-1"), timeout=30
    )
    assert (answer.status_code, outside.seen[0].content_length) == (202, len(body))


def test_what_is_longer_than_the_bot_takes_is_refused_on_the_way(outside: Outside) -> None:
    address = f"{outside.url}/webhooks/webcrm"
    assert outside.session.post(address, data=bytes(BODY_LIMIT), timeout=60).status_code == 401  # it came, unsigned
    assert outside.session.post(address, data=bytes(BODY_LIMIT + 1), timeout=60).status_code == 413
