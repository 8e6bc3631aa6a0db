"""The one reader of Usedesk's answers: ids of any spelling, dates in their zone, and nothing that it falls over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.usedesk.ticket import Reader, stamp_of
from desk.usedesk.view import UsedeskTicket, value_of

HOUR = timedelta(hours=1)
MOSCOW = Reader("1", 3 * HOUR)
AT = datetime(2026, 1, 12, 9, 10, tzinfo=UTC)
ANSWER: dict[str, Any] = {
    "ticket": {
        "id": 900, "status_id": 5, "subject": "Не греет", "client_id": 5, "assignee_id": 12, "group": 0,
        "type": "question", "priority": "medium", "published_at": "2026-01-12 12:10:00",
        "last_updated_at": "2026-01-12 12:30:00", "additional_id": "700:service:1", "channel_id": 7},
    "comments": [
        {"id": 3, "message": "<p>Ответ</p>", "from": "user", "type": "private", "user_id": 12,
         "published_at": "2026-01-12 12:20:00"},
        {"id": 1, "message": "Вопрос", "from": "client", "type": "public", "user_id": None, "is_first": 1,
         "published_at": "2026-01-12 12:10:00"},
        {"id": 4, "message": "Бот", "from": "user", "type": "private", "user_id": 1,
         "published_at": "2026-01-12 12:30:00"},
        {"id": 5, "message": "Правило", "from": "trigger", "type": "public", "user_id": 0, "published_at": "bad"}],
    "tags": [{"name": "звонок"}, {"id": 1}],
    "custom_fields": [{"id": 54, "name": "Категория", "value": [{"value": "Гарантия"}, "Ещё"]}],
}  # fmt: skip


def as_texts(value: Any) -> Any:
    """The same answer with strings for numbers, as Usedesk's own examples have them."""
    if isinstance(value, dict):
        return {name: as_texts(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return str(value) if isinstance(value, int) else value


@pytest.mark.parametrize("answer", [ANSWER, as_texts(ANSWER)], ids=["numbers", "strings"])
def test_a_ticket(answer: dict[str, Any]) -> None:
    ticket = MOSCOW.ticket(answer)
    assert (ticket.id, ticket.status, ticket.subject, ticket.client.id) == ("900", "on_hold", "Не греет", "5")
    assert (ticket.assignee_id, ticket.group_id, ticket.channel, ticket.type) == ("12", None, "7", "question")
    assert (ticket.created_at, ticket.updated, ticket.opening) == (AT, "2026-01-12 12:30:00", "Вопрос")
    assert (ticket.tags, value_of(ticket.fields, "категория")) == (("звонок",), (True, "Гарантия, Ещё"))
    assert [(one.id, one.role, one.author, one.public, one.first) for one in ticket.comments] == [
        ("5", "bot", None, True, False),  # a rule's, of nobody knows when
        ("1", "client", None, True, True),
        ("3", "agent", "12", False, False),
        ("4", "bot", "1", False, False),
    ]
    assert [one.at for one in ticket.comments] == [None, AT, AT + HOUR / 6, AT + HOUR / 3]
    assert ticket.private_since(AT + HOUR / 6 + timedelta(milliseconds=900))
    assert not ticket.private_since(AT + HOUR / 6 + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-12 12:10:00", AT),
        ("2026-01-12T09:10:00Z", AT),
        ("2026-01-12T11:10:00+02:00", AT),
        ("1999-01-12 12:10:00", None),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
        ("0000-00-00 00:00:00", None),
        ("", None),
        (1_768_209_000, None),
        (None, None),
    ],
)
def test_a_date(written: Any, read: datetime | None) -> None:
    assert MOSCOW.moment(written) == read
    assert Reader("1", -12 * HOUR).moment(written) == (read and (read if "T" in written else read + 15 * HOUR))


def test_the_moment_of_a_webhook() -> None:
    bodies = [{"comment": {"published_at": "2026-01-12 12:10:00"}, "client": {}}, {"ticket": ANSWER["ticket"]}]
    bodies.append({"trigger": {"changed_at": "2026-01-12 12:10:00"}})
    assert [stamp_of(body) for body in bodies] == [datetime(2026, 1, 12, 12, 10)] * 3
    assert stamp_of({"comment": {"published_at": "2026-01-12T12:10:00Z"}, "csi": None}) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ANSWER["ticket"])), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ANSWER, "changes"]), VALUES))
@settings(deadline=None, max_examples=100)
def test_nothing_makes_it_raise(answer: dict[str, Any]) -> None:
    assert isinstance(MOSCOW.ticket(answer), UsedeskTicket)
    for at, body in MOSCOW.bodies(answer):
        assert at.tzinfo is not None
        assert MOSCOW.change(next(iter(body.values()))) is not None
