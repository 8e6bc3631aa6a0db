"""Holds: begun, waiting, ended; one open hold per ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from desk.actions import Action, Result
from desk.context import DeskContext
from desk.faults import Later
from desk.issues import Issue
from events import HoldAnsweredEvent, HoldDetail, TicketEvent
from store import holds
from store.holds import Hold

BEGUN, WAITING = "begun", "waiting"
NO_DETAIL = HoldDetail()
__all__ = ["BEGUN", "WAITING", "Begun", "Hold", "HoldsDesk", "Start"]


@dataclass(frozen=True)
class Start:
    """A new hold: `kind` is ozon, seller or client, `account` the agent's in Jira, `detail` what is awaited."""

    kind: str
    source: str
    ticket_id: str
    owner_id: str | None = None
    account: str | None = None
    seller_id: str | None = None
    top: bool | None = None
    detail: HoldDetail = NO_DETAIL
    closing: dict[str, Any] | None = None
    question: str | None = None
    stage: str = BEGUN

    @classmethod
    def of(cls, event: TicketEvent, kind: str, account: str | None = None, **more: Any) -> Start:
        """Return the start of a hold that the CRM asks for."""
        ticket, chosen = event.ticket, event.closing
        closing = {"resolution": chosen.resolution, "type": ticket.type, "subtype": ticket.subtype}
        detail = chosen.hold_detail
        if kind != "ozon":
            detail = HoldDetail(account_id=ticket.seller.jira_account_id)
        return cls(
            kind=kind,
            source=event.source,
            ticket_id=ticket.id,
            owner_id=event.agent.id,
            account=account,
            seller_id=ticket.seller.id,
            top=ticket.seller.top,
            detail=detail,
            closing=closing if event.type == "ticket.closing" else None,
            **more,
        )

    def row(self, issue: Issue | None, due_at: datetime) -> dict[str, Any]:
        """Return the columns of the new hold."""
        return {
            "source": self.source,
            "ticket_id": self.ticket_id,
            "kind": self.kind,
            "reason": self.detail.reason,
            "stage": self.stage,
            "awaited_account": self.detail.account_id,
            "awaited_key": self.detail.jira_key,
            "awaited_link": self.detail.link,
            "owner_id": self.owner_id,
            "owner_account": self.account,
            "seller_id": self.seller_id,
            "top": self.top,
            "site": issue.site if issue else None,
            "issue_id": issue.id if issue else None,
            "closing": self.closing,
            "question": self.question,
            "due_at": due_at,
        }


def awaited_words(reason: str | None, awaited: str | None) -> dict[str, str]:
    """Return the values for a note about whom a hold for Ozon waits for: the reason, and the other task or place."""
    return {"reason": reason or "", "awaited": awaited or ""}


@dataclass(frozen=True)
class Begun:
    """The result of a start: a new hold, or the one that the ticket already had, as it was then."""

    id: int
    new: bool
    stage: str
    replaced: str | None = None
    real: bool = True


