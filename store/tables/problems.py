"""The register of problem cases (manual J); `cases` is another table, that of the leases."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from store.tables.metadata import Id, metadata
from store.types import Data, Moment

# One row a case (J-38). `source` and `ticket_id` of an issue that a person made are its site and id. `facts`: what is
# known; `steps`: when each was done; `waits`: since when each is waited for, and its timer. `branch`: of T-8, empty
# while data are missing; `reason`: why no branch covers it (C-16). City, platform and order_no stand in `facts` too.
problem_cases = Table(
    "problem_cases",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("ticket_id", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("branch", String(32), nullable=False, server_default=""),
    Column("reason", Text),
    Column("state", String(8), nullable=False),
    Column("site", String(32)),
    Column("issue_id", String(20)),
    Column("issue_key", String(128)),
    Column("status", String(64)),
    Column("assignee", String(255)),
    Column("owner_id", String(64)),
    Column("owner_gender", String(1)),
    Column("url", Text),
    Column("order_no", String(64)),
    Column("city", String(64)),
    Column("platform", String(64)),
    Column("facts", Data, nullable=False),
    Column("steps", Data, nullable=False),
    Column("waits", Data, nullable=False),
    Column("moves", Integer, nullable=False, server_default="0"),
    Column("opened_by", String(200), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("closed_at", Moment),
)
p = problem_cases.c
Index("uq_problem_cases_ticket", p.source, p.ticket_id, unique=True)
Index("ix_problem_cases_issue", p.site, p.issue_id)
Index("ix_problem_cases_order", p.order_no, p.id)
Index("ix_problem_cases_owner", p.source, p.owner_id, p.id)
Index("ix_problem_cases_assignee", p.assignee, p.id)
_closed = text("closed_at IS NOT NULL")
Index("ix_problem_cases_closed", p.closed_at, sqlite_where=_closed, postgresql_where=_closed)
for _name in ("state", "kind", "branch", "city", "platform"):
    Index(f"ix_problem_cases_{_name}", p[_name], p.id)
