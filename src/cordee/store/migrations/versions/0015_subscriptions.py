"""What was written and is subscribed to, the subscriptions, their events."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n\n"):
        op.execute(statement)
