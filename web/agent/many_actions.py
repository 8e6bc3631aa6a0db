"""Actions on several rows of the board at once: each row gets the event of its own button, and all are undone together.

The audit has a row for each of them, and one for the batch, by which it is undone: its `before` has the former values,
its `after` what was done, with the tickets that were left out and why.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast, get_args

import sqlalchemy as sa
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from events import BotEvent, PersonActionEvent, RequestEvent
from runtime.own_events import post
from store import audit, board, holds
from store.audit import AuditFilter, Change
from store.holds import Hold
from store.requests import Request
from store.rows import ChangeRow
from web.access.guard import person
from web.agent.person_actions import (
    FIND,
    LIVES,
    Given,
    PersonAction,
    PersonActions,
    back,
    event_of,
    fault_of,
    given,
    is_open,
    opposite,
)
from web.parts import Parts
from web.query_parameters import LARGEST, NUMBER, number_of_query
from web.typed import keep
from web.words import word

MOST = board.PAGE
_UNDONE = "said_many_undone"
_Row = tuple[str, int]  # `request` or `hold`, and its number


def blueprint(parts: Parts) -> Blueprint:
    """Make `/said/many/<action>` and `/said/many/<number>/undo`."""
    routes = Blueprint("many_actions", __name__)
    many = ManyActions(parts)

    @routes.post("/said/many/<action>")
    def file(action: PersonAction) -> ResponseReturnValue:
        """Handle «Ответ получен», «Отложить» or «Передать» for all chosen rows."""
        if action not in get_args(PersonAction):
            abort(404)
        rows = _chosen()
        fault = fault_of(action) or (None if rows else "said_none_chosen")
        if fault or len(rows) > MOST:
            keep("many")
            return back(told=fault or "said_too_many")
        number = many.file(Batch.of_form(action, rows))
        if not many.has_done(number):
            keep("many")
        return back(many=str(number))

    @routes.post(f"/said/many/{NUMBER}/undo")
    def undo(number: int) -> ResponseReturnValue:
        """Handle «Отменить» for all rows of a batch; the notice says which could not be undone."""
        done = many.take_back(number)
        return back(many=str(done)) if done else back(told="said_too_late")

    return routes


@dataclass(frozen=True)
class Batch:
    """An action and its rows; `key` is the same when the same form is sent twice."""

    action: PersonAction
    rows: Sequence[_Row]
    given: Given
    key: str

    @classmethod
    def of_form(cls, action: PersonAction, rows: Sequence[_Row]) -> Batch:
        """Read the form of the current request."""
        told = (person().email, request.form.get("once", ""), action, sorted(rows), sorted(given(action).items()))
        return cls(action, rows, given(action), hashlib.sha256(repr(told).encode()).hexdigest()[:24])


class _TwiceError(Exception):
    """The same form was sent twice at the same moment, and the other request came first."""


class ManyActions:
    """Files the events of several rows, and undoes them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._single = PersonActions(parts)

    def file(self, batch: Batch) -> int:
        """File a batch; return the number of its row in the audit."""
        place = f"said_many_{batch.action}", f"many:{batch.key}"
        return self._once(place, lambda connection: self._file(connection, batch, place))

    def has_done(self, number: int) -> bool:
        """Tell whether the batch of this row of the audit changed anything."""
        with self._parts.process.engine.connect() as connection:
            row = audit.one(connection, number)
        return row is not None and bool(_members(row.after)["done"])

    def take_back(self, number: int) -> int | None:
        """Undo a batch; return the number of the audit's row, or None when it is too late or somebody else's."""
        with self._parts.process.engine.connect() as connection:
            row = audit.one(connection, number)
        late = timedelta(seconds=LIVES)
        if row is None or not _is_batch(row) or machine_now() - row.at > late:
            return None
        place = _UNDONE, f"many:{number}"
        return self._once(place, lambda connection: self._take_back(connection, row, place))

    def _once(self, place: tuple[str, str], make: Callable[[sa.Connection], int]) -> int:
        """Return the audit's row for this place, which is made now unless it exists."""
        try:
            with self._parts.process.engine.begin() as connection:
                return _made(connection, place) or make(connection)
        except _TwiceError:
            with self._parts.process.engine.connect() as connection:
                return _made(connection, place) or abort(409)

    def _file(self, connection: sa.Connection, batch: Batch, place: tuple[str, str]) -> int:
        now, who = self._parts.process.clock.now(), person().actor
        before: dict[str, object] = {}
        left: dict[str, list[str]] = defaultdict(list)
        events = []
        for what, number in batch.rows:
            found, name = FIND[what](connection, number), f"{what}:{number}"
            given = self._single.by_id(found.source, batch.given) if found else batch.given
            fault = self._fault(connection, found, given)
            if fault or found is None:
                left[fault].append(found.ticket_id if found else str(number))
                continue
            events.append(event_of(found, batch.action, given, (f"{batch.key}.{name}", now)))
            before[name] = _was(found, batch.action)
            change = Change(f"said_{batch.action}", name, None, given.get("owner"), given.get("reason"))
            audit.write(connection, who, change, machine_now())
        until = _until(now, batch.given)
        told = _told(before, left) | {"owner": batch.given.get("owner"), "until": until}
        return _write(connection, events, Change(*place, before, told, batch.given.get("reason")))

    def _fault(self, connection: sa.Connection, found: Request | Hold | None, asked: Given) -> str:
        """Return why nothing can be done about a row, as a word of `many_left`; empty when it can."""
        if found is None or not is_open(found):
            return "over"
        known = "owner" not in asked or self._single.knows(connection, found.source, asked["owner"])
        return "" if known else "unknown"

    def _take_back(self, connection: sa.Connection, row: ChangeRow, place: tuple[str, str]) -> int:
        now = self._parts.process.clock.now()
        action = cast(PersonAction, row.what.removeprefix("said_many_"))
        done: dict[str, object] = {}
        left: dict[str, list[str]] = defaultdict(list)
        events: list[BotEvent] = []
        for name, value in _members(row.before).items():
            what, _, number = name.partition(":")
            found = FIND[what](connection, int(number))
            done_then = _members(row.after)
            if found is not None and action == "reassign":
                done_then = {**done_then, **self._single.by_id(found.source, {"owner": done_then["owner"]})}
            fault = _cannot(connection, found, action, (value, done_then))
            if fault or found is None:
                left[fault].append(found.ticket_id if found else number)
                continue
            about = {"key": f"undo.{row.id}.{name}", "occurred_at": now, "by": person().email}
            events.append(_event_back(found, action, value, about))
            done[name] = None
        return _write(connection, events, Change(*place, None, _told(done, left)))


