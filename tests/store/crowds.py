"""What many tests of indexes need in the store."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store.tables import deliveries


def many_deliveries(connection: sa.Connection, number: int, now: datetime) -> None:
    """Deliveries of many cases, most of them finished, as they are after years."""
    row = {"source": "webcrm", "type": "ticket.closed", "body": "{}", "received_at": now}
    states = ["waiting" if n % 20 == 0 else "done" for n in range(number)]
    rows = [{**row, "delivery_id": f"d{n}", "case_id": f"webcrm:{n}", "state": state} for n, state in enumerate(states)]
    connection.execute(sa.insert(deliveries), rows)
