"""References between the entries of a transaction, and to what a condition names (R4 http.html#trules)."""

import asyncio
from collections.abc import Sequence
from typing import Any

from cordee.fhir.body import with_references_replaced
from cordee.fhir.bundle import InvalidBundle
from cordee.fhir.matching import matches
from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.query import Search
from cordee.fhir.query_values import TokenSearch
from cordee.fhir.reference_rewriting import references_in, replace_references
from cordee.fhir.search_value_types import Token
from cordee.fhir.search_values import extract_parameter
from cordee.store.conditional_references import (
    ParseCriteria,
    conditional_references_in,
    only,
    require_criteria,
)
from cordee.store.connection import Connection
from cordee.store.search import find_matching
from cordee.store.transaction_steps import Step, placed

_STEPS_BETWEEN_PAUSES = 50
"""Matching in memory is pure computation: other requests get their turn in between."""


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

    def replaced_in_stored(self, text: bytes) -> bytes:
        """A stored resource's text with references to entries replaced; its relative ones are this server's own."""
        return replace_references(text, self._absolute)


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
    ours = _Candidates(steps)
    for step in steps:
        if step.incoming is None or step.resource_type == "Bundle":
            continue
        conditional = conditional_references_in(step.text or b"")
        if not conditional:
            continue
        for reference, (resource_type, criteria) in conditional.items():
            if reference not in found:
                try:
                    condition = parse_criteria(resource_type, criteria)
                    require_criteria(condition)
                    found[reference] = await _resolve(connection, tenant, ours, condition)
                except FhirError as refusal:
                    raise placed(step.entry, refusal) from None
        step.text = replace_references(step.text or b"", {reference: found[reference] for reference in conditional})
        step.incoming = with_references_replaced(step.text)


class _Candidates:
    """The Bundle's own resources that a condition may match, without looking at every one for every condition."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.keys = frozenset(step.key for step in steps if step.writes)
        self._by_type: dict[str, list[Step]] = {}
        for step in steps:
            if step.writes and step.incoming is not None:
                self._by_type.setdefault(step.resource_type, []).append(step)
        self._by_code: dict[tuple[str, str], dict[str, list[Step]]] = {}

    def of(self, condition: Search) -> Sequence[Step]:
        """All that match are among them, as are others."""
        for criterion in condition.criteria:
            codes = [v.code for v in criterion.values if isinstance(v, TokenSearch) and v.code is not None]
            if criterion.modifier is None and codes and len(codes) == len(criterion.values):
                having = self._having(condition.resource_type, criterion.code)
                return [step for code in {code.casefold() for code in codes} for step in having.get(code, ())]
        return self._by_type.get(condition.resource_type, ())

    def _having(self, resource_type: str, parameter: str) -> dict[str, list[Step]]:
        """Steps by the codes, in lower case, that a token parameter finds in them."""
        known = self._by_code.get((resource_type, parameter))
        if known is None:
            known = self._by_code[resource_type, parameter] = {}
            for step in self._by_type.get(resource_type, ()):
                found = extract_parameter(step.incoming.resource, parameter) if step.incoming is not None else ()
                for code in {v.code.casefold() for v in found if isinstance(v, Token) and v.code is not None}:
                    known.setdefault(code, []).append(step)
        return known


async def _resolve(connection: Connection, tenant: int, ours: _Candidates, condition: Search) -> str:
    stored_matches = await find_matching(connection, tenant, condition)
    candidates = {(v.resource_type, v.id) for v in stored_matches} - ours.keys
    for number, step in enumerate(ours.of(condition)):
        if number % _STEPS_BETWEEN_PAUSES == _STEPS_BETWEEN_PAUSES - 1:
            await asyncio.sleep(0)
        if step.incoming is not None and matches(condition, {**step.incoming.resource, "id": step.id}, _unresolved):
            candidates.add(step.key)
    return only(["/".join(key) for key in candidates], condition.resource_type)


def _unresolved(_resource_type: str, _resource_id: str) -> Any:
    return None
