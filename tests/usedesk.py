"""A bot in this process that is set up for Usedesk; its limit of calls does not hold tests up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox.live import LiveSandbox
from store.rates import Rate
from store.tables import deliveries
from tests.bot import Bot, free_port


def variables(sandbox_url: str) -> dict[str, str]:
    """What Usedesk needs in the environment."""
    return {
        "USEDESK_URL": f"{sandbox_url}/usedesk",
        "USEDESK_TOKEN": "sandbox-usedesk-token",
        "USEDESK_SECRET": "sandbox-usedesk-secret",
        "USEDESK_PATH_TOKEN": "sandbox",
        "USEDESK_BLOCK_SECRET": "sandbox-usedesk-block",
        "USEDESK_AGENT_ID": "1",
    }


@contextmanager
def usedesk_bot(database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """The bot with a sandbox whose Usedesk sends it webhooks."""
    monkeypatch.setattr("desk.usedesk.limit.RATE", Rate("usedesk", per_second=1000, burst=1000))
    port = free_port()
    sandbox = LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=folder)
    with sandbox, Bot(database_url, sandbox, folder, port) as made:
        sandbox.usedesk_settings(rate_limit=False)
        yield made


def arrived(bot: Bot) -> list[tuple[str, str]]:
    """The deliveries of Usedesk's: type and id, in the order in which they came."""
    rows = sa.select(deliveries.c.type, deliveries.c.delivery_id).where(deliveries.c.source == "usedesk")
    with bot.engine.connect() as connection:
        return [(row.type, row.delivery_id) for row in connection.execute(rows.order_by(deliveries.c.id))]


def notes(bot: Bot, ticket: int | str) -> list[str]:
    """What the bot wrote to the agents of a ticket in Usedesk."""
    comments = bot.sandbox.usedesk_ticket(ticket)["comments"]
    return [one["message"] for one in comments if one["user_id"] == "1" and one["type"] == "private"]
