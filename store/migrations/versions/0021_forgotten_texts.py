"""Deletion of what people wrote once its case is long over"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from store.types import Moment

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("texts_gone_at", Moment(), nullable=True))
    op.add_column("requests", sa.Column("texts_gone_at", Moment(), nullable=True))
    op.create_table(
        "kept_texts",
        sa.Column("case_id", sa.String(length=160), nullable=False),
        sa.Column("look_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_kept_texts")),
    )
    op.create_index(op.f("ix_kept_texts_look_at"), "kept_texts", ["look_at"])
    op.create_index("ix_holds_ticket", "holds", ["source", "ticket_id"])


def downgrade() -> None:
    op.drop_index("ix_holds_ticket", "holds")
    op.drop_table("kept_texts")
    op.drop_column("requests", "texts_gone_at")
    op.drop_column("deliveries", "texts_gone_at")
