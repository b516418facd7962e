"""The directives of a field: GraphQL's `@skip` and `@include`; those that reorganise the answer (R4 graphql.html)."""

import re
from collections.abc import Mapping

from graphql.language import ast

from cordee.fhir.graphql.plan import Shaping
from cordee.fhir.graphql.refusals import refused
from cordee.fhir.graphql.values import Variables, place_of, plain

_CONDITIONS = ("skip", "include")
_SHAPES = ("flatten", "first", "singleton", "slice")
_SLICE = re.compile(r"\$index|[a-z][A-Za-z]*")


def is_included(selection: ast.SelectionNode, variables: Variables) -> bool:
    """Whether `@skip` and `@include` let it stand; raises `GraphqlRefusal` for a directive that is not known."""
    included = True
    for name, directive in _directives(selection).items():
        if name in _CONDITIONS:
            value = _argument(directive, "if", variables)
            if not isinstance(value, bool):
                raise refused(f"@{name}(if:) is true or false.", "value", place_of(directive))
            included = included and value == (name == "include")
        elif name not in _SHAPES or not isinstance(selection, ast.FieldNode):
            raise refused(f"The directive @{name} is not known here.", "not-supported", place_of(directive))
    return included


def shaping_of(node: ast.FieldNode, variables: Variables) -> Shaping:
    """How the field is to be laid out; raises `GraphqlRefusal` for a slice that is not by a member."""
    directives = _directives(node)
    slice_by: str | None = None
    if (directive := directives.get("slice")) is not None:
        path = _argument(directive, "path", variables)
        if isinstance(path, str) and _SLICE.fullmatch(path):
            slice_by = path
        else:
            sentence = '@slice(path:) is the name of a member, or "$index"; FHIRPath is not evaluated.'
            raise refused(sentence, "not-supported", place_of(directive))
        if "first" in directives:
            raise refused("@slice and @first exclude each other.", "invalid", place_of(directive))
    return Shaping("flatten" in directives, "first" in directives, "singleton" in directives, slice_by)


def _directives(selection: ast.SelectionNode) -> Mapping[str, ast.DirectiveNode]:
    found: dict[str, ast.DirectiveNode] = {}
    for directive in selection.directives or ():
        if directive.name.value in found:
            raise refused(f"@{directive.name.value} is given twice.", "invalid", place_of(directive))
        found[directive.name.value] = directive
    return found


def _argument(directive: ast.DirectiveNode, name: str, variables: Variables) -> object:
    given = {argument.name.value: argument for argument in directive.arguments or ()}
    if given.keys() != {name}:
        sentence = f"@{directive.name.value} takes one argument, {name}."
        raise refused(sentence, "required", place_of(directive))
    value: object = plain(given[name].value, variables)
    return value
