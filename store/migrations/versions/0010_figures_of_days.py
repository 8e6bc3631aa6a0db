"""Daily figures, false alarms, top sellers"""

import sqlalchemy as sa
from alembic import op

import store.types


revision = '0010'
down_revision = '0007'
branch_labels = None
depends_on = None

COUNTS = ('asked', 'sent_1', 'sent_2', 'sent_3', 'answered_0', 'answered_1', 'answered_2', 'answered_3', 'ignored')
BUCKETS = tuple(f'h{number}' for number in range(24))


def upgrade() -> None:
    op.create_table('report_days',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('counted_at', store.types.Moment(timezone=True), nullable=False),
    sa.Column('final', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_report_days'))
    )
    op.create_table('report_rows',
    sa.Column('dimension', sa.String(length=10), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('value', sa.String(length=255), nullable=False),
    *(sa.Column(name, sa.Integer(), server_default='0', nullable=False) for name in (*COUNTS, *BUCKETS)),
    sa.PrimaryKeyConstraint('dimension', 'day', 'value', name=op.f('pk_report_rows'))
    )
    with op.batch_alter_table('report_rows', schema=None) as batch_op:
        batch_op.create_index('ix_report_rows_value', ['dimension', 'value', 'day'], unique=False)

    op.create_table('report_hours',
    sa.Column('dimension', sa.String(length=10), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('value', sa.String(length=255), nullable=False),
    sa.Column('hour', sa.Integer(), nullable=False),
    sa.Column('asked', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('dimension', 'day', 'value', 'hour', name=op.f('pk_report_hours'))
    )
    with op.batch_alter_table('report_hours', schema=None) as batch_op:
        batch_op.create_index('ix_report_hours_value', ['dimension', 'value', 'day'], unique=False)

    op.create_table('false_alarms',
    sa.Column('ledger', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('who', sa.String(length=254), nullable=False),
    sa.Column('at', store.types.Moment(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['ledger'], ['ledger.id'], name=op.f('fk_false_alarms_ledger'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('ledger', name=op.f('pk_false_alarms'))
    )
    op.add_column('requests', sa.Column('top', sa.Boolean(), nullable=True))
    op.add_column('holds', sa.Column('top', sa.Boolean(), nullable=True))
    op.create_index('ix_requests_answered', 'requests', ['answered_at'], unique=False)
    op.create_index(
        'ix_requests_open_department', 'requests', ['department', 'since'], unique=False,
        sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        'ix_promises_broken', 'promises', ['request'], unique=False,
        sqlite_where=sa.text("state = 'broken'"), postgresql_where=sa.text("state = 'broken'"),
    )
    op.create_index(
        'ix_ledger_found', 'ledger', ['begun_at', 'id'], unique=False,
        sqlite_where=sa.text("outcome IN ('observed', 'warned')"),
        postgresql_where=sa.text("outcome IN ('observed', 'warned')"),
    )


def downgrade() -> None:
    op.drop_index('ix_ledger_found', table_name='ledger')
    op.drop_index('ix_requests_open_department', table_name='requests')
    op.drop_index('ix_promises_broken', table_name='promises')
    op.drop_index('ix_requests_answered', table_name='requests')
    op.drop_column('holds', 'top')
    op.drop_column('requests', 'top')
    for name in ('false_alarms', 'report_hours', 'report_rows', 'report_days'):
        op.drop_table(name)
