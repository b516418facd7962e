"""A transaction Bundle: all of it or nothing, in one database transaction (R4 http.html#transaction)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from cordee.fhir.body import Incoming, accept
from cordee.fhir.bundle import BundleEntry, InvalidBundle, in_processing_order
from cordee.fhir.matching import matches
from cordee.fhir.outcome import Conflict, FhirError, Issue, PreconditionFailed
from cordee.fhir.query import Search
from cordee.fhir.reference_rewriting import conditional_reference, references_in, replace_references
from cordee.fhir.stored_version import StoredVersion
from cordee.store import read as reads
from cordee.store.changes import (
    Effect,
    Precondition,
    Written,
    check_precondition,
    is_same_content,
    next_change,
    now,
    stored,
)
from cordee.store.conditions import UnconditionalCondition, lock_conditions
from cordee.store.connection import Connection, Database
from cordee.store.search import find_matching
from cordee.store.write import Change, apply

_ATTEMPTS = 3
_ENTRIES_BETWEEN_PAUSES = 50
"""Checking a long Bundle is pure computation: other requests get their turn in between."""

ParseCriteria = Callable[[str, str], Search]
"""From a type and the text after `?` to a search; given by the door, which knows the server's address."""


@dataclass(slots=True)
class _Step:
    """One writing entry on its way: what it is about, then what it stores."""

    entry: BundleEntry
    resource_type: str
    id: str | None
    condition: Search | None
    precondition: Precondition
    matched: StoredVersion | None = None
    text: bytes | None = None
    incoming: Incoming | None = None
    result: Written | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.resource_type, str(self.id)

    @property
    def answers_existing(self) -> bool:
        """A conditional create that found its match writes nothing."""
        return self.entry.method == "POST" and self.matched is not None


async def run_transaction(
    database: Database,
    tenant: int,
    entries: Sequence[BundleEntry],
    preconditions: Callable[[BundleEntry], Precondition],
    parse_criteria: ParseCriteria,
) -> dict[int, Written]:
    """Carries out the writing entries; returns what each did, by index. Reads are the caller's, afterwards.

    Raises `InvalidBundle` (400), `InvalidResource` (422), `PreconditionFailed` (412) or `Conflict` (409), each with
    the entry's path; then nothing is stored. Met by another writer, the whole is tried again.
    """
    ordered = in_processing_order(tuple(entry for entry in entries if entry.method in ("POST", "PUT", "DELETE")))
    for attempt in range(_ATTEMPTS):
        steps = [_step(entry, preconditions, parse_criteria) for entry in ordered]
        try:
            async with database.transaction() as connection:
                await _carry_out(connection, database, tenant, steps, parse_criteria)
        except Conflict:
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            return {step.entry.index: step.result for step in steps if step.result is not None}
    raise Conflict("Other writers kept changing the same resources; try again.")


def _step(
    entry: BundleEntry, preconditions: Callable[[BundleEntry], Precondition], parse_criteria: ParseCriteria
) -> _Step:
    with_path = _at(entry)
    if entry.resource_type is None:
        raise with_path(
            InvalidBundle("A Bundle inside a Bundle can't be carried out.", path=f"{entry.path}.request.url")
        )
    condition = None
    criteria = entry.if_none_exist if entry.method == "POST" else entry.criteria
    if criteria is not None and (entry.id is None or entry.method == "POST"):
        try:
            condition = parse_criteria(entry.resource_type, criteria.rpartition("?")[2])
            if not condition.criteria:
                raise UnconditionalCondition("A condition needs at least one search parameter.")
        except FhirError as refusal:
            raise with_path(refusal) from None
    if entry.method in ("PUT", "DELETE") and entry.id is None and condition is None:
        raise with_path(
            InvalidBundle(f"A {entry.method} needs an id or a condition.", path=f"{entry.path}.request.url")
        )
    return _Step(entry, entry.resource_type, entry.id, condition, preconditions(entry), text=entry.resource)


