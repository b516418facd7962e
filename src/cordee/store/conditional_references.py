"""Conditional references (`Patient?identifier=…`): each becomes the one resource that matches (R4 http.html#trules).

R4 has them in transactions only. Elsewhere, one that matches nothing is a reference to what is not stored (yet).
"""

from collections.abc import Callable, Collection

from cordee.fhir.body import Incoming, with_references_replaced
from cordee.fhir.outcome import FhirError, Issue, PreconditionFailed
from cordee.fhir.query import Search
from cordee.fhir.reference_rewriting import (
    conditional_reference,
    may_refer_conditionally,
    references_in,
    replace_references,
)
from cordee.store.connection import Connection
from cordee.store.search import find_matching

ParseCriteria = Callable[[str, str], Search]
"""From a type and the text after `?` to a search; given by the door, which knows the server's address."""


def conditional_references_in(compact: bytes) -> dict[str, tuple[str, str]]:
    """The conditional references of a compact text, with the type and the criteria of each."""
    if not may_refer_conditionally(compact):
        return {}
    return {
        reference: parts
        for reference in sorted(references_in(compact))
        if (parts := conditional_reference(reference)) is not None
    }


async def resolved(
    connection: Connection,
    tenant: int,
    incoming: Incoming,
    compact: bytes,
    parse_criteria: ParseCriteria,
    *,
    keeps_unmatched: bool,
) -> Incoming:
    """The resource of a compact text that was accepted, its conditional references replaced.

    Raises `PreconditionFailed` (412) for one that matches several, or nothing unless `keeps_unmatched`, or what
    `parse_criteria` does. A Bundle to be stored is a whole with references of its own: it stays as it is.
    """
    if incoming.resource_type == "Bundle":
        return incoming
    replacements = {}
    for reference, (resource_type, criteria) in conditional_references_in(compact).items():
        condition = parse_criteria(resource_type, criteria)
        require_criteria(condition)
        found = await find_matching(connection, tenant, condition)
        if not found and keeps_unmatched:
            continue
        replacements[reference] = only([f"{v.resource_type}/{v.id}" for v in found], resource_type)
    return with_references_replaced(replace_references(compact, replacements)) if replacements else incoming


def require_criteria(condition: Search) -> None:
    """Raises `FhirError` (400) for a condition that says nothing: it would match everything."""
    if not condition.criteria:
        raise FhirError("A conditional reference needs at least one search parameter.")


def only(candidates: Collection[str], resource_type: str) -> str:
    """The one candidate; raises `PreconditionFailed` (412) for none or several."""
    if len(candidates) == 1:
        return next(iter(candidates))
    how_many = "no" if not candidates else "more than one"
    sentence = f"A conditional reference must match one {resource_type}; it matches {how_many} resource."
    code = "multiple-matches" if candidates else "not-found"
    raise PreconditionFailed(sentence, issues=[Issue("error", code, sentence)])
