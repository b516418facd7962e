"""The project's own search parameters find what was stored before there were any."""

from pathlib import Path

from alembic import op

from cordee.store.reindexing import reindex

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n\n"):
        op.execute(statement)
    reindex(op.get_bind(), ("Claim", "Encounter", "PaymentReconciliation"))
