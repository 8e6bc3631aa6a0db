"""The only reader of Usedesk's data: its answers about tickets, and the same objects in its webhooks.

It never raises, whatever they contain. Ids, including those for «nobody», are strings or numbers; dates have no zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.usedesk.view import UsedeskChange, UsedeskComment, UsedeskTicket
from desk.usedesk.words import status_word, to_text
from events import TICKET_ID, Client, CustomField, TicketChange
from events.untrusted import entries, objects, part, text
from events.values import FIRST_YEAR, LAST_YEAR

_NOBODY = frozenset({"", "0", "null", "None"})
_ID = re.compile(TICKET_ID.removesuffix("$"))
MESSAGE = 262_144  # characters of HTML
_NEWEST = 1000  # comments or changes of one ticket; older ones are left out
_ENTRIES = 200  # entries of any other list; the rest is left out
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
# Usedesk's names of changed fields → ours; others (messages, SLA clocks) are not changes of the ticket.
_FIELDS: Mapping[str, str] = {
    "status_id": "status",
    "status": "status",
    "assignee_id": "assignee",
    "group": "group",
    "group_id": "group",
    "type": "type",
    "priority": "priority",
    "subject": "subject",
    "new_tags": "tags_added",
    "removed_tags": "tags_removed",
    "ticket_field": "field",
}


@dataclass(frozen=True)
class Reader:
    """Reads for the bot's agent `own`; `zone`: the offset of the dates from UTC."""

    own: str
    zone: timedelta

    def moment(self, value: object) -> datetime | None:
        """Return a date in UTC; `None` if it is not a date or implausibly old."""
        given = _date(value)
        if given is None:
            return None
        at = given if given.tzinfo else given.replace(tzinfo=UTC) - self.zone
        return at.astimezone(UTC) if at >= _EARLIEST else None

    def ticket(self, answer: Mapping[str, Any]) -> UsedeskTicket:
        """Read an answer of `/ticket`, a row of `/tickets` given as `ticket`, or the webhook of a new ticket."""
        given = part(answer, "ticket")
        comments = [self.comment(one) for one in _newest(answer.get("comments"))]
        first = next((one.text for one in comments if one.first), "")
        return UsedeskTicket(
            id=known(given.get("id")) or "",
            subject=text(given.get("subject")) or "",
            status=_status(given.get("status_id")),
            type=_word(given.get("type")),
            priority=_word(given.get("priority")),
            client=client_of(answer, given),
            assignee_id=known(given.get("assignee_id")),
            group_id=known(given.get("group")),
            channel=known(given.get("channel_id")),
            external_id=text(given.get("additional_id")),
            created_at=self.moment(given.get("published_at")),
            updated=text(given.get("last_updated_at")) or "",
            opening=_said(given) or first,
            comments=tuple(sorted(comments, key=lambda one: one.at or _EARLIEST)),
            tags=tuple(filter(None, (text(one.get("name")) for one in objects(answer.get("tags"), _ENTRIES)))),
            fields=fields(answer),
        )

    def comment(self, given: Mapping[str, Any]) -> UsedeskComment:
        """Read a comment of an answer or a webhook."""
        author, sender = known(given.get("user_id")), given.get("from")
        by_agent = author != self.own and (author is not None or sender == "user")
        return UsedeskComment(
            id=_id(given.get("id")),
            ticket_id=known(given.get("ticket_id")),
            at=self.moment(given.get("published_at")),
            role="client" if sender == "client" else "agent" if by_agent else "bot",
            author=author,
            public=given.get("type") == "public",
            text=_said(given),
            first=_is_first(given),
        )

    def change(self, given: Mapping[str, Any]) -> UsedeskChange:
        """Read a change of an answer, or a webhook's `trigger`."""
        changed = tuple(sorted(_changes(given), key=lambda change: change.field != "status"))
        after = {change.field: change.after for change in changed}
        return UsedeskChange(
            id=_id(given.get("id")),
            ticket_id=known(given.get("ticket_id")),
            at=self.moment(given.get("changed_at")),
            user_id=known(given.get("user_id")),
            status=after.get("status") or _status(given.get("new_status")),
            fields=changed,
        )

    def bodies(self, answer: Mapping[str, Any]) -> Iterator[tuple[datetime, dict[str, Any]]]:
        """Yield an answer of `/ticket` as the webhooks that it corresponds to, each with its moment.

        They are the ticket's creation, its comments except the first, which is part of that, and its changes. What has
        no readable date is left out: it may be years old.
        """
        ticket, comments = part(answer, "ticket"), _newest(answer.get("comments"))
        number, first = ticket.get("id"), next(filter(_is_first, comments), {})
        around = {"client": {"id": ticket.get("client_id")}, "custom_fields": answer.get("custom_fields")}
        whose = {**around, "assignee_id": ticket.get("assignee_id")}
        parts = [("ticket", "published_at", {**ticket, "message": text(first.get("message"), MESSAGE)}, around)]
        said = (one for one in comments if not _is_first(one))
        parts += [("comment", "published_at", {"ticket_id": number, **one}, whose) for one in said]
        changes = _newest(answer.get("changes"))
        parts += [("trigger", "changed_at", {"ticket_id": number, **one}, whose) for one in changes]
        for key, dated, given, beside in parts:
            at = self.moment(given.get(dated))
            if at is not None:
                yield at, {key: given, **beside}


