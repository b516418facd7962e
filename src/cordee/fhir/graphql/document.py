"""A query's text read: its one operation and its fragments, with what is wrong before any field is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql.error import GraphQLSyntaxError
from graphql.language import ast, parse

from cordee.fhir.graphql.refusals import GraphqlRefusal, Problem, refused
from cordee.fhir.graphql.values import place_of

MOST_TOKENS = 10_000
"""Of a query's text."""


@dataclass(frozen=True, slots=True)
class Document:
    """The operation to carry out, and the fragments it may use, by name."""

    operation: ast.OperationDefinitionNode
    fragments: Mapping[str, ast.FragmentDefinitionNode]


def read_document(text: str, operation_name: str | None) -> Document:
    """The query in `text`; raises `GraphqlRefusal` for what is not GraphQL, or asks for anything but a query."""
    try:
        document = parse(text, max_lexical_tokens=MOST_TOKENS, allow_empty_selection_sets=False)
    except RecursionError:
        raise refused("The query is nested too deeply.", "too-costly") from None
    except GraphQLSyntaxError as error:
        at = (error.locations[0].line, error.locations[0].column) if error.locations else None
        too_large = "nested too deeply" in error.message or f"{MOST_TOKENS} tokens" in error.message
        raise refused(error.message, "too-costly" if too_large else "structure", at) from None
    operations = [node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)]
    fragments = {n.name.value: n for n in document.definitions if isinstance(n, ast.FragmentDefinitionNode)}
    if problems := [*_definitions(document), *_fragments(document, fragments)]:
        raise GraphqlRefusal(problems)
    return Document(_chosen(operations, operation_name), fragments)


def _chosen(operations: list[ast.OperationDefinitionNode], name: str | None) -> ast.OperationDefinitionNode:
    names = [node.name.value if node.name else "" for node in operations]
    if name is None and len(operations) != 1:
        raise refused(f"The text has {len(operations)} operations: operationName must say which one.", "invalid")
    if name is not None and names.count(name) != 1:
        raise refused(
            f"There is no one operation «{name}» in the text: {', '.join(names) or 'it has none'}.", "invalid"
        )
    chosen = operations[0] if name is None else operations[names.index(name)]
    if chosen.operation.value != "query":
        kind = chosen.operation.value
        raise refused(
            f"A {kind} is not served: write through the REST interactions.", "not-supported", place_of(chosen)
        )
    return chosen


def _definitions(document: ast.DocumentNode) -> Iterator[Problem]:
    for node in document.definitions:
        if not isinstance(node, ast.OperationDefinitionNode | ast.FragmentDefinitionNode):
            yield Problem("Only operations and fragments may stand here.", "structure", place_of(node))


def _fragments(document: ast.DocumentNode, fragments: Mapping[str, ast.FragmentDefinitionNode]) -> Iterator[Problem]:
    """Fragments defined twice, used without being defined, never used, or using themselves."""
    defined = [node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)]
    uses = {name: {spread.name.value for spread in _spreads(node)} for name, node in fragments.items()}
    used = {spread.name.value for node in document.definitions for spread in _spreads(node)}
    for node in defined:
        name = node.name.value
        if fragments[name] is not node:
            yield Problem(f"The fragment {name} is defined twice.", "invalid", place_of(node))
        elif name in _reached(name, uses):
            yield Problem(f"The fragment {name} uses itself.", "invalid", place_of(node))
        elif name not in used:
            yield Problem(f"The fragment {name} is never used.", "invalid", place_of(node))
    for definition in document.definitions:
        for spread in _spreads(definition):
            if spread.name.value not in fragments:
                yield Problem(f"There is no fragment {spread.name.value}.", "invalid", place_of(spread))


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The fragments that one leads to, by whatever way."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        for one in uses.get(waiting.pop(), ()):
            if one not in reached:
                reached.add(one)
                waiting.append(one)
    return reached


def _spreads(node: ast.Node) -> Iterator[ast.FragmentSpreadNode]:
    waiting = [getattr(node, "selection_set", None)]
    while waiting:
        for selection in getattr(waiting.pop(), "selections", ()):
            if isinstance(selection, ast.FragmentSpreadNode):
                yield selection
            else:
                waiting.append(getattr(selection, "selection_set", None))
