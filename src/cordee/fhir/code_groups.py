"""Which codes mean the same (R4 operation-observation-lastn.html): grouping by `Observation.code`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Name = tuple[str, str]
"""(system, code), or ("", text) behind a space, which no code has, for a concept of text alone"""


def names_of(concept: Mapping[str, Any]) -> tuple[Name, ...]:
    """What a CodeableConcept is known by: each of its codes, or else its text; nothing when it has neither."""
    codes = [
        (str(coding.get("system", "")), str(coding["code"])) for coding in concept.get("coding", ()) if "code" in coding
    ]
    if codes:
        return tuple(dict.fromkeys(codes))
    return (("", f" {concept['text']}"),) if "text" in concept else ()


def code_groups(concepts: Iterable[Sequence[Name]]) -> list[int]:
    """The number of the group that each of the concepts is in.

    Two are in one group when they share a name, or are both in a group with a third: a translation is equal to what it
    translates, and equality is transitive. Concepts without a name are a group of their own together.
    """
    parents: dict[Name, Name] = {}

    def root(name: Name) -> Name:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    known = [tuple(names) or (("", ""),) for names in concepts]
    for first, *others in known:
        for other in others:
            parents[root(other)] = root(first)
    numbers: dict[Name, int] = {}
    return [numbers.setdefault(root(first), len(numbers)) for first, *_ in known]
