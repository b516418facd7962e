"""One criterion of a search, read from a parameter's name and value (R4 search.html#modifiers, #chaining)."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from cordee.fhir.definitions import SearchParameter, load_definitions
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query_refusals import MOST_VALUES, malformed, too_costly, unknown_parameter, unsupported
from cordee.fhir.query_tree import Chain, Criterion, Link
from cordee.fhir.query_values import (
    EXAMPLES,
    CompositeSearch,
    MissingSearch,
    UriSearch,
    Value,
    parse_date,
    parse_id,
    parse_number,
    parse_quantity,
    parse_references,
    parse_string,
    parse_token,
    split_unescaped,
    unescape,
)
from cordee.fhir.search_expressions import reference_targets

MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "string": ("contains", "exact", "missing"),
    "token": ("missing", "not"),
    "reference": ("identifier", "missing"),
    "number": ("missing",),
    "date": ("missing",),
    "quantity": ("missing",),
    "uri": ("missing",),
    "composite": ("missing",),
}
"""The modifiers served, by parameter type; a reference also takes the name of a resource type."""

COLUMN_PARAMETERS = ("_id", "_lastUpdated")
"""The parameters that every stored resource has by itself, whatever its type."""

_MOST_CHAINED_TEXT = 1_000_000
"""Characters of a chained value, counted once for each type in which it is read."""

_UNSUPPORTED = frozenset(
    {
        *("_contained", "_containedType", "_content", "_filter", "_has", "_list", "_query", "_score"),
        *("_text", "_type", "near"),
    }
)
_UNSUPPORTED_MODIFIERS = frozenset(["above", "below", "in", "not-in", "of-type", "text"])


def parse_criterion(resource_type: str, name: str, text: str, base_url: str | None) -> Criterion:
    """The criterion of one parameter: `code`, `code:modifier` or `code[:Type].code[:modifier]`.

    `base_url` is as in `query.parse_search`. Raises InvalidSearch.
    """
    head, dot, rest = name.partition(".")
    if dot:
        return _chained(resource_type, head, rest, text, base_url)
    code, colon, modifier = head.partition(":")
    if colon and not modifier:
        raise malformed(f"{name}: a modifier must follow the colon; for example {code}:missing=true.")
    if code in COLUMN_PARAMETERS:
        if modifier:
            raise unsupported(f"{code}:{modifier}: {code} takes no modifier.")
        parse = parse_id if code == "_id" else parse_date
        return Criterion(code, None, _values(name, text, "date", lambda item: (parse(item),)))
    parameter = search_parameter(resource_type, code)
    kind = parameter.type
    if modifier == "missing":
        return Criterion(code, "missing", (_missing(name, text),))
    if modifier and not (kind == "reference" and modifier in load_definitions().resource_types):
        _check_modifier(parameter, modifier)
    values = _values(name, text, kind, lambda item: _meanings(resource_type, parameter, modifier, item, base_url))
    return Criterion(code, modifier if modifier in MODIFIERS[kind] else None, values)


def _chained(resource_type: str, head: str, rest: str, text: str, base_url: str | None) -> Criterion:
    definitions = load_definitions()
    code, _, type_ = head.partition(":")
    name = f"{head}.{rest}"
    if "." in rest:
        raise unsupported(f"{name}: chains of more than one level are not supported yet.")
    parameter = search_parameter(resource_type, code)
    if parameter.type != "reference":
        raise unsupported(f"{name}: only a reference can be followed, and {code} is a {parameter.type}.")
    targets = reference_targets(resource_type, code) or definitions.resource_types
    if type_:
        if type_ not in targets:
            raise unsupported(f"{name}: {code} refers to {_listed(targets)}, not to {type_!r}.")
        targets = (type_,)
    end = rest.partition(":")[0]
    served = [t for t in targets if end in COLUMN_PARAMETERS or end in definitions.search_parameters[t]]
    if not served:
        codes = {known for target in targets for known in _served(target)}
        raise unknown_parameter(f"{name}: {_listed(targets)}", end, codes)
    if len(text) * len(served) > _MOST_CHAINED_TEXT:
        raise too_costly(f"{name}: the value is too long to be read for {len(served)} types; name the type.")
    links: list[Link] = []
    refusals: list[InvalidSearch] = []
    for target in served:
        try:
            links.append(Link(target, parse_criterion(target, rest, text, base_url)))
        except InvalidSearch as refusal:
            refusals.append(refusal)
    # A value may suit one target and not another (a code is not a date); it is wrong when it suits none.
    if not links:
        raise refusals[0]
    return Criterion(code, None, (), Chain(tuple(links)))


def search_parameter(resource_type: str, code: str, *, named_in: str = "") -> SearchParameter:
    """The parameter `code` of `resource_type`; raises InvalidSearch when unknown or not supported.

    `named_in` says where the code stands, when it is the value of another parameter (`_sort=nickname`).
    """
    where = f"{named_in}: " if named_in else ""
    known = load_definitions().search_parameters[resource_type]
    parameter = known.get(code)
    if code in _UNSUPPORTED or (
        parameter is not None and (parameter.expression is None or parameter.type == "special")
    ):
        raise unsupported(f"{where}the search parameter {code} is not supported.")
    if parameter is None:
        raise unknown_parameter(where + resource_type, code, _served(resource_type))
    return parameter


def _served(resource_type: str) -> list[str]:
    known = load_definitions().search_parameters[resource_type].values()
    return [p.code for p in known if p.expression is not None and p.type != "special"]


def _meanings(
    resource_type: str, parameter: SearchParameter, modifier: str, text: str, base_url: str | None
) -> tuple[Value, ...]:
    """The values any of which `text` stands for: several for an address of this server, one otherwise."""
    match parameter.type:
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
                targets=reference_targets(resource_type, parameter.code),
                resource_types=load_definitions().resource_types,
                base_url=base_url,
            )
        case "composite":
            parts = split_unescaped(text, "$")
            if len(parts) != len(parameter.components):
                expected = "$".join(component.parameter for component in parameter.components)
                raise ValueError(f"expected {len(parameter.components)} parts, {expected}")
            known = load_definitions().search_parameters[resource_type]
            each = [
                _meanings(resource_type, known[component.parameter], "", part, base_url)
                for component, part in zip(parameter.components, parts, strict=True)
            ]
            return tuple(CompositeSearch(components) for components in product(*each))
        case _:
            return (UriSearch(unescape(text)),)


def _values(name: str, text: str, kind: str, parse: Callable[[str], Sequence[Value]]) -> tuple[Value, ...]:
    example = "123" if name == "_id" else EXAMPLES[kind]
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


def _check_modifier(parameter: SearchParameter, modifier: str) -> None:
    served = MODIFIERS[parameter.type]
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


def _listed(types: Sequence[str]) -> str:
    return " or ".join(types[:5]) + (" …" if len(types) > 5 else "")
