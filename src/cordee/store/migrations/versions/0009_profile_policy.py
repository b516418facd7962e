"""What a tenant does with resources that break the profiles they claim: nothing until it says so."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE tenant ADD COLUMN profiles TEXT COLLATE \"C\" NOT NULL DEFAULT 'off' "
        "CONSTRAINT known_profile_policy CHECK (profiles IN ('off', 'warn', 'enforce'))"
    )
