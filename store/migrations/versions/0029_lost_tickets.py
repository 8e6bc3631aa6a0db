"""Tickets closed as «Не решена» without a next step"""

import sqlalchemy as sa
from alembic import op

from store.types import Moment

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lost_tickets",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("topic", sa.String(length=400), nullable=True),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ticket_id", name=op.f("pk_lost_tickets")),
    )
    op.create_index(op.f("ix_lost_tickets_since"), "lost_tickets", ["since"])
