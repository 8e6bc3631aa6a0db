"""Mass failures and their tickets"""

import sqlalchemy as sa
from alembic import op

from store.types import Moment

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("issue_key", sa.String(length=64), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("opened_by", sa.String(length=254), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("turn", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.String(length=254), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_incidents_open", "incidents", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "incident_tickets",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("resolution", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], name=op.f("fk_incident_tickets_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident", "source", "ticket_id", name=op.f("pk_incident_tickets")),
    )
    op.create_index("ix_incident_tickets_newest", "incident_tickets", ["incident", "at"])
