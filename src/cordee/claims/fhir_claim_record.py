"""Any Claim of the project read back as a `ClaimRecord`; what is not as the project writes it is refused by place."""

from collections.abc import Mapping
from typing import get_args

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, ClaimKind, ClaimRecord, ClaimTag
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import Part, Reading, code_in
from cordee.claims.payees import PayeeKind
from cordee.pathways.model import Validity

KINDS: tuple[ClaimKind, ...] = get_args(ClaimKind)
TAGS: tuple[ClaimTag, ...] = get_args(ClaimTag)
PAYEES: tuple[PayeeKind, ...] = get_args(PayeeKind)


def claim_record_from_claim(claim: Resource) -> ClaimRecord:
    """The record of a Claim that `claim_resource` parsed; `version` is 0 when it was not stored yet.

    Raises EvidenceError, naming the element and the fix, for a Claim the project did not write or that was altered:
    items that do not add up to the total, AMO and AMC to the item, a missing payee, another currency, a wrong sign.
    """
    read = Reading(f"Claim/{claim.get('id', '?')}")
    if claim.get("resourceType") != "Claim":
        raise read.refusal("resourceType", f"is {claim.get('resourceType')}", "a Claim is expected")
    kind = read.one_of("subType", code_in(claim.get("subType"), canonical.SERVICE_SYSTEM), KINDS)
    told = supporting_information_of(claim)
    sequence, pathway, convention = (told.get(name, {}) for name in ("sequence", "pathway", "convention"))
    record = ClaimRecord(
        reference=read.reference,
        version=int(claim.get("meta", {}).get("versionId", 0)),
        identifier=_identifier(read, claim),
        kind=kind,
        tag=read.one_of("meta.tag", _tag(claim), TAGS),
        structure=read.referenced("provider", claim.get("provider")),
        patient=read.referenced("patient", claim.get("patient")),
        care_plan=read.referenced("supportingInfo[inclusion]", told.get("inclusion", {}).get("valueReference")),
        pathway=read.coded("supportingInfo[pathway].code", pathway.get("code"), canonical.PATHWAY_SYSTEM),
        pathway_version=read.text("supportingInfo[pathway].valueString", pathway.get("valueString")),
        convention=read.identified("supportingInfo[convention]", convention.get("valueReference")),
        convention_version=_version(read, convention),
        forfait=read.text("supportingInfo[sequence].valueString", sequence.get("valueString")),
        period=_period(read, claim.get("billablePeriod") or {}),
        created=read.day("created", claim.get("created")),
        payee_mode="via_structure" if "payee" in claim else "direct_by_caisse",
        items=_items(read, claim, kind),
        total=read.cents("total", claim.get("total")),
        original=None if kind == "forfait" else _original(read, claim),
        evidence_versions=tuple(told.get("evidence-versions", {}).get("valueString", "").split()),
    )
    _check_sums(read, record, insurers_of(read, "", claim))
    return record


def supporting_information_of(claim: Resource) -> Mapping[str, Part]:
    """The first entry of `supportingInfo` of each category of the project's."""
    found: dict[str, Part] = {}
    for entry in claim.get("supportingInfo", ()):
        category = code_in(entry.get("category"), canonical.INFORMATION_SYSTEM)
        if category is not None:
            found.setdefault(category, entry)
    return found


def _check_sums(read: Reading, record: ClaimRecord, insurers: tuple[int, int]) -> None:
    net = sum(item.cents for item in record.items)
    if net != record.total:
        raise read.refusal("total", f"is {record.total} cents", f"its items add up to {net}")
    shares = sum(item.amo for item in record.items), sum(item.amc for item in record.items)
    if shares != insurers:
        stated = f"states {insurers[0]} cents of the AMO and {insurers[1]} of the AMC"
        raise read.refusal("extension", stated, f"its items add up to {shares[0]} and {shares[1]}")


def _items(read: Reading, claim: Resource, kind: ClaimKind) -> tuple[ClaimItem, ...]:
    team = {entry.get("sequence"): entry for entry in claim.get("careTeam", ())}
    sign = -1 if kind == "credit" else 1
    items = tuple(_item(read, f"item[{n}]", item, team, sign) for n, item in enumerate(claim.get("item", ())))
    if not items:
        raise read.refusal("item", "is missing", "a claim has one for each quote-part")
    if len({item.sequence for item in items}) != len(items):
        raise read.refusal("item", "has a sequence twice", "each item has its own")
    return items


