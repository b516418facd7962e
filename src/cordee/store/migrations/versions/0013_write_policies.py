"""What a tenant does with references and deletions; NULL is what the server's settings say."""

from alembic import op

revision = "0013"
down_revision = "0012"

_POLICIES = {
    "conditional_delete": ("single", "multiple"),
    "dangling_references": ("accept", "refuse"),
    "delete_referred": ("allow", "refuse", "cascade"),
}


def upgrade() -> None:
    for name, values in _POLICIES.items():
        known = ", ".join(f"'{value}'" for value in values)
        op.execute(
            f'ALTER TABLE tenant ADD COLUMN {name} TEXT COLLATE "C" CONSTRAINT known_{name} CHECK ({name} IN ({known}))'
        )
