"""The tables of access and of what people change: users, sessions, tokens, the audit, switches."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table, Text, text

from store.tables.metadata import Id, metadata
from store.types import Data, Moment

# People who sign in by a password. `of_sandbox`: everybody knows the password, so it opens nothing but a sandbox.
# Who is `blocked_at` some moment stays in the table, and is let in no more.
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

# Who is signed in. The key is the SHA-256 of what the browser holds; `how` is `password` or `oidc`.
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
    Column("claimed", Data),  # what the provider said of the person in the claim of `access.yml`
)

# Keys of programs to `/api`; a revoked one stays, so that the audit's names mean something.
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

# Sign-ins and everything that a person or a program changed, with what was before and after.
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

# What an admin turned by hand, above the files: `rule:W-57` → a mode.
switches = Table(
    "switches",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(16), nullable=False),
    Column("set_at", Moment, nullable=False),
    Column("set_by", String(254), nullable=False),
)
