"""All a forfait is judged on but the sessions: pathway, convention, structure, inclusion and care circle."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordee.claims.evidence import CareCircle, Inclusion, Member, Structure
from cordee.pathways.convention import Convention, OutsideSplit
from cordee.pathways.model import Act, Label, Pathway


@dataclass(frozen=True, slots=True)
class Dossier:
    """One patient's parcours, and the agreement it is paid under."""

    pathway: Pathway
    convention: Convention
    structure: Structure
    inclusion: Inclusion
    circle: CareCircle

    @property
    def acts(self) -> tuple[Act, ...]:
        """The acts that may count: the pathway's, then those the convention adds."""
        return (*self.pathway.acts, *self.convention.acts)

    @property
    def act_labels(self) -> Mapping[str, Label]:
        """The name of each act, by its code."""
        return {act.code: act.label for act in self.acts}

    @property
    def profession_labels(self) -> Mapping[str, Label]:
        """The name of each profession, by the short name the files use."""
        return {profession.name: profession.label for profession in self.pathway.professions}

    def profession_of(self, member: Member) -> str | None:
        """The pathway's short name for a member's profession; None when the pathway doesn't know it."""
        if member.profession is None:
            return None
        key = (member.profession.system, member.profession.code)
        return next((p.name for p in self.pathway.professions if (p.system, p.code) == key), None)

    def outside_split(self, member: Member) -> OutsideSplit | None:
        """What keeps a member outside of the split, None when nothing does."""
        profession = self.profession_of(member)
        for outside in self.convention.outside_split:
            if outside.identifier in member.identifiers:
                return outside
            if profession is not None and outside.profession == profession:
                return outside
        return None
