"""What an operation is given: read from the query or from a Parameters resource, checked, all faults told at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Union

from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.temporal import DateRange, date_range
from cordee.fhir.validation.problems import MAX_ISSUES

Value = Union[str, int, bool, date, Decimal, DateRange, Mapping[str, Any], "Arguments"]

_RESOURCES = frozenset({"ValueSet", "CodeSystem", "ConceptMap", "Patient", "Resource"})
COMPLEX = _RESOURCES | {"Coding", "CodeableConcept", "Meta", "Period"}
"""The types of parameters that can't stand in an address."""

_ID = r"[A-Za-z0-9\-.]{1,64}"
_REFERENCE = re.compile(rf"([A-Z][A-Za-z]+)/{_ID}")
_TEXTS = ("valueString", "valueCode", "valueId", "valueUri", "valueCanonical", "valueMarkdown")


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter taken: `type` is a FHIR primitive, or `reference` for a resource of this server.

    A reference is given as a `Reference` in Parameters and as `Type/id` in a query; `targets` are the types it may
    name. A `date` is a day, unless it is `partial`: then a year or a month will do too. One that has `parts` has no
    value, and its type is empty.
    """

    name: str
    type: str
    documentation: str
    min: int = 0
    max: int | None = 1
    targets: tuple[str, ...] = ()
    partial: bool = False
    parts: tuple["Input", ...] = ()


class Arguments:
    """The values given, typed; asking for a name that the operation doesn't declare is a KeyError.

    `query` holds those that are simple as a query would give them, for the links to the next pages; `others` those that
    the operation does not declare, where it takes any.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[Value]],
        places: Mapping[str, str],
        query: Sequence[tuple[str, str]] = (),
        others: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._values = values
        self._places = places
        self.query = tuple(query)
        self.others = tuple(others)

    def place(self, name: str) -> str:
        """Where a parameter that was given stands, for the path of a refusal."""
        return self._places[name]

    def has_place(self, name: str) -> bool:
        """Whether a parameter was given by its name, and is not the body itself."""
        return name in self._places

    def takes(self, name: str) -> bool:
        """Whether the operation has a parameter of that name."""
        return name in self._values

    def texts(self, name: str) -> tuple[str, ...]:
        """All the texts of a parameter."""
        return tuple(str(value) for value in self._values[name])

    def text(self, name: str) -> str | None:
        """A text, a code or a reference `Type/id`."""
        values = self._values[name]
        return str(values[0]) if values else None

    def required_text(self, name: str) -> str:
        """The text of a parameter that `read` has found to be there."""
        return str(self._values[name][0])

    def day(self, name: str) -> date | None:
        """A day."""
        values = self._values[name]
        return values[0] if values and isinstance(values[0], date) else None

    def required_day(self, name: str) -> date:
        """The day of a parameter that was found to be there."""
        day = self.day(name)
        if day is None:
            raise KeyError(name)
        return day

    def flag(self, name: str) -> bool:
        """A boolean; false when it is not given."""
        return self._values[name][:1] == (True,)

    def structures(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """All the Codings, CodeableConcepts or resources of a parameter."""
        return tuple(value for value in self._values[name] if isinstance(value, Mapping))

    def groups(self, name: str) -> tuple["Arguments", ...]:
        """The parts of each parameter of that name."""
        return tuple(value for value in self._values[name] if isinstance(value, Arguments))

    def with_structure(self, name: str, value: Mapping[str, Any]) -> "Arguments":
        """The same, with a resource that is the body itself."""
        return Arguments({**self._values, name: (value,)}, self._places, self.query, self.others)

    def time(self, name: str) -> DateRange | None:
        """The time that an instant or a partial date stands for."""
        values = self._values[name]
        return values[0] if values and isinstance(values[0], DateRange) else None

    def decimal(self, name: str) -> Decimal | None:
        """A number."""
        values = self._values[name]
        return values[0] if values and isinstance(values[0], Decimal) else None

    def number(self, name: str) -> int | None:
        """A whole number."""
        values = self._values[name]
        return values[0] if values and isinstance(values[0], int) else None


def from_query(
    inputs: Sequence[Input], pairs: Iterable[tuple[str, str]], *, lenient: bool = False, base_url: str
) -> Arguments:
    """The arguments in a query; raises `FhirError` (400) with every fault, its path `http.{name}`."""
    given = [(f"http.{name}", name, text) for name, text in pairs]
    return _checked(inputs, given, _Source(_from_text, "http.{name}"), lenient, base_url)


def from_parameters(
    inputs: Sequence[Input], resource: Mapping[str, Any], *, lenient: bool = False, base_url: str
) -> Arguments:
    """The arguments in a valid Parameters resource; raises `FhirError` (400) with every fault and its path."""
    given = [
        (f"Parameters.parameter[{place}]", str(parameter["name"]), parameter)
        for place, parameter in enumerate(resource.get("parameter", ()))
    ]
    return _checked(inputs, given, _Source(_from_member, "Parameters.parameter"), lenient, base_url)


@dataclass(frozen=True, slots=True)
class _Source:
    """How one value is read, and the path of a parameter that is missing."""

    read: Callable[[Input, Any, str], Value]
    missing: str


def _checked(
    inputs: Sequence[Input],
    given: Sequence[tuple[str, str, Any]],
    source: _Source,
    lenient: bool,
    base_url: str,
) -> Arguments:
    declared = {parameter.name: parameter for parameter in inputs}
    values: dict[str, list[Value]] = {name: [] for name in declared}
    issues: list[Issue] = []
    query: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for path, name, said in given:
        if len(issues) == MAX_ISSUES:
            break
        parameter = declared.get(name)
        if parameter is None:
            others += [(name, text) for text in _simple_texts(said)]
            if not lenient:
                known = ", ".join(declared) or "none"
                issues.append(Issue("error", "not-supported", f"There is no parameter «{name}» here: {known}.", path))
            continue
        try:
            if parameter.parts:
                values[name].append(_group(parameter, said, path, lenient, base_url))
            else:
                values[name].append(source.read(parameter, said, base_url))
                query += [(name, text) for text in _simple_texts(said)]
        except FhirError as refusal:
            issues += refusal.issues
            continue
        except ValueError as problem:
            issues.append(Issue("error", "value", f"{name}: {problem}.", path))
            continue
        if parameter.max is not None and len(values[name]) > parameter.max:
            issues.append(Issue("error", "structure", f"{name} is given more than once.", path))
    tried = {name for _, name, _ in given}
    for name, parameter in declared.items():
        if len(values[name]) < parameter.min and name not in tried:
            sentence = f"{name} is needed: {parameter.documentation}"
            issues.append(Issue("error", "required", sentence, source.missing.format(name=name)))
    if issues:
        raise FhirError(issues[0].diagnostics, issues=issues)
    typed = {name: tuple(read) for name, read in values.items()}
    return Arguments(typed, {name: path for path, name, _ in given}, query, others)


def _group(parameter: Input, said: Any, path: str, lenient: bool, base_url: str) -> Arguments:
    """The parts of a parameter; raises `FhirError` with every fault, `ValueError` where it can't have any."""
    if isinstance(said, str):
        raise ValueError("it has parts, which can't stand in an address; POST it in Parameters")
    given = [(f"{path}.part[{place}]", str(part["name"]), part) for place, part in enumerate(said.get("part", ()))]
    return _checked(parameter.parts, given, _Source(_from_member, f"{path}.part"), lenient, base_url)


def _simple_texts(said: Any) -> list[str]:
    """A value as it may stand in a query; none for what is complex."""
    if isinstance(said, str):
        return [said]
    values = (value for name, value in said.items() if name.startswith("value") and not isinstance(value, dict))
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _from_text(parameter: Input, text: str, base_url: str) -> Value:
    if parameter.type in COMPLEX:
        raise ValueError(f"a {parameter.type} can't stand in an address; POST it in Parameters")
    match parameter.type:
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"«{text}» is neither true nor false")
            return text == "true"
        case "integer":
            if not re.fullmatch(r"-?[0-9]{1,9}", text):
                raise ValueError(f"«{text}» is not a whole number")
            return int(text)
        case "positiveInt":
            if not re.fullmatch(r"0*[1-9][0-9]{0,8}", text):
                raise ValueError(f"«{text}» is not a whole number from 1")
            return int(text)
        case "decimal":
            if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", text):
                raise ValueError(f"«{text}» is not a number; write it as 1.5")
            return Decimal(text)
        case "date" if not parameter.partial:
            return _day(text)
        case "date" | "instant":
            return date_range(text.replace(" ", "+"))  # a + that was not encoded arrives as a space
        case "reference":
            return _reference(text.removeprefix(f"{base_url}/"), parameter.targets)
    if not text.strip():
        raise ValueError("the value is empty")
    return text


