"""The summary of a failure's master issue"""

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incidents", sa.Column("issue_summary", sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column("incidents", "issue_summary")
