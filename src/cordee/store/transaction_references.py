"""References between the entries of a transaction, and to what a condition names (R4 http.html#trules)."""

from collections.abc import Sequence
from typing import Any

from cordee.fhir.body import with_references_replaced
from cordee.fhir.bundle import InvalidBundle
from cordee.fhir.matching import matches
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
from cordee.store.transaction_steps import ParseCriteria, Step, placed


class EntryReferences:
    """What stands for the entries: their `fullUrl`, and `type/id` from an entry of the same base.

    A relative reference is resolved against the `fullUrl` of the entry it stands in (R4 bundle.html#references); in an
    entry without a RESTful one it means this server's resource.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._absolute: dict[str, str] = {}
        relative: dict[str, dict[str, str]] = {}
        for step in steps:
            full_url = step.entry.full_url
            if full_url is None or step.entry.method == "DELETE":
                continue
            reference = "/".join(step.key)
            if self._absolute.setdefault(full_url, reference) != reference:
                path = f"{step.entry.path}.fullUrl"
                raise InvalidBundle(f"The fullUrl «{full_url}» stands for two entries.", path=path)
            base, address = _restful(step)
            if address is not None:
                relative.setdefault(base, {})[address] = reference
        self._by_base = {base: self._absolute | addresses for base, addresses in relative.items()}

    def rewritten(self, step: Step) -> bytes:
        """The entry's resource with its references to other entries replaced.

        A Bundle to be stored (a document, say) is a whole with references of its own: it stays as it is.
        """
        text = step.text or b""
        if step.resource_type == "Bundle":
            return text
        return replace_references(text, self._by_base.get(_restful(step)[0], self._absolute))


def _restful(step: Step) -> tuple[str, str | None]:
    """`fullUrl` as base and `type/id`; no `type/id` when it is not of that form."""
    parts = (step.entry.full_url or "").rsplit("/", 2)
    if len(parts) == 3 and parts[1] == step.resource_type:
        return parts[0], f"{parts[1]}/{parts[2]}"
    return "", None


def refuse_dangling(step: Step) -> None:
    """Raises `InvalidBundle` when the rewritten resource refers to an entry that isn't in the Bundle."""
    if step.resource_type == "Bundle":
        return
    dangling = sorted(r for r in references_in(step.text or b"") if r.startswith(("urn:uuid:", "urn:oid:")))
    if dangling:
        issues = [
            Issue("error", "not-found", f"«{reference}» is the fullUrl of no entry.", step.resource_type)
            for reference in dangling
        ]
        raise InvalidBundle(issues[0].diagnostics, issues=issues)


async def resolve_conditional_references(
    connection: Connection, tenant: int, steps: Sequence[Step], parse_criteria: ParseCriteria
) -> None:
    """`Patient?identifier=…` becomes the one resource that matches, of the server or of this Bundle."""
    found: dict[str, str] = {}
    for step in steps:
        if step.incoming is None or step.resource_type == "Bundle" or not may_refer_conditionally(step.text or b""):
            continue
        conditional = {
            reference: parts
            for reference in sorted(references_in(step.text or b""))
            if (parts := conditional_reference(reference)) is not None
        }
        if not conditional:
            continue
        for reference, (resource_type, criteria) in conditional.items():
            if reference not in found:
                try:
                    condition = parse_criteria(resource_type, criteria)
                    found[reference] = await _resolve(connection, tenant, steps, condition)
                except FhirError as refusal:
                    raise placed(step.entry, refusal) from None
        step.text = replace_references(step.text or b"", {reference: found[reference] for reference in conditional})
        step.incoming = with_references_replaced(step.text)


async def _resolve(connection: Connection, tenant: int, steps: Sequence[Step], condition: Search) -> str:
    ours = {step.key: step for step in steps if step.writes}
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
        sentence = f"A conditional reference must match one {condition.resource_type}; it matches {how_many} resource."
        code = "multiple-matches" if candidates else "not-found"
        raise PreconditionFailed(sentence, issues=[Issue("error", code, sentence)])
    return "/".join(candidates.pop())


def _unresolved(_resource_type: str, _resource_id: str) -> Any:
    return None
