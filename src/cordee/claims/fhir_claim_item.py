"""A quote-part as an item of a Claim, and its payee as an entry of `careTeam`."""

from cordee.claims import canonical
from cordee.claims.explanation import Explanation
from cordee.claims.fhir_datatypes import Element, coded, identifier, insurer_share_extensions, money, named, translated
from cordee.claims.payees import Payee
from cordee.claims.quote_parts import QuotePart
from cordee.claims.wording import in_full
from cordee.pathways.model import Label

PAYEE_KINDS = {
    "member": Label("membre du cercle de soins", "member of the care circle"),
    "structure": Label("structure responsable de la coordination", "structure responsible for coordination"),
    "organization": Label("organisation bénéficiaire", "beneficiary organisation"),
    "practitioner": Label("professionnel bénéficiaire", "beneficiary professional"),
    "reserve": Label("réserve de la structure", "reserve of the structure"),
}


def care_team_entry(number: int, payee: Payee) -> Element:
    """The payee of the quote-part of the same number."""
    entry: Element = {"sequence": number, "provider": _provider(payee)}
    if payee.kind == "structure":
        entry["responsible"] = True
    if payee.profession is not None:
        code = payee.profession
        entry["role"] = coded(code.system, code.code, code.display or None)
    else:
        entry["role"] = coded(canonical.PAYEE_SYSTEM, payee.kind, PAYEE_KINDS[payee.kind].fr)
    return entry


def _provider(payee: Payee) -> Element:
    if payee.reference is not None:
        return {
            "reference": payee.reference,
            "identifier": identifier(payee.identifier),
            "display": payee.name,
        }
    kind = "Organization" if payee.kind == "organization" else "Practitioner"
    return {"type": kind} | named(payee.identifier, payee.name)


def item(number: int, quote_part: QuotePart) -> Element:
    """The quote-part: amount, insurers' shares, sessions, and one detail a step, adding up to it."""
    kind = quote_part.payee.kind
    written: Element = {
        "extension": insurer_share_extensions(quote_part.amo, quote_part.amc),
        "sequence": number,
        "careTeamSequence": [number],
        "category": coded(canonical.PAYEE_SYSTEM, kind, PAYEE_KINDS[kind].fr),
        "productOrService": coded(canonical.SERVICE_SYSTEM, "quote-part", "quote-part du forfait"),
        "net": money(quote_part.cents),
    }
    sessions = sorted({act.session for act in quote_part.acts})
    if sessions:
        written["encounter"] = [{"reference": session} for session in sessions]
    steps = [why for why in quote_part.explanation.because if why.cents is not None]
    written["detail"] = [_detail(number, why, why.cents or 0) for number, why in enumerate(steps, 1)]
    return written


def _detail(number: int, why: Explanation, cents: int) -> Element:
    concept = coded(canonical.STEP_SYSTEM, why.rule.removeprefix("step.").replace(".", "-").replace("_", "-"))
    concept["text"], concept["_text"] = translated(Label(in_full(why, "fr"), in_full(why, "en")))
    return {"sequence": number, "productOrService": concept, "net": money(cents)}
