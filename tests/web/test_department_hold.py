"""«Спросить отдел» on the card of a ticket in Usedesk: what is filed, and what is wrong (U-12, U-14)."""

from __future__ import annotations

import html
import json

import pytest
import sqlalchemy as sa

from events import TicketEvent, load_event
from store.tables import deliveries
from tests.web.site import Site

TICKET = {"id": "900", "assignee_id": "12", "subject": "Не включается"}
EVENT = {
    "kind": "ticket",
    "source": "usedesk",
    "id": "e1",
    "type": "ticket.message",
    "occurred_at": "2026-11-20T10:00:00Z",
}
CARD, ASK = "/tickets/usedesk/900", "/tickets/usedesk/900/department"


def known(site: Site) -> None:
    """Usedesk has told of the ticket."""
    site.add(source="usedesk", case_id="usedesk:900", event=json.dumps(EVENT | {"ticket": TICKET}))


def filed(site: Site) -> list[TicketEvent]:
    """The events that the button made."""
    with site.engine.connect() as connection:
        of_bot = sa.select(deliveries.c.event).where(deliveries.c.source == "bot")
        found = [load_event(text) for text in connection.execute(of_bot).scalars() if text]
    return [one for one in found if isinstance(one, TicketEvent)]


@pytest.mark.rule("U-12", "U-14")
def test_the_card_offers_the_departments_and_files_the_question(site: Site) -> None:
    known(site)
    page = html.unescape(site.get(CARD, "agent").text)
    assert "<option>Технический отдел</option>" in page
    assert "*" not in page.partition('id="department"')[2].partition("</select>")[0]
    answer = site.post(ASK, "agent", department="Технический отдел", text=" Что с платой? ")
    assert answer.headers["Location"].endswith("told=said_department")
    (event,) = filed(site)
    assert event.request is not None
    assert (event.source, event.type, event.ticket.id) == ("usedesk", "request.created", "900")
    assert (event.request.department, event.request.text) == ("Технический отдел", "Что с платой?")
    assert [(row.target, row.after) for row in site.changes("said_department")] == [
        ("usedesk:900", "Технический отдел")
    ]


@pytest.mark.parametrize(
    "given", [{"department": "Отдел снов", "text": "?"}, {"department": "Технический отдел", "text": " "}]
)
def test_what_is_not_filled_in_is_said(site: Site, given: dict[str, str]) -> None:
    known(site)
    assert site.post(ASK, "agent", **given).headers["Location"].endswith("told=said_not_asked")
    assert filed(site) == []


def test_other_tickets_have_no_such_button(site: Site) -> None:
    assert site.post(ASK, "agent", department="Технический отдел", text="?").status_code == 404
    assert ">Спросить отдел<" not in site.get(CARD, "agent").text
    site.add(case_id="webcrm:901", event=json.dumps(EVENT | {"source": "webcrm", "ticket": TICKET | {"id": "901"}}))
    page = site.get("/tickets/webcrm/901", "agent").text
    assert ">Поставить на удержание<" in page
    assert ">Спросить отдел<" not in page
