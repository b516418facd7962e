"""Arguments and variables of a query as plain values."""

from collections.abc import Mapping
from typing import Any

from graphql.language import ast

from cordee.fhir.graphql.refusals import GraphqlRefusal, Place, refused

Variables = Mapping[str, Any]
"""By name, JSON values; a variable that was declared and not given is None."""

_CHECKED: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "String": (str,),
    "ID": (str, int),
}
_SCALARS = (str, int, float, bool)


def place_of(node: ast.Node) -> Place:
    """Where a node begins."""
    if node.loc is None:
        return 1, 1
    return node.loc.start_token.line, node.loc.start_token.column


def plain(node: ast.ValueNode, variables: Variables) -> Any:
    """A value as JSON would have it; numbers keep their written form, as texts.

    Raises `GraphqlRefusal` for an object and for a variable that is not declared.
    """
    match node:
        case ast.VariableNode():
            if node.name.value not in variables:
                raise refused(f"The variable ${node.name.value} is not declared.", "invalid", place_of(node))
            return variables[node.name.value]
        case ast.NullValueNode():
            return None
        case ast.ListValueNode():
            return [plain(value, variables) for value in node.values]
        case ast.ObjectValueNode():
            raise refused(
                "An object was given; a text, a number, true, false or a list was expected.", "value", place_of(node)
            )
        case (
            ast.BooleanValueNode()
            | ast.IntValueNode()
            | ast.FloatValueNode()
            | ast.StringValueNode()
            | ast.EnumValueNode()
        ):
            return node.value
    raise refused("This is not a value.", "value", place_of(node))


def texts(value: Any) -> list[str]:
    """A plain value as texts: of a list each member, of nothing none."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def variables_of(operation: ast.OperationDefinitionNode, given: Mapping[str, Any]) -> Variables:
    """The value of each variable declared; raises `GraphqlRefusal` where one is missing or not of its type."""
    found: dict[str, Any] = {}
    for declared in operation.variable_definitions or ():
        name = declared.variable.name.value
        value = given.get(name)
        if name not in given and declared.default_value is not None:
            value = plain(declared.default_value, {})
        else:
            _check(name, value, declared.type, place_of(declared))
        found[name] = value
    return found


def _check(name: str, value: Any, type_: ast.TypeNode, place: Place) -> None:
    if isinstance(type_, ast.NonNullTypeNode):
        if value is None:
            raise refused(f"The variable ${name} is needed, and was not given.", "required", place)
        type_ = type_.type
    if value is None:
        return
    if isinstance(type_, ast.ListTypeNode):
        for one in value if isinstance(value, list) else [value]:
            _check(name, one, type_.type, place)
        return
    if isinstance(type_, ast.NamedTypeNode) and not _is_of(type_.name.value, value):
        raise _not_of_type(name, type_.name.value, place)


def _is_of(type_: str, value: Any) -> bool:
    if isinstance(value, bool) and type_ in _CHECKED:
        return type_ == "Boolean"
    return isinstance(value, _CHECKED.get(type_, _SCALARS))


def _not_of_type(name: str, type_: str, place: Place) -> GraphqlRefusal:
    return refused(f"The variable ${name} is not of the type {type_}.", "value", place)
