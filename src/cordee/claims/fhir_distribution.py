"""A free distribution kept as an R4 Contract about its CarePlan or Group, as a convention is: its YAML in `rule`."""

from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.distribution_reader import DistributionFile, read_distribution
from cordee.claims.evidence import SignedDistribution
from cordee.claims.fhir_contract import signer
from cordee.claims.fhir_datatypes import Element, named
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference, reference_of
from cordee.claims.fhir_kept_file import kept_file, text_of_contract

_TIME_ZONE = "Europe/Paris"


def contract_from_distribution(read: DistributionFile, yaml_text: str) -> Element:
    """The Contract of a distribution, one for each forfait of a plan; `yaml_text` is the very text it was read from."""
    party = named(read.signatory.identifier, read.signatory.name)
    return {
        "resourceType": "Contract",
        "id": str(uuid5(NAMESPACE_URL, f"{canonical.DISTRIBUTION}|{read.about}|{read.distribution.forfait}")),
        "status": "executed",
        "instantiatesUri": canonical.DISTRIBUTION,
        "issued": read.distribution.signed_on.isoformat(),
        "subject": [{"reference": read.about}],
        "title": f"Répartition libre, {read.distribution.forfait}",
        "signer": [signer(party, read.distribution.signed_on, _TIME_ZONE)],
        "rule": [kept_file(yaml_text, "distribution.yaml")],
    }


def distribution_from_contract(contract: Resource) -> SignedDistribution:
    """The distribution a Contract keeps.

    Raises EvidenceError when it is not executed, keeps no sound file, or is about another plan than its file, and
    FileRefusedError when the file has problems.
    """
    reference = reference_of(contract)
    read = read_distribution(reference, text_of_contract(contract))
    about = [local_reference(subject) for subject in contract.get("subject", ())]
    if about != [read.about]:
        raise EvidenceError(f"{reference}: subject is {about}, its file says {read.about}: write it again")
    return read.distribution


def is_distribution(contract: Resource) -> bool:
    """Whether a Contract is a free distribution in use."""
    return contract.get("instantiatesUri") == canonical.DISTRIBUTION and contract.get("status") == "executed"
