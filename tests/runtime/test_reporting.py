"""The clock's part in the reports: digests on working days, once, whoever is there; days that are counted."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from config.reports import DigestConfig
from desk import digest
from desk.digest import is_due
from runtime.reporting import Reporting
from store import requests
from store.tables import deliveries
from store.tables.reports import report_rows
from tests.bot import Bot, free_port

FRIDAY = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # nine o'clock in Moscow
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (FRIDAY - timedelta(seconds=1), False),
        (FRIDAY, True),
        (FRIDAY + 2 * HOUR, True),
        (FRIDAY + 3 * HOUR, False),  # no news any more
        (FRIDAY + 24 * HOUR, False),  # Saturday
        (datetime(2026, 11, 4, 6, 0, tzinfo=UTC), False),  # a holiday
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), True),
    ],
)
def test_when_a_digest_is_due(any_bot: Bot, moment: datetime, due: bool) -> None:
    assert is_due(any_bot.reloader.current(), DigestConfig(), moment) is due


class Chat:
    """Takes what Apprise sends."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_two_clocks_send_one_digest_and_count_the_same(any_bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = Chat()
    try:
        any_bot.set_config(DIGEST_LEAD=f"json://127.0.0.1:{chat.port}/")
        since = FRIDAY - 40 * HOUR
        row: dict[str, Any] = {
            "source": "usedesk",
            "ticket_id": "700",
            "department": "service",
            "origin": "usedesk",
            "text": "?",
        }
        row |= {"answer_required": True, "since": since, "due_at": since + 24 * HOUR, "opened_by": "x"}
        with any_bot.engine.begin() as connection:
            requests.add(connection, row)
        monkeypatch.setattr(any_bot.process.factory.clock, "now", lambda: FRIDAY + HOUR)
        config = any_bot.reloader.current()
        for _ in range(2):
            clock = Reporting(any_bot.engine, any_bot.process.factory)
            clock.count(config)
            clock.digests(config)
        any_bot.work(settle=False)
        with any_bot.engine.connect() as connection:
            names = connection.execute(sa.select(deliveries.c.delivery_id)).scalars().all()
            asked = connection.execute(
                sa.select(sa.func.sum(report_rows.c.asked)).where(report_rows.c.dimension == "all")
            ).scalar_one()
            made = digest.make(connection, config, FRIDAY + HOUR, ("worst", "board", "report"))
        assert names == ["digest:morning:2026-11-20"]
        assert asked == 1
        (heard,) = chat.heard
        assert "Тикет 700" in heard
        assert "Сервисный департамент" in heard
        assert len(made.text.splitlines()) < 25
        assert "<script" not in made.html
        assert any_bot.steps("digest:morning:2026-11-20", "bot") == [("own", "send_digest", "done")]
    finally:
        chat.close()


class Mailbox:
    """Takes mail."""

    def __init__(self) -> None:
        self.mail: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        """Keep a message."""
        self.mail.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        return "250 OK"


def test_a_digest_by_mail_is_a_page_and_the_same_as_text(any_bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        any_bot.set_config(DIGEST_LEAD=f"mailto://127.0.0.1:{port}?from=bot@example.test&to=lead@example.test")
        row: dict[str, Any] = {
            "source": "usedesk",
            "ticket_id": "700",
            "department": "service",
            "origin": "usedesk",
            "text": "?",
        }
        row |= {"answer_required": True, "since": FRIDAY - 40 * HOUR, "due_at": FRIDAY - 16 * HOUR, "opened_by": "x"}
        with any_bot.engine.begin() as connection:
            requests.add(connection, row)
        monkeypatch.setattr(any_bot.process.factory.clock, "now", lambda: FRIDAY + HOUR)
        Reporting(any_bot.engine, any_bot.process.factory).digests(any_bot.reloader.current())
        any_bot.work(settle=False)
    finally:
        server.stop()
    (mail,) = box.mail
    page, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert mail["to"] == "lead@example.test"
    assert "сводка" in mail["subject"]
    assert page is not None
    assert text is not None
    for words in ("Тикет 700", "Сервисный департамент"):
        assert words in page.get_content()
        assert words in text.get_content()
    lines = text.get_content().splitlines()
    assert "<" not in text.get_content()
    assert "- напоминаний: вчера 0, за 7 дней 0, неделей раньше 0" in lines
    assert len(lines) <= 25, "one screen"


def test_a_digest_escapes_what_people_wrote(any_bot: Bot) -> None:
    row: dict[str, Any] = {
        "source": "usedesk",
        "ticket_id": "7",
        "department": "<b>x</b>",
        "origin": "usedesk",
        "text": "?",
    }
    row |= {"answer_required": True, "since": FRIDAY - 40 * HOUR, "due_at": FRIDAY - 16 * HOUR, "opened_by": "x"}
    with any_bot.engine.begin() as connection:
        requests.add(connection, row)
        made = digest.make(connection, any_bot.reloader.current(), FRIDAY, ("worst",))
    assert "&lt;b&gt;x" in made.html
    assert "<b>x" not in made.html