async def _carry_out(
    connection: Connection, database: Database, tenant: int, steps: list[_Step], parse_criteria: ParseCriteria
) -> None:
    await _meet_conditions(connection, tenant, steps)
    _give_ids(steps)
    replacements = _replacements(steps)
    await _accept_all(steps, replacements)
    await _resolve_conditional_references(connection, tenant, steps, parse_criteria)
    writing = [step for step in steps if not step.answers_existing]
    _refuse_overlaps(writing)
    current = await reads.find_several(connection, tenant, [step.key for step in writing], lock=True)
    rids = iter(await database.next_rids(connection, len(writing)))
    moment = now()
    changes: list[tuple[_Step, Change]] = []
    for step in writing:
        held = current.get(step.key)
        try:
            check_precondition(held, step.precondition, "/".join(step.key))
        except FhirError as refusal:
            raise _at(step.entry)(refusal) from None
        if step.incoming is None and (held is None or held.deleted):
            step.result = Written("absent", None)
        elif held is not None and step.incoming is not None and is_same_content(held, step.incoming):
            step.result = Written("unchanged", held)
        else:
            rid = held.rid if held else next(rids)
            method = step.entry.method
            changes.append((step, next_change(held, rid, *step.key, method, step.incoming, moment)))
    written = await apply(connection, tenant, [change for _, change in changes]) if changes else frozenset()
    for step, change in changes:
        if step.key not in written:
            raise Conflict(f"Another writer created {'/'.join(step.key)} first.", path=step.entry.path)
        effect: Effect = "deleted" if step.incoming is None else "updated" if change.replaces else "created"
        step.result = Written(effect, stored(change))
    for step in steps:
        if step.answers_existing:
            step.result = Written("unchanged", step.matched)


async def _meet_conditions(connection: Connection, tenant: int, steps: list[_Step]) -> None:
    conditions = [step.condition for step in steps if step.condition is not None]
    if not conditions:
        return
    await lock_conditions(connection, tenant, conditions)
    for step in steps:
        if step.condition is None:
            continue
        found = await find_matching(connection, tenant, step.condition)
        if len(found) > 1:
            raise PreconditionFailed(
                f"More than one {step.resource_type} matches the condition.",
                path=f"{step.entry.path}.request",
            )
        step.matched = found[0] if found else None


def _give_ids(steps: list[_Step]) -> None:
    for step in steps:
        if step.matched is not None:
            step.id = step.matched.id
        elif step.entry.method == "POST":
            step.id = str(uuid4())
        elif step.id is None and step.entry.method == "PUT":
            step.id = _id_in_body(step) or str(uuid4())


def _id_in_body(step: _Step) -> str | None:
    if step.text is None:
        return None
    return accept(step.text, step.resource_type).id if b'"id":' in step.text else None


def _replacements(steps: list[_Step]) -> dict[str, str]:
    """From each `fullUrl`, and the `type/id` it ends in, to the reference of what is stored."""
    replacements: dict[str, str] = {}
    for step in steps:
        full_url = step.entry.full_url
        if full_url is None or step.entry.method == "DELETE":
            continue
        reference = "/".join(step.key)
        if full_url in replacements and replacements[full_url] != reference:
            raise InvalidBundle(f"The fullUrl «{full_url}» stands for two entries.", path=f"{step.entry.path}.fullUrl")
        replacements[full_url] = reference
        parts = full_url.rsplit("/", 2)
        if len(parts) == 3 and parts[1] == step.resource_type:
            replacements[f"{parts[1]}/{parts[2]}"] = reference
    return {written: stored for written, stored in replacements.items() if written != stored}


async def _accept_all(steps: list[_Step], replacements: dict[str, str]) -> None:
    """Checks every resource, references rewritten; every problem of the whole Bundle is told at once."""
    issues: list[Issue] = []
    refusals: list[FhirError] = []
    for number, step in enumerate(steps):
        if step.text is None or step.entry.method == "DELETE":
            continue
        if number % _ENTRIES_BETWEEN_PAUSES == _ENTRIES_BETWEEN_PAUSES - 1:
            await asyncio.sleep(0)
        try:
            step.text = replace_references(step.text, replacements)
            step.incoming = accept(step.text, step.resource_type)
            _check_body_id(step)
            _refuse_dangling(step)
        except FhirError as refusal:
            refusals.append(refusal)
            issues.extend(_at(step.entry)(refusal).issues)
    if refusals:
        first = refusals[0]
        raise type(first)(str(first), issues=issues)


