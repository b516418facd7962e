"""What a write decides, and what it tells: intents and preconditions, the change that follows a version, its effect."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cordee.fhir.body import Incoming, instant
from cordee.fhir.outcome import InvalidResource, Issue, PreconditionFailed, Sealed, Unprocessable
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
    """What a write did. `version` is what is now stored; None when a deletion found nothing.

    `issues` is what the resource breaks of profiles, where the tenant wants that told.
    """

    effect: Effect
    version: StoredVersion | None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """What a writer wants to stand under a type and an id; `incoming` None is to delete what does."""

    resource_type: str
    id: str
    method: str
    """The HTTP verb that history tells (POST, PUT, DELETE)."""
    incoming: Incoming | None
    precondition: Precondition = ANY
    sealed: bool = False
    """Whether no later version may ever follow."""

    @property
    def key(self) -> tuple[str, str]:
        """(type, id)"""
        return self.resource_type, self.id


class RefusedChange(Unprocessable):
    """A resource is refused for what the tenant holds, all of it told (422); `key` is its (type, id)."""

    key: tuple[str, str] = ("", "")


def now() -> datetime:
    """The present instant, UTC, to the millisecond (what `meta.lastUpdated` shows)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def decide(intent: Intent, current: StoredVersion | None, rid: int, moment: datetime) -> Written | Change:
    """What an intent comes to over what stands there now: a change to write, or what was done when there is none.

    Content equal to what is stored is no change. `rid` is the row's identity if there is no row yet. The change's
    instant is never before the one it replaces, whatever the clocks say.

    Raises `PreconditionFailed`, `Sealed`, or `InvalidResource` (422) for a part of a resource that would replace the
    whole (R4 search.html#elements).
    """
    name = f"{intent.resource_type}/{intent.id}"
    if intent.incoming is None and (current is None or current.deleted):
        return Written("absent", None)
    check_precondition(current, intent.precondition, name)
    if current is None:
        return Change(*intent.key, rid, 0, intent.method, intent.incoming, moment, intent.sealed)
    if intent.incoming is not None and is_same_content(current, intent.incoming) and current.sealed >= intent.sealed:
        return Written("unchanged", current)
    if current.sealed:
        raise Sealed(_is_sealed(intent.resource_type, name))
    if intent.incoming is not None and intent.incoming.is_part:
        _refuse_part(intent.resource_type, current)
    moment = max(moment, current.last_updated)
    return Change(*intent.key, current.rid, current.version, intent.method, intent.incoming, moment, intent.sealed)


def _is_sealed(resource_type: str, name: str) -> str:
    if resource_type == "Claim":
        return f"{name} was submitted: it is corrected by a new Claim ({name}/$correct), never edited."
    return f"{name} is final: what changes it is recorded as a new {resource_type}, never edited into it."


def _refuse_part(resource_type: str, current: StoredVersion) -> None:
    if current.deleted or '"SUBSETTED"' in current.body:
        return
    sentence = "The tag SUBSETTED says that this is only a part of the resource: read it whole, then change that."
    raise InvalidResource(sentence, issues=[Issue("error", "business-rule", sentence, f"{resource_type}.meta.tag")])


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
        change.sealed,
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
