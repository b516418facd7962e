"""The requests of a batch or transaction Bundle, carried out outside HTTP (R4 http.html#transaction)."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from itertools import groupby

from cordee.fhir.body import Incoming
from cordee.fhir.bundle import BundleEntry, InvalidBundle, in_processing_order, parse_bundle, require_no_faults
from cordee.fhir.outcome import FhirError, PreconditionFailed, Unavailable
from cordee.fhir.patch import accept_patched, patch_in_entry
from cordee.fhir.query import Search
from cordee.store.changes import Precondition, Written
from cordee.store.loading.contents import Content, peek
from cordee.store.loading.outcome import LoadEffect, Outcome, Refusal
from cordee.store.repository import Repository

MOST_ENTRIES = 1_000_000
"""A file is its operator's to choose: the limit of the HTTP door is not applied."""

_READS = ("GET", "HEAD")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

ParsePrecondition = Callable[[BundleEntry], Precondition]
ParseCriteria = Callable[[str, str], Search]
StoreContents = Callable[[Sequence[Content]], AsyncIterator[Outcome]]


async def carry_out_transaction(
    text: bytes,
    repository: Repository,
    preconditions: ParsePrecondition,
    parse_criteria: ParseCriteria,
    base_url: str | None = None,
) -> Outcome:
    """All or nothing. Reads are left out: there is nobody to answer.

    A creation keeps the resource's id where that is the UUID of its fullUrl (see `keeping_unique_id`).
    """
    entries: tuple[BundleEntry, ...] = ()
    try:
        entries = _entries(text, base_url)
        require_no_faults(issue for entry in entries for issue in entry.faults)
        written = await repository.transaction(entries, preconditions, parse_criteria)
    except Unavailable:
        raise
    except FhirError as refusal:
        types = [_type_of(entry) for entry in entries if entry.method not in _READS] or ["Bundle"]
        effects: Counter[tuple[str, LoadEffect]] = Counter((type_, "refused") for type_ in types)
        conditional = isinstance(refusal, PreconditionFailed)
        return Outcome(effects, (Refusal("Bundle", refusal.issues, resources=len(types), conditional=conditional),))
    return Outcome(Counter((_type_of(entries[index]), result.effect) for index, result in written.items()))


async def carry_out_batch(
    text: bytes,
    repository: Repository,
    preconditions: ParsePrecondition,
    parse_criteria: ParseCriteria,
    store: StoreContents,
    base_url: str | None = None,
) -> AsyncIterator[Outcome]:
    """Each entry on its own, in the order of R4 http.html#trules; one that is at fault stops no other.

    Those of a step that have no condition come first, and are given to `store` together. Reads are left out.
    """
    try:
        entries = _entries(text, base_url)
    except FhirError as refusal:
        yield Outcome.refused("Bundle", refusal)
        return
    plain_first = tuple(sorted(entries, key=_is_plain_write, reverse=True))
    writing = [entry for entry in in_processing_order(plain_first) if entry.method not in _READS]
    for are_plain, of_kind in groupby(writing, _is_plain_write):
        if are_plain:
            async for outcome in store([Content(e.resource or b"", e.id, e.path) for e in of_kind]):
                yield outcome
        else:
            for entry in of_kind:
                yield await _carry_out(entry, repository, preconditions, parse_criteria)


def _entries(text: bytes, base_url: str | None) -> tuple[BundleEntry, ...]:
    bundle = parse_bundle(text, base_url=base_url, most_entries=MOST_ENTRIES, faults_by_entry=True)
    return tuple(keeping_unique_id(entry) for entry in bundle.entries)


def keeping_unique_id(entry: BundleEntry) -> BundleEntry:
    """A creation of a resource whose id is the UUID of its fullUrl, made an update of that id; any other entry as is.

    R4 has a server choose the id of what is created (http.html#create). A UUID is never by accident that of another
    resource, so to keep it is safe, and loading the same file twice stores each resource once.
    """
    if entry.method != "POST" or entry.if_none_exist is not None or entry.resource is None:
        return entry
    id_ = peek(entry.resource).id
    if id_ is None or not _UUID.fullmatch(id_) or entry.full_url != f"urn:uuid:{id_}":
        return entry
    return replace(entry, method="PUT", id=id_)


def _is_plain_write(entry: BundleEntry) -> bool:
    """Whether nothing but the resource and its id counts, so that it can be written together with others."""
    if (
        entry.faults
        or entry.resource is None
        or entry.resource_type is None
        or entry.if_none_exist is not None
        or entry.if_match is not None
        or entry.if_none_match is not None
    ):
        return False
    document = peek(entry.resource)
    if document.resource_type != entry.resource_type:
        return False
    if entry.method == "POST":
        return True
    return entry.method == "PUT" and entry.id is not None and document.id == entry.id


async def _carry_out(
    entry: BundleEntry, repository: Repository, preconditions: ParsePrecondition, parse_criteria: ParseCriteria
) -> Outcome:
    try:
        require_no_faults(entry.faults)
        written = await _write(entry, repository, preconditions, parse_criteria)
    except Unavailable:
        raise
    except FhirError as refusal:
        return Outcome.refused(_type_of(entry), refusal, path=entry.path)
    return Outcome(Counter({(_type_of(entry), written.effect): 1}))


async def _write(
    entry: BundleEntry, repository: Repository, preconditions: ParsePrecondition, parse_criteria: ParseCriteria
) -> Written:
    if entry.resource_type is None:
        raise InvalidBundle("A Bundle inside a Bundle can't be carried out.", path=f"{entry.path}.request.url")
    precondition = preconditions(entry)
    criteria = entry.if_none_exist if entry.method == "POST" else entry.criteria if entry.id is None else None
    condition = None if criteria is None else parse_criteria(entry.resource_type, criteria.rpartition("?")[2])
    if entry.method == "DELETE":
        if condition is not None:
            return await repository.conditional_delete(condition, precondition)
        return await repository.delete(entry.resource_type, _required_id(entry), precondition)
    if entry.method == "PATCH":
        patch = patch_in_entry(entry.resource or b"", entry.path)

        def patched(body: str) -> Incoming:
            return accept_patched(patch.patched(body), body)

        if condition is not None:
            return await repository.conditional_patch(condition, patched, precondition)
        return await repository.patch(entry.resource_type, _required_id(entry), patched, precondition)
    incoming = await repository.accept(entry.resource or b"", entry.resource_type, parse_criteria)
    if entry.method == "POST":
        return await repository.create(incoming, condition)
    if condition is not None:
        return await repository.conditional_update(condition, incoming, precondition)
    id_ = _required_id(entry)
    _check_id(entry, incoming, id_)
    return await repository.update(entry.resource_type, id_, incoming, precondition)


def _check_id(entry: BundleEntry, incoming: Incoming, id_: str) -> None:
    if incoming.id not in (None, id_):
        raise InvalidBundle(f"The body's id is {incoming.id}, the request's {id_}.", path=f"{entry.path}.resource.id")


def _required_id(entry: BundleEntry) -> str:
    if entry.id is None:
        raise InvalidBundle(f"A {entry.method} needs an id or a condition.", path=f"{entry.path}.request.url")
    return entry.id


def _type_of(entry: BundleEntry) -> str:
    if entry.resource_type is not None:
        return entry.resource_type
    return (None if entry.resource is None else peek(entry.resource).resource_type) or "(unknown)"
