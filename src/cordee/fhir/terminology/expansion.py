"""The codes of a value set, and the part of them that is asked for (R4 valueset-operation-expand.html)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cordee.fhir.terminology.refusals import TooCostly
from cordee.fhir.text_normalization import normalize_text

MOST_AT_ONCE = 10_000
"""An expansion with more codes is only answered a page at a time."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """A code in a value set.

    `folded` is the code as its system compares it. `concept` is its row in the store and `parents` are rows, 0 and none
    when its system is not stored. `designations` are those of the value set itself.
    """

    system: str
    version: str | None
    code: str
    folded: str
    display: str | None
    searched: str
    inactive: bool = False
    abstract: bool = False
    concept: int = 0
    parents: tuple[int, ...] = ()
    designations: tuple[Mapping[str, Any], ...] = ()

    @property
    def key(self) -> Key:
        """(system, code as compared)"""
        return self.system, self.folded


@dataclass(frozen=True, slots=True)
class Expansion:
    """All the codes of a value set, each once, in order. `folding` are the systems whose codes have no case."""

    members: Mapping[Key, Member]
    folding: frozenset[str] = frozenset()

    def find(self, system: str | None, code: str) -> Member | None:
        """The member of that code; without a system, the only one of that code in any system."""
        if system is not None:
            return self.members.get((system, code.casefold() if system in self.folding else code))
        found = [member for s in {s for s, _ in self.members} if (member := self.find(s, code)) is not None]
        return found[0] if len(found) == 1 else None


def combined(
    includes: Iterable[Iterable[Member]], excludes: Iterable[Iterable[Member]], *, inactive: bool = True
) -> dict[Key, Member]:
    """The members of all `includes`, without those of any of `excludes`; the first to name a code gives its words."""
    excluded = {member.key for members in excludes for member in members}
    found: dict[Key, Member] = {}
    for members in includes:
        for member in members:
            if member.key not in excluded and (inactive or not member.inactive):
                found.setdefault(member.key, member)
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of an expansion that is asked for. `excluded_systems` are left out."""

    filter: str = ""
    offset: int = 0
    count: int | None = None
    active_only: bool = False
    exclude_nested: bool = False
    exclude_not_for_ui: bool = False
    excluded_systems: frozenset[str] = frozenset()

    @property
    def is_paged(self) -> bool:
        """Whether only a part is wanted, which has no hierarchy."""
        return self.count is not None or self.offset > 0 or bool(self.filter.strip())


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered of an expansion: `total` counts all that match."""

    members: tuple[Member, ...]
    total: int


def page(expansion: Expansion, wanted: Wanted) -> Page:
    """The members that are wanted.

    A filter keeps those that have, for each of its words, a word that begins with it. Raises `TooCostly` when there
    are more than `MOST_AT_ONCE`.
    """
    words = normalize_text(wanted.filter).split()
    found = [
        member
        for member in expansion.members.values()
        if not (wanted.active_only and member.inactive)
        and not (wanted.exclude_not_for_ui and member.abstract)
        and member.system not in wanted.excluded_systems
        and (not words or all(_begins_word(word, member.searched) for word in words))
    ]
    if wanted.filter.strip() and not words:
        found = []
    end = len(found) if wanted.count is None else wanted.offset + wanted.count
    chosen = found[wanted.offset : end]
    if len(chosen) > MOST_AT_ONCE:
        raise TooCostly(
            f"{len(chosen)} codes are too many for one answer: ask for parts with count (at most {MOST_AT_ONCE}) and "
            "offset, or for some with filter.",
            path="count",
        )
    return Page(tuple(chosen), len(found))


def _begins_word(beginning: str, text: str) -> bool:
    return text.startswith(beginning) or f" {beginning}" in text


@dataclass(slots=True)
class _Node:
    member: Member
    under: list["_Node"] = field(default_factory=list)


def nested(members: Sequence[Member]) -> list[tuple[int, Member]]:
    """The members in the order of their hierarchy, each with its depth; one is under the first parent that is there."""
    nodes = [_Node(member) for member in members]
    by_concept = {node.member.concept: node for node in nodes if node.member.concept}
    roots: list[_Node] = []
    for node in nodes:
        parent = next((by_concept[p] for p in node.member.parents if p in by_concept), None)
        (roots if parent is None else parent.under).append(node)
    ordered = []
    waiting = [(0, node) for node in reversed(roots)]
    while waiting:
        depth, node = waiting.pop()
        ordered.append((depth, node.member))
        waiting += [(depth + 1, child) for child in reversed(node.under)]
    return ordered
