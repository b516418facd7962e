"""Compiles the structures of the definitions into checks of JSON objects, each at its first use."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from cordee.fhir.definitions import Definitions, Element, load_definitions
from cordee.fhir.outcome import Issue
from cordee.fhir.validation.fields import (
    FieldCheck,
    ObjectCheck,
    Shape,
    bound_coding,
    bound_concept,
    companion_array_field,
    companion_field,
    object_array_field,
    object_field,
    one,
    primitive_array_field,
    primitive_field,
)
from cordee.fhir.validation.primitives import PRIMITIVES
from cordee.fhir.validation.problems import (
    MAX_ISSUES,
    Problem,
    Problems,
    as_issues,
    kind_of,
    quoted,
    segment_of,
)

MAX_DEPTH: Final = 64
"""Objects inside each other, the resource being the first; contained and bundled resources count on."""

NO_COMPANION: Final = "id"
"""The id of an element or resource is an attribute in XML and takes no extension; so is Extension.url."""


def validate(resource: Mapping[str, Any], expected_type: str | None = None) -> list[Issue]:
    """Every structural problem of `resource`, JSON as parsed by orjson; an empty list if it conforms to R4.

    Checks names, JSON shapes, cardinality, primitive formats, choice types, required bindings and the
    safety of narratives, in contained and bundled resources too; neither invariants nor profiles.
    `expected_type` is the resource type it must be, if given. Paths are FHIRPath, from the resource type.
    Raises nothing on any JSON value. At most 200 issues are given, and one that says there are more. The
    diagnostics quote values: they are for the sender, not for a log.
    """
    value = dict(resource) if isinstance(resource, Mapping) and type(resource) is not dict else resource
    problems = _compiler().resource(value, 1, expected_type) or []
    if not problems:
        return []
    declared = value.get("resourceType") if isinstance(value, dict) else None
    known = isinstance(declared, str) and declared in load_definitions().resource_types
    return as_issues(str(declared) if known else expected_type or "", problems)


@cache
def _compiler() -> "Compiler":
    return Compiler(load_definitions())


class Compiler:
    """Turns structures into shapes, keyed by path or type (`Patient.contact`, `HumanName`)."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.resource_types = frozenset(definitions.resource_types)
        self.shapes: dict[str, Shape] = {}
        self.codes: dict[str, frozenset[str]] = {}
        self.children: dict[str, dict[str, list[Element]]] = {}

    def resource(self, value: Any, depth: int, expected: str | None = None) -> Problems:
        """Checks any resource by the type it declares."""
        if type(value) is not dict:
            return one("", "structure", f"{kind_of(value)} stands where a resource is expected: a JSON object")
        declared = value.get("resourceType")
        if declared is None:
            return one(".resourceType", "structure", "resourceType is missing: it names the type of the resource")
        if type(declared) is not str or declared not in self.resource_types:
            name = declared if type(declared) is str else ""
            text = f"{quoted(name) if name else kind_of(declared)} is not a resource type of R4"
            return [Problem(".resourceType", "structure", text, name, self.definitions.resource_types)]
        problems = self.shape(declared).check(value, depth)
        if expected is not None and declared != expected:
            text = f"the resource is of type {declared}, {expected} is expected here"
            return [Problem(".resourceType", "structure", text), *(problems or ())]
        return problems

    def contained(self, value: Any, depth: int) -> Problems:
        """Checks a contained resource: it has an id, and contains none (R4 references.html#contained)."""
        problems = self.resource(value, depth) or []
        if type(value) is dict:
            if "contained" in value:
                problems += one(".contained", "structure", "a contained resource can't contain others")
            if "id" not in value:
                problems += one(".id", "required", "a contained resource needs an id: it is referred to by it")
        return problems or None

    def shape(self, key: str) -> Shape:
        """The shape of a type or of a path that has children; compiled when it is first used."""
        found = self.shapes.get(key)
        if found is None:
            found = self.shapes[key] = Shape(lambda: self.compile(key))
        return found

    def compile(self, key: str) -> ObjectCheck:
        """The check of the objects at `key`."""
        structure = self.definitions.structures[key.partition(".")[0]]
        fields: dict[str, FieldCheck] = {}
        required: list[tuple[str, str]] = []
        choices: list[Choice] = []
        for element in self.children_of(key):
            if element.max == 0:
                continue
            name = element.path.rpartition(".")[2]
            if name.endswith("[x]"):
                choice = Choice(name.removesuffix("[x]"), element)
                choices.append(choice)
                for spelling, code in choice.spellings.items():
                    segment = f".{choice.stem}.ofType({code})"
                    self.add_field(fields, spelling, segment, element, code)
                continue
            self.add_field(fields, name, f".{name}", element, element.types[0] if element.types else "")
            if element.min:
                required.append((name, f"_{name}"))
        if structure.kind == "resource" and key == structure.name:
            fields["resourceType"] = lambda _value, _parent, _depth: None
        rule = extension_rule if key == "Extension" else None
        return object_check(fields, tuple(required), tuple(choices), rule)

    def children_of(self, key: str) -> list[Element]:
        """The elements one level under `key`, in snapshot order."""
        name = key.partition(".")[0]
        if name not in self.children:
            by_parent: dict[str, list[Element]] = {}
            for element in self.definitions.structures[name].elements.values():
                by_parent.setdefault(element.path.rpartition(".")[0], []).append(element)
            self.children[name] = by_parent
        return self.children[name].get(key, [])

    def add_field(self, fields: dict[str, FieldCheck], name: str, segment: str, element: Element, code: str) -> None:
        """The check of the member `name`, and of its companion `_name` if it can have one."""
        repeats = element.max is None
        primitive = PRIMITIVES.get(code)
        if primitive is None:
            check = object_array_field if repeats else object_field
            fields[name] = check(segment, self.object_shape(element, code))
            return
        codes = self.codes_of(element.required_value_set) if code == "code" else None
        if repeats:
            fields[name] = primitive_array_field(segment, name, primitive, codes)
        else:
            fields[name] = primitive_field(segment, primitive, codes)
        if name == NO_COMPANION or element.path == "Extension.url":
            return
        extended = self.shape("Element")
        if repeats:
            fields[f"_{name}"] = companion_array_field(segment, name, extended)
        else:
            fields[f"_{name}"] = companion_field(segment, extended)

    def object_shape(self, element: Element, code: str) -> Shape:
        """The shape of an element that isn't primitive: of its children, another path, a type or a resource."""
        if element.content_reference:
            return self.shape(element.content_reference)
        if self.children_of(element.path):
            return self.shape(element.path)
        if code == "Resource":
            is_contained = element.path.endswith(".contained") and element.path.count(".") == 1
            check: ObjectCheck = self.contained if is_contained else self.resource
            return Shape(lambda: check)
        value_set = self.definitions.value_sets.get(element.required_value_set or "")
        if value_set is not None and code == "CodeableConcept":
            return Shape(lambda: bound_concept(self.shape(code), value_set))
        if value_set is not None and code == "Coding":
            return Shape(lambda: bound_coding(self.shape(code), value_set))
        return self.shape(code)

    def codes_of(self, canonical: str | None) -> frozenset[str] | None:
        """The codes of a required value set, whatever their system; None if it can't be enumerated."""
        pairs = self.definitions.value_sets.get(canonical or "")
        if pairs is None or canonical is None:
            return None
        if canonical not in self.codes:
            self.codes[canonical] = frozenset(code for _, code in pairs)
        return self.codes[canonical]


