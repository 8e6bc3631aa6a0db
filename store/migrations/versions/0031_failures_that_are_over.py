"""An index of ended failures, for the purge"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    over = sa.text("ended_at IS NOT NULL")
    op.create_index("ix_incidents_over", "incidents", ["ended_at"], sqlite_where=over, postgresql_where=over)


def downgrade() -> None:
    op.drop_index("ix_incidents_over", "incidents")
