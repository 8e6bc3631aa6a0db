"""Monthly figures, summed from those of the counted days"""

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

COUNTS = ('asked', 'sent_1', 'sent_2', 'sent_3', 'answered_0', 'answered_1', 'answered_2', 'answered_3', 'ignored')
BUCKETS = tuple(f'h{number}' for number in range(24))


def upgrade() -> None:
    op.create_table('report_months',
    sa.Column('dimension', sa.String(length=10), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('value', sa.String(length=255), nullable=False),
    *(sa.Column(name, sa.Integer(), server_default='0', nullable=False) for name in (*COUNTS, *BUCKETS)),
    sa.PrimaryKeyConstraint('dimension', 'month', 'value', name=op.f('pk_report_months'))
    )
    postgresql = op.get_bind().dialect.name == 'postgresql'
    month = "CAST(date_trunc('month', day) AS date)" if postgresql else "strftime('%Y-%m-01', day)"
    names = ', '.join((*COUNTS, *BUCKETS))
    sums = ', '.join(f'sum({name})' for name in (*COUNTS, *BUCKETS))
    op.execute(
        f"INSERT INTO report_months (dimension, month, value, {names}) SELECT dimension, {month}, value, {sums} "
        f"FROM report_rows WHERE dimension IN ('department', 'agent', 'topic') GROUP BY dimension, {month}, value"
    )


def downgrade() -> None:
    op.drop_table('report_months')
