"""A search as a tree of frozen values (R4 search.html): parsed, written back, compiled or evaluated.

The tree means: a resource of `resource_type` for which every criterion holds (AND). A criterion holds when
one of its values matches (OR) one of the values that the resource gives to the parameter
(`search_values.extract`); what «matches» is, is said on each class of `query_values`. Modifiers:

- `not` (token): no value of the resource matches any of the criterion's; true also when it has none;
- `missing` (any type): see `MissingSearch`;
- `exact`, `contains` (string): see `StringSearch`; `equal`, which only `_filter` has: the normalised values are equal;
- `text` (token): a text beside a code, normalised, starts with the one looked for, as a string does;
- `of-type` (token): see `OfTypeSearch`;
- `above`, `below` (uri): see `UriSearch`;
- `in`, `not-in`, `above`, `below` (token): what they stand for is only known to a terminology, which puts plain codes
  in their place (`cordee.terminology.search_codes`) before the tree is evaluated;
- `identifier` (reference): see `ReferenceSearch`.

A type modifier (`subject:Patient=1`) is folded into the value (`Patient/1`). A chained criterion
(`patient.name=x`) has no values of its own: it holds when the resource refers, by id, to a resource of the
type of one of its links for which that link's criterion holds. A reverse chain (`_has`) holds when a resource
of its type, for which its criterion holds, refers to this one by id in its parameter. `_list=1` is read as
`_has:List:item:_id=1`.

`_id` and `_lastUpdated` are criteria like the others; they look at `id` and `meta.lastUpdated`.
"""

from dataclasses import dataclass, field
from typing import Literal

from cordee.fhir.query_values import Value
from cordee.fhir.search_parameters import SHIPPED, SearchParameters


@dataclass(frozen=True, slots=True)
class Link:
    """One type that a chained reference may lead to, and what must hold there."""

    resource_type: str
    criterion: "Criterion"


@dataclass(frozen=True, slots=True)
class Chain:
    """The ways a chained criterion may hold: one is enough. `named` is the type when the query names it."""

    links: tuple[Link, ...]
    named: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ReverseChain:
    """What refers to the resource: `resource_type`, in its parameter `code`; one for which `criterion` holds."""

    resource_type: str
    code: str
    criterion: "Criterion"


@dataclass(frozen=True, slots=True)
class Combination:
    """Criteria of which any, all or none must hold. `text` is the filter it was read from, if any."""

    criteria: tuple["Criterion", ...]
    holds: Literal["any", "all", "none"] = "any"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of the query; `values` is empty when there is a `chain`, a `reverse` one or a `combination`.

    `modifier` is one of those above, or None.
    """

    code: str
    modifier: str | None
    values: tuple[Value, ...]
    chain: Chain | None = None
    reverse: ReverseChain | None = None
    combination: Combination | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`: `_id`, `_lastUpdated` or a parameter's code."""

    code: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude`: the references of `resource_type` in `code`, to `target` only if given.

    `*` stands for any type, or for all reference parameters of a type. With `iterate`, what was brought along is looked
    at as the matches are, until nothing new comes.
    """

    resource_type: str
    code: str
    target: str | None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What a query asks for. `count` None leaves the page size to the server, 0 asks for the number only.

    `summary` is true, text, data, count or None; `elements` are top-level element names; `ignored` are the
    names, as given, of the parameters left out under lenient handling, and `incomplete` says it of those that
    are still being indexed. `parameters` are those it was read with. A search inside of a compartment has the
    criterion `query_types.COMPARTMENT`, which is of the address and not of the query.
    """

    resource_type: str
    criteria: tuple[Criterion, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int | None = None
    total: str = "none"
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    summary: str | None = None
    elements: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    parameters: SearchParameters = field(default=SHIPPED, compare=False, repr=False)
