"""A query that was found sound: what to take from each object, with everything resolved that does not need data."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordee.fhir.graphql.refusals import Place
from cordee.fhir.query_tree import Search


@dataclass(frozen=True, slots=True)
class Shaping:
    """The directives that reorganise the answer (R4 graphql.html#flattening). `slice_by` is a member, or `$index`."""

    flatten: bool = False
    first: bool = False
    singleton: bool = False
    slice_by: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of the answer: `key` is its alias or its name."""

    key: str
    place: Place
    shaping: Shaping


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What is asked of an object of `type`. Where that is any resource, `by_type` has more for some of them."""

    type: str
    by_type: Mapping[str, tuple[Selected, ...]]

    def of(self, actual: str) -> tuple[Selected, ...]:
        """What is asked of one of the actual type."""
        return self.by_type.get(actual, self.by_type[self.type])


@dataclass(frozen=True, slots=True)
class TypeName(Selected):
    """`__typename`, or `resourceType` of a resource: the name of the type."""


@dataclass(frozen=True, slots=True)
class Primitive(Selected):
    """A member that is a primitive, or a list of them."""

    name: str
    type: str
    many: bool


@dataclass(frozen=True, slots=True)
class Complex(Selected):
    """A member with fields of its own; of a list, those equal in `filters`, from `offset`, at most `count`."""

    name: str
    type: str
    many: bool
    fields: Fields
    filters: tuple[tuple[str, str], ...]
    offset: int
    count: int | None


@dataclass(frozen=True, slots=True)
class Referred(Selected):
    """The resource that a Reference names, where it is of one of `types`, or of any when that is empty."""

    fields: Fields
    types: frozenset[str]
    optional: bool


@dataclass(frozen=True, slots=True)
class One(Selected):
    """`Patient(id: …)`."""

    type: str
    id: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Found(Selected):
    """What a search finds: `PatientList` all of it, `PatientConnection` (`paged`) a page.

    With `reference`, what names the object it is asked of in that parameter. `query` is the search as it was asked,
    `position` where a cursor goes on.
    """

    search: Search
    query: tuple[tuple[str, str], ...]
    reference: str | None
    paged: bool
    position: str | None
    counted: bool
    fields: Fields
