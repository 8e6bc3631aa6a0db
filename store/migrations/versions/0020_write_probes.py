"""A row that is written to check whether anything can be written"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from store.types import Moment

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "write_probes",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("written_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_write_probes")),
    )


def downgrade() -> None:
    op.drop_table("write_probes")
