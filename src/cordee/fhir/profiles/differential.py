"""A profile's elements put onto the rules it derives from (R4 profiling.html#snapshot).

What another tool writes out as a snapshot is here a tree of rules: the base's, copied, then each element of the
differential on its place. A snapshot is read the same way when its base is not known here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cordee.fhir.profiles.element_rules import (
    Binding,
    Constraint,
    Discriminator,
    ElementRules,
    Slicing,
    Source,
    TypeRule,
    value_of_facet,
)

_FHIRPATH_TYPE = "http://hl7.org/fhirpath/System."


def apply_elements(root: ElementRules, elements: Iterable[Mapping[str, Any]], profile: str) -> None:
    """Adds `elements` (ElementDefinition, of a differential or a snapshot) to the tree under `root`."""
    slices: dict[str, str] = {}
    for element in elements:
        rules = root
        for name, slice_name in _steps(element, slices):
            rules = rules.child(name)
            if slice_name:
                rules = rules.slice(slice_name)
        _state(rules, element, profile)


def _steps(element: Mapping[str, Any], slices: dict[str, str]) -> list[tuple[str, str]]:
    """From the root to the element: names, each with the slice it is in.

    Ids say it (`Patient.identifier:INS.system`); without one, a path stands in the slice named last for it.
    """
    path = str(element["path"]).split(".")[1:]
    segments = str(element.get("id", "")).split(".")[1:]
    if len(segments) == len(path):
        parted = [segment.partition(":") for segment in segments]
        if all(name == wanted for (name, _, _), wanted in zip(parted, path, strict=True)):
            return [(name, slice_name) for name, _, slice_name in parted]
    steps = []
    for depth, name in enumerate(path, 1):
        here = ".".join(path[:depth])
        if depth == len(path):
            for longer in [known for known in slices if known == here or known.startswith(f"{here}.")]:
                del slices[longer]
            if "sliceName" in element:
                slices[here] = str(element["sliceName"])
        steps.append((name, slices.get(here, "")))
    return steps


def _state(rules: ElementRules, element: Mapping[str, Any], profile: str) -> None:
    source = Source(profile, str(element.get("id") or element["path"]))
    if "min" in element and element["min"] > rules.minimum:
        rules.minimum = element["min"]
        rules.sources["min"] = source
    if element.get("max", "*") != "*" and (rules.maximum is None or int(element["max"]) < rules.maximum):
        rules.maximum = int(element["max"])
        rules.sources["max"] = source
    if "type" in element:
        rules.types = tuple(_type(declared) for declared in element["type"])
        rules.sources["types"] = source
    for facet in ("fixed", "pattern"):
        stated = value_of_facet(element, facet)
        if stated is not None:
            setattr(rules, facet, stated)
            rules.sources[facet] = source
    _state_limits(rules, element, source)
    binding = element.get("binding")
    if binding and "valueSet" in binding:
        rules.binding = Binding(binding["strength"], binding["valueSet"])
        rules.sources["binding"] = source
    for constraint in element.get("constraint", ()):
        if constraint.get("expression") and not _of_standard(constraint):
            rules.constraints[constraint["key"]] = Constraint(
                constraint["key"], constraint["severity"], constraint.get("human", ""), constraint["expression"]
            )
            rules.sources[constraint["key"]] = source
    if "slicing" in element:
        rules.slicing = _slicing(element["slicing"])
        rules.sources["slicing"] = source


def _state_limits(rules: ElementRules, element: Mapping[str, Any], source: Source) -> None:
    if "maxLength" in element:
        rules.max_length = element["maxLength"]
        rules.sources["maxLength"] = source
    if (least := value_of_facet(element, "minValue")) is not None:
        rules.min_value = least
        rules.sources["minValue"] = source
    if (most := value_of_facet(element, "maxValue")) is not None:
        rules.max_value = most
        rules.sources["maxValue"] = source


def _of_standard(constraint: Mapping[str, Any]) -> bool:
    """A snapshot repeats the rules of the standard's types, which are checked everywhere already."""
    source = str(constraint.get("source", ""))
    name = source.removeprefix("http://hl7.org/fhir/StructureDefinition/").split("|")[0]
    return name != source and name[:1].isupper()


def _type(declared: Mapping[str, Any]) -> TypeRule:
    code = str(declared["code"])
    if code.startswith(_FHIRPATH_TYPE):
        code = code.removeprefix(_FHIRPATH_TYPE).lower()
    return TypeRule(code, tuple(declared.get("profile", ())), tuple(declared.get("targetProfile", ())))


def _slicing(stated: Mapping[str, Any]) -> Slicing:
    discriminators = tuple(Discriminator(d["type"], d["path"]) for d in stated.get("discriminator", ()))
    return Slicing(discriminators, stated["rules"], bool(stated.get("ordered", False)))
