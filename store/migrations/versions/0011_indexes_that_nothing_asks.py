"""Drop two indexes of promises that no query uses"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index("ix_promises_due", table_name="promises")
    op.drop_index("ix_promises_period", table_name="promises")


def downgrade() -> None:
    op.create_index("ix_promises_period", "promises", ["drafted_at"], unique=False)
    made = sa.text("state = 'made'")
    op.create_index(
        "ix_promises_due", "promises", ["due_at"], unique=False, sqlite_where=made, postgresql_where=made
    )
