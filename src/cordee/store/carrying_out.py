"""Intents carried out on one connection: each is decided over what stands there, the changes are written at once."""

from collections.abc import Mapping, Sequence

from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.stored_version import StoredVersion
from cordee.store import search_parameter_indexing, search_parameter_writes
from cordee.store.changes import Intent, RefusedChange, Written, decide, effect_of, now, stored
from cordee.store.connection import Connection, Database
from cordee.store.jobs import JobQueue
from cordee.store.profile_policy import judge
from cordee.store.read import find_several
from cordee.store.subscriptions.refusals import judge_subscriptions
from cordee.store.write import Change, apply

Key = tuple[str, str]
Judged = Mapping[Key, tuple[Issue, ...] | RefusedChange]
"""What is told of a resource that is written, or why it is not."""


async def carry_out(
    connection: Connection, database: Database, tenant: int, intents: Sequence[Intent]
) -> list[Written | FhirError | None]:
    """Carries out intents about different resources, inside the caller's transaction; what came of each, in order.

    A refusal stands in its intent's place, and does not keep the others from being written. None is said of one whose
    resource was created meanwhile by another writer: nothing of it is stored. The rows stay locked, and are locked in
    the order of (type, id), so that parallel callers can't wait for each other.
    """
    current = await find_several(connection, tenant, [intent.key for intent in intents], lock=True)
    rids = await database.next_rids(connection, len(intents))
    moment = now()
    decided: list[Written | Change | FhirError] = []
    for intent, rid in zip(intents, rids, strict=True):
        try:
            decided.append(decide(intent, current.get(intent.key), rid, moment))
        except FhirError as refusal:
            decided.append(refusal)
    wanted = [one for one in decided if isinstance(one, Change)]
    async with search_parameter_writes.held(connection, tenant, wanted):
        judged = await _judge(connection, database, tenant, wanted, current)
        decided = [_refused(one, judged) if isinstance(one, Change) else one for one in decided]
        changes = [one for one in decided if isinstance(one, Change)]
        written = iter(await _write(connection, database, tenant, changes, current, judged))
    return [next(written) if isinstance(one, Change) else one for one in decided]


async def write_changes(
    connection: Connection,
    database: Database,
    tenant: int,
    changes: Sequence[Change],
    current: Mapping[Key, StoredVersion],
) -> list[Written | None]:
    """Writes changes over the versions they were decided on; None for one that met another writer.

    Raises `RefusedChange` for the first that the tenant refuses; then nothing is written.
    """
    async with search_parameter_writes.held(connection, tenant, changes):
        judged = await _judge(connection, database, tenant, changes, current)
        for change in changes:
            if isinstance(refused := _refused(change, judged), FhirError):
                raise refused
        return await _write(connection, database, tenant, changes, current, judged)


async def _judge(
    connection: Connection,
    database: Database,
    tenant: int,
    changes: Sequence[Change],
    current: Mapping[Key, StoredVersion],
) -> Judged:
    """By the tenant's profiles, and by what it searches by and subscribes to, which refuse more than they tell."""
    by_profiles = await judge(connection, database, tenant, changes)
    by_parameters = await search_parameter_writes.judge_parameters(connection, tenant, changes)
    by_subscriptions = await judge_subscriptions(connection, tenant, changes, current)
    return {**by_profiles, **by_parameters, **by_subscriptions}


def _refused(change: Change, judged: Judged) -> Change | FhirError:
    found = judged.get(change.key)
    return found if isinstance(found, RefusedChange) else change


async def _write(
    connection: Connection,
    database: Database,
    tenant: int,
    changes: Sequence[Change],
    current: Mapping[Key, StoredVersion],
    judged: Judged,
) -> list[Written | None]:
    written = await apply(connection, tenant, changes) if changes else frozenset()
    done = [change for change in changes if change.key in written]
    if await search_parameter_writes.follow(connection, tenant, done):
        await JobQueue(database, tenant).ask(search_parameter_indexing.KIND, {}, connection=connection)
    return [
        Written(effect_of(change, current.get(change.key)), stored(change), _issues(judged.get(change.key)))
        if change.key in written
        else None
        for change in changes
    ]


def _issues(found: tuple[Issue, ...] | RefusedChange | None) -> tuple[Issue, ...]:
    return found if isinstance(found, tuple) else ()
