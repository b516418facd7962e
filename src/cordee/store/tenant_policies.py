"""What a tenant does with writes: its policies, for what breaks profiles, for references, and for deletions.

Each process reads them again after a few seconds, so that a write costs no look-up.
"""

from dataclasses import dataclass, fields, replace
from time import monotonic
from typing import Final, Literal

from cordee.store.connection import Connections, Database
from cordee.store.integrity import Integrity

ProfilePolicy = Literal["off", "warn", "enforce"]
ConditionalDelete = Literal["single", "multiple"]
DanglingReferences = Literal["accept", "refuse"]
DeleteReferred = Literal["allow", "refuse", "cascade"]

SECONDS_UNTIL_KNOWN: Final = 5.0
"""How long a process may go on by the policies that were."""


@dataclass(frozen=True, slots=True)
class WritePolicies:
    """What is done with writes over HTTP; see docs/writes.md."""

    conditional_delete: ConditionalDelete = "single"
    dangling_references: DanglingReferences = "accept"
    delete_referred: DeleteReferred = "allow"

    @property
    def integrity(self) -> Integrity:
        """What is held to of references."""
        return Integrity(self.dangling_references == "refuse", self.delete_referred != "allow")


@dataclass(frozen=True, slots=True)
class TenantPolicies:
    """What a tenant says itself; None where it leaves it to the server's settings."""

    profiles: ProfilePolicy = "off"
    conditional_delete: ConditionalDelete | None = None
    dangling_references: DanglingReferences | None = None
    delete_referred: DeleteReferred | None = None

    def over(self, defaults: WritePolicies) -> WritePolicies:
        """What holds: what the tenant says, else the defaults."""
        said = {field.name: getattr(self, field.name) for field in fields(WritePolicies)}
        return replace(defaults, **{name: value for name, value in said.items() if value is not None})


_COLUMNS: Final = tuple(field.name for field in fields(TenantPolicies))
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM tenant WHERE tenant = $1"
_WRITE: Final = (
    f"UPDATE tenant SET {', '.join(f'{name} = ${place}' for place, name in enumerate(_COLUMNS, 2))} WHERE tenant = $1"
)

_kept: dict[int, tuple[float, TenantPolicies]] = {}


async def policies_of(connections: Connections, tenant: int) -> TenantPolicies:
    """The tenant's policies, as this process knows them."""
    kept = _kept.get(tenant)
    if kept is not None and monotonic() < kept[0]:
        return kept[1]
    async with connections.rows() as connection:
        row = await connection.fetchrow(_READ, tenant)
    policies = TenantPolicies(*row) if row is not None else TenantPolicies()
    _kept[tenant] = (monotonic() + SECONDS_UNTIL_KNOWN, policies)
    return policies


async def set_policies(database: Database, tenant: int, policies: TenantPolicies) -> None:
    """Puts them in place of those that were; other processes follow within `SECONDS_UNTIL_KNOWN`."""
    async with database.rows() as connection:
        await connection.execute(_WRITE, tenant, *(getattr(policies, name) for name in _COLUMNS))
    _kept.pop(tenant, None)
