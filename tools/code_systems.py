"""The project's CodeSystems, from the code that writes and reads their codes."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimKind, ClaimTag
from cordee.claims.claim_words import CLAIM_KINDS
from cordee.claims.collective.fhir_figures import FACTS
from cordee.claims.collective.fhir_invoice import COMPONENTS
from cordee.claims.fhir_answer import ANSWER_KINDS, EFFECTS
from cordee.claims.fhir_claim_item import PAYEE_KINDS
from cordee.claims.fhir_return_task import APPLIED, APPLIED_CODE, LINE_FIELDS, TO_RESOLVE, TO_RESOLVE_CODE
from cordee.claims.lifecycle import AnswerKind, Effect
from cordee.claims.phrases import PHRASES
from cordee.claims.returns import Insurer
from cordee.pathways.canonical import PRICE_BOUND_SYSTEM, TOPIC_SYSTEM
from cordee.pathways.fhir_charge_item_definition import PRICE_BOUNDS
from cordee.pathways.fhir_plan_definition import PARCOURS_TOPIC
from cordee.pathways.model import Label, LegalForm, StructureCategory

PUBLISHED = "2026-11-24"
INSURER_SYSTEM = f"{canonical.BASE}/CodeSystem/insurer"
_Concept = tuple[str, Label | None, Label | None]

_TAGS = {
    "draft": Label("brouillon, à compléter", "draft, to be completed"),
    "ready": Label("prête à transmettre", "ready to submit"),
    "submitted": Label("transmise", "submitted"),
}
_KINDS_IN_ENGLISH = {
    "forfait": "forfait",
    "credit": "credit",
    "replacement": "replacement",
    "resubmission": "resubmission of one quote-part",
}
_EFFECTS_IN_ENGLISH = {
    "paid": "paid",
    "rejected": "rejected",
    "recovered": "claimed back (indu)",
    "repaid": "given back to the caisse",
}
_INSURERS = {
    "amo": Label("assurance maladie obligatoire", "compulsory health insurance"),
    "amc": Label("assurance maladie complémentaire", "complementary health insurance"),
}
_INFORMATION = {
    "profile": Label("profil du patient", "profile of the patient"),
    "pathway": Label("parcours et version", "pathway and version"),
    "sequence": Label("forfait du plan, et ses jours", "forfait of the plan, and its days"),
    "convention": Label("convention et version", "convention and version"),
    "inclusion": Label("plan qui dit l'inclusion", "care plan that tells the inclusion"),
    "forfait": Label("d'où vient le montant", "where the amount comes from"),
    "settled-on": Label("calculé au", "settled as at the end of"),
    "insurers": Label("ce que paient AMO et AMC", "what compulsory and complementary insurance pay"),
    "not-billed": Label("montant non facturé", "amount not billed"),
    "session-not-counted": Label("séance qui ne compte pas", "session that does not count"),
    "evidence-versions": Label("versions lues", "versions read"),
    "correction": Label("raison de la correction", "reason of the correction"),
    "regularisation": Label("période régularisée", "period made up for"),
}
_CATEGORIES = {
    "etablissement-de-sante": Label("établissement de santé", "hospital"),
    "esms": Label("établissement ou service social ou médico-social", "social or medico-social service"),
    "centre-de-sante": Label("centre de santé", "health centre"),
    "msp": Label("maison de santé pluriprofessionnelle", "multi-professional practice"),
    "equipe-de-soins-specialisee": Label("équipe de soins spécialisée", "specialised care team"),
    "cpts": Label("communauté professionnelle territoriale de santé", "territorial health community"),
    "dac": Label("dispositif d'appui à la coordination", "coordination support service"),
    "mdph": Label("maison départementale des personnes handicapées", "departmental house for disabled people"),
    "pmi": Label("protection maternelle et infantile", "mother and child protection service"),
    "groupement": Label("groupement", "group"),
    "sisa": Label("société interprofessionnelle de soins ambulatoires", "interprofessional company (legal form)"),
}


def code_systems() -> Iterator[dict[str, Any]]:
    """Each CodeSystem whose codes the program knows. Raises KeyError for a code that has no words here."""
    yield _code_system(
        canonical.CLAIM_STATE, "The state that a Claim itself carries, as a tag", _named(ClaimTag, _TAGS)
    )
    kinds = {code: Label(CLAIM_KINDS[code], _KINDS_IN_ENGLISH[code]) for code in get_args(ClaimKind)}
    quote_part = ("quote-part", Label("quote-part du forfait", "quote-part of the forfait"), None)
    collective = ("collective", Label("forfait collectif", "collective payment"), None)
    concepts = [*_named(ClaimKind, kinds), quote_part, collective]
    yield _code_system(canonical.SERVICE_SYSTEM, "What a Claim or Invoice is, and what its items are", concepts)
    facts = [(code, label, None) for code, label in FACTS.items()]
    yield _code_system(canonical.COLLECTIVE_FACT, "What is stated of a patient list or a group", facts)
    components = [(code, label, None) for code, label in COMPONENTS.items()]
    yield _code_system(canonical.COLLECTIVE_COMPONENT, "Components of a collective payment", components)
    payees = [(code, label, None) for code, label in PAYEE_KINDS.items()]
    yield _code_system(canonical.PAYEE_SYSTEM, "Kinds of payee of a quote-part", payees)
    information = [(code, label, None) for code, label in _INFORMATION.items()]
    yield _code_system(canonical.INFORMATION_SYSTEM, "What a Claim rests on", information)
    structures = [*_named(StructureCategory, _CATEGORIES), *_named(LegalForm, _CATEGORIES)]
    title = "Categories of coordinating structure (D. 162-34 CSS), and legal forms"
    yield _code_system(canonical.STRUCTURE_CATEGORY, title, structures)
    parcours = (PARCOURS_TOPIC, Label("parcours", "parcours"), None)
    yield _code_system(TOPIC_SYSTEM, "What a PlanDefinition is about", [parcours])
    bounds = [(code, label, None) for code, label in PRICE_BOUNDS.items()]
    yield _code_system(PRICE_BOUND_SYSTEM, "Which bound of a published range a price is", bounds)
    title = "Steps of the split of a forfait"
    yield _code_system(canonical.STEP_SYSTEM, title, _said("step", "residue", "zero"))
    answers = [(code.replace("_", "-"), ANSWER_KINDS[code], None) for code in get_args(AnswerKind)]
    yield _code_system(canonical.ANSWER_KIND, "What a ClaimResponse is, as a tag", answers)
    effects = [(code, Label(EFFECTS[code], _EFFECTS_IN_ENGLISH[code]), None) for code in get_args(Effect)]
    yield _code_system(INSURER_SYSTEM, "Which insurance pays a share", _named(Insurer, _INSURERS))
    yield _code_system(canonical.ADJUDICATION, "What was decided of a share", effects)
    relations = [(code, kinds[code], None) for code in get_args(ClaimKind) if code != "forfait"]
    yield _code_system(canonical.CLAIM_RELATION, "What a Claim is to the one it is about", relations)
    told = [(TO_RESOLVE_CODE, TO_RESOLVE, None), (APPLIED_CODE, APPLIED, None)]
    yield _code_system(canonical.TASK_SYSTEM, "What became of a line of a return file", told)
    lines = [(name.replace("_", "-"), None, None) for name in LINE_FIELDS]
    yield _code_system(canonical.RETURN_LINE_SYSTEM, "Fields of a line of a return file", lines)
    yield _code_system(canonical.NOT_COUNTED_SYSTEM, "Why a session does not count", _said("session"))


def _named(codes: Any, words: dict[str, Label]) -> list[_Concept]:
    return [(code, words[code], None) for code in get_args(codes)]


def _said(*prefixes: str) -> list[_Concept]:
    """The rules of a prefix, as codes; what they say, with the places of their inputs, is the definition."""
    found: list[_Concept] = []
    for rule in sorted(PHRASES):
        prefix, _, rest = rule.partition(".")
        if prefix in prefixes:
            code = rest if prefix in ("step", "session") else f"{prefix}-{rest}"
            found.append((code.replace("_", "-"), None, PHRASES[rule]))
    return found


def _code_system(url: str, title: str, concepts: Iterable[_Concept]) -> dict[str, Any]:
    listed = [_concept(*concept) for concept in concepts]
    id_ = url.rpartition("/")[2]
    return {
        "resourceType": "CodeSystem",
        "id": id_,
        "url": url,
        "name": "".join(part.capitalize() for part in id_.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": PUBLISHED,
        "publisher": "Cordée",
        "caseSensitive": True,
        "content": "complete",
        "count": len(listed),
        "concept": listed,
    }


def _concept(code: str, display: Label | None, definition: Label | None) -> dict[str, Any]:
    concept: dict[str, Any] = {"code": code}
    if display is not None:
        concept |= {"display": display.fr, "designation": [{"language": "en", "value": display.en}]}
    if definition is not None:
        concept |= {"definition": f"{definition.fr} / {definition.en}"}
    return concept
