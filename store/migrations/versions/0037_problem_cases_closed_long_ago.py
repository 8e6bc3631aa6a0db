"""Problem cases that were closed long ago are found by when they were closed"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index("ix_problem_cases_closed", "problem_cases", ["closed_at"], sqlite_where=closed, postgresql_where=closed)


def downgrade() -> None:
    op.drop_index("ix_problem_cases_closed", "problem_cases")
