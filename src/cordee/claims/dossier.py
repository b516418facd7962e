"""All a forfait is judged on but the sessions: pathway, convention, structure, inclusion and care circle."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cordee.claims.evidence import CareCircle, Inclusion, Member, SignedDistribution, Structure
from cordee.pathways.convention import Convention, OutsideSplit
from cordee.pathways.model import Act, Forfait, Label, Pathway
from cordee.pathways.schedule import PlannedForfait, PlannedSequence, schedule, sequences_of


@dataclass(frozen=True)
class Dossier:
    """One patient's parcours, and the agreement it is paid under.

    `distributions` are the free distributions signed off for forfaits of this plan.
    """

    pathway: Pathway
    convention: Convention
    structure: Structure
    inclusion: Inclusion
    circle: CareCircle
    distributions: tuple[SignedDistribution, ...] = ()

    @cached_property
    def acts(self) -> tuple[Act, ...]:
        """The acts that may count: the pathway's, then those the convention adds."""
        return (*self.pathway.acts, *self.convention.acts)

    @cached_property
    def acts_by_code(self) -> Mapping[tuple[str, str], Act]:
        """Those acts by (system, code)."""
        return {(act.system, act.code): act for act in self.acts}

    @cached_property
    def act_labels(self) -> Mapping[str, Label]:
        """The name of each act, by its code."""
        return {act.code: act.label for act in self.acts}

    @cached_property
    def profession_labels(self) -> Mapping[str, Label]:
        """The name of each profession, by the short name the files use."""
        return {profession.name: profession.label for profession in self.pathway.professions}

    @cached_property
    def members_by_reference(self) -> Mapping[str, tuple[Member, ...]]:
        """The members that a performer's reference may mean."""
        found: dict[str, tuple[Member, ...]] = defaultdict(tuple)
        for member in self.circle.members:
            for reference in member.references:
                found[reference] = (*found[reference], member)
        return dict(found)

    @cached_property
    def sequences(self) -> tuple[PlannedSequence, ...]:
        """The séquences of the patient, one after the other."""
        return sequences_of(self.pathway, self.convention, self.inclusion.start)

    def planned(self, until: date) -> tuple[PlannedForfait, ...]:
        """All that falls due for the patient; no interval of a repeated forfait begins after `until` or their exit."""
        gone, decision = self.inclusion.exit, self.inclusion.decision
        return schedule(
            self.pathway,
            self.convention,
            self.inclusion.start,
            until=until if gone is None else min(until, gone.day),
            decided_on=decision.day if decision else None,
        )

    def planned_forfait(self, code: str, until: date) -> PlannedForfait | None:
        """The planned forfait of that code, None when there is none; one that repeats is looked for in its own time."""
        with suppress(ValueError):
            until = max(until, date.fromisoformat(code.rpartition("@")[2]))
        return next((planned for planned in self.planned(until) if planned.code == code), None)

    def forfait(self, planned: PlannedForfait) -> Forfait:
        """The forfait of the pathway that a planned one is."""
        return next(forfait for forfait in self.pathway.forfaits if forfait.code == planned.forfait)

    @cached_property
    def _professions(self) -> Mapping[tuple[str, str], str]:
        return {(p.system, p.code): p.name for p in self.pathway.professions}

    def profession_of(self, member: Member) -> str | None:
        """The pathway's short name for a member's profession; None when the pathway doesn't know it."""
        code = member.profession
        return None if code is None else self._professions.get((code.system, code.code))

    def outside_split(self, member: Member) -> OutsideSplit | None:
        """What keeps a member outside of the split, None when nothing does."""
        profession = self.profession_of(member)
        for outside in self.convention.outside_split:
            if outside.identifier in member.identifiers:
                return outside
            if profession is not None and outside.profession == profession:
                return outside
        return None
