"""What a write needs to decide and to tell: preconditions, the change that follows a version, what it did."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cordee.fhir.body import Incoming, instant
from cordee.fhir.outcome import InvalidResource, Issue, PreconditionFailed
from cordee.fhir.stored_version import StoredVersion
from cordee.store.write import Change


@dataclass(frozen=True, slots=True)
class Precondition:
    """If-Match and If-None-Match of a write (RFC 9110 13.1)."""

    versions: frozenset[int] | None = None
    """If-Match: one of these must be the present version; None when not given."""
    absent: bool = False
    """If-None-Match: *"""
    present: bool = False
    """If-Match: *"""
    excluded: frozenset[int] = frozenset()
    """If-None-Match: none of these may be the present version."""


ANY = Precondition()

Effect = Literal["created", "updated", "unchanged", "deleted", "absent"]


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did. `version` is what is now stored; None when a deletion found nothing."""

    effect: Effect
    version: StoredVersion | None


def now() -> datetime:
    """The present instant, UTC, to the millisecond (what `meta.lastUpdated` shows)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def next_change(
    current: StoredVersion | None,
    rid: int,
    resource_type: str,
    resource_id: str,
    method: str,
    incoming: Incoming | None,
    moment: datetime,
) -> Change:
    """The change that follows `current`; its instant is never before the one it replaces, whatever the clocks say.

    Raises `InvalidResource` (422) for a part of a resource that would replace the whole (R4 search.html#elements).
    """
    if current is None:
        return Change(resource_type, resource_id, rid, 0, method, incoming, moment)
    if incoming is not None and incoming.is_part and not current.deleted and '"SUBSETTED"' not in current.body:
        sentence = "The tag SUBSETTED says that this is only a part of the resource: read it whole, then change that."
        issue = Issue("error", "business-rule", sentence, f"{resource_type}.meta.tag")
        raise InvalidResource(sentence, issues=[issue])
    moment = max(moment, current.last_updated)
    return Change(resource_type, resource_id, rid, current.version, method, incoming, moment)


def stored(change: Change) -> StoredVersion:
    """A change that was applied, as it can be read now."""
    return StoredVersion(
        change.resource_type,
        change.id,
        change.version,
        change.moment,
        change.incoming is None,
        change.method,
        change.text,
        change.rid,
    )


def effect_of(change: Change, current: StoredVersion | None) -> Effect:
    """What applying a change does to `current`; to bring back what was deleted is to create it."""
    if change.incoming is None:
        return "deleted"
    return "created" if current is None or current.deleted else "updated"


def check_precondition(current: StoredVersion | None, precondition: Precondition, name: str) -> None:
    """Raises `PreconditionFailed` when the stored version isn't what If-Match or If-None-Match want."""
    exists = current is not None and not current.deleted
    if precondition.absent and exists:
        raise PreconditionFailed(f"{name} exists already, and If-None-Match: * was given.")
    if precondition.present and not exists:
        raise PreconditionFailed(f"{name} does not exist, and If-Match: * was given.")
    if current is not None and exists and current.version in precondition.excluded:
        raise PreconditionFailed(f"{name} is at version {current.version}, which If-None-Match excludes.")
    if precondition.versions is None:
        return
    if current is None or not exists:
        raise PreconditionFailed(f"{name} does not exist, and If-Match was given.")
    if current.version not in precondition.versions:
        given = ", ".join(map(str, sorted(precondition.versions)))
        raise PreconditionFailed(
            f"{name} is at version {current.version} since {instant(current.last_updated)}, If-Match names {given}; "
            "read it again and reapply your change."
        )


def is_same_content(current: StoredVersion, incoming: Incoming) -> bool:
    """Whether storing `incoming` would change nothing but the version."""
    if current.deleted:
        return False
    return incoming.stored_text(current.id, current.version, current.last_updated) == current.body