def _item(read: Reading, place: str, item: Part, team: Mapping[object, Part], sign: int) -> ClaimItem:
    named = item.get("careTeamSequence", ())
    entry = team.get(named[0]) if len(named) == 1 else None
    if entry is None:
        raise read.refusal(f"{place}.careTeamSequence", f"is {list(named)}", "it names the entry of careTeam it pays")
    provider = entry.get("provider") or {}
    cents = read.cents(f"{place}.net", item.get("net"))
    amo, amc = insurers_of(read, f"{place}.", item)
    if amo + amc != cents:
        raise read.refusal(f"{place}.net", f"is {cents} cents", f"its AMO and AMC parts add up to {amo + amc}")
    if min(cents * sign, amo * sign, amc * sign) < 0:
        raise read.refusal(f"{place}.net", "has the wrong sign", "amounts are negative in a credit, and nowhere else")
    steps = [read.cents(f"{place}.detail[{n}].net", step.get("net")) for n, step in enumerate(item.get("detail", ()))]
    if sum(steps) != cents:
        raise read.refusal(f"{place}.detail", f"adds up to {sum(steps)} cents", f"the item is {cents}")
    kind = read.one_of(f"{place}.category", code_in(item.get("category"), canonical.PAYEE_SYSTEM), PAYEES)
    sessions = enumerate(item.get("encounter", ()))
    return ClaimItem(
        sequence=item["sequence"],
        kind=kind,
        payee=read.identified(f"careTeam of {place}: provider", provider),
        name=provider.get("display", ""),
        reference=provider.get("reference"),
        cents=cents,
        amo=amo,
        amc=amc,
        sessions=tuple(read.referenced(f"{place}.encounter[{n}]", session) for n, session in sessions),
        profession=profession_of(entry),
    )


def insurers_of(read: Reading, prefix: str, element: Part) -> tuple[int, int]:
    """The cents of the AMO and of the AMC that a Claim, or an item or participant, states. Raises EvidenceError."""
    place = f"{prefix}extension"
    found: dict[str, int] = {}
    for extension in element.get("extension", ()):
        if extension.get("url") == canonical.INSURER_SHARE:
            parts = {part.get("url"): part for part in extension.get("extension", ())}
            insurer = parts.get("insurer", {}).get("valueCode")
            if insurer not in {"amo", "amc"} or insurer in found:
                raise read.refusal(place, f"names the insurer {insurer}", "amo and amc are stated once each")
            found[insurer] = read.cents(f"{place}[{insurer}]", parts.get("amount", {}).get("valueMoney"))
    if len(found) != 2:
        raise read.refusal(place, "lacks the AMO's part or the AMC's", f"state both with {canonical.INSURER_SHARE}")
    return found["amo"], found["amc"]


def _identifier(read: Reading, claim: Resource) -> str:
    identifiers = claim.get("identifier", ())
    found = [i.get("value") for i in identifiers if i.get("system") == canonical.FORFAIT_IDENTIFIER]
    if len(found) != 1:
        raise read.refusal(
            "identifier", f"has {len(found)} forfaits", f"one of {canonical.FORFAIT_IDENTIFIER} is needed"
        )
    return read.text("identifier.value", found[0])


def _tag(claim: Resource) -> str | None:
    tags = claim.get("meta", {}).get("tag", ())
    found = [tag.get("code") for tag in tags if tag.get("system") == canonical.CLAIM_STATE]
    return found[0] if len(found) == 1 else None


def _original(read: Reading, claim: Resource) -> str:
    related = claim.get("related", ())
    return read.referenced("related[0].claim", related[0].get("claim") if related else None)


def _period(read: Reading, period: Part) -> Validity:
    return Validity(
        read.day("billablePeriod.start", period.get("start")), read.day("billablePeriod.end", period.get("end"))
    )


def _version(read: Reading, convention: Part) -> str:
    text = read.text("supportingInfo[convention].code.text", convention.get("code", {}).get("text"))
    if not text.startswith("version "):
        raise read.refusal("supportingInfo[convention].code.text", f"is {text!r}", "it says 'version' and which")
    return text.removeprefix("version ")


def profession_of(entry: Part) -> str | None:
    """The profession of a payee as it is paid (`system|code`), None for one who has none."""
    codings = entry.get("role", {}).get("coding", ())
    own = next((coding for coding in codings if coding.get("system") != canonical.PAYEE_SYSTEM), None)
    return f"{own.get('system')}|{own.get('code')}" if own else None
