"""An answer about a Claim as an R4 ClaimResponse, and back: one adjudication for each decision about a share."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.fhir_claim import claim_id
from cordee.claims.fhir_datatypes import Element, coded, identifier, money
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import Part, Reading, code_in
from cordee.claims.lifecycle import Answer, AnswerKind, Decision, Effect
from cordee.pathways.model import Label

_ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
EFFECTS: Mapping[Effect, str] = {
    "paid": "payé",
    "rejected": "rejeté",
    "recovered": "réclamé (indu)",
    "repaid": "rendu à la caisse",
}
ANSWER_KINDS: Mapping[AnswerKind, Label] = {
    "transmission": Label("transmis", "submitted"),
    "acknowledgement": Label("accusé de réception", "acknowledged"),
    "technical_refusal": Label("refus technique", "technical refusal"),
    "adjudication": Label("décision de la caisse", "adjudicated"),
    "recovery": Label("indu notifié", "indu notified"),
    "repayment": Label("indu rendu", "indu given back"),
}


def answer_id(claim_identifier: str, answer: Answer, rank: int) -> str:
    """The id of an answer: the `rank`-th (from 1) of its kind in a notice about a Claim."""
    name = f"ClaimResponse|{claim_id(claim_identifier)}|{answer.kind}|{answer.notice}|{rank}"
    return str(uuid5(NAMESPACE_URL, f"{canonical.BASE}/{name}"))


def claim_response(claim: Resource, answer: Answer, response_id: str, *, settled: bool) -> Element:
    """The ClaimResponse of an answer about `claim`; `settled` says that it leaves nothing of it open.

    The Claim names its insurer: what does not is never submitted.
    """
    response: Element = {
        "resourceType": "ClaimResponse",
        "id": response_id,
        "meta": {"tag": [{"system": canonical.ANSWER_KIND, "code": answer.kind.replace("_", "-")}]},
    }
    if answer.notice:
        response["identifier"] = [{"system": canonical.RETURN_NOTICE, "value": answer.notice}]
    response |= {
        "status": "active",
        "type": claim["type"],
        "use": "claim",
        "patient": claim["patient"],
        "created": answer.day.isoformat(),
        "insurer": claim["insurer"],
        "requestor": claim["provider"],
        "request": {"reference": f"Claim/{claim['id']}"},
        "outcome": _outcome(answer, settled=settled),
        "disposition": ANSWER_KINDS[answer.kind].fr,
    }
    items = _items(claim, answer.decisions)
    if items:
        response["item"] = items
    if answer.kind == "technical_refusal":
        response["error"] = [{"code": _reason(answer.reason_code, answer.reason_text)}]
    return response


def answer_from_claim_response(response: Resource) -> Answer:
    """The answer a ClaimResponse of the project holds; its amounts must have been parsed as Decimals.

    Raises EvidenceError, naming the element, for one the project did not write.
    """
    read = Reading(f"ClaimResponse/{response.get('id', '?')}")
    tags = [t.get("code") for t in response.get("meta", {}).get("tag", ()) if t.get("system") == canonical.ANSWER_KIND]
    kind = read.one_of("meta.tag", str(tags[0]).replace("-", "_") if len(tags) == 1 else None, get_args(AnswerKind))
    notices = [i.get("value") for i in response.get("identifier", ()) if i.get("system") == canonical.RETURN_NOTICE]
    error = response.get("error", [{}])[0].get("code")
    return Answer(
        kind=kind,
        notice=str(notices[0]) if notices else "",
        day=read.day("created", response.get("created")),
        decisions=tuple(
            decision
            for number, item in enumerate(response.get("item", ()))
            for decision in _decisions(read, f"item[{number}]", item)
        ),
        reason_code=code_in(error, canonical.REJECT_REASON),
        reason_text=(error or {}).get("text"),
    )


def _outcome(answer: Answer, *, settled: bool) -> str:
    match answer.kind:
        case "transmission" | "acknowledgement":
            return "queued"
        case "technical_refusal":
            return "error"
        case _:
            return "complete" if settled else "partial"


def _items(claim: Resource, decisions: Sequence[Decision]) -> list[Element]:
    nets = {item["sequence"]: item["net"] for item in claim["item"]}
    items: list[Element] = []
    for sequence, net in nets.items():
        about = [_adjudication(decision) for decision in decisions if decision.item == sequence]
        if about:
            claimed = {"category": coded(_ADJUDICATION, "submitted"), "amount": net}
            items.append({"itemSequence": sequence, "adjudication": [claimed, *about]})
    return items


def _adjudication(decision: Decision) -> Element:
    category = coded(canonical.ADJUDICATION, decision.effect, EFFECTS[decision.effect])
    if decision.effect == "paid":
        category["coding"].append({"system": _ADJUDICATION, "code": "benefit"})
    extensions: list[Element] = [{"url": canonical.INSURER, "valueCode": decision.insurer}]
    if decision.liable is not None:
        extensions.append({"url": canonical.LIABLE, "valueIdentifier": identifier(decision.liable)})
    written: Element = {"extension": extensions, "category": category}
    if decision.reason_code is not None or decision.reason_text is not None:
        written["reason"] = _reason(decision.reason_code, decision.reason_text)
    return written | {"amount": money(decision.cents)}


def _decisions(read: Reading, place: str, item: Part) -> list[Decision]:
    decisions = []
    for number, told in enumerate(item.get("adjudication", ())):
        where = f"{place}.adjudication[{number}]"
        effect = code_in(told.get("category"), canonical.ADJUDICATION)
        if effect is None:
            continue
        extensions = {extension.get("url"): extension for extension in told.get("extension", ())}
        liable = extensions.get(canonical.LIABLE, {}).get("valueIdentifier")
        insurer = extensions.get(canonical.INSURER, {}).get("valueCode")
        decisions.append(
            Decision(
                item=int(item["itemSequence"]),
                insurer=read.one_of(f"{where}.extension", insurer, ("amo", "amc")),
                effect=read.one_of(f"{where}.category", effect, get_args(Effect)),
                cents=read.cents(f"{where}.amount", told.get("amount")),
                reason_code=code_in(told.get("reason"), canonical.REJECT_REASON),
                reason_text=(told.get("reason") or {}).get("text"),
                liable=read.identified(where, {"identifier": liable}) if liable else None,
            )
        )
    return decisions


def _reason(code: str | None, text: str | None) -> dict[str, Any]:
    reason = coded(canonical.REJECT_REASON, code) if code is not None else {}
    return reason | ({"text": text} if text is not None else {}) or {"text": "sans motif"}