def stamp(value: object) -> datetime | None:
    """Return a date as Usedesk writes it, without a zone; `None` if it has one."""
    given = _date(value)
    return given if given is not None and given.tzinfo is None else None


def stamp_of(body: Mapping[str, Any]) -> datetime | None:
    """Return when the event of a webhook happened, which was just now, in the local time of Usedesk's zone."""
    dated = (("trigger", "changed_at"), ("comment", "published_at"), ("ticket", "published_at"))
    return next((found for key, name in dated if (found := stamp(part(body, key).get(name)))), None)


def client_of(body: Mapping[str, Any], given: Mapping[str, Any]) -> Client:
    """Return the client of a ticket, comment or change: as it says itself, or as the body around it says."""
    card = part(body, "client")
    return Client(id=known(given.get("client_id")) or known(card.get("id")), name=text(card.get("name")))


def fields(answer: Mapping[str, Any]) -> tuple[CustomField, ...]:
    """Return the custom fields of a ticket, from an answer or a webhook."""
    return tuple(
        CustomField(id=text(one.get("id")), name=text(one.get("name")), value=_value(one.get("value")))
        for one in objects(answer.get("custom_fields"), _ENTRIES)
    )


def known(value: object) -> str | None:
    """Return the id of somebody or something; `None` for nobody."""
    candidate = _id(value)
    return None if candidate in _NOBODY else candidate


def _changes(given: Mapping[str, Any]) -> Iterator[TicketChange]:
    named = False
    for entry in objects(given.get("data"), _ENTRIES):
        field = _FIELDS.get(text(entry.get("target")) or "")
        before, after = entry.get("old_value"), entry.get("value")
        if field == "status":
            named = True
            yield TicketChange(field=field, before=_status(before), after=_status(after))
        elif field == "field" and (number := _id(part(after).get("id"))):
            yield TicketChange(field=f"field:{number}", before=_value(before), after=_value(after))
        elif field:
            yield TicketChange(field=field, before=_value(before), after=_value(after))
    before, after = _status(given.get("old_status")), _status(given.get("new_status"))
    if not named and before and after and before != after:
        yield TicketChange(field="status", before=before, after=after)


def _date(value: object) -> datetime | None:
    try:
        given = datetime.fromisoformat(text(value) or "")
    except ValueError:
        return None
    return given if FIRST_YEAR < given.year < LAST_YEAR else None


def _newest(value: object) -> list[Mapping[str, Any]]:
    return list(objects(list(entries(value)[-_NEWEST:]), _NEWEST))


def _is_first(comment: Mapping[str, Any]) -> bool:
    return text(comment.get("is_first")) == "1" or comment.get("is_first") is True


def _said(given: Mapping[str, Any]) -> str:
    return to_text(text(given.get("message"), MESSAGE) or "")


def _value(value: object) -> str | None:
    """Return a field's value as text; lists and objects, which Usedesk does not document, are understood too."""
    if listed := entries(value):
        return ", ".join(filter(None, map(_value, listed[:_ENTRIES]))) or None
    if isinstance(value, dict):
        return text(value.get("value")) or text(value.get("name"))
    return text(value)


def _status(value: object) -> str | None:
    number = text(value)
    return status_word(number) if number is not None and number not in _NOBODY else None


def _word(value: object) -> str | None:
    word = text(value)
    return None if word in _NOBODY else word


def _id(value: object) -> str | None:
    """Return a number or string that is safe to use as an id, otherwise `None`."""
    candidate = text(value, 65)
    return candidate if candidate is not None and _ID.fullmatch(candidate) else None
