"""The tables of the lead's reports: the figures of each day, counted once, and false alarms."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from store.tables.metadata import Id, metadata
from store.types import Moment

# Upper edges of the buckets of answer times, in hours; longer ones are in the last bucket.
EDGES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 48, 60, 72, 96, 120, 168, 240, 336, 720)
BUCKETS = tuple(f"h{number}" for number in range(len(EDGES) + 1))
STEPS = 3  # reminders counted separately; further steps count as the third
COUNTS = (
    "asked",
    *(f"sent_{step}" for step in range(1, STEPS + 1)),
    *(f"answered_{step}" for step in range(STEPS + 1)),
    "ignored",
)

# Days that were counted; a final one is never counted again, so that its figures do not change.
report_days = Table(
    "report_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("counted_at", Moment, nullable=False),
    Column("final", Boolean, nullable=False),
)

# A day's figures in all (`all`), and by department, agent and topic; `h…` counts answers by how long they took.
report_rows = Table(
    "report_rows",
    metadata,
    Column("dimension", String(10), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("value", String(255), primary_key=True),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*COUNTS, *BUCKETS)),
    Index("ix_report_rows_value", "dimension", "value", "day"),
)

# The same for whole months, added up whenever one of their days is counted, so that a year is 12 rows and not 365.
report_months = Table(
    "report_months",
    metadata,
    Column("dimension", String(10), primary_key=True),
    Column("month", Date, primary_key=True),  # its first day
    Column("value", String(255), primary_key=True),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*COUNTS, *BUCKETS)),
)

# When requests were asked, by hour in the company's time zone; the day gives the weekday.
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

# A ledger row that a person marked as wrong.
false_alarms = Table(
    "false_alarms",
    metadata,
    Column("ledger", Id, ForeignKey("ledger.id", ondelete="CASCADE"), primary_key=True),
    Column("who", String(254), nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text),
)