def _from_member(parameter: Input, member: Mapping[str, Any], base_url: str) -> Value:
    if parameter.type in COMPLEX and "resource" in member:
        return _resource(parameter, member["resource"])
    name = next((key for key in member if key.startswith("value")), None)
    if name is None:
        raise ValueError(f"a {_said_type(parameter)} was expected, in {_members(parameter.type)[0]}")
    value = member[name]
    if name not in _members(parameter.type):
        raise ValueError(f"it is a {name}; {_members(parameter.type)[0]} was expected")
    if parameter.type in COMPLEX:
        structure: Mapping[str, Any] = value
        return structure
    if name == "valueReference":
        named = value.get("reference")
        if named is None:
            raise ValueError("the reference must name a resource, as in PractitionerRole/1")
        return _from_text(parameter, named, base_url)
    is_typed = isinstance(value, bool) or (isinstance(value, int) and parameter.type not in ("positiveInt", "decimal"))
    return value if is_typed else _from_text(parameter, str(value), base_url)


def _resource(parameter: Input, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    if parameter.type not in (resource.get("resourceType"), "Resource"):
        raise ValueError(f"it is a {resource.get('resourceType')}; a {parameter.type} was expected")
    return resource


def _members(type_: str) -> tuple[str, ...]:
    """The members of Parameters.parameter that may hold a type, the proper one first."""
    if type_ in _RESOURCES:
        return ("resource",)
    match type_:
        case "reference":
            return ("valueReference", *_TEXTS)
        case "boolean" | "integer" | "date" | "Coding" | "CodeableConcept" | "Meta" | "Period":
            return (f"value{type_[0].upper()}{type_[1:]}",)
        case "decimal":
            return ("valueDecimal", "valueInteger")
        case "positiveInt":
            return ("valuePositiveInt", "valueInteger", "valueUnsignedInt")
    proper = f"value{type_[0].upper()}{type_[1:]}"
    return tuple(dict.fromkeys((proper, *_TEXTS)))


def _said_type(parameter: Input) -> str:
    return f"reference to a {' or '.join(parameter.targets)}" if parameter.type == "reference" else parameter.type


def _day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(f"«{text}» is not a day; write it as 2026-07-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None


def _reference(text: str, targets: Sequence[str]) -> str:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(f"«{text}» is not a resource of this server; write it as {targets[0]}/1")
    if found[1] not in targets:
        raise ValueError(f"{text} is not a {' or '.join(targets)}")
    return text
