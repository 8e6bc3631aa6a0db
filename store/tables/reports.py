"""The tables of the lead's reports: the figures of each day, counted once, and what was marked a false alarm."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from store.tables.metadata import Id, metadata
from store.types import Moment

# Upper edges of the answer times that are told apart, in hours; what takes longer is in the last bucket.
EDGES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 96, 120, 168, 240, 336, 720)
BUCKETS = tuple(f"h{number}" for number in range(len(EDGES) + 1))
STEPS = 3  # reminders that are told apart; any further step counts as the third
COUNTS = (
    "asked",
    *(f"sent_{step}" for step in range(1, STEPS + 1)),
    *(f"answered_{step}" for step in range(STEPS + 1)),
    "ignored",
)

# Days that were counted; a final one is never counted again, so that its figures stay what they were.
report_days = Table(
    "report_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("counted_at", Moment, nullable=False),
    Column("final", Boolean, nullable=False),
)

# A day's figures of everything (`all`), of each department, agent and topic; `h…` counts answers by how long they took.
report_rows = Table(
    "report_rows",
    metadata,
    Column("dimension", String(10), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("value", String(255), primary_key=True),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*COUNTS, *BUCKETS)),
    Index("ix_report_rows_value", "dimension", "value", "day"),
)

# The same of whole months, added up whenever one of their days is counted: a year has 12 of them and 365 days.
report_months = Table(
    "report_months",
    metadata,
    Column("dimension", String(10), primary_key=True),
    Column("month", Date, primary_key=True),  # its first day
    Column("value", String(255), primary_key=True),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*COUNTS, *BUCKETS)),
)

# When requests were asked: by the hour of the company's clock; the day tells the weekday.
report_hours = Table(
    "report_hours",
    metadata,
    Column("dimension", String(10), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("value", String(255), primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("asked", Integer, nullable=False),
    Index("ix_report_hours_value", "dimension", "value", "day"),
)

# A step of the ledger of which a person said that it is wrong.
false_alarms = Table(
    "false_alarms",
    metadata,
    Column("ledger", Id, ForeignKey("ledger.id", ondelete="CASCADE"), primary_key=True),
    Column("who", String(254), nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text),
)
