"""To whom the CRM gave each ticket"""

import sqlalchemy as sa
from alembic import op

from store.types import Moment

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("assigned_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ticket_id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_assigned_at"), "assignments", ["assigned_at"])
    op.create_index("ix_assignments_agent", "assignments", ["source", "agent_id", "assigned_at"])


def downgrade() -> None:
    op.drop_table("assignments")
