"""Since when the ticket of a request is solved"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('requests', sa.Column('ticket_solved_at', store.types.Moment(timezone=True), nullable=True))
