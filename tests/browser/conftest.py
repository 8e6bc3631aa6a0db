"""One browser for all, and a bot with its pages on a port of this process, on real data of the sandbox."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

import config
from sandbox.live import LiveSandbox, QuietHandler
from tests.bot import Bot, free_port
from tests.browser.looks import PATIENCE, WIDE
from tests.databases import Sqlite
from tests.web.site import Site, own_logs

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without one the tests are skipped, and with CI=true they fail."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium on this machine: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class House:
    """The bot, its pages, and where they are."""

    def __init__(self, bot: Bot, site: Site, url: str) -> None:
        self.bot, self.site, self.url = bot, site, url


def whole(app: Flask) -> WSGIApplication:
    """Answer with nothing that is still open: where a browser hangs up, Werkzeug's server closes no file of ours."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(ClosingIterator(app(environ, start_response))) as parts:
            return [b"".join(parts)]

    return answer


def own_tables(folder: Path) -> Path:
    """A copy of the shipped tables, which pages may change."""
    folder.mkdir()
    for table in Path(config.__file__).parent.glob("*.yml"):
        shutil.copy(table, folder)
    return folder


@pytest.fixture(scope="module")
def house(sqlite: Sqlite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """All of it, in this process."""
    folder: Path = tmp_path_factory.mktemp("house")
    port = free_port()
    sandbox = LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=folder)
    made = Bot(sqlite.fresh(folder), sandbox, folder, port, CONFIG_DIR=str(own_tables(folder / "config")))
    with pytest.MonkeyPatch.context() as patch, sandbox, made as bot:
        for name, value in bot.env.items():
            patch.setenv(name, value)
        patch.setenv("WORKER_LEASE", "1h")  # a worker that was seen once is alive as long as the pages are walked
        with own_logs():
            site = Site(bot.env)
            server = make_server("127.0.0.1", 0, whole(site.app), threaded=True, request_handler=QuietHandler)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            yield House(bot, site, f"http://127.0.0.1:{server.port}")
            server.shutdown()
            server.server_close()
            thread.join()
            site.engine.dispose()


@pytest.fixture
def page(chromium: Browser, worked: House) -> Iterator[Page]:
    """A fresh browser window of a Russian, after what the file's `worked` did; nothing goes wrong in its console."""
    context = chromium.new_context(base_url=worked.url, locale="ru-RU", viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    said: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert said == []
