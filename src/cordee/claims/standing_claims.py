"""The Claims of one patient, and which of them stand: what later settlements must know, what a new run finds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from cordee.claims import canonical
from cordee.claims.evidence import EarlierForfait
from cordee.claims.fhir_claim import claim_id, claim_resource
from cordee.claims.fhir_claim_record import supporting_information_of
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import Resource, codes_of, local_reference
from cordee.claims.fhir_reading import code_in
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.model import Pathway
from cordee.pathways.schedule import forfait_of_code


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """What billing looks at in a stored Claim. `forfait_identifier` is the forfait's, whatever the Claim's kind.

    `cents` is its total, `evidence` the versions it was settled on, `original` the Claim it corrects. `mistagged`: it
    says submitted, and never was.
    """

    reference: str
    version: int
    forfait_identifier: str
    kind: str
    submitted: bool
    mistagged: bool
    cancelled: bool
    original: str | None
    patient: str
    care_plan: str
    pathway: str
    forfait: str
    first_day: date
    cents: int
    sessions: tuple[str, ...]
    evidence: frozenset[str]
    resource: Element = field(hash=False)

    @property
    def versioned_reference(self) -> str:
        """The reference of this very version."""
        return f"{self.reference}/_history/{self.version}"

    @property
    def settled_after(self) -> frozenset[str]:
        """The Claims of the patient that it was settled in the knowledge of."""
        return frozenset(name.partition("/_history/")[0] for name in self.evidence if name.startswith("Claim/"))


@dataclass(frozen=True, slots=True)
class PatientClaims:
    """The Claims of one patient that the project wrote, oldest first.

    And those of others that name a session which is the patient's by now, so that it is not paid twice.
    """

    claims: tuple[StoredClaim, ...] = ()
    patient: str = ""

    def standing(self) -> dict[str, StoredClaim]:
        """The Claim that stands for each forfait, by its identifier: neither cancelled nor credited, the latest.

        A credit takes back what it is about once it is submitted, or once there is a replacement: a person may still
        delete it.
        """
        replaced = {claim.original for claim in self.claims if claim.kind == "replacement" and not claim.cancelled}
        credited = {
            claim.original
            for claim in self.claims
            if claim.kind == "credit" and not claim.cancelled and (claim.submitted or claim.original in replaced)
        }
        return {
            claim.forfait_identifier: claim
            for claim in self.claims
            if claim.kind in ("forfait", "replacement") and not claim.cancelled and claim.reference not in credited
        }

    def stand_for(self, care_plan: str) -> bool:
        """Whether a forfait of a plan is claimed."""
        return any(claim.care_plan == care_plan for claim in self.standing().values())

    def first(self, forfait: str) -> StoredClaim | None:
        """The Claim that a forfait was first billed by, whatever became of it."""
        return next((c for c in self.claims if c.kind == "forfait" and c.forfait_identifier == forfait), None)

    def earlier_forfaits(
        self, pathways: Mapping[str, Pathway], encounters: Iterable[Resource]
    ) -> dict[str, EarlierForfait]:
        """What stands, as the core knows it; `encounters` tell which act each session was.

        Of another patient's, only the sessions matter.
        """
        standing = self.standing()
        if not standing:
            return {}
        acts = {f"Encounter/{encounter['id']}": _act(encounter) for encounter in encounters}
        return {
            identifier: EarlierForfait(
                identifier=identifier,
                pathway=claim.pathway if self._is_own(claim) else "",
                care_plan=claim.care_plan,
                forfait=forfait_of_code(pathways[claim.pathway], claim.forfait)
                if claim.pathway in pathways
                else claim.forfait,
                claim=claim.reference,
                first_day=claim.first_day,
                cents=claim.cents,
                acts=tuple((session, acts.get(session, "")) for session in claim.sessions),
            )
            for identifier, claim in standing.items()
        }

    def _is_own(self, claim: StoredClaim) -> bool:
        return self.patient in {"", claim.patient}


NO_CLAIMS = PatientClaims()


def stored_claim(version: StoredVersion) -> StoredClaim | None:
    """A stored Claim as billing looks at it; None for one that isn't the project's, or can't be read as such.

    The id of the project's follows from its forfait: another that names the same forfait was written by somebody else.
    """
    claim = claim_resource(version.body.encode())
    named = [i.get("value") for i in claim.get("identifier", ()) if i.get("system") == canonical.FORFAIT_IDENTIFIER]
    told = supporting_information_of(claim)
    tags = [t.get("code") for t in claim.get("meta", {}).get("tag", ()) if t.get("system") == canonical.CLAIM_STATE]
    total = claim.get("total", {}).get("value")
    pathway = code_in(told.get("pathway", {}).get("code"), canonical.PATHWAY_SYSTEM)
    start = claim.get("billablePeriod", {}).get("start", "")
    if len(named) != 1 or len(tags) != 1 or total is None or pathway is None or len(start) != len("2026-07-01"):
        return None
    if version.id != claim_id(named[0]):
        return None
    related = claim.get("related", ())
    sessions = {s.get("reference", "") for item in claim.get("item", ()) for s in item.get("encounter", ())}
    return StoredClaim(
        reference=f"Claim/{version.id}",
        version=version.version,
        forfait_identifier=forfait_identifier(named[0]),
        kind=code_in(claim.get("subType"), canonical.SERVICE_SYSTEM) or "forfait",
        submitted=tags[0] == "submitted" and version.sealed,
        mistagged=tags[0] == "submitted" and not version.sealed,
        cancelled=claim.get("status") in ("cancelled", "entered-in-error"),
        original=local_reference(related[0].get("claim")) if related else None,
        patient=local_reference(claim.get("patient")) or "",
        care_plan=local_reference(told.get("inclusion", {}).get("valueReference")) or "",
        pathway=pathway,
        forfait=told.get("sequence", {}).get("valueString", ""),
        first_day=date.fromisoformat(start),
        cents=int(Decimal(total).scaleb(2)),
        sessions=tuple(sorted(sessions)),
        evidence=frozenset(told.get("evidence-versions", {}).get("valueString", "").split()),
        resource=claim,
    )


def is_same_payment(one: Element, other: Element) -> bool:
    """Whether two Claims pay the same cents, of the same insurers, to the same payees, for the same sessions.

    And by the same way: `Claim.payee` says that the structure is paid for all.
    """
    return ("payee" in one) == ("payee" in other) and _split(one) == _split(other)


def _act(encounter: Resource) -> str:
    concepts = [*encounter.get("type", ())]
    if "serviceType" in encounter:
        concepts.append(encounter["serviceType"])
    return next((code.code for code in codes_of(concepts)), "")


def _split(claim: Element) -> list[Any]:
    team = {entry["sequence"]: _payee(entry.get("provider", {})) for entry in claim.get("careTeam", ())}
    return [
        (
            [team.get(number) for number in item.get("careTeamSequence", ())],
            item.get("net"),
            item.get("extension"),
            sorted(session.get("reference", "") for session in item.get("encounter", ())),
        )
        for item in claim.get("item", ())
    ]


def _payee(provider: Element) -> object:
    return provider.get("reference") or provider.get("identifier")
