"""From a query to what is done for it: each field checked by the R4 tables, every fault told with its place.

A selection is planned for each type that it may meet: the one that is known, or, of a reference, any that the query
names. Fields of one name are merged there, as GraphQL says (specification, Field Selection Merging).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql.language import ast

from cordee.fhir.graphql import searching
from cordee.fhir.graphql.directives import is_included, shaping_of
from cordee.fhir.graphql.document import Document, read_document
from cordee.fhir.graphql.field_arguments import (
    arguments_of,
    narrowing,
    require_alike,
    require_fields,
    require_leaf,
    require_no_arguments,
)
from cordee.fhir.graphql.plan import Complex, Fields, Found, One, Primitive, Referred, Selected, Shaping, TypeName
from cordee.fhir.graphql.refusals import GraphqlRefusal, Problem, refused
from cordee.fhir.graphql.types import (
    ANY_RESOURCE,
    QUERY,
    ElementField,
    fields_of,
    is_kind_of,
    is_resource,
    searched,
    type_name,
    type_named,
)
from cordee.fhir.graphql.values import Variables, place_of, plain, texts, variables_of
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

MOST_FIELDS = 1_000
"""Of a query, fragments counted wherever they are used."""

MOST_DEPTH = 20
"""Fields inside of each other."""


def plan_query(
    text: str,
    operation_name: str | None,
    variables: Mapping[str, Any],
    root: str,
    base_url: str,
    known: SearchParameters = SHIPPED,
) -> Fields:
    """What a query asks of `root`, a resource type, or `Query` where none is in scope; `known` are the tenant's search
    parameters.

    Raises `GraphqlRefusal` with everything that is wrong.
    """
    document = read_document(text, operation_name)
    planner = _Planner(document, variables_of(document.operation, variables), base_url, known)
    if document.operation.directives:
        place = place_of(document.operation.directives[0])
        raise refused("A query as a whole takes no directives.", "not-supported", place)
    fields = planner.fields(root, [document.operation.selection_set], 1)
    if planner.problems:
        raise GraphqlRefusal(planner.problems)
    return fields


class _Planner:
    """Plans one operation; `problems` is what was found wrong."""

    def __init__(self, document: Document, variables: Variables, base_url: str, known: SearchParameters) -> None:
        self._document = document
        self._variables = variables
        self._base_url = base_url
        self._known = known
        self._planned = 0
        self.problems: list[Problem] = []

    def fields(self, type_: str, sets: Sequence[ast.SelectionSetNode], depth: int) -> Fields:
        """What the selections ask of an object of a type."""
        if depth > MOST_DEPTH:
            raise refused(f"Fields are more than {MOST_DEPTH} deep.", "too-costly", place_of(sets[0]))
        types = [type_, *(self._conditions(sets) if type_ == ANY_RESOURCE else ())]
        return Fields(type_, {one: self._selected(one, sets, depth, alone=type_ != ANY_RESOURCE) for one in types})

    def _conditions(self, sets: Sequence[ast.SelectionSetNode]) -> list[str]:
        """The resource types that the selections name, as they stand or inside of each other."""
        found: dict[str, None] = {}
        waiting = list(sets)
        seen: set[str] = set()
        while waiting:
            for selection in waiting.pop().selections:
                fragment, name = self._fragment(selection)
                if fragment is None or (name and name in seen):
                    continue
                seen.add(name)
                waiting.append(fragment.selection_set)
                condition = fragment.type_condition
                type_ = type_named(condition.name.value) if condition else None
                if type_ is not None and is_resource(type_):
                    found[type_] = None
        return [type_ for type_ in found if type_ != ANY_RESOURCE]

    def _fragment(
        self, selection: ast.SelectionNode
    ) -> tuple[ast.FragmentDefinitionNode | ast.InlineFragmentNode | None, str]:
        if isinstance(selection, ast.FragmentSpreadNode):
            return self._document.fragments[selection.name.value], selection.name.value
        return (selection, "") if isinstance(selection, ast.InlineFragmentNode) else (None, "")

    def _selected(
        self, type_: str, sets: Sequence[ast.SelectionSetNode], depth: int, *, alone: bool
    ) -> tuple[Selected, ...]:
        """What is asked of objects of one type; `alone` where the selections can't meet any other."""
        grouped: dict[str, list[tuple[ast.FieldNode, bool]]] = {}
        visited: set[tuple[str, bool]] = set()
        for one in sets:
            self._collect(type_, one, True, grouped, visited, alone=alone)
        selected = []
        for key, found in grouped.items():
            self._planned += 1
            if self._planned > MOST_FIELDS:
                raise refused(
                    f"The query asks for more than {MOST_FIELDS} fields.", "too-costly", place_of(found[0][0])
                )
            planned = self._attempt(type_, key, [node for node, _ in found], depth)
            if planned is not None and any(included for _, included in found):
                selected.append(planned)
        return tuple(selected)

    def _collect(
        self,
        type_: str,
        selections: ast.SelectionSetNode,
        included: bool,
        grouped: dict[str, list[tuple[ast.FieldNode, bool]]],
        visited: set[tuple[str, bool]],
        *,
        alone: bool,
    ) -> None:
        """Fields by key, with whether directives let them stand; each fragment once (GraphQL, Field Collection)."""
        for selection in selections.selections:
            try:
                here = included & is_included(selection, self._variables)
                if isinstance(selection, ast.FieldNode):
                    key = selection.alias.value if selection.alias else selection.name.value
                    grouped.setdefault(key, []).append((selection, here))
                    continue
                fragment, name = self._fragment(selection)
                if fragment is None or (name and (name, here) in visited):
                    continue
                visited.add((name, here))
                if self._applies(type_, fragment, alone=alone):
                    self._collect(type_, fragment.selection_set, here, grouped, visited, alone=alone)
            except GraphqlRefusal as refusal:
                self._add(refusal)

    def _applies(
        self, type_: str, fragment: ast.FragmentDefinitionNode | ast.InlineFragmentNode, *, alone: bool
    ) -> bool:
        condition = fragment.type_condition
        if condition is None:
            return True
        name = condition.name.value
        wanted = QUERY if name == QUERY else type_named(name)
        if wanted is None:
            raise refused(f"FHIR R4 has no type {name}.", "not-found", place_of(condition))
        if is_kind_of(type_, wanted):
            return True
        if not alone and is_resource(wanted):  # planned for the type that it names
            return False
        raise refused(f"A {type_name(type_)} is never known to be a {name} here.", "invalid", place_of(condition))

    def _attempt(self, type_: str, key: str, nodes: Sequence[ast.FieldNode], depth: int) -> Selected | None:
        """The field planned; None where something is wrong with it, which is noted."""
        try:
            require_alike(nodes)
            return self._field(type_, key, nodes, depth)
        except GraphqlRefusal as refusal:
            if any(problem.code == "too-costly" for problem in refusal.problems):
                raise
            self._add(refusal)
            return None

    def _add(self, refusal: GraphqlRefusal) -> None:
        self.problems += [problem for problem in refusal.problems if problem not in self.problems]

    def _field(self, type_: str, key: str, nodes: Sequence[ast.FieldNode], depth: int) -> Selected:
        node = nodes[0]
        name, place = node.name.value, place_of(node)
        shaping = shaping_of(node, self._variables)
        common = (key, place, shaping)
        sets = [one.selection_set for one in nodes if one.selection_set is not None]
        if name == "__typename" or (name == "resourceType" and is_resource(type_)):
            require_no_arguments(node)
            require_leaf(node, sets)
            return TypeName(*common)
        if name in ("__schema", "__type"):
            raise refused(
                f"{name} is not served: fields are those of R4, named as in JSON, and /metadata has the searches.",
                "not-supported",
                place,
            )
        if (element := fields_of(type_).get(name)) is not None:
            return self._element(element, node, common, sets, depth)
        if type_ == "Reference" and name == "resource":
            return self._referred(node, common, sets, depth)
        if type_ == QUERY and is_resource(name) and name != ANY_RESOURCE:
            return self._one(node, common, sets, depth)
        if (wanted := searched(name)) is not None and (
            type_ == QUERY or (is_resource(type_) and type_ != ANY_RESOURCE)
        ):
            return self._search(type_, wanted, node, common, sets, depth)
        raise _unknown(type_, name, node)

    def _element(
        self,
        element: ElementField,
        node: ast.FieldNode,
        common: tuple[str, Any, Shaping],
        sets: list[ast.SelectionSetNode],
        depth: int,
    ) -> Selected:
        shaping = common[2]
        if element.primitive:
            require_no_arguments(node)
            require_leaf(node, sets)
            if shaping.flatten or shaping.slice_by not in (None, "$index"):
                raise refused(f"{element.name} is a primitive: it has nothing to flatten.", "invalid", place_of(node))
            return Primitive(*common, element.name, element.type, element.many)
        require_fields(node, sets)
        narrowed = narrowing(element.type, node, self._variables)
        fields = self.fields(element.type, sets, depth + 1)
        shape = (element.name, element.type, element.many)
        return Complex(*common, *shape, fields, narrowed.filters, narrowed.offset, narrowed.count)

    def _referred(
        self, node: ast.FieldNode, common: tuple[str, Any, Shaping], sets: list[ast.SelectionSetNode], depth: int
    ) -> Selected:
        require_fields(node, sets)
        given = arguments_of(node, ("optional", "type"), self._variables)
        for type_ in given["type"]:
            if type_ == ANY_RESOURCE or not is_resource(type_):
                raise refused(f"FHIR R4 has no resource type {type_}.", "not-found", place_of(node))
        if given["optional"] not in ([], ["true"], ["false"]):
            raise refused("optional is true or false.", "value", place_of(node))
        # With one type, as with a fragment on it: its fields are known to be there.
        type_ = given["type"][0] if len(given["type"]) == 1 else ANY_RESOURCE
        fields = self.fields(type_, sets, depth + 1)
        return Referred(*common, fields, frozenset(given["type"]), given["optional"] == ["true"])

    def _one(
        self, node: ast.FieldNode, common: tuple[str, Any, Shaping], sets: list[ast.SelectionSetNode], depth: int
    ) -> Selected:
        require_fields(node, sets)
        given = arguments_of(node, ("id",), self._variables)
        if len(given["id"]) != 1 or not searching.is_id(given["id"][0]):
            example = f'{node.name.value}(id: "123")'
            raise refused(f"One id is needed, as in {example}.", "required", place_of(node))
        return One(*common, node.name.value, given["id"][0], self.fields(node.name.value, sets, depth + 1))

    def _search(
        self,
        type_: str,
        wanted: tuple[str, bool],
        node: ast.FieldNode,
        common: tuple[str, Any, Shaping],
        sets: list[ast.SelectionSetNode],
        depth: int,
    ) -> Selected:
        require_fields(node, sets)
        resource_type, paged = wanted
        given = {a.name.value: texts(plain(a.value, self._variables)) for a in node.arguments or ()}
        asked = searching.read_search(
            resource_type,
            given,
            of=None if type_ == QUERY else type_,
            paged=paged,
            base_url=self._base_url,
            place=place_of(node),
            known=self._known,
        )
        fields = self.fields(f"{resource_type}Connection" if paged else resource_type, sets, depth + 1)
        counted = paged and any(isinstance(one, Primitive) and one.name == "count" for one in fields.of(fields.type))
        return Found(*common, asked.search, asked.query, asked.reference, paged, asked.position, counted, fields)


def _unknown(type_: str, name: str, node: ast.FieldNode) -> GraphqlRefusal:
    hint = ""
    if type_ == ANY_RESOURCE:
        hint = "; ask inside of a fragment, as in ... on Patient { birthDate }"
    elif type_ == QUERY:
        hint = '; a query begins with a resource type, as in PatientList(name: "martin") { id }'
    elif choices := sorted(
        one for one in fields_of(type_) if one.startswith(name) and one[len(name) : len(name) + 1].isupper()
    ):
        hint = f"; its types are asked for apart: {', '.join(choices[:5])}"
    return refused(f"{type_name(type_)} has no field {name}{hint}.", "not-found", place_of(node))
