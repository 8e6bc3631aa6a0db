"""Former issues of a ticket that went to another group"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('type_id', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('former_since', store.types.Moment(timezone=True), nullable=True))
        batch_op.drop_constraint('uq_links_ticket_purpose', type_='unique')
    op.create_index('ix_links_ticket', 'links', ['source', 'ticket_id'])
    present = sa.text('former_since IS NULL')
    op.create_index(
        'uq_links_ticket_purpose', 'links', ['source', 'ticket_id', 'purpose'], unique=True,
        sqlite_where=present, postgresql_where=present,
    )
