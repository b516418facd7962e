"""What a pathway and a convention say together: their acts, professions and signatures, gathered once for all plans.

A billing run settles many plans under one pair of versions: what depends on nothing else is worked out once and kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, wraps
from typing import Generic, TypeVar, TypeVarTuple

from cordee.pathways.convention import Convention
from cordee.pathways.model import Act, Label, Pathway

_PAIRS = 256
"""Pairs of versions remembered at once by each function: a server reads its conventions anew at each request."""

_RESULTS = 4_096
"""Results remembered for a pair: years of starting days."""

T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class _Same(Generic[T]):
    """A long-lived frozen object as a key: the same only as itself, without looking at all it holds."""

    __slots__ = ("it",)

    def __init__(self, it: T) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.it is other.it


def kept_for_versions(
    function: Callable[[Pathway, Convention, *Ts], R],
) -> Callable[[Pathway, Convention, *Ts], R]:
    """Keeps the results of a pure function of a pathway, a convention and small hashable arguments."""

    @lru_cache(maxsize=_PAIRS)
    def results_of(pathway: _Same[Pathway], convention: _Same[Convention]) -> dict[tuple[*Ts], R]:
        return {}

    @wraps(function)
    def call(pathway: Pathway, convention: Convention, /, *others: *Ts) -> R:
        results = results_of(_Same(pathway), _Same(convention))
        if others in results:
            return results[others]
        result = function(pathway, convention, *others)
        if len(results) < _RESULTS:
            results[others] = result
        return result

    return call


@dataclass(frozen=True, slots=True)
class AgreedTerms:
    """The acts that may count (the pathway's, then those the convention adds), and names by their keys.

    `professions` are the pathway's short names by (system, code); `signed_on` the day of the first signature by
    (identifier, whether it is for employees).
    """

    acts: tuple[Act, ...]
    acts_by_code: Mapping[tuple[str, str], Act]
    act_labels: Mapping[str, Label]
    profession_labels: Mapping[str, Label]
    professions: Mapping[tuple[str, str], str]
    signed_on: Mapping[tuple[str, bool], date]


@kept_for_versions
def agreed_terms(pathway: Pathway, convention: Convention) -> AgreedTerms:
    """The terms of a pair of versions."""
    acts = (*pathway.acts, *convention.acts)
    signed_on: dict[tuple[str, bool], date] = {}
    for signatory in convention.signatories:
        key = (signatory.identifier, signatory.for_employees)
        signed_on[key] = min(signatory.signed_on, signed_on.get(key, signatory.signed_on))
    return AgreedTerms(
        acts=acts,
        acts_by_code={(act.system, act.code): act for act in acts},
        act_labels={act.code: act.label for act in acts},
        profession_labels={profession.name: profession.label for profession in pathway.professions},
        professions={(p.system, p.code): p.name for p in pathway.professions},
        signed_on=signed_on,
    )
