"""All a collective payment is judged on: the agreement, the list, and the facts of the period."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordee.claims.agreement import Agreement
from cordee.claims.collective.facts import Facts
from cordee.claims.collective.patient_list import ListedElsewhere, ListedPatient
from cordee.claims.collective.period import BillingPeriod
from cordee.claims.evidence import CareCircle, SignedDistribution, Structure
from cordee.pathways.convention import Convention
from cordee.pathways.model import Forfait, Label, Pathway

PARTICIPATION = "participation-equipe"
"""The act each member of the team counts once, so that a split by head, share or points has somebody to go to."""

_PARTICIPATION = Label("participation à l'équipe", "participation in the team")


@dataclass(frozen=True)
class CollectiveDossier(Agreement):
    """A collective payment of one structure for one period; `group` is the Group of its patients, `Group/abc`.

    `circle` is the team: the members of the care teams whose subject is that Group. `patients` is not read for shared
    savings, whose number of patients is a fact the caisse states. `distributions` are the free distributions signed off
    about that Group; the code of a forfait is the period's. `elsewhere` has those of its patients who are on another
    structure's list for the same pathway.
    """

    pathway: Pathway
    convention: Convention
    structure: Structure
    circle: CareCircle
    period: BillingPeriod
    group: str
    patients: tuple[ListedPatient, ...]
    facts: Facts
    distributions: tuple[SignedDistribution, ...] = ()
    elsewhere: tuple[ListedElsewhere, ...] = ()

    @property
    def identifier(self) -> str:
        """The identifier of the payment, the same at each run: structure, pathway, period."""
        return ":".join((self.structure.reference.rpartition("/")[2], self.pathway.code, self.period.code))

    @property
    def act_labels(self) -> Mapping[str, Label]:
        """The acts of the pathway and the convention, and the participation in the team."""
        return {PARTICIPATION: _PARTICIPATION, **self.terms.act_labels}

    @property
    def forfait(self) -> Forfait | None:
        """The forfait of the pathway that a list is paid by."""
        return next((f for f in self.pathway.forfaits if f.trigger == "per_listed_patient"), None)
