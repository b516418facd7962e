"""The project's ValueSets that its profiles bind to, from the codes that the program writes."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimKind, ClaimTag
from cordee.claims.lifecycle import INSURERS
from tools.code_systems import INSURER_SYSTEM, PUBLISHED


def value_sets() -> Iterator[dict[str, Any]]:
    """Each ValueSet."""
    yield _value_set("claim-state", "The states that a Claim itself carries", canonical.CLAIM_STATE, get_args(ClaimTag))
    yield _value_set("claim-kind", "What a Claim is", canonical.SERVICE_SYSTEM, get_args(ClaimKind))
    yield _value_set("insurer", "Which insurance pays a share", INSURER_SYSTEM, INSURERS)


def _value_set(id_: str, title: str, system: str, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "id": id_,
        "url": f"{canonical.BASE}/ValueSet/{id_}",
        "name": "".join(part.capitalize() for part in id_.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": PUBLISHED,
        "publisher": "Cordée",
        "compose": {"include": [{"system": system, "concept": [{"code": code} for code in codes]}]},
    }
