"""Conditions of writes (`If-None-Exist`, `PUT Patient?…`): looked up under a lock, so that parallel ones meet."""

from collections.abc import Sequence

from cordee.fhir.outcome import FhirError, Issue, PreconditionFailed
from cordee.fhir.query import Search, search_parameters_as_query
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.index_values import form_hash
from cordee.store.locks import lock_until_commit
from cordee.store.search import find_matching


class UnconditionalCondition(FhirError):
    """A condition without any criterion would match everything (400)."""


async def match_one(connection: Connection, tenant: int, condition: Search) -> StoredVersion | None:
    """The one resource that meets a condition, or None; several raise `PreconditionFailed`.

    Takes a lock, held until the transaction ends, on the condition itself: of several writers with the same one, the
    second sees what the first stored.
    """
    if not condition.criteria:
        raise UnconditionalCondition("A condition needs at least one search parameter.")
    await lock_conditions(connection, tenant, [condition])
    found = await find_matching(connection, tenant, condition)
    if len(found) > 1:
        sentence = f"More than one {condition.resource_type} matches the condition; make it more precise."
        raise PreconditionFailed(sentence, issues=[Issue("error", "multiple-matches", sentence)])
    return found[0] if found else None


async def match_all(connection: Connection, tenant: int, condition: Search, *, most: int) -> list[StoredVersion]:
    """All the resources that meet a condition, under its lock; more than `most` raise `FhirError` (400)."""
    if not condition.criteria:
        raise UnconditionalCondition("A condition needs at least one search parameter.")
    await lock_conditions(connection, tenant, [condition])
    found = await find_matching(connection, tenant, condition, limit=most + 1)
    if len(found) > most:
        sentence = f"More than {most} {condition.resource_type} match the condition; make it more precise."
        raise FhirError(sentence, issues=[Issue("error", "too-costly", sentence)])
    return found


async def lock_conditions(connection: Connection, tenant: int, conditions: Sequence[Search]) -> None:
    """Takes the locks of several conditions."""
    keys = {
        form_hash(repr(("condition", tenant, c.resource_type, sorted(search_parameters_as_query(c)))))
        for c in conditions
    }
    await lock_until_commit(connection, keys)
