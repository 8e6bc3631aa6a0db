"""An answer of Usedesk's `/ticket` as the bodies that its webhooks would have had (usedesk.md 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from receivers.fields import objects, part, text
from receivers.intake import arrival_of
from receivers.refusal import Refusal
from receivers.usedesk import reading_of
from receivers.usedesk_events import SOURCE, parse
from runtime.inbox import Arrival
from runtime.usedesk_polling import Understand, Window

_ENTRIES = 1000  # comments or changes of one ticket, the newest


def understand(agent_id: str) -> Understand:
    """What is made of an answer; `agent_id` is the bot's own agent, whose deeds are no events."""

    def understood(answer: Mapping[str, Any], window: Window) -> tuple[list[Arrival], bool]:
        found, settled = [], True
        for at, body in sorted(_bodies(answer, window), key=lambda one: one[0]):
            if at > window.until:
                settled = False
            elif at >= window.since and (arrival := _arrival(body, at, agent_id)) is not None:
                found.append(arrival)
        return found, settled

    return understood


def _arrival(body: dict[str, Any], at: datetime, agent_id: str) -> Arrival | None:
    """None for what a webhook of would be ignored, or refused."""
    try:
        parsed = parse(body, at, agent_id)
    except Refusal:
        return None
    return arrival_of(SOURCE, body, reading_of(parsed)) if parsed.event is not None else None


def _bodies(answer: Mapping[str, Any], window: Window) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The ticket's making, its comments but for the first, which is part of that, and its changes; with their moments.

    What carries no date is left out: it may be of years ago.
    """
    ticket, comments = part(answer, "ticket"), answer.get("comments")
    comments = objects(comments[-_ENTRIES:] if isinstance(comments, list) else None, _ENTRIES)
    changes = answer.get("changes")
    changes = objects(changes[-_ENTRIES:] if isinstance(changes, list) else None, _ENTRIES)
    number = ticket.get("id")
    around = {"client": {"id": ticket.get("client_id")}, "custom_fields": answer.get("custom_fields")}
    whose = {**around, "assignee_id": ticket.get("assignee_id")}
    first = next((text(one.get("message"), 65_536) for one in comments if _is_first(one)), None)
    parts: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("ticket", "published_at", {**ticket, "message": first}, around)
    ]
    parts += [
        ("comment", "published_at", {"ticket_id": number, **one}, whose) for one in comments if not _is_first(one)
    ]
    parts += [("trigger", "changed_at", {"ticket_id": number, **one}, whose) for one in changes]
    for key, dated, given, beside in parts:
        at = _moment(given.get(dated), window)
        if at is not None:
            yield at, {key: {**given, dated: at.isoformat()}, **beside}


def _is_first(comment: Mapping[str, Any]) -> bool:
    return text(comment.get("is_first")) == "1" or comment.get("is_first") is True


def _moment(value: Any, window: Window) -> datetime | None:
    """Usedesk's date in UTC."""
    try:
        return datetime.fromisoformat(text(value) or "").replace(tzinfo=UTC) - window.zone
    except (ValueError, OverflowError):
        return None
