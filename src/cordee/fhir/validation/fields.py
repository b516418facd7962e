"""Checks of one member of a JSON object: its shape (one value or an array), then its value.

A field check is called with the value, the object that holds it (for the `_name` companion) and the depth
of that object. It returns None, or problems that start with the member's own path segment.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cordee.fhir.validation.primitives import MAX_STRING, Primitive, is_text, real_day, refusal
from cordee.fhir.validation.problems import MAX_ISSUES, Code, Problem, Problems, below, kind_of, quoted

FieldCheck = Callable[[Any, dict[str, Any], int], Problems]
ObjectCheck = Callable[[Any, int], Problems]


class Shape:
    """The check of an object, compiled when the first is met: types refer to each other and themselves."""

    __slots__ = ("check",)

    check: ObjectCheck

    def __init__(self, compiler: Callable[[], ObjectCheck]) -> None:
        def first(value: Any, depth: int) -> Problems:
            self.check = compiler()
            return self.check(value, depth)

        self.check = first


def one(segment: str, code: Code, text: str) -> list[Problem]:
    """A list of one problem at `segment`."""
    return [Problem(segment, code, text)]


def not_an_array(segment: str, value: Any) -> list[Problem]:
    """`value` stands where an array should."""
    if value is None:
        return one(segment, "structure", "null is not a value: leave the element out")
    text = f"{kind_of(value)} stands where an array is expected: this element repeats, write it between [ ]"
    return one(segment, "structure", text)


def empty_array(segment: str) -> list[Problem]:
    """An array holds at least one item in FHIR."""
    return one(segment, "structure", "an empty array is not a value: leave the element out")


def primitive_field(segment: str, primitive: Primitive, codes: frozenset[str] | None) -> FieldCheck:
    """One primitive value; `codes`, when given, are those of its required binding."""
    accepts, match = primitive.accepts, primitive.match

    if codes is not None:

        def bound(value: Any, _parent: dict[str, Any], _depth: int) -> Problems:
            if type(value) is str and value in codes:
                return None
            return below(segment, [unbound(primitive, value, codes)])

        return bound

    if match is not None and primitive.dated:

        def dated(value: Any, _parent: dict[str, Any], _depth: int) -> Problems:
            if type(value) is str and match(value) and real_day(value):
                return None
            return below(segment, [refusal(primitive, value)])

        return dated

    if match is not None:

        def matched(value: Any, _parent: dict[str, Any], _depth: int) -> Problems:
            if type(value) is str and match(value):
                return None
            return below(segment, [refusal(primitive, value)])

        return matched

    if accepts is is_text:

        def text(value: Any, _parent: dict[str, Any], _depth: int) -> Problems:
            if type(value) is str and value and value.isprintable() and len(value) <= MAX_STRING:
                return None
            return None if is_text(value) else below(segment, [refusal(primitive, value)])

        return text

    def accepted(value: Any, _parent: dict[str, Any], _depth: int) -> Problems:
        return None if accepts(value) else below(segment, [refusal(primitive, value)])

    return accepted


def unbound(primitive: Primitive, value: Any, codes: frozenset[str]) -> Problem:
    """A code outside of its required value set, or something that isn't a code at all."""
    if not primitive.accepts(value):
        return refusal(primitive, value)
    if len(codes) <= 12:
        text = f"{quoted(value)} is not one of the codes required here: {', '.join(sorted(codes))}"
        return Problem("", "code-invalid", text)
    return Problem("", "code-invalid", f"{quoted(value)} is not in the value set required here", value, tuple(codes))


def primitive_array_field(segment: str, name: str, primitive: Primitive, codes: frozenset[str] | None) -> FieldCheck:
    """An array of primitive values, where null stands for a value that has only a companion in `_name`."""
    check = primitive_field("", primitive, codes)
    companion = f"_{name}"

    def array(value: Any, parent: dict[str, Any], depth: int) -> Problems:
        if type(value) is not list:
            return not_an_array(segment, value)
        if not value:
            return empty_array(segment)
        problems: Problems = None
        for index, item in enumerate(value):
            if item is None and _has_companion(parent.get(companion), index):
                continue
            found = check(item, parent, depth)
            if found is not None:
                problems = problems or []
                problems += below(f"{segment}[{index}]", found)
                if len(problems) > MAX_ISSUES:
                    break
        return problems

    return array