class HoldsDesk:
    """The actions on holds, and their look-ups.

    A procedure changes the hold last: when it runs again, it decides by the hold's state.
    """

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._read: tuple[tuple[str, str, int], Hold | None] | None = None

    def of_ticket(self, source: str, ticket_id: str) -> Hold | None:
        """Return the open hold of a ticket, which only actions of its own case change."""
        asked = (source, ticket_id, self._context.actions.count)
        if self._read is None or self._read[0] != asked:
            with self._context.reading() as connection:
                self._read = (asked, holds.open_of_ticket(connection, source, ticket_id))
        return self._read[1]

    def get(self, number: int) -> Hold | None:
        """Return a hold by its number, open or ended."""
        with self._context.reading() as connection:
            return holds.get(connection, number)

    def of_issue(self, site: str, issue_id: str) -> Hold | None:
        """Return the open hold that belongs to an issue."""
        with self._context.reading() as connection:
            return holds.open_of_issue(connection, site, issue_id)

    def awaiting(self, key: str) -> list[Hold]:
        """Return the open holds that wait for another issue to be done (W-53)."""
        with self._context.reading() as connection:
            return holds.open_awaiting_issue(connection, key)

    def due(self, kind: str) -> datetime:
        """Return when a hold of this kind that begins now is due."""
        waits: timedelta = getattr(self._context.config.holds.due, kind)
        return self._context.now + waits

    def begin(self, start: Start, issue: Issue | None, *, why: str) -> Begun:
        """Begin a hold, with its timer.

        An open hold of the same kind in the same issue continues; any other open hold of the ticket ends as replaced.
        """
        real = issue is None or issue.real
        action = Action(why, "begin_hold", issue.key if issue else start.ticket_id, intent=start.kind, possible=real)
        place, now = (issue.site, issue.id) if issue else (None, None), self._context.now

        def rows(connection: sa.Connection) -> Result:
            known = holds.open_of_ticket(connection, start.source, start.ticket_id)
            if known is not None and known.kind == start.kind and (known.site, known.issue_id) == place:
                value = {"id": known.id, "new": False, "stage": known.stage}
                return Result(value, outcome="unchanged", after=known.kind)
            if known is not None:
                holds.end(connection, known.id, why="replaced", by=start.owner_id, now=now)
            try:
                number = holds.begin(connection, start.row(issue, self.due(start.kind)), now)
            except sa.exc.IntegrityError as error:
                raise Later(f"ticket {start.ticket_id} is being put on hold at this moment") from error
            replaced = known.kind if known else None
            return Result({"id": number, "new": True, "stage": start.stage, "replaced": replaced}, before=replaced)

        result = self._context.actions.write(action, rows)
        return Begun(**result) if result else Begun(0, True, start.stage, real=False)

    def now_waiting(self, hold: Begun | Hold, *, why: str) -> None:
        """Record that the agent's part is done and somebody else is awaited."""
        real = hold.real if isinstance(hold, Begun) else True

        def record(connection: sa.Connection) -> None:
            holds.change(connection, hold.id, stage=WAITING, asked_at=self._context.now)

        action = Action(why, "hold_waits", str(hold.id), intent=WAITING, possible=real)
        self._context.actions.write(action, record)

    def end(self, hold: Hold, ended: str, by: str | None, *, why: str) -> None:
        """End a hold, with the reason (`ended`: answered, solved, escalated, issue_closed …) and who caused it."""

        def record(connection: sa.Connection) -> None:
            holds.end(connection, hold.id, why=ended, by=by, now=self._context.now)

        action = Action(why, "end_hold", hold.ticket_id, intent=ended, before=hold.kind)
        self._context.actions.write(action, record)

    def postpone(self, hold: Hold, until: datetime, *, why: str) -> None:
        """Move the due time of a hold."""

        def record(connection: sa.Connection) -> None:
            holds.postpone(connection, hold.id, until, self._context.now)

        action = Action(why, "postpone_hold", hold.ticket_id, intent=until.isoformat(), before=hold.due_at.isoformat())
        self._context.actions.write(action, record)

    def reopen(self, hold: Hold, *, why: str) -> bool:
        """Reopen a hold; False if it was not ended on a page, or the ticket has another hold by now."""

        def rows(connection: sa.Connection) -> Result:
            if not holds.reopen(connection, hold, self._context.label, self._context.now):
                return Result(outcome="unchanged", reason="the ticket waits no more, or for somebody else")
            return Result(True, before=hold.ended_why)

        return bool(self._context.actions.write(Action(why, "reopen_hold", hold.ticket_id, intent=hold.kind), rows))

    def reassign(self, hold: Hold, owner: str, *, why: str) -> None:
        """Record who is responsible for a hold."""

        def record(connection: sa.Connection) -> None:
            holds.change(connection, hold.id, owner_id=owner)

        action = Action(why, "reassign_hold", hold.ticket_id, intent=owner, before=hold.owner_id)
        self._context.actions.write(action, record)

    def agree(self, ticket_id: str, *, why: str) -> bool:
        """Whether the rule's mode allows a closing to be turned into a hold (W-26)."""
        return bool(self._context.actions.note(Action(why, "turn_into_hold", ticket_id), Result(True)))

    def pass_on(self, key: str, who: str, *, why: str) -> None:
        """Tell the case of each ticket whose hold waits for an issue that the issue answered it (W-53).

        All in one action: on a second run, the holds told first would be missing.
        """
        waiting = self.awaiting(key)
        if not waiting:
            return

        def record(connection: sa.Connection) -> None:
            for hold in waiting:
                self._context.post(connection, self._answered(hold, who))

        self._context.actions.write(Action(why, "pass_on", key, intent=who), record)

    def _answered(self, hold: Hold, who: str) -> HoldAnsweredEvent:
        return HoldAnsweredEvent(
            occurred_at=self._context.now,
            delivery=self._context.label,
            ticket_source=hold.source,
            ticket_id=hold.ticket_id,
            hold=hold.id,
            who=who,
        )
