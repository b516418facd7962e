"""What was stored before is found by :text, :of-type, :below and :above too."""

from alembic import op

from cordee.fhir.definitions import load_definitions
from cordee.store.reindexing import reindex

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    reindex(op.get_bind(), load_definitions().resource_types, beyond_terms=True)
