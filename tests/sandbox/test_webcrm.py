"""WebCRM: its contract, kept."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.live import LiveSandbox

from .conftest import Caller

TICKET = "/webcrm/tickets/1"


@pytest.fixture
def ticket(live: LiveSandbox) -> dict[str, Any]:
    """A ticket of seller 184467."""
    return live.put_ticket({"id": "1", "type": "Реклама", "seller": {"id": "184467"}})


@pytest.mark.usefixtures("ticket")
def test_a_ticket_is_read_and_changed(crm: Caller) -> None:
    shown = crm.take("GET", TICKET)
    assert (shown["type"], shown["channel"], shown["jira_key"], shown["messages"]) == ("Реклама", "chat", None, [])
    assert crm.take("PATCH", TICKET, {"jira_key": "ADS-1"})["jira_key"] == "ADS-1"
    assert crm("PATCH", TICKET, {"id": "2"}).status_code == 400
    assert crm("PATCH", TICKET, []).status_code == 400
    assert crm("GET", "/webcrm/tickets/2").status_code == 404


def test_a_sellers_tickets_are_found_the_newest_first(live: LiveSandbox, crm: Caller) -> None:
    for number, created in (("1", "2026-11-01T00:00:00+03:00"), ("2", "2026-11-02T00:00:00+03:00")):
        live.put_ticket({"id": number, "created_at": created, "seller": {"id": "184467"}})
    live.put_ticket({"id": "3", "seller": None})
    found = crm.take("GET", "/webcrm/tickets?seller_id=184467")["tickets"]
    assert [one["id"] for one in found] == ["2", "1"]
    assert crm.take("GET", "/webcrm/tickets?seller_id=0")["tickets"] == []
    assert crm("GET", "/webcrm/tickets").status_code == 400


@pytest.mark.usefixtures("ticket")
def test_the_same_key_writes_once(live: LiveSandbox, crm: Caller) -> None:
    body = {"visibility": "internal", "text": "Заметка", "draft": False}
    first = crm("POST", f"{TICKET}/messages", body, Idempotency_Key="k1")
    again = crm("POST", f"{TICKET}/messages", body, Idempotency_Key="k1")
    other = crm("POST", f"{TICKET}/messages", {**body, "draft": True}, Idempotency_Key="k2")
    assert (first.status_code, first.json()) == (201, again.json())
    assert other.json() != first.json()
    messages = live.ticket("1")["messages"]
    assert [(one["text"], one["visibility"], one["draft"]) for one in messages] == [
        ("Заметка", "internal", False),
        ("Заметка", "internal", True),
    ]


@pytest.mark.usefixtures("ticket")
@pytest.mark.parametrize("what", ["messages", "close", "escalate"])
def test_every_post_needs_a_key_and_a_ticket(crm: Caller, what: str) -> None:
    assert crm("POST", f"{TICKET}/{what}", {}).json()["code"] == "idempotency_key_required"
    assert crm("POST", f"/webcrm/tickets/2/{what}", {}, Idempotency_Key="k").status_code == 404


@pytest.mark.usefixtures("ticket")
@pytest.mark.parametrize("body", [{}, {"visibility": "secret", "text": "x"}, {"visibility": "public", "text": ""}])
def test_a_wrong_message_is_refused(crm: Caller, body: dict[str, Any]) -> None:
    assert crm("POST", f"{TICKET}/messages", body, Idempotency_Key="k").status_code == 400


@pytest.mark.usefixtures("ticket")
def test_a_ticket_is_closed_once(live: LiveSandbox, crm: Caller) -> None:
    body = {"resolution": "Не решена", "type": "Реклама", "subtype": "Услуга «Первая помощь»"}
    first = crm("POST", f"{TICKET}/close", body, Idempotency_Key="k1")
    again = crm("POST", f"{TICKET}/close", body, Idempotency_Key="k1")
    assert (first.status_code, first.json()) == (200, again.json())
    assert crm("POST", f"{TICKET}/close", body, Idempotency_Key="k2").status_code == 409
    closed = live.ticket("1")
    assert (closed["status"], closed["subtype"]) == ("Закрыт", "Услуга «Первая помощь»")
    assert closed["closing"]["resolution"] == "Не решена"


@pytest.mark.usefixtures("ticket")
def test_a_ticket_is_escalated(live: LiveSandbox, crm: Caller) -> None:
    for _ in range(2):
        crm.take("POST", f"{TICKET}/escalate", {"reason": "Третья линия"}, Idempotency_Key="k")
    assert live.ticket("1")["escalation"]["reason"] == "Третья линия"


def test_a_wrong_token_is_refused(live: LiveSandbox) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sandbox-webcrm-token"}):
        answer = requests.get(f"{live.url}{TICKET}", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
