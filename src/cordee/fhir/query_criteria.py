"""One criterion of a search, read from a parameter's name and value (R4 search.html#modifiers, #chaining)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from cordee.fhir.definitions import SearchParameter, load_definitions
from cordee.fhir.query_chains import ChainBudget, read_chain, read_reverse_chain
from cordee.fhir.query_filters import read_filter
from cordee.fhir.query_parameters import COLUMN_PARAMETERS, search_parameter
from cordee.fhir.query_refusals import MOST_VALUES, malformed, too_costly, unsupported
from cordee.fhir.query_tree import Criterion, ReverseChain
from cordee.fhir.query_values import (
    EXAMPLES,
    CompositeSearch,
    MissingSearch,
    Value,
    parse_concept,
    parse_date,
    parse_id,
    parse_number,
    parse_of_type,
    parse_quantity,
    parse_references,
    parse_string,
    parse_token,
    parse_uri,
    parse_value_set,
    parse_words,
    split_unescaped,
    unescape,
)
from cordee.fhir.search_expressions import Presence, reference_targets, search_routes
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.words import WORD_PARAMETERS

MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "string": ("contains", "exact", "missing"),
    "token": ("above", "below", "in", "missing", "not", "not-in", "of-type", "text"),
    "reference": ("identifier", "missing"),
    "number": ("missing",),
    "date": ("missing",),
    "quantity": ("missing",),
    "uri": ("above", "below", "missing"),
    "composite": ("missing",),
}
"""The modifiers served, by parameter type; a reference also takes the name of a resource type."""

_UNSUPPORTED_MODIFIERS = frozenset(["above", "below"])


def parse_criterion(
    resource_type: str,
    name: str,
    text: str,
    base_url: str | None,
    budget: ChainBudget | None = None,
    parameters: SearchParameters = SHIPPED,
) -> Criterion:
    """The criterion of one parameter: `code`, `code:modifier`, `code[:Type].…`, `_has:Type:code:…` or `_list`.

    What follows in a chain is any of these again. `base_url` and `parameters` are as in `query.parse_search`; `budget`
    is that of the whole search. Raises InvalidSearch.
    """
    spent = ChainBudget() if budget is None else budget

    def read_end(type_: str, rest: str) -> Criterion:
        return parse_criterion(type_, rest, text, base_url, spent, parameters)

    if name == "_filter":
        return read_filter(
            text, lambda path, value: parse_criterion(resource_type, path, value, base_url, spent, parameters)
        )
    if name.partition(":")[0] == "_has":
        return read_reverse_chain(resource_type, name, text, read_end, spent, parameters)
    head, dot, rest = name.partition(".")
    if dot:
        return read_chain(resource_type, head, rest, text, read_end, spent, parameters)
    if name == "_list":
        ids = Criterion("_id", None, _values(name, text, "list", lambda item: (parse_id(item),)))
        return Criterion("_has", None, (), reverse=ReverseChain("List", "item", ids))
    code, colon, modifier = head.partition(":")
    if colon and not modifier:
        raise malformed(f"{name}: a modifier must follow the colon; for example {code}:missing=true.")
    if code in COLUMN_PARAMETERS:
        if modifier:
            raise unsupported(f"{code}:{modifier}: {code} takes no modifier.")
        parse = parse_id if code == "_id" else parse_date
        return Criterion(code, None, _values(name, text, "date", lambda item: (parse(item),)))
    parameter = search_parameter(resource_type, code, parameters)
    kind = parameter.type
    if modifier == "missing":
        return Criterion(code, "missing", (_missing(name, text),))
    if modifier and not (kind == "reference" and modifier in load_definitions().resource_types):
        _check_modifier(resource_type, parameter, modifier, parameters)
    reader = _ValueReader(resource_type, base_url, parameters)
    values = _values(name, text, kind, lambda item: reader.meanings(parameter, modifier, item))
    return Criterion(code, modifier if modifier in MODIFIERS[kind] else None, values)


@dataclass(frozen=True, slots=True)
class _ValueReader:
    """What the text of a value depends on besides its parameter."""

    resource_type: str
    base_url: str | None
    parameters: SearchParameters

    def meanings(self, parameter: SearchParameter, modifier: str, text: str) -> tuple[Value, ...]:
        """The values any of which `text` stands for: several for an address of this server, one otherwise."""
        if parameter.code in WORD_PARAMETERS:
            return (parse_words(text),)
        match parameter.type:
            case "token" if modifier == "text":
                return (parse_string(text, modifier),)
            case "token" if modifier == "of-type":
                return (parse_of_type(text),)
            case "token" if modifier in ("in", "not-in"):
                return (parse_value_set(text),)
            case "token" if modifier in ("above", "below"):
                return (parse_concept(text),)
            case "token":
                return (parse_token(text),)
            case "date":
                return (parse_date(text),)
            case "number":
                return (parse_number(unescape(text)),)
            case "quantity":
                return (parse_quantity(text),)
            case "string":
                return (parse_string(text, modifier or None),)
            case "reference":
                return parse_references(
                    text,
                    modifier or None,
                    targets=reference_targets(self.resource_type, parameter.code, self.parameters),
                    resource_types=load_definitions().resource_types,
                    base_url=self.base_url,
                )
            case "composite":
                parts = split_unescaped(text, "$")
                if len(parts) != len(parameter.components):
                    expected = "$".join(component.parameter for component in parameter.components)
                    raise ValueError(f"expected {len(parameter.components)} parts, {expected}")
                known = self.parameters.of(self.resource_type)
                each = [
                    self.meanings(known[component.parameter], "", part)
                    for component, part in zip(parameter.components, parts, strict=True)
                ]
                return tuple(CompositeSearch(components) for components in product(*each))
            case _:
                return (parse_uri(text, modifier),)


def _values(name: str, text: str, kind: str, parse: Callable[[str], Sequence[Value]]) -> tuple[Value, ...]:
    example = "123" if name in ("_id", "_list") else EXAMPLES[kind]
    values: dict[Value, None] = {}
    items = split_unescaped(text, ",", most=MOST_VALUES + 1)
    if len(items) > MOST_VALUES:
        raise too_costly(f"{name}: more than {MOST_VALUES} values; ask in several searches.")
    for item in items:
        if not item:
            raise malformed(f"{name}={text}: a value is empty; for example {name}={example}.")
        try:
            values.update(dict.fromkeys(parse(item)))
        except ValueError as problem:
            raise malformed(f"{name}={item}: {problem}; for example {name}={example}.") from None
    return tuple(values)


def _missing(name: str, text: str) -> MissingSearch:
    if text not in ("true", "false"):
        raise malformed(f"{name}={text}: expected true or false; for example {name}=true.")
    return MissingSearch(text == "true")


def takes_of_type(resource_type: str, code: str, parameters: SearchParameters = SHIPPED) -> bool:
    """Whether a token parameter reads identifiers, whose kind `:of-type` looks at."""
    routes = search_routes(resource_type, code, parameters)
    return not isinstance(routes, Presence) and any(route.type == "Identifier" for route in routes)


def _check_modifier(
    resource_type: str, parameter: SearchParameter, modifier: str, parameters: SearchParameters
) -> None:
    served = [
        known
        for known in MODIFIERS[parameter.type]
        if known != "of-type" or takes_of_type(resource_type, parameter.code, parameters)
        if known == "missing" or parameter.code not in WORD_PARAMETERS
    ]
    if modifier in served:
        return
    valid = ", ".join(f":{known}" for known in served)
    if parameter.type == "reference":
        valid += " or a resource type such as :Patient"
    later = " yet" if modifier in _UNSUPPORTED_MODIFIERS else ""
    raise unsupported(
        f"{parameter.code}:{modifier}: this modifier is not supported{later} on {parameter.type} "
        f"parameters; valid: {valid}."
    )
