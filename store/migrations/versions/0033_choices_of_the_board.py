"""Indexes for the choices in the board's filters"""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    asked, held = sa.text("state = 'open'"), sa.text("ended_at IS NULL")
    op.create_index("ix_requests_open_owner", "requests", ["source", "owner_id"], sqlite_where=asked, postgresql_where=asked)
    op.create_index("ix_requests_open_topic", "requests", ["topic"], sqlite_where=asked, postgresql_where=asked)
    op.create_index("ix_holds_open_owner", "holds", ["source", "owner_id"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.drop_index("ix_holds_open_owner", "holds")
    op.drop_index("ix_requests_open_topic", "requests")
    op.drop_index("ix_requests_open_owner", "requests")
