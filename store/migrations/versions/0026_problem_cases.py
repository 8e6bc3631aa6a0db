"""The register of problem cases"""

import sqlalchemy as sa
from alembic import op

from store.tables.metadata import Id
from store.types import Data, Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "problem_cases",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("ticket_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("branch", sa.String(32), nullable=False, server_default=""),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("site", sa.String(32), nullable=True),
        sa.Column("issue_id", sa.String(20), nullable=True),
        sa.Column("issue_key", sa.String(128), nullable=True),
        sa.Column("status", sa.String(64), nullable=True),
        sa.Column("assignee", sa.String(255), nullable=True),
        sa.Column("owner_id", sa.String(64), nullable=True),
        sa.Column("owner_gender", sa.String(1), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("order_no", sa.String(64), nullable=True),
        sa.Column("city", sa.String(64), nullable=True),
        sa.Column("platform", sa.String(64), nullable=True),
        sa.Column("facts", Data(), nullable=False),
        sa.Column("steps", Data(), nullable=False),
        sa.Column("waits", Data(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opened_by", sa.String(200), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_cases")),
    )
    op.create_index("uq_problem_cases_ticket", "problem_cases", ["source", "ticket_id"], unique=True)
    op.create_index("ix_problem_cases_issue", "problem_cases", ["site", "issue_id"])
    op.create_index("ix_problem_cases_order", "problem_cases", ["order_no", "id"])
    for name in ("state", "kind", "branch", "city", "platform"):
        op.create_index(f"ix_problem_cases_{name}", "problem_cases", [name, "id"])


def downgrade() -> None:
    op.drop_table("problem_cases")
