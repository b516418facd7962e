"""What a tenant does with resources that break the standard's invariants or the profiles they claim: its policy.

`off` looks at structure alone, `warn` stores and tells, `enforce` refuses (422). Each process reads the policy again
after a few seconds, so that a write costs no look-up.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final, Literal, get_args

from cordee.fhir.outcome import Issue
from cordee.store.changes import RefusedChange
from cordee.store.connection import Connection, Database
from cordee.store.tenant_profiles import tenant_validator
from cordee.store.write import Change

Policy = Literal["off", "warn", "enforce"]
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)

SECONDS_UNTIL_KNOWN: Final = 5.0
"""How long a process may go on by the policy that was."""

_kept: dict[int, tuple[float, Policy]] = {}


async def policy_of(connection: Connection, tenant: int) -> Policy:
    """The tenant's policy, as this process knows it."""
    kept = _kept.get(tenant)
    if kept is not None and monotonic() < kept[0]:
        return kept[1]
    policy: Policy = await connection.fetchval("SELECT profiles FROM tenant WHERE tenant = $1", tenant)
    _kept[tenant] = (monotonic() + SECONDS_UNTIL_KNOWN, policy)
    return policy


async def set_policy(database: Database, tenant: int, policy: Policy) -> None:
    """Changes the tenant's policy."""
    async with database.rows() as connection:
        await connection.execute("UPDATE tenant SET profiles = $2 WHERE tenant = $1", tenant, policy)
    _kept.pop(tenant, None)


class BreaksProfile(RefusedChange):
    """A resource is refused for what it breaks of profiles."""


async def judge(
    connection: Connection, database: Database, tenant: int, changes: Sequence[Change]
) -> dict[tuple[str, str], tuple[Issue, ...] | BreaksProfile]:
    """What each resource to be written breaks, warnings included, or its refusal; nothing by a policy that is off."""
    policy = await policy_of(connection, tenant)
    found: dict[tuple[str, str], tuple[Issue, ...] | BreaksProfile] = {}
    if policy == "off":
        return found
    validator = await tenant_validator(connection, tenant, database)
    judged = {change.key: change.incoming.resource for change in changes if change.incoming is not None}
    for key, issues in zip(judged, await validator.judge(list(judged.values())), strict=True):
        if policy == "enforce" and any(issue.severity == "error" for issue in issues):
            found[key] = _refusal(key, issues)
        elif issues:
            found[key] = tuple(issues)
    return found


def _refusal(key: tuple[str, str], issues: Sequence[Issue]) -> BreaksProfile:
    error = next(issue for issue in issues if issue.severity == "error")
    refusal = BreaksProfile(error.diagnostics, issues=issues)
    refusal.key = key
    return refusal
