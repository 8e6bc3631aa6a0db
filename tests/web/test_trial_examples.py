"""The examples of «Проверка события»: each is read, and something happens at it."""

from __future__ import annotations

import html
import re

import pytest

from tests.bot import Bot
from tests.handlers.test_holds import SELLER, for_seller, says
from tests.web.site import Site
from web.words import words

AT_EACH = {
    "task": ("создать задачу Jira", "компоненты: FF:Хоругвино"),
    "hold_ozon": ("поставить тикет на удержание", "Ожидает обработки"),
    "hold_seller": ("поставить тикет на удержание", "Ожидает ответа продавца"),
    "answer": ("снять тикет с удержания", "вернуть задачу в очередь обработки"),
    "request": ("записать запрос в смежный отдел", "Сервисный департамент"),
    "duplicate": ("нарушение при закрытии", "R-49"),
    "inside": ("подготовить комментарий коллегам", "W-29"),
    "chat": ("передать чат на другую линию", "Чат. Финансовые сервисы 2Л"),
}


def body_of(page: str) -> str:
    """What stands in the field."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_each_has_a_name() -> None:
    assert list(words()["trial_examples"]) == list(AT_EACH)


@pytest.mark.parametrize("name", AT_EACH)
def test_something_happens_at_each(day: Site, bot: Bot, name: str) -> None:
    if name == "answer":
        for_seller(bot)
    page = day.text("/try")
    link = f"/try?example={name}"
    assert f'href="{link}"' in page
    assert body_of(page) == ""
    body = body_of(day.text(link))
    result = day.post("/try", body=body).text.split('id="result"')[1]
    assert "Не удалось прочитать событие" not in result
    assert 'class="warn"' not in result
    assert not re.search(r"\{\w+\}", body)
    for words_of_it in AT_EACH[name]:
        assert words_of_it in result
    assert body_of(day.post("/try", body=body).text) == body


def test_only_what_fits_is_offered(day: Site, bot: Bot) -> None:
    assert "example=answer" not in day.text("/try")  # nobody is awaited
    assert body_of(day.text("/try?example=answer")) == ""
    assert body_of(day.text("/try?example=../../words")) == ""
    for_seller(bot)
    (issue,) = bot.sandbox.issues()
    assert issue["id"] in body_of(day.text("/try?example=answer"))
    says(bot, SELLER, issue["key"], "Вывоз 3 декабря.")
    assert "example=answer" not in day.text("/try")


def test_what_was_typed_stays_when_it_cannot_be_read(day: Site) -> None:
    page = day.post("/try", body='{"id": "1", <b>').text
    assert body_of(page) == '{"id": "1", <b>'
    assert 'aria-invalid="true" aria-describedby="result"' in page
