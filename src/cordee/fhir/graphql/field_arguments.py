"""The arguments that a field takes, and what a field of its kind must and must not have."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphql.language import ast, print_ast

from cordee.fhir.graphql.refusals import refused
from cordee.fhir.graphql.types import fields_of, type_name
from cordee.fhir.graphql.values import Variables, place_of, plain, texts


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which members of a list are wanted (R4 graphql.html#list)."""

    filters: tuple[tuple[str, str], ...]
    offset: int
    count: int | None


def narrowing(type_: str, node: ast.FieldNode, variables: Variables) -> Narrowing:
    """What the arguments of an element of a type leave of it; raises `GraphqlRefusal`."""
    filters: list[tuple[str, str]] = []
    window: dict[str, int] = {}
    for argument in node.arguments or ():
        name, said = argument.name.value, texts(plain(argument.value, variables))
        if name in ("_count", "_offset"):
            window[name] = _whole_number(argument, said)
        elif name == "fhirpath":
            sentence = "The argument fhirpath is not served; filter by the value of a field, as in name(use: official)."
            raise refused(sentence, "not-supported", place_of(argument))
        else:
            filters += [(name, text) for text in _filter(type_, argument, said)]
    return Narrowing(tuple(filters), window.get("_offset", 0), window.get("_count"))


def arguments_of(node: ast.FieldNode, names: Sequence[str], variables: Variables) -> dict[str, list[str]]:
    """The texts given for each of `names`, the only arguments that the field takes."""
    given: dict[str, list[str]] = {name: [] for name in names}
    for argument in node.arguments or ():
        name = argument.name.value
        if name not in given:
            sentence = f"{node.name.value} takes {' and '.join(names)}, not {name}."
            raise refused(sentence, "not-supported", place_of(argument))
        given[name] = texts(plain(argument.value, variables))
    return given


def require_no_arguments(node: ast.FieldNode) -> None:
    """Raises `GraphqlRefusal` where a primitive is given some."""
    if node.arguments:
        sentence = f"{node.name.value} is a primitive: it takes no arguments."
        raise refused(sentence, "invalid", place_of(node.arguments[0]))


def require_alike(nodes: Sequence[ast.FieldNode]) -> None:
    """Raises `GraphqlRefusal` where fields of one key are not one field."""
    said = {(n.name.value, *_printed(n.arguments), "@", *_printed(n.directives)) for n in nodes}
    if len(said) > 1:
        key = nodes[0].alias.value if nodes[0].alias else nodes[0].name.value
        sentence = f"{key} is asked for in two ways: give one an alias."
        raise refused(sentence, "invalid", place_of(nodes[1]))


def require_leaf(node: ast.FieldNode, sets: Sequence[ast.SelectionSetNode]) -> None:
    """Raises `GraphqlRefusal` where a primitive is asked for fields."""
    if sets:
        raise refused(f"{node.name.value} is a primitive: it has no fields.", "invalid", place_of(sets[0]))


def require_fields(node: ast.FieldNode, sets: Sequence[ast.SelectionSetNode]) -> None:
    """Raises `GraphqlRefusal` where something with fields is asked for none."""
    if not any(one.selections for one in sets):
        sentence = f"{node.name.value} has fields: say which, as in {node.name.value} {{ id }}."
        raise refused(sentence, "invalid", place_of(node))


def _whole_number(argument: ast.ArgumentNode, said: list[str]) -> int:
    if len(said) != 1 or not (said[0].isascii() and said[0].isdecimal() and len(said[0]) < 10):
        raise refused(f"{argument.name.value} is a whole number from 0.", "value", place_of(argument))
    return int(said[0])


def _filter(type_: str, argument: ast.ArgumentNode, said: list[str]) -> list[str]:
    """The one value of a filter, none for null; raises `GraphqlRefusal` unless it is of a primitive member."""
    name = argument.name.value
    member = fields_of(type_).get(name)
    if member is None or not member.primitive:
        what = "no such field" if member is None else "not a primitive"
        sentence = f"{type_name(type_)} can't be filtered by {name}: {what}."
        raise refused(sentence, "not-supported", place_of(argument))
    if len(said) > 1:
        raise refused(f"{name}: one value was expected.", "value", place_of(argument))
    return said


def _printed(nodes: Sequence[ast.Node] | None) -> list[str]:
    return sorted(map(print_ast, nodes or ()))
