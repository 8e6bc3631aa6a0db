"""What people wrote is forgotten when its case is long over; what was done stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from events import Attachment, CaseEvent, TicketEvent, dump_event, load_event
from events.secrets import without_texts
from store import texts
from store.tables import deliveries, holds, ledger
from store.tables.requests import promises, requests
from store.tables.systems import kept_texts
from tests.tickets import closing, ticket

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEEP = 30 * DAY
SAID = "Анна ждёт у ворот, её телефон в карточке"
SELLER = "Лавка Анны"


def add(connection: sa.Connection, case: str, ended: int | None, state: str = "done") -> int:
    """A delivery of a case that ended so many days ago, with a step that wrote something."""
    number = case.partition(":")[2]
    body = closing(
        ticket(id=number, subject=SAID, seller={"id": "1", "name": SELLER}), id=f"e{ended}", description=SAID
    )
    event = dump_event(TicketEvent.model_validate(body))
    row: dict[str, Any] = {
        "source": "webcrm",
        "delivery_id": f"{case}-{ended}",
        "case_id": case,
        "type": "ticket.closing",
    }
    row |= {"state": state, "body": event, "event": event, "received_at": NOW}
    row["finished_at"] = NOW - ended * DAY if ended is not None else None
    made = int(connection.execute(sa.insert(deliveries).values(row).returning(deliveries.c.id)).scalar_one())
    step = {"rule": "W-57", "verb": "note_x", "n": 1, "mode": "act", "outcome": "done", "begun_at": NOW}
    connection.execute(sa.insert(ledger).values(**step, delivery=made, before=SAID, after=SAID, result={"id": "5"}))
    return made


def ask(connection: sa.Connection, number: str, state: str) -> int:
    """A request of a ticket."""
    row = {"source": "webcrm", "ticket_id": number, "department": "service", "number": 1, "origin": "webcrm"}
    row |= {"state": state, "text": SAID, "topic": SAID, "answer_required": True, "since": NOW, "opened_by": "x"}
    return int(connection.execute(sa.insert(requests).values(row).returning(requests.c.id)).scalar_one())


def purge(engine: sa.Engine, now: datetime = NOW, limit: int = 50) -> int:
    """Forget until nothing is left to look at; how many pieces that took."""
    for pieces in range(1, 100):
        with engine.begin() as connection:
            if texts.forget(connection, now - KEEP, now, limit, without_texts) < limit:
                return pieces
    raise AssertionError("it never ends")


def said(engine: sa.Engine, case: str) -> bool:
    """Whether anything that people wrote is left in a case."""
    with engine.connect() as connection:
        rows = list(connection.execute(sa.select(deliveries).where(deliveries.c.case_id == case)))
        steps = sa.select(ledger).where(ledger.c.delivery.in_([row.id for row in rows]))
        asked = sa.select(requests).where(requests.c.ticket_id == case.partition(":")[2])
        everything = str([*rows, *connection.execute(steps), *connection.execute(asked)])
    return SAID in everything or SELLER in everything


def test_a_case_that_ended_long_ago_forgets_what_people_wrote(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = add(connection, "webcrm:7", 60)
        add(connection, "webcrm:7", 31)
        request = ask(connection, "7", "answered")
        promised = {"request": request, "source": "webcrm", "ticket_id": "7", "text_id": "M-2", "text": SAID}
        connection.execute(sa.insert(promises).values(**promised, state="kept", drafted_at=NOW))
    purge(engine)
    assert not said(engine, "webcrm:7")
    with engine.connect() as connection:
        row = connection.execute(sa.select(deliveries).where(deliveries.c.id == first)).one()
        step = connection.execute(sa.select(ledger).where(ledger.c.delivery == first)).one()
        asked = connection.execute(sa.select(requests)).one()
        assert connection.execute(sa.select(promises.c.text)).scalar() == ""
    event = load_event(row.event)  # it can be read still
    assert isinstance(event, TicketEvent)
    assert (event.ticket.id, event.ticket.seller.id, event.closing.description) == ("7", "1", None)
    assert (row.body, row.texts_gone_at) == ("", NOW)
    assert (step.verb, step.outcome, step.result, step.after) == ("note_x", "done", {"id": "5"}, None)
    assert (asked.text, asked.texts_gone_at, asked.state) == ("", NOW, "answered")


def test_a_case_with_something_young_unfinished_or_dead_keeps_all(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for case, ended, state in (("webcrm:1", 29, "done"), ("webcrm:2", None, "waiting"), ("webcrm:3", 40, "dead")):
            add(connection, case, 60)
            add(connection, case, ended, state)
    purge(engine)
    assert all(said(engine, case) for case in ("webcrm:1", "webcrm:2", "webcrm:3"))
    purge(engine, NOW + 2 * DAY)
    assert not said(engine, "webcrm:1")
    assert said(engine, "webcrm:2")


@pytest.mark.parametrize("what", ["request", "hold", "promise"])
def test_what_is_open_keeps_the_texts_until_it_ends(engine: sa.Engine, what: str) -> None:
    ended: dict[str, tuple[sa.Table, dict[str, Any]]] = {
        "request": (requests, {"state": "answered"}),
        "hold": (holds, {"ended_at": NOW}),
        "promise": (promises, {"state": "kept"}),
    }
    with engine.begin() as connection:
        add(connection, "webcrm:7", 60)
        request = ask(connection, "7", "open" if what == "request" else "answered")
        if what == "hold":
            hold = {"source": "webcrm", "ticket_id": "7", "kind": "ozon", "stage": "waiting", "question": SAID}
            connection.execute(sa.insert(holds).values(**hold, since=NOW, due_at=NOW))
        if what == "promise":
            made = {"request": request, "source": "webcrm", "ticket_id": "7", "text_id": "M-2", "text": SAID}
            connection.execute(sa.insert(promises).values(**made, state="made", drafted_at=NOW))
    purge(engine)
    assert said(engine, "webcrm:7")
    table, values = ended[what]
    with engine.begin() as connection:
        connection.execute(sa.update(table).values(**values))
    purge(engine, NOW + DAY / 2)  # it is looked at again a day later, not at every turn
    assert said(engine, "webcrm:7")
    purge(engine, NOW + 2 * DAY)
    assert not said(engine, "webcrm:7")
    with engine.connect() as connection:
        assert connection.execute(sa.select(kept_texts)).all() == []


def test_a_ticket_that_lives_again_keeps_what_is_new(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add(connection, "webcrm:7", 60)
    purge(engine)
    with engine.begin() as connection:
        add(connection, "webcrm:7", 0)
    purge(engine)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(deliveries.c.event).order_by(deliveries.c.id)).scalars()
        assert [SAID in json.dumps(json.loads(event), ensure_ascii=False) for event in rows] == [False, True]


def test_a_run_is_bounded_and_goes_on_where_the_one_before_ended(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for number in range(12):
            add(connection, f"webcrm:{number}", 60)
    assert purge(engine, limit=5) == 3
    assert not any(said(engine, f"webcrm:{number}") for number in range(12))
    assert purge(engine, limit=5) == 1


def test_what_clients_attached_is_forgotten_but_that_they_did() -> None:
    files = [{"name": SAID, "url": f"https://crm.example/{SAID}"}] * 2
    message = {"id": "m1", "text": "", "attachments": files}
    ticket_event = TicketEvent.model_validate(closing(ticket(id="7", messages=[message])))
    photo = CaseEvent(
        type="case.photo", occurred_at=NOW, key="k", number=1, ticket_source="webcrm", ticket_id="7",
        file=Attachment(name=SAID, url=SAID),
    )  # fmt: skip
    for event in (ticket_event, photo):
        assert SAID in dump_event(event)
        assert SAID not in without_texts(dump_event(event))
    left = load_event(without_texts(dump_event(ticket_event)))
    assert isinstance(left, TicketEvent)
    assert left.ticket.messages[0].attachments == (Attachment(), Attachment())
