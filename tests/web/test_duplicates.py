"""«Похоже на дубликат» on the agent's card: what it shows, and the button for the draft of M-1 (W-12…W-16, R-43)."""

from __future__ import annotations

import pytest

from tests.bot import Bot
from tests.duplicates import M1, customer, hear, partner, public
from tests.web.site import Site

A, B, C = 23900001, 23900002, 23900003
TITLE, BUTTON = "Похоже на дубликат", "Вопрос тот же: черновик в тикет"
TOLD = "told=said_duplicate"


@pytest.fixture
def site(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The pages over the bot's database; its rules only observe, so no draft was written yet."""
    bot.set_config(RULES_DEFAULT_MODE="observe")
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    return Site(bot.env)


def card(site: Site, number: int) -> str:
    """The card of a ticket."""
    return site.text(f"/tickets/webcrm/{number}")


@pytest.mark.rule("W-12", "W-13", "W-15")
def test_the_card_shows_number_status_reasons_and_m1(bot: Bot, site: Site) -> None:
    hear(bot, partner(A))
    hear(bot, partner(B, 30))
    shown = card(site, B)
    assert TITLE in shown
    for words in (f"№ {A}", "В работе", "тот же номер поставки 2000012345, те же Тип и Подтип:", M1.format(A), BUTTON):
        assert words in shown, words


@pytest.mark.rule("W-16")
def test_of_any_other_status_it_shows_no_message_and_no_button(bot: Bot, site: Site) -> None:
    hear(bot, partner(A, status="Закрыт"))
    hear(bot, partner(B, 30))
    shown = card(site, B)
    assert TITLE in shown
    assert (BUTTON in shown, M1.format(A) in shown) == (False, False)


@pytest.mark.rule("W-12")
def test_without_another_ticket_there_is_nothing_to_show(bot: Bot, site: Site) -> None:
    hear(bot, partner(A))
    hear(bot, partner(B, 30, seller={"id": "9"}))
    assert TITLE not in card(site, A) + card(site, B)


@pytest.mark.rule("W-14")
def test_the_button_writes_the_draft_once_and_both_cards_tell_of_it(bot: Bot, site: Site) -> None:
    hear(bot, partner(A))
    hear(bot, partner(B, 30))
    bot.set_config(RULES_DEFAULT_MODE="act")
    for _ in range(2):
        answer = site.post(f"/tickets/webcrm/{B}/duplicate", "agent", original=str(A))
        assert answer.location.endswith(TOLD)
        bot.work()
    assert public(bot, B) == [(M1.format(A), True)]
    assert f'Объединено с обращением <a href="/tickets/webcrm/{A}">' in card(site, B)
    assert BUTTON not in card(site, B) + card(site, A)
    assert "К этому обращению присоединены" in card(site, A)
    assert "По инструкции подходит <b>НТО</b>" in card(site, B)  # C-04: as T-5 advises for a partner's chat
    assert len(site.changes("said_duplicate")) == 2


@pytest.mark.rule("W-15")
@pytest.mark.parametrize("number", [str(B), "", "1", f" {B}"])
def test_no_draft_names_the_ticket_itself_or_one_that_nobody_knows(bot: Bot, site: Site, number: str) -> None:
    hear(bot, partner(A))
    hear(bot, partner(B, 30))
    assert site.post(f"/tickets/webcrm/{B}/duplicate", "agent", original=number).status_code == 404


@pytest.mark.rule("R-43")
def test_a_clients_duplicate_is_shown_without_any_message(bot: Bot, site: Site) -> None:
    hear(bot, customer(A))
    hear(bot, customer(B, 30))
    shown = card(site, B)
    assert (TITLE in shown, "тот же номер заказа 12345678-0001" in shown, BUTTON in shown) == (True, True, False)


def test_a_leads_page_has_the_finding(bot: Bot, site: Site) -> None:
    hear(bot, partner(A))
    hear(bot, partner(B, 30))
    assert "Похоже на дубликат: обращение №" in site.text("/findings?rule=W-13")
