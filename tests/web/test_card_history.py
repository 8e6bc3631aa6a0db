"""A ticket's history: sentences in the agent's words, echoes folded, no note twice."""

from __future__ import annotations

import re

from tests.web.site import Site

CARD = "/tickets/webcrm/900"
NOTE = "Номер заказа не указан."


def said(page: str) -> str:
    """What stands in the history, without its tags."""
    return " ".join(re.sub("<[^>]*>", " ", page.partition("timeline")[2]).split())


def test_an_event_is_a_sentence_and_what_the_bot_did_another(site: Site) -> None:
    number = site.add(case_id="webcrm:900", type="ticket.closing")
    site.step(number, verb="keep_assignment", n=1)
    site.step(number, verb="create_issue", n=2, target="webcrm-900", after="FBO-7")
    site.step(number, verb="close_ticket", n=3, target="900")
    site.step(number, verb="remind_department", n=4, outcome="observed", mode="observe")
    told = said(site.get(CARD, "agent").text)
    assert "Закрытие тикета" in told
    assert "Бот создал задачу Jira FBO-7, закрыл тикет." in told
    assert "Бот только записал, что сделал бы: напомнить отделу." in told
    assert told.index("Закрытие тикета") < told.index("шаги и правила: 4")


def test_the_newest_stands_first_and_what_changed_nothing_is_folded(site: Site) -> None:
    site.add(case_id="webcrm:900", type="ticket.created")
    site.step(site.add(case_id="webcrm:900", type="ticket.assigned"), verb="find_duplicate", n=1)
    for _ in range(2):
        site.add(case_id="webcrm:900", type="comment", state="ignored", reason="a comment of the bot's own")
    told = said(site.get(CARD, "agent").text)
    assert told.count("Без последствий") == 2
    assert told.index("Без последствий: 2") < told.index("Тикет назначен") < told.index("Без последствий: 1")
    assert "это написал сам бот" in told


def test_a_note_is_read_once(site: Site) -> None:
    first, second = site.add(case_id="webcrm:900"), site.add(case_id="webcrm:900")
    for number in (first, second):
        site.step(number, verb="note_hold_begun", n=1, after=NOTE)
    page = site.get(CARD, "agent").text
    assert page.count(f'<p class="change internal"><span class="after">{NOTE}</span></p>') == 1 + 2  # once per ledger
    assert re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL).count(NOTE) == 1
    site.step(second, verb="note_finding", n=2, after=NOTE, outcome="warned", mode="warn")
    page = site.get(CARD, "agent").text  # it stands in «Что заметил бот» now
    assert re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL).count(NOTE) == 1
