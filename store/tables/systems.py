"""Tables for running the bot: outside systems and their limits, our processes, stored configurations, alerts."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, String, Table, Text, UniqueConstraint

from store.tables.metadata import Id, metadata
from store.types import Moment

# The circuit breaker of each outside system, tripped since `closed_at`; `account_id` is the bot's own account there.
systems = Table(
    "systems",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("closed_at", Moment),
    Column("reason", Text),
    Column("probe_at", Moment),
    Column("probes", Integer, nullable=False, server_default="0"),
    Column("account_id", String(128)),
)

# Rate limits that other systems set (429): a site, one of its endpoints, or one issue.
pauses = Table(
    "pauses",
    metadata,
    Column("scope", String(200), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),  # in a row
    Column("reason", String(64)),
)

# Token buckets, our own limits, shared by all processes; `at` is epoch seconds, as date arithmetic differs between
# databases.
rate_limits = Table(
    "rate_limits",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at", Double, nullable=False, index=True),
)

# Callers waiting at a rate limit: the lowest level first, then in order of arrival. `due_at` is epoch
# seconds: until then, and a little longer, the place is kept for its holder.
rate_turns = Table(
    "rate_turns",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("level", Integer, nullable=False),
    Column("due_at", Double, nullable=False, index=True),
    UniqueConstraint("name", "holder", name="uq_rate_turns_name_holder"),
)

workers = Table(
    "workers",
    metadata,
    Column("executor_id", String(80), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# Signs of life of the clock processes.
clocks = Table(
    "clocks",
    metadata,
    Column("clock_id", String(80), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# How far the purge of ended deliveries has come: nothing is left to delete up to this end and number.
purges = Table(
    "purges",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("finished_at", Moment, nullable=False),
    Column("delivery", Id, nullable=False),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("content", Text, nullable=False),
    Column("loaded_at", Moment, nullable=False),
)

# What an admin must look at; the key lets each alert be sent only once.
alerts = Table(
    "alerts",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("text", Text, nullable=False),
    Column("raised_at", Moment, nullable=False, index=True),
)

# One row, which `/health/ready` writes to check whether anything can be written.
write_probes = Table(
    "write_probes",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("written_at", Moment, nullable=False),
)

# Cases whose texts are old enough to be deleted, but in which something is still open: when to check again.
kept_texts = Table(
    "kept_texts",
    metadata,
    Column("case_id", String(160), primary_key=True),
    Column("look_at", Moment, nullable=False, index=True),
)