def notice_of_many(connection: sa.Connection) -> dict[str, object]:
    """Return the notice of the batch in the query: its text, and the number by which it can be undone."""
    number = number_of_query("many")
    row = audit.one(connection, number) if number else None
    if row is None or not (_is_batch(row) or row.what == _UNDONE) or row.who != person().actor.who:
        return {"many": None}
    after = _members(row.after)
    count = after["done"]
    parts = [word("many", row.what).format(n=count)] if count else []
    parts += [word("many_left", why).format(tickets=", ".join(names)) for why, names in after["left"].items()]
    undone = row.what == _UNDONE or not count or _made(connection, (_UNDONE, f"many:{row.id}"))
    return {"told": " ".join(parts), "bad": not count, "many": None if undone else row.id}


def _chosen() -> list[_Row]:
    """Return the chosen rows, each once, without malformed ones."""
    found = []
    for text in dict.fromkeys(request.form.getlist("chosen")):
        what, _, number = text.partition(":")
        if what in FIND and number.isdecimal() and int(number[:20]) <= LARGEST:
            found.append((what, int(number)))
    return found


def _made(connection: sa.Connection, place: tuple[str, str]) -> int | None:
    what, target = place
    found = audit.page(connection, AuditFilter(who=person().actor.who, what=what, target=target), None, 1)
    return int(found[0].id) if found else None


def _members(value: object) -> Mapping[str, Any]:
    """Return a batch's values from the audit, or an empty mapping."""
    return value if isinstance(value, dict) else {}


def _is_batch(row: ChangeRow) -> bool:
    return row.what.startswith("said_many_") and row.what != _UNDONE and row.who == person().actor.who


def _write(connection: sa.Connection, events: Sequence[BotEvent], change: Change) -> int:
    """File the events and the batch's row in the audit; raises _TwiceError when the events were filed before."""
    if events and not post(connection, *events):
        raise _TwiceError
    return audit.write(connection, person().actor, change, machine_now())


def _told(done: Mapping[str, object], left: Mapping[str, Sequence[str]]) -> dict[str, object]:
    return {"done": len(done), "left": dict(left)}


def _until(now: datetime, asked: Given) -> str | None:
    return (now + timedelta(hours=asked["hours"])).isoformat() if "hours" in asked else None


def _was(found: Request | Hold, action: PersonAction) -> object:
    """Return the value that an action changes, as it was before."""
    if action == "reassign":
        return found.owner_id
    if action == "answered":
        return None
    if isinstance(found, Hold):
        return found.due_at.isoformat()
    return [found.snoozed_until.isoformat(), found.snooze_reason] if found.snoozed_until else None


def _cannot(
    connection: sa.Connection, found: Request | Hold | None, action: PersonAction, kept: tuple[Any, Mapping[str, Any]]
) -> str:
    """Return why an action cannot be undone, as a word of `many_left`; `kept`: the former value, and what was done."""
    if found is None:
        return "over"
    if action == "answered":
        return "" if is_open(found) or _ended_by_page(connection, found) else "otherwise"
    if not is_open(found):
        return "otherwise"
    was, done = kept
    if action == "reassign":
        return "" if found.owner_id in (was, done["owner"]) else "changed"
    if isinstance(found, Hold):
        return "" if found.due_at.isoformat() in (was, done["until"]) else "changed"
    until = found.snoozed_until.isoformat() if found.snoozed_until else None
    return "" if until in (was[0] if was else None, done["until"]) else "changed"


def _ended_by_page(connection: sa.Connection, found: Request | Hold) -> bool:
    """Return whether it was ended on a page, so that it may be reopened."""
    if isinstance(found, Request):
        return found.closed_why == "person"
    return found.ended_why == "answered" and holds.open_of_ticket(connection, found.source, found.ticket_id) is None


def _event_back(found: Request | Hold, action: PersonAction, was: Any, about: Mapping[str, object]) -> BotEvent:
    if isinstance(found, Request) and action == "snooze" and was:  # it had been put off before
        until, reason = was
        return RequestEvent.model_validate(
            {"type": "request.snoozed", "request": found.id, "until": until, "reason": reason, **about}
        )
    event = opposite(found, action)
    event |= {name: was for name in ("owner", "until") if name in event}
    return PersonActionEvent.model_validate({**event, **about})
