"""What a Claim itself says of its amounts, in French and English: each quote-part's steps, and what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import Reading, code_in
from cordee.pathways.model import Label


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the convention gave, in cents, and why; `code` is the kind of step."""

    cents: int
    code: str
    sentence: Label


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """A quote-part; its steps add up to it. `role` is the payee's profession or kind, in French."""

    item: ClaimItem
    role: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class NotCountedSession:
    """A session of the period that does not count, and why."""

    session: str
    code: str
    reason: Label


@dataclass(frozen=True, slots=True)
class ClaimExplanation:
    """A Claim in words; `price` says where the forfait's amount comes from, `insurers` how AMO and AMC share it."""

    record: ClaimRecord
    structure: str
    insurer: str | None
    forfait: str
    profile: str | None
    settled_on: date | None
    price: Label | None
    insurers: Label | None
    not_billed: int
    regularisation: Label | None
    parts: tuple[ExplainedPart, ...]
    not_counted: tuple[NotCountedSession, ...]


def claim_explanation(claim: Resource) -> ClaimExplanation:
    """The explanation that a Claim, parsed by `claim_resource`, carries.

    Raises EvidenceError, naming the element, for a Claim the project did not write or that was altered.
    """
    record = claim_record_from_claim(claim)
    read = Reading(record.reference)
    told = supporting_information_of(claim)
    settled = told.get("settled-on", {}).get("timingDate")
    return ClaimExplanation(
        record=record,
        structure=claim.get("provider", {}).get("display") or record.structure,
        insurer=claim.get("insurer", {}).get("display"),
        forfait=told.get("sequence", {}).get("code", {}).get("text") or record.forfait,
        profile=code_in(told.get("profile", {}).get("code"), canonical.PROFILE_SYSTEM),
        settled_on=read.day("supportingInfo[settled-on]", settled) if settled is not None else None,
        price=_said(told.get("forfait", {}), "valueString"),
        insurers=_said(told.get("insurers", {}), "valueString"),
        not_billed=_not_billed(read, told.get("not-billed")),
        regularisation=_said(told.get("regularisation", {}), "valueString"),
        parts=tuple(
            ExplainedPart(item, _role(claim, written), _steps(read, written))
            for item, written in zip(record.items, claim["item"], strict=True)
        ),
        not_counted=tuple(
            _not_counted(entry)
            for entry in claim.get("supportingInfo", ())
            if code_in(entry.get("category"), canonical.INFORMATION_SYSTEM) == "session-not-counted"
        ),
    )


def _steps(read: Reading, item: Mapping[str, Any]) -> tuple[Step, ...]:
    return tuple(_step(read, f"item.detail[{n}]", step) for n, step in enumerate(item.get("detail", ())))


def _step(read: Reading, place: str, detail: Mapping[str, Any]) -> Step:
    concept = detail.get("productOrService", {})
    cents = read.cents(f"{place}.net", detail.get("net"))
    return Step(cents, code_in(concept, canonical.STEP_SYSTEM) or "", _said(concept, "text") or Label("", ""))


def _not_counted(entry: Mapping[str, Any]) -> NotCountedSession:
    reason = entry.get("reason", {})
    session = entry.get("valueReference", {}).get("reference", "")
    code = code_in(reason, canonical.NOT_COUNTED_SYSTEM) or ""
    return NotCountedSession(session, code, _said(reason, "text") or Label("", ""))


def _said(element: Mapping[str, Any], name: str) -> Label | None:
    """A French text with the English of its translation; the French for both when it has none."""
    french = element.get(name)
    if french is None:
        return None
    for extension in element.get(f"_{name}", {}).get("extension", ()):
        parts = {part.get("url"): part for part in extension.get("extension", ())}
        if extension.get("url") == canonical.TRANSLATION and parts.get("lang", {}).get("valueCode") == "en":
            return Label(french, parts.get("content", {}).get("valueString", french))
    return Label(french, french)


def _role(claim: Resource, item: Mapping[str, Any]) -> str:
    team = {entry.get("sequence"): entry for entry in claim.get("careTeam", ())}
    codings = team[item["careTeamSequence"][0]].get("role", {}).get("coding", ())
    return next((coding["display"] for coding in codings if coding.get("display")), "")


def _not_billed(read: Reading, entry: Mapping[str, Any] | None) -> int:
    if entry is None:
        return 0
    quantity = entry.get("valueQuantity", {})
    place = "supportingInfo[not-billed].valueQuantity"
    return read.cents(place, {"value": quantity.get("value"), "currency": quantity.get("code")})
