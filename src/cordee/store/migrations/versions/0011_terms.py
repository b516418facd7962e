"""Terms say the months of dates, and mark references; the rows of a type are counted without being read."""

from pathlib import Path

from alembic import op

from cordee.fhir.definitions import load_definitions
from cordee.store.reindexing import reindex

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text().split(";\n\n"):
        op.execute(statement)
    reindex(op.get_bind(), load_definitions().resource_types)
