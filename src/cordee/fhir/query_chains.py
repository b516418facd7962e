"""Chains of a search, forward and reverse, to any depth and mixed (R4 search.html#chaining, #has)."""

from collections.abc import Callable, Sequence

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query_parameters import COLUMN_PARAMETERS, search_parameter, served_codes
from cordee.fhir.query_refusals import MOST_LINKS, malformed, too_costly, unknown_parameter, unsupported
from cordee.fhir.query_tree import Chain, Criterion, Link, ReverseChain
from cordee.fhir.search_expressions import reference_targets
from cordee.fhir.search_parameters import SearchParameters

ReadEnd = Callable[[str, str], Criterion]
"""The criterion of what is left of a parameter's name, for one resource type; raises InvalidSearch."""

MOST_STEPS = 12
"""Of one chain."""
_MOST_CHAINED_TEXT = 1_000_000
"""Characters of a chained value, counted once for each type in which it is read."""


class ChainBudget:
    """What the chains of one search may cost together: each type they lead to is read, and looked up, on its own."""

    def __init__(self) -> None:
        self._links = 0
        self._characters = 0

    def take(self, name: str, links: int, text: str) -> None:
        """Raises InvalidSearch (`too-costly`) when this was too much."""
        self._links += links
        self._characters += links * len(text)
        if self._links > MOST_LINKS:
            raise too_costly(
                f"{name}: the chains of this search may lead to more than {MOST_LINKS} types in all; "
                "name the type, as in subject:Patient.name."
            )
        if self._characters > _MOST_CHAINED_TEXT:
            raise too_costly(f"{name}: the value is too long to be read for {links} types; name the type.")


def read_chain(
    resource_type: str,
    head: str,
    rest: str,
    text: str,
    read_end: ReadEnd,
    budget: ChainBudget,
    parameters: SearchParameters,
) -> Criterion:
    """The criterion of `head.rest`, `head` being `code` or `code:Type`."""
    definitions = load_definitions()
    code, _, type_ = head.partition(":")
    name = f"{head}.{rest}"
    _refuse_long(name)
    parameter = search_parameter(resource_type, code, parameters)
    if parameter.type != "reference":
        raise unsupported(f"{name}: only a reference can be followed, and {code} is a {parameter.type}.")
    targets = reference_targets(resource_type, code, parameters) or definitions.resource_types
    if type_:
        if type_ not in targets:
            raise unsupported(f"{name}: {code} refers to {_listed(targets)}, not to {type_!r}.")
        targets = (type_,)
    end = rest.partition(".")[0].partition(":")[0]
    served = [
        target for target in targets if end in (*COLUMN_PARAMETERS, "_has", "_list") or end in parameters.of(target)
    ]
    if not served:
        codes = {known for target in targets for known in served_codes(target, parameters)}
        raise unknown_parameter(f"{name}: {_listed(targets)}", end, codes)
    budget.take(name, len(served), text)
    links: list[Link] = []
    refusals: list[InvalidSearch] = []
    for target in served:
        try:
            links.append(Link(target, read_end(target, rest)))
        except InvalidSearch as refusal:
            if any(issue.code in ("too-costly", "incomplete") for issue in refusal.issues):
                raise
            refusals.append(refusal)
    # A value may suit one target and not another (a code is not a date); it is wrong when it suits none.
    if not links:
        raise refusals[0]
    return Criterion(code, None, (), Chain(tuple(links), type_ or None))


def read_reverse_chain(
    resource_type: str, name: str, text: str, read_end: ReadEnd, budget: ChainBudget, parameters: SearchParameters
) -> Criterion:
    """The criterion of `_has:Type:code:…`: what refers to a resource of `resource_type`, and must be so."""
    _refuse_long(name)
    parts = name.split(":", 3)
    if len(parts) != 4 or not all(parts):
        raise malformed(
            f"{name}: expected _has:type:reference:parameter; for example _has:Observation:patient:code=1234-5."
        )
    _, source, code, rest = parts
    if source not in load_definitions().resource_types:
        raise unsupported(f"{name}: R4 has no resource type {source!r}.")
    parameter = search_parameter(source, code, parameters, named_in=name)
    targets = reference_targets(source, code, parameters) if parameter.type == "reference" else ()
    if parameter.type != "reference" or (targets and resource_type not in targets):
        raise unsupported(f"{name}: {code} of {source} does not refer to {resource_type}.")
    budget.take(name, 1, text)
    return Criterion("_has", None, (), reverse=ReverseChain(source, code, read_end(source, rest)))


def _refuse_long(name: str) -> None:
    if name.count(".") + name.count("_has:") > MOST_STEPS:
        raise too_costly(f"a chain of more than {MOST_STEPS} steps; search in several steps.")


def _listed(types: Sequence[str]) -> str:
    return " or ".join(types[:5]) + (" …" if len(types) > 5 else "")