def _has_companion(companions: Any, index: int) -> bool:
    return isinstance(companions, list) and index < len(companions) and isinstance(companions[index], dict)


def companion_field(segment: str, extended: Shape) -> FieldCheck:
    """`_name` of one primitive: an object with an id or extensions."""

    def companion(value: Any, _parent: dict[str, Any], depth: int) -> Problems:
        found = extended.check(value, depth + 1)
        return below(segment, found) if found else None

    return companion


def companion_array_field(segment: str, name: str, extended: Shape) -> FieldCheck:
    """`_name` of a repeated primitive: objects, and nulls where the value has no companion."""

    def companions(value: Any, parent: dict[str, Any], depth: int) -> Problems:
        if type(value) is not list:
            return not_an_array(segment, value)
        if not value:
            return empty_array(segment)
        values = parent.get(name)
        problems: list[Problem] = []
        for index, item in enumerate(value):
            if item is None:
                paired = isinstance(values, list) and index < len(values) and values[index] is not None
                text = f"neither {name!r} nor '_{name}' has anything at this place"
                found = None if paired else one("", "structure", text)
            else:
                found = extended.check(item, depth + 1)
            if found:
                problems += below(f"{segment}[{index}]", found)
                if len(problems) > MAX_ISSUES:
                    break
        return problems or None

    return companions


def object_field(segment: str, shape: Shape) -> FieldCheck:
    """One object of a data type or backbone element."""

    def single(value: Any, _parent: dict[str, Any], depth: int) -> Problems:
        found = shape.check(value, depth + 1)
        return below(segment, found) if found else None

    return single


def object_array_field(segment: str, shape: Shape) -> FieldCheck:
    """An array of objects."""

    def array(value: Any, _parent: dict[str, Any], depth: int) -> Problems:
        if type(value) is not list:
            return not_an_array(segment, value)
        if not value:
            return empty_array(segment)
        problems: Problems = None
        for index, item in enumerate(value):
            found = shape.check(item, depth + 1)
            if found is not None:
                problems = problems or []
                problems += below(f"{segment}[{index}]", found)
                if len(problems) > MAX_ISSUES:
                    break
        return problems

    return array


def bound_concept(shape: Shape, value_set: frozenset[tuple[str, str]]) -> ObjectCheck:
    """A CodeableConcept of which at least one coding must be in `value_set` (R4 terminologies.html#required).

    A concept with extensions only, such as a reason why the data is absent, says nothing that could be
    outside.
    """

    def concept(value: Any, depth: int) -> Problems:
        found = shape.check(value, depth)
        if found is not None:
            return found
        codings: Sequence[dict[str, Any]] = value.get("coding", ())
        if any((c.get("system"), c.get("code")) in value_set for c in codings):
            return None
        if not codings and "text" not in value:
            return None
        pairs = sorted(f"{system}|{code}" for system, code in value_set)
        allowed = ", ".join(pairs[:12]) + (", …" if len(pairs) > 12 else "")
        return one(".coding", "code-invalid", f"one coding must be of the value set required here: {allowed}")

    return concept


def bound_coding(shape: Shape, value_set: frozenset[tuple[str, str]]) -> ObjectCheck:
    """A Coding that must be in `value_set`; one with extensions only is left alone."""

    def coding(value: Any, depth: int) -> Problems:
        found = shape.check(value, depth)
        if found is not None or "code" not in value or (value.get("system"), value["code"]) in value_set:
            return found
        pair = f"{value.get('system', '')}|{value['code']}"
        return one("", "code-invalid", f"{quoted(pair)} is not in the value set required here")

    return coding
