"""A convention kept as an R4 Contract: its YAML in `rule`, what is searched in the elements.

The YAML is what is read; identifier, version, dates, pathway and signers are derived from it once, at
writing, so that `Contract?identifier=`, `?instantiates=`, `?signer=` and `?status=` find it.
docs/decisions/0005 says why.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from cordee.claims.canonical import pathway_canonical
from cordee.claims.fhir_evidence import EvidenceError, Resource, reference_of
from cordee.pathways.convention import Convention, Signatory
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Pathway

MEDIA_TYPE = "application/yaml"

_SIGNER_TYPES = "http://terminology.hl7.org/CodeSystem/contractsignertypecodes"
_HEALTHCARE_PROVIDER = "HPROV"
_SIGNATURE_TYPES = "urn:iso-astm:E1762-95:2013"
_AUTHOR_SIGNATURE = "1.2.840.10065.1.12.1.1"


def contract_from_convention(convention: Convention, yaml_text: str) -> dict[str, Any]:
    """The Contract of a signed convention; `yaml_text` is the very text `convention` was read from."""
    content = yaml_text.encode()
    validity = convention.validity
    period = {"start": validity.first.isoformat()}
    if validity.last is not None:
        period["end"] = validity.last.isoformat()
    return {
        "resourceType": "Contract",
        "identifier": [_identifier(convention.identifier)],
        "version": convention.version,
        "status": "executed",
        "instantiatesUri": pathway_canonical(convention.pathway),
        "applies": period,
        "subject": [{"type": "Organization"} | _party(convention.structure.identifier, convention.structure.name)],
        "title": f"Convention {convention.structure.name}, {convention.pathway}",
        "signer": [_signer(signatory, convention.time_zone) for signatory in convention.signatories],
        "rule": [
            {
                "contentAttachment": {
                    "contentType": MEDIA_TYPE,
                    "data": base64.b64encode(content).decode(),
                    "size": len(content),
                    # SHA-1 is what R4 asks of Attachment.hash; it guards against damage, not against forgery.
                    "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
                    "title": "convention.yaml",
                }
            }
        ],
    }


def convention_from_contract(contract: Resource, pathways: Mapping[str, Pathway]) -> Convention:
    """The convention a Contract keeps.

    Raises EvidenceError when the Contract is not executed, keeps no YAML, or says otherwise than its
    YAML, and FileRefusedError when the YAML has problems.
    """
    reference = reference_of(contract)
    if contract.get("status") != "executed":
        raise EvidenceError(f"{reference}: status is {contract.get('status')}, a convention in use is executed")
    rules = [rule.get("contentAttachment", {}) for rule in contract.get("rule", ())]
    kept = [attachment for attachment in rules if attachment.get("contentType") == MEDIA_TYPE]
    if len(kept) != 1 or "data" not in kept[0]:
        raise EvidenceError(f"{reference}: one rule.contentAttachment of type {MEDIA_TYPE}, with data, is expected")
    yaml_text = base64.b64decode(kept[0]["data"]).decode()
    convention = read_convention(reference, yaml_text, pathways)
    derived = contract_from_convention(convention, yaml_text)
    for element in ("version", "instantiatesUri", "applies"):
        if contract.get(element) != derived[element]:
            raise EvidenceError(
                f"{reference}: {element} is {contract.get(element)}, its YAML says {derived[element]}: "
                "write the Contract again from the YAML"
            )
    if kept[0].get("hash") not in {None, derived["rule"][0]["contentAttachment"]["hash"]}:
        raise EvidenceError(f"{reference}: the YAML is not the one its hash was taken of: restore it")
    if _identifier(convention.identifier) not in contract.get("identifier", ()):
        raise EvidenceError(f"{reference}: its YAML is of {convention.identifier}, which is not an identifier of it")
    return convention


def _signer(signatory: Signatory, time_zone: str) -> dict[str, Any]:
    party = _party(signatory.identifier, signatory.name)
    if signatory.for_employees:
        party = {"type": "Organization"} | party
    when = datetime.combine(signatory.signed_on, time(), ZoneInfo(time_zone)).isoformat()
    return {
        "type": {"system": _SIGNER_TYPES, "code": _HEALTHCARE_PROVIDER},
        "party": party,
        "signature": [{"type": [{"system": _SIGNATURE_TYPES, "code": _AUTHOR_SIGNATURE}], "when": when, "who": party}],
    }


def _party(identifier: str, name: str) -> dict[str, Any]:
    return {"identifier": _identifier(identifier), "display": name}


def _identifier(identifier: str) -> dict[str, str]:
    system, _, value = identifier.partition("|")
    return {"system": system, "value": value}
