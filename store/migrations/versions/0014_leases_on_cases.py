"""Leases on cases, in place of the queue library's tables

What is running gets a lease that expires at once, so that the first worker of this release takes it over.
"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

# the queue library's tables on SQLite; on PostgreSQL they have a schema of their own
QUEUE = (
    'workflow_input', 'workflow_output', 'operation_outputs', 'notifications', 'workflow_events',
    'workflow_events_history', 'streams', 'workflow_schedules', 'workflow_status', 'queues',
    'application_versions', 'dbos_migrations',
)


def upgrade() -> None:
    op.create_table(
        'cases',
        sa.Column('case_id', sa.String(length=160), nullable=False),
        sa.Column('worker', sa.String(length=80), nullable=False),
        sa.Column('until', store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('case_id', name=op.f('pk_cases')),
    )
    op.create_index(op.f('ix_cases_until'), 'cases', ['until'])
    op.execute(
        "INSERT INTO cases (case_id, worker, until) "
        "SELECT DISTINCT case_id, '', CURRENT_TIMESTAMP FROM deliveries WHERE state = 'running'"
    )
    op.drop_column('deliveries', 'nudged_at')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP SCHEMA IF EXISTS dbos CASCADE')
        return
    for table in QUEUE:
        op.execute(f'DROP TABLE IF EXISTS {table}')
