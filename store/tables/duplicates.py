"""The tables for duplicates: every ticket of a CRM as its events described it, and merges."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from store.tables.metadata import metadata
from store.types import Moment

# One row per ticket. `party` is its owner: `partner:184467`, `customer:77`; NULL if unknown. `told_at` is the moment
# of the newest event about it by the CRM's clock, `heard_at` by ours.
known_tickets = Table(
    "known_tickets",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("party", String(120)),
    Column("status", String(64)),
    Column("channel", String(64)),
    Column("channel_kind", String(64)),
    Column("type", String(200)),
    Column("subtype", String(200)),
    Column("order_no", String(64)),
    Column("shipment_no", String(64)),
    Column("supply_no", String(64)),
    Column("text", Text),
    Column("created_at", Moment),
    Column("told_at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False, index=True),
)
Index("ix_known_tickets_party", known_tickets.c.source, known_tickets.c.party, known_tickets.c.heard_at)

# A ticket whose client was sent to another one (W-14): once, and no two to each other. `pair` is both ids, sorted.
merged_tickets = Table(
    "merged_tickets",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("original_id", String(64), nullable=False),
    Column("pair", String(130), nullable=False),
    Column("delivery", String(200), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    UniqueConstraint("source", "pair", name="uq_merged_tickets_pair"),
)
Index("ix_merged_tickets_original", merged_tickets.c.source, merged_tickets.c.original_id)
