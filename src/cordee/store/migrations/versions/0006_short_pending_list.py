"""The terms' index keeps few entries aside: every look-up reads all that are."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER INDEX resource_by_terms SET (gin_pending_list_limit = 64)")
    op.execute("SELECT gin_clean_pending_list('resource_by_terms')")
