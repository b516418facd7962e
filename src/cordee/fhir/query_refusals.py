"""How a search is refused: what is wrong, where, and what would be right (R4 search.html#errors)."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from cordee.fhir.outcome import InvalidSearch, Issue


def malformed(sentence: str) -> InvalidSearch:
    """The parameter is known and its value is not of its form; refused under lenient handling too."""
    return InvalidSearch(sentence, issues=[Issue("error", "value", sentence)])


def unsupported(sentence: str) -> InvalidSearch:
    """The parameter, or what is asked of it, isn't served; left out under lenient handling."""
    return InvalidSearch(sentence, issues=[Issue("error", "not-supported", sentence)])


def unknown_parameter(owner: str, code: str, known: Iterable[str]) -> InvalidSearch:
    """`owner` (a resource type) has no such parameter; names the `known` ones, the closest first.

    Left out under lenient handling.
    """
    by_closeness = sorted(known, key=lambda c: (-SequenceMatcher(None, code.lower(), c.lower()).ratio(), c))
    return unsupported(f"{owner} has no search parameter {code!r}. Valid, closest first: {', '.join(by_closeness)}.")
