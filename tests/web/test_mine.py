"""«Мои тикеты»: what an agent has to see to, and who the agent is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.web.site import NOW, Site

HOUR = timedelta(hours=1)
REQUEST = {
    **{"source": "webcrm", "department": "service", "number": 1, "origin": "webcrm", "state": "open", "text": "Вопрос"},
    **{"answer_required": True, "opened_by": "webcrm/x", "owner_id": "a17", "topic": "FBO"},
}
HOLD = {"source": "webcrm", "kind": "ozon", "stage": "waiting", "since": NOW, "owner_id": "a17"}


@pytest.fixture
def busy(any_site: Site) -> Site:
    """Requests of two agents, one of them late, drafts, and holds."""
    site = any_site
    for number, ticket, due, owner in ((1, "701", -HOUR, "a17"), (2, "702", 90 * HOUR, "a17"), (3, "703", HOUR, "a18")):
        since = NOW - 24 * HOUR
        row = REQUEST | {"owner_id": owner, "id": number, "ticket_id": ticket, "due_at": NOW + due}
        site.insert("requests", **row, since=since)
    draft = {"source": "webcrm", "state": "draft", "drafted_at": NOW}
    for request, name, text in ((1, "M-2", "Первый"), (1, "M-5", "Второй"), (3, "M-2", "Чужой")):
        site.insert("promises", **draft, request=request, ticket_id=f"70{request}", text_id=name, text=text)
    site.insert("holds", **HOLD, ticket_id="711", due_at=NOW - HOUR)
    site.insert("holds", **HOLD | {"owner_id": "a18"}, ticket_id="712", due_at=NOW - HOUR)
    return site


def part(page: str, heading: str) -> str:
    """The section under a heading."""
    return page.partition(f"<h2>{heading}")[2].partition("</section>")[0]


def test_each_list_has_what_is_mine(busy: Site) -> None:
    page = busy.get("/mine", "agent").text
    drafts = part(page, "Черновики")
    assert "Второй" in drafts
    assert "Первый" not in drafts
    assert "701" in part(page, "Срок сегодня или вышел")
    assert "срок вышел" in part(page, "Срок сегодня или вышел")
    assert "702" in part(page, "Ждут ответа")
    assert "711" in part(page, "Мои удержания")
    for other in ("703", "712", "Чужой"):
        assert other not in page
    assert '<span class="badge-count">2<' in page.partition("<main")[0]


def test_nothing_of_it_reads_what_is_over(busy: Site) -> None:
    closed = REQUEST | {"state": "answered", "id": 9, "ticket_id": "709", "since": NOW, "due_at": NOW}
    busy.insert("requests", **closed)
    busy.insert("holds", **HOLD, ticket_id="719", due_at=NOW, ended_at=NOW)
    page = busy.get("/mine", "agent").text
    assert "709" not in page
    assert "719" not in page


def test_whoever_is_unknown_tells_a_number_once(busy: Site) -> None:
    assert "Под каким номером вы работаете?" in busy.get("/mine", "lead").text
    assert busy.post("/mine/me", "lead", source="webcrm", number="a18").status_code == 303
    page = busy.get("/mine", "lead").text
    assert "703" in page
    assert "701" not in page
    busy.post("/mine/me", "lead", source="webcrm", number="")
    assert "Под каким номером вы работаете?" in busy.get("/mine", "lead").text


def test_a_number_that_is_none_is_refused_and_kept(busy: Site) -> None:
    answer = busy.post("/mine/me", "lead", source="webcrm", number="а 17")
    page = busy.get(answer.location, "lead").text
    assert "Такого номера не бывает" in page
    assert 'value="а 17"' in page


def test_a_ticket_is_told_by_its_subject_and_an_agent_with_the_crm(busy: Site) -> None:
    event = '{"kind": "ticket", "ticket": {"id": "701", "subject": "Водитель у ворот"}}'
    busy.add(case_id="webcrm:701", event=event)
    page = busy.get("/mine", "agent").text
    assert part(page, "Черновики").count(">Водитель у ворот</a>") == 1
    assert ">Водитель у ворот</a>" in part(page, "Срок сегодня или вышел")
    assert re.search(r">WebCRM: <span[^>]*>a17<", page)
    board = busy.get("/board", "lead").text
    assert ">Водитель у ворот</a>" in board
