"""Actions of a delivery are told apart by their subject, and counted per subject"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('ledger', schema=None) as batch_op:
        batch_op.add_column(sa.Column('subject', sa.String(length=200), nullable=True))
        batch_op.drop_constraint('uq_ledger_step', type_='unique')
        batch_op.create_unique_constraint('uq_ledger_action', ['delivery', 'rule', 'verb', 'subject', 'n'])
