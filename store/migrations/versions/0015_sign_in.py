"""The claim behind a session's role, and an index of the addresses that people signed in from"""

import sqlalchemy as sa
from alembic import op

import store.types

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('sessions', sa.Column('claimed', store.types.Data(none_as_null=True), nullable=True))
    signed_in = sa.text("what = 'signed_in'")
    op.create_index(
        'ix_audit_signed_in', 'audit', ['who', 'address'], sqlite_where=signed_in, postgresql_where=signed_in
    )
    # sessions from the provider before this release have no claim: sign in again
    op.execute("DELETE FROM sessions WHERE how = 'oidc'")
