"""A YAML file kept in `Contract.rule`, with the hash that tells whether it is still the text that was signed."""

import base64
import hashlib

from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError, Resource, reference_of

MEDIA_TYPE = "application/yaml"


def kept_file(text: str, title: str) -> Element:
    """The `rule` of a Contract that keeps a file."""
    content = text.encode()
    return {
        "contentAttachment": {
            "contentType": MEDIA_TYPE,
            "data": base64.b64encode(content).decode(),
            "size": len(content),
            "hash": _hash(content),
            "title": title,
        }
    }


def text_of_contract(contract: Resource) -> str:
    """The file an executed Contract keeps.

    Raises EvidenceError when it is not executed, keeps no file or several, or one that is not what was hashed.
    """
    reference = reference_of(contract)
    if contract.get("status") != "executed":
        raise EvidenceError(f"{reference}: status is {contract.get('status')}, a Contract in use is executed")
    rules = [rule.get("contentAttachment", {}) for rule in contract.get("rule", ())]
    kept = [attachment for attachment in rules if attachment.get("contentType") == MEDIA_TYPE]
    if len(kept) != 1 or "data" not in kept[0]:
        raise EvidenceError(f"{reference}: one rule.contentAttachment of type {MEDIA_TYPE}, with data, is expected")
    content = base64.b64decode(kept[0]["data"])
    if kept[0].get("hash") not in {None, _hash(content)}:
        raise EvidenceError(f"{reference}: the YAML is not the one its hash was taken of: restore it")
    return content.decode()


def _hash(content: bytes) -> str:
    # SHA-1 is what R4 asks of Attachment.hash; it guards against damage, not against forgery.
    return base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()