class Choice:
    """An element that may be of several types, each with its own spelling (R4 formats.html#choice)."""

    __slots__ = ("names", "required", "spellings", "stem")

    def __init__(self, stem: str, element: Element) -> None:
        self.stem = stem
        self.required = element.min > 0
        self.spellings = {stem + code[0].upper() + code[1:]: code for code in element.types}
        self.names = frozenset(self.spellings) | {
            f"_{spelling}" for spelling, code in self.spellings.items() if code in PRIMITIVES
        }

    def allowed(self) -> str:
        """The spellings, for a message."""
        return ", ".join(self.spellings)

    def problem(self, found: frozenset[str]) -> Problems:
        """Of `found`, the spellings present: one type at most, and one at least if it is required."""
        types = {name.lstrip("_") for name in found}
        if len(types) > 1:
            text = f"only one of these may be present: {', '.join(sorted(types))}"
            return one(f".{self.stem}", "structure", text)
        if self.required and not types:
            return one(f".{self.stem}", "required", f"one of these is required: {self.allowed()}")
        return None


def extension_rule(value: dict[str, Any], choices: tuple[Choice, ...]) -> Problems:
    """An extension has either a value or extensions (R4 rule ext-1)."""
    has_value = bool(choices[0].names.intersection(value))
    if has_value == ("extension" in value):
        text = "an extension has either a value or extensions, not both; this one has "
        return one("", "structure", text + ("both" if has_value else "neither"))
    return None


