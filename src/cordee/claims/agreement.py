"""What something is paid under: the pathway, the convention, the structure, and who the payees may be."""

from collections.abc import Mapping
from functools import cached_property

from cordee.claims.evidence import CareCircle, Member, Structure
from cordee.pathways.agreed_terms import AgreedTerms, agreed_terms
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
    def terms(self) -> AgreedTerms:
        """What the pathway and the convention say together."""
        return agreed_terms(self.pathway, self.convention)

    @property
    def acts(self) -> tuple[Act, ...]:
        """The acts that may count: the pathway's, then those the convention adds."""
        return self.terms.acts

    @property
    def act_labels(self) -> Mapping[str, Label]:
        """The name of each act, by its code."""
        return self.terms.act_labels

    @property
    def profession_labels(self) -> Mapping[str, Label]:
        """The name of each profession, by the short name the files use."""
        return self.terms.profession_labels

    def profession_of(self, member: Member) -> str | None:
        """The pathway's short name for a member's profession; None when the pathway doesn't know it."""
        code = member.profession
        return None if code is None else self.terms.professions.get((code.system, code.code))

    def outside_split(self, member: Member) -> OutsideSplit | None:
        """What keeps a member outside of the split, None when nothing does."""
        profession = self.profession_of(member)
        for outside in self.convention.outside_split:
            if outside.identifier in member.identifiers:
                return outside
            if profession is not None and outside.profession == profession:
                return outside
        return None
