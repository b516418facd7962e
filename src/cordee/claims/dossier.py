"""All a forfait is judged on but the sessions: pathway, convention, structure, inclusion and care circle."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cordee.claims.agreement import Agreement
from cordee.claims.evidence import CareCircle, Inclusion, Member, SignedDistribution, Structure
from cordee.pathways.convention import Convention
from cordee.pathways.model import Forfait, Pathway
from cordee.pathways.schedule import PlannedForfait, PlannedSequence, schedule, sequences_of


@dataclass(frozen=True)
class Dossier(Agreement):
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

    def identifier(self, code: str) -> str:
        """The identifier of the forfait with that code in the plan: structure, pathway, care plan, code."""
        structure, plan = self.structure.reference, self.inclusion.care_plan
        return ":".join((structure.rpartition("/")[2], self.pathway.code, plan.rpartition("/")[2], code))

    def sequence_on(self, day: date) -> str | None:
        """The code of the séquence that a day is in."""
        return next((s.code for s in self.sequences if s.start <= day <= s.end), None)

    def planned(self, until: date) -> tuple[PlannedForfait, ...]:
        """All that falls due for the patient; no interval of a repeated forfait begins after `until` or their exit."""
        gone = self.inclusion.exit
        return self._schedule(until if gone is None else min(until, gone.day))

    def planned_forfait(self, code: str, until: date) -> PlannedForfait | None:
        """The planned forfait of that code, None when there is none; one that repeats is looked for in its own time."""
        with suppress(ValueError):
            until = max(until, date.fromisoformat(code.rpartition("@")[2]))
        return next((planned for planned in self._schedule(until) if planned.code == code), None)

    def _schedule(self, until: date) -> tuple[PlannedForfait, ...]:
        decision = self.inclusion.decision
        decided_on = decision.day if decision else None
        return schedule(self.pathway, self.convention, self.inclusion.start, until=until, decided_on=decided_on)

    def forfait(self, planned: PlannedForfait) -> Forfait:
        """The forfait of the pathway that a planned one is."""
        return next(forfait for forfait in self.pathway.forfaits if forfait.code == planned.forfait)

    @property
    def copayment_exempt(self) -> bool:
        """Whether the compulsory insurance pays the patient's forfaits whole."""
        return self.inclusion.copayment_exempt
