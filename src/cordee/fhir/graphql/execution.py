"""A plan carried out over the resources at hand: pure, begun again as more are read.

What is lacking is noted, all of it at once, so that the caller reads what one level of the query needs together. Done
again with that, it gets a level further; the last time nothing is lacking, and the answer is whole.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from cordee.fhir.graphql.layout import Answer
from cordee.fhir.graphql.plan import Complex, Fields, Found, One, Primitive, Referred, Selected, TypeName
from cordee.fhir.graphql.refusals import GraphqlRefusal, refused
from cordee.fhir.graphql.types import ANY_RESOURCE, is_resource, type_name
from cordee.fhir.literal_references import read_reference
from cordee.fhir.query_tree import Search

MOST_VALUES = 100_000
"""Objects and primitives of an answer."""

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """A resource to be read; `version` None for the current one."""

    type: str
    id: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """A search to be made; with `reference`, of what names `target` (type, id) in that parameter."""

    search: Search
    query: tuple[tuple[str, str], ...]
    reference: str | None
    target: tuple[str, str] | None
    paged: bool
    position: str | None
    counted: bool


@dataclass(slots=True)
class AtHand:
    """What was read: resources, None for those that are not there, and what searches found.

    A page is a connection (`count`, `edges`…), anything else a list of resources.
    """

    resources: dict[Read, Resource | None] = field(default_factory=dict)
    searches: dict[Sought, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, whole only where nothing is lacking."""

    data: dict[str, Any]
    reads: tuple[Read, ...]
    searches: tuple[Sought, ...]

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing more to read."""
        return not self.reads and not self.searches


def execute(fields: Fields, at_hand: AtHand, root: Resource | None) -> Outcome:
    """What the plan gives of `root`, a stored resource, or of the query's root where there is none.

    Raises `GraphqlRefusal` for a reference that leads nowhere, several values of a singleton, too large an answer.
    """
    run = _Execution(at_hand)
    answer = Answer()
    run.object(fields, root if root is not None else {}, _Around(answer, root, root))
    return Outcome(answer.finished(), tuple(run.reads), tuple(run.searches))


@dataclass(frozen=True, slots=True)
class _Around:
    """Where an object's fields go, and what they are part of.

    `container` is the resource whose contained ones `#id` names, `stored` the one that can be referred to. Under a
    flattened list (`listed`) each field becomes a list; `suffix` comes of slices.
    """

    answer: Answer
    container: Resource | None
    stored: Resource | None
    listed: bool = False
    suffix: str = ""


class _Lacking(Exception):
    """What a field needs is not at hand yet; it was noted."""


class _Execution:
    """One run."""

    def __init__(self, at_hand: AtHand) -> None:
        self._at_hand = at_hand
        self._values = 0
        self._path: list[str | int] = []
        self.reads: dict[Read, None] = {}
        self.searches: dict[Sought, None] = {}

    def object(self, fields: Fields, value: Resource, around: _Around) -> None:
        """Writes what is asked of an object."""
        type_ = value.get("resourceType", fields.type) if fields.type == ANY_RESOURCE else fields.type
        for selected in fields.of(type_):
            self._path.append(selected.key)
            with suppress(_Lacking):
                self._field(selected, type_, value, around)
            self._path.pop()

    def _field(self, selected: Selected, type_: str, value: Resource, around: _Around) -> None:
        match selected:
            case TypeName():
                self._primitives(selected, "string", [type_name(type_)], around, many=False)
            case Primitive(name=name, type=of, many=many):
                found = value.get(name)
                if found is not None:
                    self._primitives(selected, of, found if isinstance(found, list) else [found], around, many=many)
            case Complex():
                self._complex(selected, value, around)
            case Referred():
                self._referred(selected, value, around)
            case One(type=of, id=id_, fields=fields):
                resource = self._read(Read(of, id_))
                if resource is None:
                    raise self._refused(f"There is no {of}/{id_}.", selected, status=404)
                self._objects(selected, fields, [resource], replace(around, container=resource, stored=resource))
            case Found():
                self._found(selected, value, around)

    def _primitives(self, selected: Selected, type_: str, found: list[Any], around: _Around, *, many: bool) -> None:
        shaping = selected.shaping
        if shaping.first:
            found, many = found[:1], False
        if around.listed:
            found = [one for one in found if one is not None]
        self._count(len(found))
        for index, one in enumerate(found):
            suffix = f"{around.suffix}.{index}" if shaping.slice_by else around.suffix
            around.answer.slot(selected, suffix, type_, many=many or around.listed).append(one)

    def _complex(self, selected: Complex, value: Resource, around: _Around) -> None:
        found = value.get(selected.name)
        if found is None:
            return
        listed = found if isinstance(found, list) else [found]
        if selected.filters:
            listed = [one for one in listed if one is not None and _passes(one, selected.filters)]
        end = None if selected.count is None else selected.offset + selected.count
        self._objects(selected, selected.fields, listed[selected.offset : end], around, many=selected.many)

    def _referred(self, selected: Referred, value: Resource, around: _Around) -> None:
        named = value.get("reference")
        literal = read_reference(named) if named else None
        resource, of_its_own = None, False
        if named is not None and named.startswith("#"):
            resource = _contained(around.container, named[1:])
        elif literal is not None and literal.type is not None and literal.id is not None:
            if selected.types and literal.type not in selected.types:
                return
            resource = self._read(Read(literal.type, literal.id, _version(literal.version)))
            of_its_own = True
        if resource is None:
            if selected.optional:
                return
            what = named or "it names no resource"
            sentence = f"A reference leads nowhere on this server: {what}. resource(optional: true) leaves it out."
            raise self._refused(sentence, selected, status=422)
        if selected.types and resource["resourceType"] not in selected.types:
            return
        there = replace(around, container=resource, stored=resource) if of_its_own else replace(around, stored=None)
        self._objects(selected, selected.fields, [resource], there)

    def _found(self, selected: Found, value: Resource, around: _Around) -> None:
        target = None
        if selected.reference is not None:
            if value is not around.stored:  # contained, or in a Bundle: nothing refers to it
                return
            target = (value["resourceType"], value["id"])
        sought = Sought(
            selected.search,
            selected.query,
            selected.reference,
            target,
            selected.paged,
            selected.position,
            selected.counted,
        )
        if sought not in self._at_hand.searches:
            self.searches[sought] = None
            raise _Lacking
        found = self._at_hand.searches[sought]
        if selected.paged:
            self._objects(selected, selected.fields, [found], around)
            return
        if not found and not selected.shaping.flatten:
            around.answer.slot(selected, around.suffix, selected.fields.type, many=True)
        self._objects(selected, selected.fields, found, around, many=True)

    def _objects(
        self, selected: Selected, fields: Fields, values: Sequence[Any], around: _Around, *, many: bool = False
    ) -> None:
        """Writes objects under the key of a field, or, flattened, their fields in its place."""
        shaping = selected.shaping
        if shaping.first:
            values, many = values[:1], False
        listed = many or around.listed
        self._count(len(values))
        for index, value in enumerate(values):
            if many:
                self._path.append(index)
            suffix = around.suffix + _slice(shaping.slice_by, index, value)
            inside = _inside(selected, value, around)
            if shaping.flatten:
                if value is not None:
                    self.object(fields, value, replace(inside, listed=listed, suffix=suffix))
            else:
                slot = around.answer.slot(selected, suffix, fields.type, many=listed)
                slot.append(None if value is None else self._written(fields, value, inside))
            if many:
                self._path.pop()

    def _written(self, fields: Fields, value: Resource, around: _Around) -> dict[str, Any]:
        answer = Answer()
        self.object(fields, value, _Around(answer, around.container, around.stored))
        return answer.finished()

    def _read(self, wanted: Read) -> Resource | None:
        """The resource, None when there is none; raises `_Lacking` when it is to be read first."""
        if wanted not in self._at_hand.resources:
            self.reads[wanted] = None
            raise _Lacking
        return self._at_hand.resources[wanted]

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            sentence = f"The answer has more than {MOST_VALUES} values: ask for less, or page by page."
            raise refused(sentence, "too-costly")

    def _refused(self, sentence: str, selected: Selected, status: int) -> GraphqlRefusal:
        return refused(sentence, "not-found", selected.place, self._path, status)


def _inside(selected: Selected, value: Resource | None, around: _Around) -> _Around:
    """What an object of a field is part of: where it is a resource, perhaps itself."""
    if isinstance(selected, Found) and not selected.paged:
        return replace(around, container=value, stored=value)
    if isinstance(selected, Complex) and is_resource(selected.type):
        if selected.type != ANY_RESOURCE:  # of an edge
            return replace(around, container=value, stored=value)
        return (
            replace(around, stored=None)
            if selected.name == "contained"
            else replace(around, container=value, stored=None)
        )
    return around


def _passes(value: Resource, filters: Sequence[tuple[str, str]]) -> bool:
    return all(_says(value.get(name), text) for name, text in filters)


def _says(value: Any, text: str) -> bool:
    if isinstance(value, list):
        return any(_says(one, text) for one in value)
    return value is not None and (str(value).lower() if isinstance(value, bool) else str(value)) == text


def _slice(by: str | None, index: int, value: Resource | None) -> str:
    """What a slice adds to the names of fields; nothing where the value has no such member."""
    if by is None:
        return ""
    if by == "$index":
        return f".{index}"
    member = value.get(by) if value is not None else None
    return f".{member}" if isinstance(member, str | int | Decimal) else ""


def _contained(container: Resource | None, id_: str) -> Resource | None:
    """The resource that `#id` names in its container, which `#` names itself."""
    if container is None or not id_:
        return container
    return next((one for one in container.get("contained", ()) if one.get("id") == id_), None)


def _version(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None
