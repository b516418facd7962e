"""How a search is refused: what is wrong, where, and what would be right (R4 search.html#errors)."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from cordee.fhir.outcome import InvalidSearch, Issue

MOST_CRITERIA = 50
MOST_VALUES = 5_000
"""Of one criterion."""
MOST_LINKS = 150
"""Of the chains of a search, together: one chain whose reference may be to any type has nearly that many."""


def too_costly(sentence: str) -> InvalidSearch:
    """Understood, and more than one search may ask; refused under lenient handling too."""
    return InvalidSearch(sentence, issues=[Issue("error", "too-costly", sentence)])


def malformed(sentence: str) -> InvalidSearch:
    """The parameter is known and its value is not of its form; refused under lenient handling too."""
    return InvalidSearch(sentence, issues=[Issue("error", "value", sentence)])


def unsupported(sentence: str) -> InvalidSearch:
    """The parameter, or what is asked of it, isn't served; left out under lenient handling."""
    return InvalidSearch(sentence, issues=[Issue("error", "not-supported", sentence)])


def not_ready(name: str) -> InvalidSearch:
    """What is stored is not all indexed by the parameter yet; left out under lenient handling."""
    sentence = (
        f"{name}: what is stored is still being indexed by this search parameter, and some of it would not be found; "
        "ask again later (the CapabilityStatement says when it is ready)."
    )
    return InvalidSearch(sentence, issues=[Issue("error", "incomplete", sentence)])


def unknown_parameter(owner: str, code: str, known: Iterable[str]) -> InvalidSearch:
    """`owner` (a resource type) has no such parameter; names the `known` ones, the closest first.

    Left out under lenient handling.
    """
    code = code[:64]  # what is longer is close to nothing, and comparing it takes long
    by_closeness = sorted(known, key=lambda c: (-SequenceMatcher(None, code.lower(), c.lower()).ratio(), c))
    return unsupported(f"{owner} has no search parameter {code!r}. Valid, closest first: {', '.join(by_closeness)}.")
