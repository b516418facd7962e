"""Resources that break the standard's invariants or the profiles they claim, dealt with by the tenant's policy.

`off` looks at structure alone, `warn` stores and tells, `enforce` refuses (422).
"""

from collections.abc import Sequence

from cordee.fhir.outcome import Issue
from cordee.store.changes import RefusedChange
from cordee.store.connection import Connection, Database, Held
from cordee.store.tenant_policies import policies_of
from cordee.store.tenant_profiles import tenant_validator
from cordee.store.write import Change


class BreaksProfile(RefusedChange):
    """A resource is refused for what it breaks of profiles."""


async def judge(
    connection: Connection, database: Database, tenant: int, changes: Sequence[Change]
) -> dict[tuple[str, str], tuple[Issue, ...] | BreaksProfile]:
    """What each resource to be written breaks, warnings included, or its refusal; nothing by a policy that is off."""
    policy = (await policies_of(Held(connection), tenant)).profiles
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
