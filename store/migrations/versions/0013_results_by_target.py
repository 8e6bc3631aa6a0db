"""An index of results by target, to check whether a comment is accounted for"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    known = sa.text("result IS NOT NULL")
    op.create_index("ix_ledger_results", "ledger", ["target"], sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    op.drop_index("ix_ledger_results", table_name="ledger")
