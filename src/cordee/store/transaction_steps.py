"""The writing entries of a transaction on their way: what each is about, its identity, its condition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from cordee.fhir.body import Incoming, accept
from cordee.fhir.bundle import BundleEntry, InvalidBundle
from cordee.fhir.outcome import Conflict, FhirError, Issue, NotFound, PreconditionFailed
from cordee.fhir.patch import Patch, patch_in_entry
from cordee.fhir.query import Search, search_parameters_as_query
from cordee.fhir.stored_version import StoredVersion
from cordee.store.changes import Intent, Precondition, Written
from cordee.store.conditional_references import ParseCriteria
from cordee.store.conditions import UnconditionalCondition, lock_conditions
from cordee.store.connection import Connection
from cordee.store.search import find_matching


class ExistsUnmatched(Conflict):
    """A conditional update would overwrite what its condition does not match (409); trying again changes nothing."""


@dataclass(slots=True)
class Step:
    """One writing entry on its way: what it is about, then what it stores."""

    entry: BundleEntry
    resource_type: str
    id: str | None
    condition: Search | None
    precondition: Precondition
    matched: StoredVersion | None = None
    same_as: "Step | None" = None
    """A creation earlier in the Bundle under the same condition: what it stores is this one's match."""
    patch: Patch | None = None
    text: bytes | None = None
    incoming: Incoming | None = None
    result: Written | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Type and id; raises `ValueError` while the id isn't known."""
        if self.id is None:
            raise ValueError(f"{self.entry.path} has no id yet")
        return self.resource_type, self.id

    @property
    def intent(self) -> Intent:
        """What is to be written, once the resource is accepted."""
        return Intent(*self.key, self.entry.method, self.incoming, self.precondition)

    @property
    def answers_existing(self) -> bool:
        """A conditional create that found its match writes nothing."""
        return self.entry.method == "POST" and (self.matched is not None or self.same_as is not None)

    @property
    def deletes_nothing(self) -> bool:
        """A conditional deletion that found no match has no resource to be about; asked once conditions are met."""
        return self.entry.method == "DELETE" and self.id is None

    @property
    def writes(self) -> bool:
        """Whether there is a resource that this step may change; asked once conditions are met."""
        return not (self.answers_existing or self.deletes_nothing)


def first_step(
    entry: BundleEntry, preconditions: Callable[[BundleEntry], Precondition], parse_criteria: ParseCriteria
) -> Step:
    """The step of a writing entry; raises `FhirError` with the entry's path when it can't be one."""
    if entry.resource_type is None:
        refusal = InvalidBundle("A Bundle inside a Bundle can't be carried out.", path=f"{entry.path}.request.url")
        raise refusal
    condition = None
    criteria = entry.criteria
    if entry.method == "POST" and entry.if_none_exist is not None:
        criteria = entry.if_none_exist
    try:
        if criteria is not None and (entry.id is None or entry.method == "POST"):
            condition = parse_criteria(entry.resource_type, criteria.rpartition("?")[2])
            if not condition.criteria:
                raise UnconditionalCondition("A condition needs at least one search parameter.")
        precondition = preconditions(entry)
        patch = patch_in_entry(entry.resource or b"", entry.path) if entry.method == "PATCH" else None
    except FhirError as refusal:
        raise refusal.with_issues([_in_request(entry, issue) for issue in refusal.issues]) from None
    if entry.method in ("PUT", "PATCH", "DELETE") and entry.id is None and condition is None:
        raise InvalidBundle(f"A {entry.method} needs an id or a condition.", path=f"{entry.path}.request.url")
    text = None if patch is not None else entry.resource
    return Step(entry, entry.resource_type, entry.id, condition, precondition, patch=patch, text=text)


def _in_request(entry: BundleEntry, issue: Issue) -> Issue:
    if (issue.path or "").startswith(entry.path):
        return issue
    return replace(issue, path=f"{entry.path}.request")


