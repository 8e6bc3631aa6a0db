"""What the tests of the runtime share: events as arrivals, and an inbox without receivers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from events import TicketEvent, ticket_case
from handlers import PROCEDURES
from runtime.inbox import Arrival, StoreInbox
from tests.tickets import closing, ticket

Arrive = Callable[..., Arrival]


@pytest.fixture
def inbox(engine: sa.Engine) -> StoreInbox:
    """The inbox of a web process."""
    return StoreInbox(engine, PROCEDURES)


@pytest.fixture
def arrival() -> Arrive:
    """Makes the arrival of a ticket's closing; `delivery_id` and `sha` as given, `type` and others of the event."""

    def make(delivery_id: str, *, number: str = "1", sha: str | None = None, **changes: Any) -> Arrival:
        body = {**closing(ticket(id=number), id=delivery_id), **changes}
        event = TicketEvent.model_validate(body)
        text = json.dumps(body, ensure_ascii=False).encode()
        return Arrival("webcrm", delivery_id, ticket_case("webcrm", number), event.type, text, event, body_sha256=sha)

    return make
