"""A convention kept as an R4 Contract: its YAML in `rule`, what is searched in the elements.

The YAML is what is read; identifier, version, dates, pathway and signers are derived from it once, at
writing, so that `Contract?identifier=`, `?instantiates=`, `?signer=` and `?status=` find it.
docs/decisions/0005 says why.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from cordee.claims.canonical import pathway_canonical
from cordee.claims.fhir_datatypes import Element, identifier, named
from cordee.claims.fhir_evidence import EvidenceError, Resource, reference_of
from cordee.claims.fhir_kept_file import kept_file, text_of_contract
from cordee.pathways.convention import Convention, Signatory
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Pathway

_SIGNER_TYPES = "http://terminology.hl7.org/CodeSystem/contractsignertypecodes"
_HEALTHCARE_PROVIDER = "HPROV"
_SIGNATURE_TYPES = "urn:iso-astm:E1762-95:2013"
_AUTHOR_SIGNATURE = "1.2.840.10065.1.12.1.1"


def contract_from_convention(convention: Convention, yaml_text: str) -> Element:
    """The Contract of a signed convention; `yaml_text` is the very text `convention` was read from."""
    validity = convention.validity
    period = {"start": validity.first.isoformat()}
    if validity.last is not None:
        period["end"] = validity.last.isoformat()
    return {
        "resourceType": "Contract",
        "identifier": [identifier(convention.identifier)],
        "version": convention.version,
        "status": "executed",
        "instantiatesUri": pathway_canonical(convention.pathway),
        "applies": period,
        "subject": [{"type": "Organization"} | named(convention.structure.identifier, convention.structure.name)],
        "title": f"Convention {convention.structure.name}, {convention.pathway}",
        "signer": [_signer(signatory, convention.time_zone) for signatory in convention.signatories],
        "rule": [kept_file(yaml_text, "convention.yaml")],
    }


def convention_from_contract(contract: Resource, pathways: Mapping[str, Pathway]) -> Convention:
    """The convention a Contract keeps.

    Raises EvidenceError when the Contract is not executed, keeps no YAML, or says otherwise than its
    YAML, and FileRefusedError when the YAML has problems.
    """
    reference = reference_of(contract)
    yaml_text = text_of_contract(contract)
    convention = read_convention(reference, yaml_text, pathways)
    derived = contract_from_convention(convention, yaml_text)
    for element in ("version", "instantiatesUri", "applies"):
        if contract.get(element) != derived[element]:
            raise EvidenceError(
                f"{reference}: {element} is {contract.get(element)}, its YAML says {derived[element]}: "
                "write the Contract again from the YAML"
            )
    if identifier(convention.identifier) not in contract.get("identifier", ()):
        raise EvidenceError(f"{reference}: its YAML is of {convention.identifier}, which is not an identifier of it")
    return convention


def _signer(signatory: Signatory, time_zone: str) -> Element:
    party = named(signatory.identifier, signatory.name)
    if signatory.for_employees:
        party = {"type": "Organization"} | party
    return signer(party, signatory.signed_on, time_zone)


def signer(party: Element, signed_on: date, time_zone: str) -> Element:
    """The entry of `Contract.signer` of who signed on a day."""
    when = datetime.combine(signed_on, time(), ZoneInfo(time_zone)).isoformat()
    return {
        "type": {"system": _SIGNER_TYPES, "code": _HEALTHCARE_PROVIDER},
        "party": party,
        "signature": [{"type": [{"system": _SIGNATURE_TYPES, "code": _AUTHOR_SIGNATURE}], "when": when, "who": party}],
    }
