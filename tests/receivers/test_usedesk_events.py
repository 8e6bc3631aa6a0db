"""What Usedesk's bodies mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.receivers.usedesk_door import NOW, Gate, body

if TYPE_CHECKING:
    from tests.receivers.conftest import Door


@pytest.fixture
def gate(door: Door) -> Iterator[Gate]:
    """A fresh receiver."""
    yield Gate(door.inbox)


def test_a_new_ticket(gate: Gate) -> None:
    event = gate.event(body("ticket__created"))
    ticket = event.ticket
    assert event.occurred_at == ticket.created_at == datetime(2026, 1, 12, 9, 7, 33, tzinfo=UTC)
    assert (ticket.id, ticket.status, ticket.subject) == ("900001", "new", "Сплит-система не включается")
    assert (ticket.client.id, ticket.client.name) == ("5", "Клиент Примерный")
    assert (ticket.assignee_id, ticket.group_id, ticket.external_id, ticket.priority) == (None, None, "ext-1", "medium")
    (field_,) = ticket.custom_fields
    assert (field_.id, field_.name, field_.value) == ("54", "Категория", "Гарантия")
    (message,) = ticket.messages
    assert message.text == "Здравствуйте!\nНе включается — что делать?"
    assert (message.author.role, message.public) == ("client", True)


def test_a_message_of_the_client(gate: Gate) -> None:
    event = gate.event(body("comment__from_client"))
    (message,) = event.ticket.messages
    assert (event.message_id, message.id, message.text) == ("71", "71", "Серийный номер\nSN 0001")
    assert (message.author.role, message.author.id, message.public) == ("client", "5", True)
    assert (event.agent.id, event.ticket.assignee_id) == (None, "12")


@pytest.mark.rule("W-19")
@pytest.mark.parametrize(("type_", "public"), [("private", False), ("public", True), (None, False), ("PUBLIC", False)])
def test_a_message_of_an_agent_is_internal_unless_it_is_called_public(gate: Gate, type_: Any, public: bool) -> None:
    given = body("comment__from_agent")
    given["comment"]["type"] = type_
    event = gate.event(given)
    (message,) = event.ticket.messages
    assert (message.author.role, message.author.id, event.agent.id) == ("agent", "12", "12")
    assert (message.public, message.visibility) == (public, "public" if public else "internal")


def test_a_message_of_a_rule_is_nobodys(gate: Gate) -> None:
    given = body("comment__from_agent")
    given["comment"] |= {"from": "trigger", "user_id": None}
    event = gate.event(given)
    assert (event.ticket.messages[0].author.role, event.agent.id) == ("bot", None)


def test_a_change_tells_the_status_first_and_the_rest_with_it(gate: Gate) -> None:
    event = gate.event(body("change__on_hold"))
    assert event.change is not None
    assert (event.change.field, event.change.before, event.change.after) == ("status", "open", "on_hold")
    assert [(one.field, one.before, one.after) for one in event.changes[1:]] == [
        ("tags_added", None, "hold-department")
    ]
    assert (event.ticket.status, event.agent.id) == ("on_hold", "12")


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "open"), ("2", "done"), (3, "closed"), (4, "deleted"), ("5", "on_hold"), (6, "waiting_client"),
     (7, "spam"), (8, "new"), (9, "newsletter"), (10, "merged"), (99, "99")],
)  # fmt: skip
def test_statuses_have_words(gate: Gate, number: Any, word: str) -> None:
    given = body("change__on_hold")
    given["trigger"] |= {"data": [], "old_status": 8 if number != 8 else 1, "new_status": number}
    event = gate.event(given)
    assert event.change is not None
    assert event.change.after == word


@pytest.mark.parametrize(
    ("target", "before", "after", "change"),
    [
        ("assignee_id", None, 12, ("assignee", None, "12")),
        ("group", "0", "3", ("group", "0", "3")),
        ("type", "question", "problem", ("type", "question", "problem")),
        ("priority", "low", "medium", ("priority", "low", "medium")),
        ("removed_tags", None, [{"name": "a"}, "b"], ("tags_removed", None, "a, b")),
        ("ticket_field", None, {"id": 54, "value": "Доставка"}, ("field:54", None, "Доставка")),
        ("ticket_field", "Гарантия", "Доставка", ("field", "Гарантия", "Доставка")),
    ],
)
def test_other_changes(gate: Gate, target: str, before: Any, after: Any, change: tuple[Any, ...]) -> None:
    given = body("change__on_hold")
    data = [{"target": target, "value": after, "old_value": before}]
    given["trigger"] |= {"data": data, "old_status": 5, "new_status": 5}
    event = gate.event(given)
    assert event.change is not None
    assert (event.change.field, event.change.before, event.change.after) == change
    assert event.ticket.status == "on_hold"


def test_what_is_no_change_of_the_ticket_is_ignored(gate: Gate) -> None:
    given = body("change__on_hold")
    data = [{"target": "message_from_client", "value": 5}, {"target": "sla_close_time", "value": "x"}, "no object"]
    given["trigger"] |= {"data": data, "old_status": 5, "new_status": 5}
    arrival = gate.take(given)
    assert (arrival.event, arrival.ignored) == (None, "no change that the bot follows")


@pytest.mark.parametrize("user", [17, "17"])
@pytest.mark.parametrize(
    ("name", "part", "reason"),
    [
        ("comment__from_agent", "comment", "a comment of the bot's own"),
        ("change__on_hold", "trigger", "a change of the bot's own"),
    ],
)
def test_what_the_bot_did_itself_is_ignored(gate: Gate, name: str, part: str, reason: str, user: Any) -> None:
    given = body(name)
    given[part]["user_id"] = user
    arrival = gate.take(given)
    assert (arrival.event, arrival.ignored) == (None, reason)


def test_dates_are_read_in_their_zone(gate: Gate) -> None:
    gate.zone = timedelta(hours=3)
    moscow = datetime(2026, 1, 12, 6, 10, tzinfo=UTC)
    given = body("comment__from_client")
    given["comment"]["published_at"] = "2026-01-12 09:10:00"
    event = gate.event(given)
    assert (event.occurred_at, event.ticket.messages[0].at) == (moscow, moscow)
    given["comment"] |= {"id": 8, "published_at": "2026-01-12T09:10:00+00:00"}  # a date that names its zone
    assert gate.event(given).occurred_at == moscow + timedelta(hours=3)


def test_no_date_is_in_the_future(gate: Gate) -> None:
    given = body("comment__from_client")
    given["comment"]["published_at"] = "2026-01-12 12:10:00"  # the company's hours, as it were
    assert gate.event(given).occurred_at == NOW
    for id_, odd in (("9", "0000-00-00 00:00:00"), ("10", 5), ("11", None)):
        given["comment"] |= {"published_at": odd, "id": id_}
        assert gate.event(given).occurred_at == NOW
