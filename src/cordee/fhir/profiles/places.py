"""Where an element stands in the standard: its JSON names, its types, and where its children are defined."""

from dataclasses import dataclass

from cordee.fhir.definitions import Definitions
from cordee.fhir.profiles.items import Spelling


@dataclass(frozen=True, slots=True)
class Place:
    """`spellings` are the JSON names; `within` is what children's paths start with, None when it is of many types."""

    spellings: tuple[Spelling, ...]
    types: tuple[str, ...]
    path: str
    within: str | None


def child_place(definitions: Definitions, within: str | None, name: str) -> Place:
    """The place of the child `name` (`value[x]`, `valueQuantity`, `system`) of what is at `within`.

    A name the standard doesn't have there, or a parent of unknown type, is taken as it is written.
    """
    element = definitions.element(f"{within}.{name}") if within else None
    if element is None:
        return Place(((name.removesuffix("[x]"), f".{name}", ""),), (), name, None)
    stem = element.path.rpartition(".")[2]
    if stem.endswith("[x]"):
        stem = stem.removesuffix("[x]")
        spelled = {stem + code[0].upper() + code[1:]: code for code in element.types}
        if name in spelled:
            spelled = {name: spelled[name]}
        spellings = tuple((key, f".{stem}.ofType({code})", code) for key, code in spelled.items())
        types = tuple(spelled.values())
        return Place(spellings, types, element.path, types[0] if len(types) == 1 else None)
    if element.content_reference:
        return Place(((name, f".{name}", ""),), (), element.path, element.content_reference)
    type_ = element.types[0] if element.types else ""
    within = element.path if type_ in ("BackboneElement", "Element") else type_
    return Place(((name, f".{name}", type_),), element.types, element.path, within)