Rule = Callable[[dict[str, Any], tuple[Choice, ...]], Problems]


def object_check(
    fields: Mapping[str, FieldCheck],
    required: tuple[tuple[str, str], ...],
    choices: tuple[Choice, ...],
    rule: Rule | None,
) -> ObjectCheck:
    """The check of an object: each member by `fields`, then what is missing, doubled, or against `rule`.

    `required` are pairs of a name and its companion's, either of which will do.
    """
    field_of = dict(fields).get
    names = tuple(name for name in fields if not name.startswith("_"))

    def check(value: Any, depth: int) -> Problems:
        if type(value) is not dict:
            return one("", "structure", not_an_object(value))
        if not value:
            return one("", "structure", "an empty object is not a value: leave the element out")
        if depth > MAX_DEPTH:
            return one("", "structure", f"nested more than {MAX_DEPTH} levels deep")
        problems: Problems = None
        for name, item in value.items():
            field = field_of(name)
            found = field(item, value, depth) if field is not None else unknown(name, names, choices)
            if found is not None:
                problems = problems or []
                problems += found
                if len(problems) > MAX_ISSUES:
                    return problems
        for name, companion in required:
            if name not in value and not (companion in value and companion in fields):
                problems = problems or []
                problems.append(Problem(f".{name}", "required", f"{name!r} is required and missing"))
        for choice in choices:
            present = choice.names.intersection(value)
            if (len(present) > 1 or (choice.required and not present)) and (found := choice.problem(present)):
                problems = problems or []
                problems += found
        if rule is not None and (found := rule(value, choices)) is not None:
            problems = problems or []
            problems += found
        return problems

    return check


def not_an_object(value: Any) -> str:
    """Why `value` can't be an object."""
    if value is None:
        return "null is not a value: leave the element out"
    if isinstance(value, list):
        return "an array stands where one object is expected: this element doesn't repeat"
    return f"{kind_of(value)} stands where an object is expected"


def unknown(name: str, names: Sequence[str], choices: tuple[Choice, ...]) -> list[Problem]:
    """A member the standard doesn't have, with what may have been meant."""
    for choice in choices:
        if name.removesuffix("[x]") == choice.stem or (
            name.startswith(choice.stem) and name[len(choice.stem)].isupper()
        ):
            text = f"{choice.stem}[x] can't be written {quoted(name)}; allowed: {choice.allowed()}"
            return one(segment_of(name), "structure", text)
    if name.startswith("_") and name[1:] in names:
        text = f"{quoted(name)} is not allowed: {name[1:]!r} is not a primitive that can be extended"
        return one(segment_of(name), "structure", text)
    return [Problem(segment_of(name), "structure", f"unknown element {quoted(name)}", name, names)]
