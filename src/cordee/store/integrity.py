"""Referential integrity, where an operator asks for it: nothing refers to what is not there, or no longer.

Both are judged once the changes are written and before they are committed, so a transaction may store what refers to
each other in any order. What refers is found by the search parameters of type reference.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cordee.fhir.literal_references import read_reference
from cordee.fhir.outcome import Conflict, FhirError, Issue
from cordee.fhir.query import Include
from cordee.fhir.query_includes import referring_parameters
from cordee.fhir.reference_rewriting import references_in
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.index_values import parameter_key, reference_hash
from cordee.store.referring import find_referring_by

MOST_NAMED = 20
"""Referrers in one refusal."""

Key = tuple[str, str]

# Waits for who is about to delete one of them, and lets who changes one of them pass.
_STANDING = """SELECT r.resource_type, r.id
FROM unnest($2::text[], $3::text[]) AS wanted(resource_type, id)
CROSS JOIN LATERAL (
  SELECT * FROM resource o
  WHERE o.tenant = $1 AND o.resource_type = wanted.resource_type AND o.id = wanted.id AND NOT o.deleted
  LIMIT 1 FOR KEY SHARE) AS r"""


class DanglingReference(FhirError):
    """The resource refers to what this server does not hold (422)."""

    status = 422
    code = "not-found"


class ReferredTo(Conflict):
    """What is to be deleted is referred to by resources that stay (409); trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """What is held to; neither, unless an operator asks for it."""

    refuses_dangling: bool = False
    keeps_referred: bool = False

    @property
    def is_held(self) -> bool:
        """Whether there is anything to judge."""
        return self.refuses_dangling or self.keeps_referred


NOT_HELD = Integrity()


def type_of(version: StoredVersion) -> str:
    """Where a resource that stands alone is, for the path of a refusal."""
    return version.resource_type


async def require_integrity(
    connection: Connection,
    tenant: int,
    integrity: Integrity,
    written: Sequence[StoredVersion],
    place: Callable[[StoredVersion], str] = type_of,
) -> None:
    """Judges versions that were just written, in their transaction; raises `DanglingReference` or `ReferredTo`.

    Whoever deletes must hold the row (`FOR UPDATE`) before: only then do those wait who are about to refer to it.
    `place` is where each stands in what was asked for.
    """
    if integrity.refuses_dangling:
        await _refuse_dangling(connection, tenant, [version for version in written if not version.deleted], place)
    deleted = sorted((version.resource_type, version.id) for version in written if version.deleted)
    if integrity.keeps_referred and deleted:
        await _refuse_referred(connection, tenant, deleted)


async def find_referrers(
    connection: Connection, tenant: int, keys: Iterable[Key], *, limit: int
) -> list[StoredVersion]:
    """What refers to any of several resources, oldest first."""
    wanted = {
        (type_, parameter_key(tenant, type_, code) ^ reference_hash(*key))
        for key in keys
        for type_, code in _ways_to_refer(key[0])
    }
    return await find_referring_by(connection, tenant, wanted, limit=limit)


async def find_all_referrers(
    connection: Connection, tenant: int, of: StoredVersion, *, most: int
) -> list[StoredVersion]:
    """What refers to a resource, what refers to those, and so on; more than `most` raise `FhirError` (400)."""
    found: dict[Key, StoredVersion] = {(of.resource_type, of.id): of}
    newest: list[Key] = list(found)
    while newest:
        referrers = await find_referrers(connection, tenant, newest, limit=most + 1)
        fresh = {key: version for version in referrers if (key := (version.resource_type, version.id)) not in found}
        found |= fresh
        newest = list(fresh)
        if len(found) > most:
            sentence = f"More than {most} resources refer to {of.resource_type}/{of.id}, or to what refers to it."
            raise FhirError(sentence, issues=[Issue("error", "too-costly", sentence)])
    return list(found.values())[1:]


async def _refuse_dangling(
    connection: Connection, tenant: int, versions: Sequence[StoredVersion], place: Callable[[StoredVersion], str]
) -> None:
    referred = [_local_references(version) for version in versions]
    wanted = sorted(set().union(*referred))
    if not wanted:
        return
    rows = await connection.fetch(_STANDING, tenant, [type_ for type_, _ in wanted], [id_ for _, id_ in wanted])
    missing = set(wanted) - {(row[0], row[1]) for row in rows}
    issues = [
        Issue("error", "not-found", f"It refers to {'/'.join(target)}, which is not stored here.", place(version))
        for version, targets in zip(versions, referred, strict=True)
        for target in sorted(targets & missing)
    ]
    if issues:
        raise DanglingReference(issues[0].diagnostics, issues=issues)


def _local_references(version: StoredVersion) -> set[Key]:
    """What a resource refers to on this server, itself left out; a stored Bundle's references are its own affair."""
    if version.resource_type == "Bundle":
        return set()
    found = map(read_reference, references_in(version.body.encode()))
    targets = {(one.type, one.id) for one in found if one is not None and one.type and one.id}
    return targets - {(version.resource_type, version.id)}


async def _refuse_referred(connection: Connection, tenant: int, deleted: Sequence[Key]) -> None:
    referrers = await find_referrers(connection, tenant, deleted, limit=MOST_NAMED + 1)
    if not referrers:
        return
    names = [f"{version.resource_type}/{version.id}" for version in referrers[:MOST_NAMED]]
    more = " and more" if len(referrers) > MOST_NAMED else ""
    subject = "/".join(deleted[0]) if len(deleted) == 1 else "What is to be deleted"
    sentence = (
        f"{subject} is referred to by {', '.join(names)}{more}: delete or change those first, or send the deletions in "
        "one transaction."
    )
    raise ReferredTo(sentence, issues=[Issue("error", "conflict", sentence)])


@lru_cache(maxsize=256)
def _ways_to_refer(resource_type: str) -> tuple[Key, ...]:
    return tuple(referring_parameters(Include("*", "*", None), resource_type))
