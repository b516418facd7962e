"""A transaction Bundle: all of it or nothing, in one database transaction (R4 http.html#transaction)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from cordee.fhir.body import accept
from cordee.fhir.bundle import BundleEntry, InvalidBundle, in_processing_order
from cordee.fhir.outcome import Conflict, FhirError, Issue
from cordee.store import read as reads
from cordee.store.carrying_out import write_changes
from cordee.store.changes import Precondition, RefusedChange, Written, decide, now
from cordee.store.conditional_references import ParseCriteria
from cordee.store.connection import Connection, Database
from cordee.store.integrity import NOT_HELD, Integrity, ReferredTo, require_integrity
from cordee.store.transaction_patches import find_patched, patched
from cordee.store.transaction_references import EntryReferences, refuse_dangling, resolve_conditional_references
from cordee.store.transaction_steps import (
    ExistsUnmatched,
    Step,
    first_step,
    give_ids,
    meet_conditions,
    placed,
    refuse_overlaps,
)
from cordee.store.write import Change

_ATTEMPTS = 5
_ENTRIES_BETWEEN_PAUSES = 50
"""Checking a long Bundle is pure computation: other requests get their turn in between."""

ReadEntry = Callable[[Connection, BundleEntry], Awaitable[None]]


async def run_transaction(
    database: Database,
    tenant: int,
    entries: Sequence[BundleEntry],
    preconditions: Callable[[BundleEntry], Precondition],
    parse_criteria: ParseCriteria,
    read: ReadEntry,
    integrity: Integrity = NOT_HELD,
) -> dict[int, Written]:
    """Carries out the writing entries, then `read` for each of the others, and commits; what each wrote, by index.

    Raises `InvalidBundle` (400), `InvalidResource` (422), `PreconditionFailed` (412) or `Conflict` (409), each with
    the entry's path, or what `read` raises; then nothing is stored. Met by another writer, the whole is tried again.
    """
    ordered = in_processing_order(tuple(entries))
    writing = [entry for entry in ordered if entry.method in ("POST", "PUT", "PATCH", "DELETE")]
    reading = [entry for entry in ordered if entry.method in ("GET", "HEAD")]
    for attempt in range(_ATTEMPTS):
        steps = [first_step(entry, preconditions, parse_criteria) for entry in writing]
        try:
            async with database.transaction() as connection:
                await _carry_out(connection, database, tenant, steps, parse_criteria)
                await _judge(connection, tenant, steps, integrity)
                for entry in reading:
                    try:
                        await read(connection, entry)
                    except FhirError as refusal:
                        raise placed(entry, refusal) from None
        except (ExistsUnmatched, ReferredTo):
            raise
        except Conflict:
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            return {step.entry.index: step.result for step in steps if step.result is not None}
    raise Conflict("Other writers kept changing the same resources; try again.")


async def _carry_out(
    connection: Connection, database: Database, tenant: int, steps: list[Step], parse_criteria: ParseCriteria
) -> None:
    await meet_conditions(connection, tenant, steps)
    give_ids(steps)
    await find_patched(connection, tenant, steps)
    await _accept_all(steps, EntryReferences(steps))
    await resolve_conditional_references(connection, tenant, steps, parse_criteria)
    refuse_overlaps(steps)
    writing = [step for step in steps if step.writes]
    current = await reads.find_several(connection, tenant, [step.key for step in writing], lock=True)
    rids = await database.next_rids(connection, len(writing))
    moment = now()
    changes: list[tuple[Step, Change]] = []
    for step, rid in zip(writing, rids, strict=True):
        held = current.get(step.key)
        if step.matched is not None and (held is None or held.version != step.matched.version):
            raise Conflict(f"{'/'.join(step.key)} was changed by another writer.", path=step.entry.path)
        if step.condition is not None and step.matched is None and held is not None and not held.deleted:
            sentence = f"{'/'.join(step.key)} exists, and does not match the condition."
            raise ExistsUnmatched(sentence, path=step.entry.path)
        try:
            decided = decide(step.intent, held, rid, moment)
        except FhirError as refusal:
            raise placed(step.entry, refusal) from None
        if isinstance(decided, Change):
            changes.append((step, decided))
        else:
            step.result = decided
    try:
        written = await write_changes(connection, database, tenant, [change for _, change in changes], current)
    except RefusedChange as refusal:
        entry = next(step.entry for step, change in changes if change.key == refusal.key)
        raise placed(entry, refusal) from None
    for (step, _), result in zip(changes, written, strict=True):
        if result is None:
            raise Conflict(f"Another writer created {'/'.join(step.key)} first.", path=step.entry.path)
        step.result = result
    for step in steps:
        if step.deletes_nothing:
            step.result = Written("absent", None)
        elif step.same_as is not None and step.same_as.result is not None:
            step.result = Written("unchanged", step.same_as.result.version)
        elif step.answers_existing:
            step.result = Written("unchanged", step.matched)


async def _judge(connection: Connection, tenant: int, steps: Sequence[Step], integrity: Integrity) -> None:
    if not integrity.is_held:
        return
    places = {step.key: f"{step.entry.path}.resource" for step in steps if step.writes}
    written = [s.result.version for s in steps if s.writes and s.result and s.result.effect != "unchanged"]
    versions = [version for version in written if version is not None]
    await require_integrity(connection, tenant, integrity, versions, lambda v: places[v.resource_type, v.id])


async def _accept_all(steps: list[Step], references: EntryReferences) -> None:
    """Checks every resource, references rewritten; every problem of the whole Bundle is told at once."""
    issues: list[Issue] = []
    refusals: list[FhirError] = []
    for number, step in enumerate(steps):
        if (step.text is None and step.patch is None) or step.entry.method == "DELETE":
            continue
        if number % _ENTRIES_BETWEEN_PAUSES == _ENTRIES_BETWEEN_PAUSES - 1:
            await asyncio.sleep(0)
        try:
            if step.patch is not None:
                step.incoming = patched(step, references)
            else:
                step.text = references.rewritten(step)
                step.incoming = accept(step.text, step.resource_type)
            _check_body_id(step)
            refuse_dangling(step)
        except FhirError as refusal:
            refusals.append(refusal)
            issues.extend(placed(step.entry, refusal).issues)
    if refusals:
        first = refusals[0]
        raise first.with_issues(issues)


def _check_body_id(step: Step) -> None:
    if step.entry.method == "PUT" and step.incoming is not None and step.incoming.id not in (None, step.id):
        raise InvalidBundle(
            f"The body's id is {step.incoming.id}, the request's {step.id}.", path=f"{step.resource_type}.id"
        )
