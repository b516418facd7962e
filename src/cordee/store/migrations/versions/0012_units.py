"""Quantities in units of UCUM stored before are found in other units too."""

from alembic import op

from cordee.fhir.definitions import load_definitions
from cordee.fhir.units import UCUM
from cordee.store.reindexing import reindex

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    reindex(op.get_bind(), load_definitions().resource_types, beyond_terms=True, holding=UCUM)
