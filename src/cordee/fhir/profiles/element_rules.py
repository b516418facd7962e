"""What profiles state of an element: a sparse tree, without what the standard says already.

The structural check (`cordee.fhir.validation`) has judged names, shapes, primitive formats and the standard's own
cardinalities; a tree holds only what a profile and the profiles it derives from add.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Source:
    """Who states a rule: a profile's canonical address and the id of the element in it."""

    profile: str
    element: str


@dataclass(frozen=True, slots=True)
class TypeRule:
    """A type allowed: its code, profiles its content must meet (one of them), and those of what it refers to."""

    code: str
    profiles: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """`strength` is required, extensible, preferred or example; `value_set` a canonical, maybe with a version."""

    strength: str
    value_set: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """An invariant: `severity` is error or warning, `expression` FHIRPath."""

    key: str
    severity: str
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class Discriminator:
    """How a slice is told from others: `kind` is value, pattern, exists, type or profile."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """`rules` is open, closed or openAtEnd."""

    discriminators: tuple[Discriminator, ...]
    rules: str
    ordered: bool


Facet = Literal[
    "min", "max", "types", "fixed", "pattern", "binding", "maxLength", "minValue", "maxValue", "slicing", "constraint"
]


@dataclass(slots=True)
class ElementRules:
    """The rules of one element or slice; grown while a profile is read, then left alone.

    `sources` says who states each facet; a constraint's is under its key. `maximum` is None for no limit stated or
    `*`, which can't be wider than the standard's own.
    """

    id: str
    minimum: int = 0
    maximum: int | None = None
    types: tuple[TypeRule, ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: Binding | None = None
    max_length: int | None = None
    min_value: Any = None
    max_value: Any = None
    constraints: dict[str, Constraint] = field(default_factory=dict)
    slicing: Slicing | None = None
    children: dict[str, "ElementRules"] = field(default_factory=dict)
    slices: dict[str, "ElementRules"] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def child(self, name: str) -> "ElementRules":
        """The rules of a child, empty ones at first."""
        return self.children.setdefault(name, ElementRules(f"{self.id}.{name}"))

    def slice(self, name: str) -> "ElementRules":
        """The rules of a slice, empty ones at first; a slice of a slice is named `slice/part`."""
        owner, _, part = name.rpartition("/")
        if owner and owner in self.slices:
            return self.slices[owner].slice(part)
        return self.slices.setdefault(name, ElementRules(f"{self.id}:{name}"))

    def copy(self) -> "ElementRules":
        """The same, to be added to."""
        return ElementRules(
            self.id,
            self.minimum,
            self.maximum,
            self.types,
            self.fixed,
            self.pattern,
            self.binding,
            self.max_length,
            self.min_value,
            self.max_value,
            dict(self.constraints),
            self.slicing,
            {name: rules.copy() for name, rules in self.children.items()},
            {name: rules.copy() for name, rules in self.slices.items()},
            dict(self.sources),
        )

    def source(self, facet: str) -> Source:
        """Who states `facet`."""
        return self.sources.get(facet) or next(iter(self.sources.values()), Source("", self.id))

    def named_profiles(self) -> Iterator[str]:
        """The profiles of the types allowed here."""
        for rule in self.types:
            yield from rule.profiles


def value_of_facet(element: Mapping[str, Any], facet: str) -> Any:
    """The value of `fixed[x]`, `pattern[x]`, `minValue[x]` or `maxValue[x]`, None when it is not stated."""
    for name, value in element.items():
        if name.startswith(facet) and name[len(facet) : len(facet) + 1].isupper():
            return value
    return None
