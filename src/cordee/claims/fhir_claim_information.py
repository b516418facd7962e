"""What a Claim rests on, as `supportingInfo`: pathway, convention, evidence, and the sessions that do not count."""

from collections.abc import Iterable, Mapping
from typing import Any

from cordee.claims import canonical
from cordee.claims.counting import NotCounted
from cordee.claims.explanation import Explanation
from cordee.claims.fhir_datatypes import Element, coded, named, said, translated
from cordee.claims.session_rules import OUT_OF_SCOPE
from cordee.claims.settlement import Settlement
from cordee.claims.wording import in_full, sentence
from cordee.pathways.model import Label
from cordee.pathways.money import euros


def supporting_information(
    settlement: Settlement, period: Mapping[str, str], evidence_versions: Iterable[str]
) -> list[Element]:
    """The entries of a settlement, numbered."""
    context = settlement.context
    entries: list[Element] = [
        information("profile") | {"code": coded(canonical.PROFILE_SYSTEM, context.profile or "")},
        information("pathway")
        | {"code": coded(canonical.PATHWAY_SYSTEM, context.pathway), "valueString": context.pathway_version},
        information("sequence")
        | {
            "code": {"text": settlement.forfait.label.fr},
            "timingPeriod": dict(period),
            "valueString": context.forfait,
        },
        information("convention")
        | {
            "code": {"text": f"version {context.convention_version}"},
            "valueReference": {"type": "Contract"}
            | named(context.convention, f"convention, version {context.convention_version}"),
        },
        information("inclusion") | {"valueReference": {"reference": context.care_plan}},
        information("forfait") | _in_words(settlement.price_explanation),
        information("settled-on") | {"timingDate": context.settled_on.isoformat()},
    ]
    if settlement.insurers is not None:
        entries.append(information("insurers") | _in_words(settlement.insurers))
    if settlement.not_billed:
        amount = {"value": euros(settlement.not_billed), "unit": "EUR", "system": "urn:iso:std:iso:4217", "code": "EUR"}
        entries.append(information("not-billed") | {"valueQuantity": amount})
    entries += [_not_counted(n) for n in settlement.not_counted if n.reason.rule not in OUT_OF_SCOPE]
    if versions := sorted(evidence_versions):
        entries.append(information("evidence-versions") | {"valueString": " ".join(versions)})
    return numbered(entries)


def information(category: str) -> Element:
    """The beginning of an entry."""
    return {"category": coded(canonical.INFORMATION_SYSTEM, category)}


def numbered(entries: Iterable[Mapping[str, Any]]) -> list[Element]:
    """Entries with their sequence, from 1, in place of the one they may have."""
    return [{"sequence": number} | dict(entry) | {"sequence": number} for number, entry in enumerate(entries, 1)]


def _in_words(why: Explanation) -> Element:
    return said(Label(in_full(why, "fr"), in_full(why, "en")))


def _not_counted(session: NotCounted) -> Element:
    why = session.reason
    reason = coded(canonical.NOT_COUNTED_SYSTEM, why.rule.partition(".")[2].replace("_", "-"))
    words = Label(sentence(why.rule, why.inputs, "fr"), sentence(why.rule, why.inputs, "en"))
    reason["text"], reason["_text"] = translated(words)
    return information("session-not-counted") | {"valueReference": {"reference": session.session}, "reason": reason}
