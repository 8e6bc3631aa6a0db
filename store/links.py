"""Links between tickets and issues, and marks of what the bot and people set in an issue's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.dialect import insert_into
from store.tables import field_marks as m
from store.tables import links


@dataclass(frozen=True)
class Link:
    """A ticket and one of its issues, with the purpose of the link."""

    source: str
    ticket_id: str
    purpose: str
    site: str
    issue_id: str
    issue_key: str
    made_by_bot: bool
    key_written_at: datetime | None = None
    status: str | None = None
    type_id: str | None = None  # the ticket's Type when this issue's group got it
    former_since: datetime | None = None  # when the ticket was closed again and went to another group


_FORGOTTEN = "forgotten"  # not a field of Jira
# used at every event, so built once
_LINK = sa.select(*(links.c[name] for name in Link.__annotations__))
_OF_TICKET = _LINK.where(links.c.source == sa.bindparam("source"), links.c.ticket_id == sa.bindparam("ticket"))
_NEWEST_OF_TICKET = _OF_TICKET.where(links.c.former_since.is_(None)).order_by(links.c.id.desc()).limit(1)
_NEWEST_OF_PURPOSE = _NEWEST_OF_TICKET.where(links.c.purpose == sa.bindparam("purpose"))
_KEY_WRITTEN = sa.update(links).where(
    links.c.site == sa.bindparam("its_site"), links.c.issue_id == sa.bindparam("its_id")
)
_OF_ISSUE = _LINK.where(links.c.site == sa.bindparam("site"), links.c.issue_id == sa.bindparam("issue"))


class LinkTakenError(Exception):
    """The ticket has another issue for this purpose, or the issue belongs to another ticket."""


def of_ticket(connection: sa.Connection, source: str, ticket_id: str, purpose: str | None) -> Link | None:
    """Return the ticket's current link with this purpose; `None`: the newest with any."""
    found = _NEWEST_OF_TICKET if purpose is None else _NEWEST_OF_PURPOSE
    row = connection.execute(found, {"source": source, "ticket": ticket_id, "purpose": purpose}).first()
    return Link(*row) if row else None


def all_of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> list[Link]:
    """Return all links of a ticket, oldest first, including former ones."""
    found = connection.execute(_OF_TICKET.order_by(links.c.id), {"source": source, "ticket": ticket_id})
    return [Link(*row) for row in found]


def of_issue(connection: sa.Connection, site: str, issue_id: str) -> Link | None:
    """Return the link of an issue."""
    row = connection.execute(_OF_ISSUE, {"site": site, "issue": issue_id}).first()
    return Link(*row) if row else None


def add(connection: sa.Connection, link: Link, now: datetime) -> None:
    """Add a link; a repetition changes nothing. Raises `LinkTakenError` if the ticket or the issue has another one."""
    added = insert_into(connection, links).on_conflict_do_nothing().returning(links.c.id)
    if connection.execute(added, {**link.__dict__, "created_at": now}).first() is None:
        known = of_ticket(connection, link.source, link.ticket_id, link.purpose)
        if known is None or (known.site, known.issue_id) != (link.site, link.issue_id):
            raise LinkTakenError(f"{link.source}:{link.ticket_id} / {link.issue_key}")


def repurpose(connection: sa.Connection, site: str, issue_id: str, purpose: str) -> None:
    """Change the purpose of a link: an escalated ticket is put on hold, or returns to the third line."""
    where = (links.c.site == site, links.c.issue_id == issue_id)
    connection.execute(sa.update(links).where(*where).values(purpose=purpose))


def pass_on(connection: sa.Connection, given: Link, now: datetime) -> None:
    """Make the ticket's issue of this purpose a former one: another group has the ticket from now on."""
    where = (links.c.source == given.source, links.c.ticket_id == given.ticket_id, links.c.purpose == given.purpose)
    connection.execute(sa.update(links).where(*where, links.c.former_since.is_(None)).values(former_since=now))


def take_back(connection: sa.Connection, former: Link, now: datetime) -> None:
    """Make a former issue the current one: its group has the ticket again, which does not have its key yet."""
    pass_on(connection, former, now)
    where = (links.c.site == former.site, links.c.issue_id == former.issue_id)
    connection.execute(sa.update(links).where(*where).values(former_since=None, key_written_at=None))


def key_written(connection: sa.Connection, site: str, issue_id: str, now: datetime) -> None:
    """Record that the ticket has the issue's key."""
    connection.execute(_KEY_WRITTEN, {"its_site": site, "its_id": issue_id, "key_written_at": now})


def keep_status(connection: sa.Connection, site: str, issue_id: str, status: str) -> None:
    """Record the last reported status of an issue."""
    where = (links.c.site == site, links.c.issue_id == issue_id)
    connection.execute(sa.update(links).where(*where).values(status=status[:64]))


def rename(connection: sa.Connection, site: str, issue_id: str, key: str) -> None:
    """Record the new key of an issue that was moved; the ticket does not have it yet."""
    connection.execute(
        sa.update(links)
        .where(links.c.site == site, links.c.issue_id == issue_id, links.c.issue_key != key)
        .values(issue_key=key, key_written_at=None)
    )


def forget(connection: sa.Connection, site: str, issue_id: str, now: datetime) -> None:
    """Delete the link of an issue that no longer exists, and remember that it was deleted."""
    connection.execute(sa.delete(links).where(links.c.site == site, links.c.issue_id == issue_id))
    set_mark(connection, site, issue_id, _FORGOTTEN, set_at=now)


def is_forgotten(connection: sa.Connection, site: str, issue_id: str) -> bool:
    """Whether an issue was linked to a ticket until it ceased to exist."""
    return mark(connection, site, issue_id, _FORGOTTEN) is not None


def mark(connection: sa.Connection, site: str, issue_id: str, field: str) -> sa.Row[Any] | None:
    """Return what the bot last set in a field (`value`), and since when a person has control of it (`person_at`)."""
    return connection.execute(
        sa.select(m).where(m.c.site == site, m.c.issue_id == issue_id, m.c.field == field)
    ).first()


def set_mark(connection: sa.Connection, site: str, issue_id: str, field: str, **values: object) -> None:
    """Change columns of a field's mark (`value`, `set_at`, `person_at`)."""
    set_marks(connection, site, issue_id, {field: values})


def set_marks(connection: sa.Connection, site: str, issue_id: str, marks: Mapping[str, Mapping[str, Any]]) -> None:
    """Do the same for several fields of an issue, all with the same columns."""
    rows = [{"site": site, "issue_id": issue_id, "field": field, **values} for field, values in marks.items()]
    insert = insert_into(connection, m)
    given = {name: insert.excluded[name] for name in next(iter(marks.values()))}
    connection.execute(insert.on_conflict_do_update(index_elements=["site", "issue_id", "field"], set_=given), rows)
