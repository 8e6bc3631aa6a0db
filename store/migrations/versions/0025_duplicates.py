"""Tickets by party, and merged tickets"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'known_tickets',
        sa.Column('source', sa.String(length=32), nullable=False),
        sa.Column('ticket_id', sa.String(length=64), nullable=False),
        sa.Column('party', sa.String(length=120), nullable=True),
        *(
            sa.Column(name, sa.String(length=length), nullable=True)
            for name, length in (
                ('status', 64), ('channel', 64), ('channel_kind', 64), ('type', 200), ('subtype', 200),
                ('order_no', 64), ('shipment_no', 64), ('supply_no', 64),
            )
        ),
        sa.Column('text', sa.Text(), nullable=True),
        sa.Column('created_at', store.types.Moment(timezone=True), nullable=True),
        sa.Column('told_at', store.types.Moment(timezone=True), nullable=False),
        sa.Column('heard_at', store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('source', 'ticket_id', name=op.f('pk_known_tickets')),
    )
    op.create_index(op.f('ix_known_tickets_heard_at'), 'known_tickets', ['heard_at'])
    op.create_index('ix_known_tickets_party', 'known_tickets', ['source', 'party', 'heard_at'])
    op.create_table(
        'merged_tickets',
        sa.Column('source', sa.String(length=32), nullable=False),
        sa.Column('ticket_id', sa.String(length=64), nullable=False),
        sa.Column('original_id', sa.String(length=64), nullable=False),
        sa.Column('pair', sa.String(length=130), nullable=False),
        sa.Column('delivery', sa.String(length=200), nullable=False),
        sa.Column('at', store.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('source', 'ticket_id', name=op.f('pk_merged_tickets')),
        sa.UniqueConstraint('source', 'pair', name='uq_merged_tickets_pair'),
    )
    op.create_index(op.f('ix_merged_tickets_at'), 'merged_tickets', ['at'])
    op.create_index('ix_merged_tickets_original', 'merged_tickets', ['source', 'original_id'])
