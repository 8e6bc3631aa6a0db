"""Indexes of requests and holds by owner"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_requests_owner', 'requests', ['source', 'owner_id'])
    op.create_index('ix_holds_owner', 'holds', ['source', 'owner_id'])