def _check_body_id(step: _Step) -> None:
    if step.entry.method == "PUT" and step.incoming is not None and step.incoming.id not in (None, step.id):
        raise InvalidBundle(
            f"The body's id is {step.incoming.id}, the request's {step.id}.", path=f"{step.resource_type}.id"
        )


def _refuse_dangling(step: _Step) -> None:
    dangling = sorted(r for r in references_in(step.text or b"") if r.startswith(("urn:uuid:", "urn:oid:")))
    if dangling:
        issues = [
            Issue("error", "not-found", f"«{reference}» is the fullUrl of no entry.", step.resource_type)
            for reference in dangling
        ]
        raise InvalidBundle(issues[0].diagnostics, issues=issues)


async def _resolve_conditional_references(
    connection: Connection, tenant: int, steps: list[_Step], parse_criteria: ParseCriteria
) -> None:
    """`Patient?identifier=…` becomes the one resource that matches, of the server or of this Bundle."""
    found: dict[str, str] = {}
    concerned: list[tuple[_Step, set[str]]] = []
    for step in steps:
        if step.incoming is None or b"?" not in (step.text or b""):
            continue
        conditional = {r for r in references_in(step.text or b"") if conditional_reference(r)}
        if conditional:
            concerned.append((step, conditional))
    for step, references in concerned:
        for reference in sorted(references - found.keys()):
            resource_type, criteria = conditional_reference(reference) or ("", "")
            try:
                found[reference] = await _resolve(connection, tenant, steps, parse_criteria(resource_type, criteria))
            except FhirError as refusal:
                raise _at(step.entry)(refusal) from None
    for step, references in concerned:
        step.text = replace_references(step.text or b"", {r: found[r] for r in references})
        step.incoming = accept(step.text, step.resource_type)


async def _resolve(connection: Connection, tenant: int, steps: list[_Step], condition: Search) -> str:
    ours = {step.key: step for step in steps if not step.answers_existing}
    stored_matches = await find_matching(connection, tenant, condition)
    candidates = {(v.resource_type, v.id) for v in stored_matches} - ours.keys()
    candidates |= {
        key
        for key, step in ours.items()
        if step.incoming is not None
        and step.resource_type == condition.resource_type
        and matches(condition, {**step.incoming.resource, "id": step.id}, _unresolved)
    }
    if len(candidates) != 1:
        how_many = "no" if not candidates else "more than one"
        raise PreconditionFailed(
            f"A conditional reference must match one {condition.resource_type}; it matches {how_many} resource."
        )
    return "/".join(candidates.pop())


def _unresolved(_resource_type: str, _resource_id: str) -> Any:
    return None


def _refuse_overlaps(steps: list[_Step]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for step in steps:
        if step.key in seen:
            raise InvalidBundle(
                f"Entries {seen[step.key]} and {step.entry.index} both concern {'/'.join(step.key)}; "
                "a transaction may touch a resource once.",
                path=step.entry.path,
            )
        seen[step.key] = step.entry.index


def _at(entry: BundleEntry) -> Callable[[FhirError], FhirError]:
    """The same refusal, its paths begun with the entry's."""

    def placed(refusal: FhirError) -> FhirError:
        issues = [
            replace(
                issue,
                path=issue.path if (issue.path or "").startswith("Bundle.") else _below(entry, issue.path),
            )
            for issue in refusal.issues
        ]
        return type(refusal)(str(refusal), issues=issues)

    return placed


def _below(entry: BundleEntry, path: str | None) -> str:
    """`Patient.name[0]` of an entry's resource as seen from the Bundle."""
    return f"{entry.path}.resource" + (f".{path.partition('.')[2]}" if path and "." in path else "")
