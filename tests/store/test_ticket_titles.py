"""What a ticket is about, out of its newest events."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa

from store import ticket_titles
from store.tables import deliveries
from store.ticket_titles import LOOKED_AT, TicketTitle

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def told(connection: sa.Connection, case: str, count: int = 1, **ticket: object) -> None:
    """Events about a ticket."""
    known = connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one()
    row = {"source": "webcrm", "case_id": case, "type": "ticket.closed", "state": "done", "body": "{}"}
    rows = [
        row | {"delivery_id": f"d{known + n}", "event": json.dumps({"ticket": ticket}), "received_at": NOW}
        for n in range(count)
    ]
    connection.execute(sa.insert(deliveries), rows)


def test_the_newest_event_with_a_subject_names_the_ticket(engine: sa.Engine) -> None:
    seller = {"name": "ООО «Ромашка»"}
    with engine.begin() as connection:
        told(connection, "webcrm:1", subject="Старая тема")
        told(connection, "webcrm:1", subject="Не пускают", type="FBO", subtype="Прибытие", seller=seller)
        told(connection, "webcrm:1")
        told(connection, "webcrm:2")
        found = ticket_titles.of_cases(connection, ["webcrm:1", "webcrm:2", "webcrm:3"])
        assert ticket_titles.of_cases(connection, []) == {}
    assert found == {"webcrm:1": TicketTitle("Не пускают", "FBO", "Прибытие", "ООО «Ромашка»", "")}
    assert (found["webcrm:1"].topic, found["webcrm:1"].whose) == ("FBO / Прибытие", "ООО «Ромашка»")


def test_a_long_case_costs_no_more(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        told(connection, "webcrm:1", subject="Давно")
        told(connection, "webcrm:1", LOOKED_AT)
        assert ticket_titles.of_cases(connection, ["webcrm:1"]) == {}
