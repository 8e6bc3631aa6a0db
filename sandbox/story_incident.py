"""The scene of a mass failure: a lead opens it on the bot's page, a ticket of it comes, and the failure ends."""

from __future__ import annotations

import re
from typing import Any, Protocol

import requests

TIMEOUT = 10
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Bot(Protocol):
    """What the scene needs of the world."""

    bot: str

    def close(self, ticket: dict[str, Any], closing: dict[str, Any]) -> str:
        """Let the ticket be closed; what the delivery became."""
        ...

    def noted(self, ticket_id: str, words: str) -> bool:
        """Wait until an internal note with these words stands in the ticket."""
        ...


class Lead:
    """A lead in the browser."""

    def __init__(self, bot: str) -> None:
        self._bot = bot
        self._session = requests.Session()
        self._session.trust_env = False
        self.press("/sign-in", "/sign-in", email="lead@example.test", password="sandbox")  # noqa: S106

    def press(self, page: str, path: str, **form: str) -> str:
        """Fill in the form of a page and send it; the page that comes after it."""
        found = _TOKEN.search(self._session.get(self._bot + page, timeout=TIMEOUT).text)
        data = {"csrf_token": found[1] if found else "", **form}
        return self._session.post(self._bot + path, data=data, timeout=TIMEOUT).text


def play_incident(world: Bot, scene: dict[str, Any], ticket: dict[str, Any]) -> tuple[bool, str]:
    """The ticket is linked to the failure, and its owner hears of the end."""
    lead = Lead(world.bot)
    page = lead.press("/incidents", "/incidents/new", **scene["form"])
    opened = re.search(r"/incidents/([0-9]+)", page)
    if opened is None:
        return False, "-"
    steps = [world.close(ticket, scene["closing"]) == "done", world.noted(ticket["id"], scene["joined"])]
    lead.press(opened[0], f"{opened[0]}/end")
    steps.append(world.noted(ticket["id"], scene["over"]))
    return all(steps), f"{ticket['id']} -> {scene['form']['issue_key']}"
