"""What a row refers to is found by the term that its reference has: reverse chains."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("resource_by_self_term", "resource", ["tenant", "self_term"])
