"""Indexes of problem cases by owner and assignee"""

from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_problem_cases_owner", "problem_cases", ["source", "owner_id", "id"])
    op.create_index("ix_problem_cases_assignee", "problem_cases", ["assignee", "id"])


def downgrade() -> None:
    op.drop_index("ix_problem_cases_assignee", "problem_cases")
    op.drop_index("ix_problem_cases_owner", "problem_cases")
