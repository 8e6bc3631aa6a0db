"""When a user was blocked"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("blocked_at", store.types.Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "blocked_at")
