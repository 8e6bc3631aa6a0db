"""What a session's role came from, and the addresses that somebody signed in from"""

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
    # whom the provider vouched for before this release signs in once more
    op.execute("DELETE FROM sessions WHERE how = 'oidc'")