async def meet_conditions(connection: Connection, tenant: int, steps: Sequence[Step]) -> None:
    """Looks every condition up, under its lock; several matches raise `PreconditionFailed`.

    A condition that stands twice in the Bundle names one resource: of two creations under it, the second is answered
    with what the first stores, as if it came later. With an update it can't be told what is meant. A deletion that
    matches nothing does nothing, however often it is written.
    """
    conditional = [step for step in steps if step.condition is not None]
    if not conditional:
        return
    await lock_conditions(connection, tenant, [step.condition for step in conditional if step.condition is not None])
    seen: dict[tuple[object, ...], Step] = {}
    for step in conditional:
        if step.condition is None:
            continue
        found = await find_matching(connection, tenant, step.condition)
        if len(found) > 1:
            sentence = f"More than one {step.resource_type} matches the condition."
            issue = Issue("error", "multiple-matches", sentence, f"{step.entry.path}.request")
            raise PreconditionFailed(sentence, issues=[issue])
        step.matched = found[0] if found else None
        if step.matched is None and step.patch is not None:
            raise NotFound(f"No {step.resource_type} matches the condition.", path=f"{step.entry.path}.request")
        if step.matched is not None or step.entry.method == "DELETE":
            continue
        earlier = seen.setdefault((step.resource_type, *sorted(search_parameters_as_query(step.condition))), step)
        if earlier is step:
            continue
        if step.entry.method != "POST" or earlier.entry.method != "POST":
            raise InvalidBundle(
                f"Entries {earlier.entry.index} and {step.entry.index} have the same condition, which matches nothing; "
                "a transaction may touch a resource once.",
                path=step.entry.path,
            )
        step.same_as = earlier


def give_ids(steps: Sequence[Step]) -> None:
    """The identity that each step's resource has or will have."""
    for step in steps:
        if step.matched is not None:
            step.id = step.matched.id
        elif step.same_as is not None:
            step.id = step.same_as.id
        elif step.entry.method == "POST":
            step.id = str(uuid4())
        elif step.id is None and step.entry.method == "PUT":
            step.id = _id_in_body(step) or str(uuid4())


def refuse_overlaps(steps: Sequence[Step]) -> None:
    """Raises `InvalidBundle` when two entries concern one resource (R4 http.html#trules).

    Creations may be answered with the same existing resource, or with one that is updated, not with one deleted.
    """
    seen: dict[tuple[str, str], int] = {}
    deleted: dict[tuple[str, str], int] = {}
    for step in (step for step in steps if step.writes):
        if step.key in seen:
            raise InvalidBundle(
                f"Entries {seen[step.key]} and {step.entry.index} both concern {'/'.join(step.key)}; "
                "a transaction may touch a resource once.",
                path=step.entry.path,
            )
        seen[step.key] = step.entry.index
        if step.entry.method == "DELETE":
            deleted[step.key] = step.entry.index
    for step in steps:
        if step.answers_existing and step.key in deleted:
            raise InvalidBundle(
                f"The condition of entry {step.entry.index} matches {'/'.join(step.key)}, which entry "
                f"{deleted[step.key]} deletes; send them in two transactions.",
                path=step.entry.path,
            )


def placed(entry: BundleEntry, refusal: FhirError) -> FhirError:
    """The same refusal, its paths begun with the entry's."""
    issues = [
        issue if (issue.path or "").startswith("Bundle.entry[") else replace(issue, path=_below(entry, issue.path))
        for issue in refusal.issues
    ]
    return refusal.with_issues(issues)


def _below(entry: BundleEntry, path: str | None) -> str:
    """`Patient.name[0]` of an entry's resource as seen from the Bundle."""
    if entry.resource is None:
        return f"{entry.path}.request"
    return f"{entry.path}.resource" + (f".{path.partition('.')[2]}" if path and "." in path else "")


def _id_in_body(step: Step) -> str | None:
    if step.text is None or b'"id":' not in step.text:
        return None
    return accept(step.text, step.resource_type).id
