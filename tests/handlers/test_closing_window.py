"""WebCRM's closing window in the sandbox: the bot is asked before the button, and told at it."""

from __future__ import annotations

import requests

from tests.bot import Bot
from tests.tickets import ticket


def test_the_window_shows_what_the_bot_says_and_then_closes(bot: Bot) -> None:
    made = ticket(type="Реклама", subtype="Как настроить кампанию")
    bot.sandbox.put_ticket(made)
    page = requests.get(f"{bot.sandbox.url}/sandbox", timeout=10).text
    place = f"{bot.sandbox.url}/sandbox/closing/{made['id']}"
    assert f'action="/sandbox/closing/{made["id"]}"' in page
    unanswered = requests.post(place, {"resolution": "НТО"}, timeout=10).text  # this bot has no API
    assert "Бот не ответил" in unanswered
    assert "Всё равно закрыть" in unanswered
    assert requests.post(f"{place}x", {"resolution": "НТО"}, timeout=10).status_code == 404
    shown = requests.post(f"{place}/close", {"resolution": "НТО"}, timeout=10)
    assert "Обращения WebCRM" in shown.text
    bot.work()
    assert any("R-08" in one["text"] for one in bot.sandbox.ticket(made["id"])["messages"])
