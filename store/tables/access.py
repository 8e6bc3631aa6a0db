"""The tables of access and of people's changes: users, sessions, tokens, the audit, switches."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table, Text, text

from store.tables.metadata import Id, metadata
from store.types import Data, Moment

# Users who sign in with a password. `of_sandbox`: the password is public, so it only works in a sandbox. A user with a
# `blocked_at` stays in the table and cannot sign in.
users = Table(
    "users",
    metadata,
    Column("email", String(254), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("password", String(256), nullable=False),
    Column("of_sandbox", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("blocked_at", Moment),
)

# Who is signed in. The key is the SHA-256 of the browser's secret; `how` is `password` or `oidc`.
sessions = Table(
    "sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("email", String(254), nullable=False, index=True),
    Column("role", String(8), nullable=False),
    Column("how", String(8), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("seen_at", Moment, nullable=False),
    Column("claimed", Data),  # the provider's value of the claim configured in `access.yml`
)

# Programs' keys for `/api`; revoked ones are kept, so that the audit's names keep their meaning.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)

# Sign-ins and everything that a person or a program changed, with the values before and after.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False, index=True),
    Column("who", String(254), nullable=False),
    Column("door", String(8), nullable=False),
    Column("what", String(32), nullable=False),
    Column("target", String(200)),
    Column("before", Data),
    Column("after", Data),
    Column("reason", Text),
    Column("address", String(64)),
    Index("ix_audit_who", "who", "id"),
    Index("ix_audit_what", "what", "id"),
    Index("ix_audit_target", "what", "target", "id"),
)

_signed_in = text("what = 'signed_in'")
Index("ix_audit_signed_in", audit.c.who, audit.c.address, sqlite_where=_signed_in, postgresql_where=_signed_in)

# What an admin switched by hand, overriding the files: `rule:W-57` → a mode.
switches = Table(
    "switches",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(16), nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("set_by", String(254), nullable=False),
)
