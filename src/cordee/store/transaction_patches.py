"""The patches of a transaction: each applied to the version that stands there, which may not change meanwhile."""

from collections.abc import Sequence
from dataclasses import replace

from cordee.fhir.body import Incoming
from cordee.fhir.outcome import FhirError, InvalidResource
from cordee.fhir.patch import accept_patched
from cordee.store.connection import Connection
from cordee.store.read import find_several, require_current
from cordee.store.transaction_references import EntryReferences
from cordee.store.transaction_steps import Step, placed


async def find_patched(connection: Connection, tenant: int, steps: Sequence[Step]) -> None:
    """Reads what patches without a condition are about; raises `NotFound` or `Gone`."""
    by_id = [step for step in steps if step.patch is not None and step.matched is None]
    standing = await find_several(connection, tenant, [step.key for step in by_id])
    for step in by_id:
        try:
            step.matched = require_current(standing.get(step.key), *step.key)
        except FhirError as refusal:
            raise placed(step.entry, refusal) from None


def patched(step: Step, references: EntryReferences) -> Incoming:
    """What the step's patch makes of the resource; its text is kept, references to other entries replaced."""
    if step.patch is None or step.matched is None:
        raise ValueError(f"{step.entry.path} is no patch of a resource")
    step.text = references.replaced_in_stored(step.patch.patched(step.matched.body))
    try:
        return accept_patched(step.text, step.matched.body)
    except InvalidResource as refusal:
        raise InvalidResource(
            str(refusal),
            issues=[
                replace(issue, diagnostics=f"Once patched: {issue.path}: {issue.diagnostics}", path=None)
                for issue in refusal.issues
            ],
        ) from None
