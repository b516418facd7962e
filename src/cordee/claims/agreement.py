"""What something is paid under: the pathway, the convention, the structure, and who the payees may be."""

from collections.abc import Mapping
from functools import cached_property

from cordee.claims.evidence import CareCircle, Member, Structure
from cordee.pathways.convention import Convention, OutsideSplit
from cordee.pathways.model import Act, Label, Pathway


class Agreement:
    """What a patient's parcours and a collective payment have in common: whatever is split among payees has one.

    `circle` has the members who may be payees.
    """

    pathway: Pathway
    convention: Convention
    structure: Structure
    circle: CareCircle

    @property
    def copayment_exempt(self) -> bool:
        """Whether the compulsory insurance pays all, whatever the convention's share."""
        return False

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
