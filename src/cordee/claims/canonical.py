"""The addresses of the project's own FHIR artefacts; `.example` is reserved, so they are nobody's site."""

from cordee.pathways import canonical as pathways

BASE = pathways.BASE
PROFILE_SYSTEM = pathways.PROFILE_SYSTEM
pathway_canonical = pathways.pathway_canonical
pathway_code = pathways.pathway_code

PATHWAY_SYSTEM = f"{BASE}/CodeSystem/pathway"
SERVICE_SYSTEM = f"{BASE}/CodeSystem/service"
STEP_SYSTEM = f"{BASE}/CodeSystem/split-step"
INFORMATION_SYSTEM = f"{BASE}/CodeSystem/claim-information"
NOT_COUNTED_SYSTEM = f"{BASE}/CodeSystem/not-counted"
PAYEE_SYSTEM = f"{BASE}/CodeSystem/payee-kind"

CLAIM_STATE = f"{BASE}/CodeSystem/claim-state"
"""System of the tag that says whether a Claim is a draft, ready, or submitted."""

ANSWER_KIND = f"{BASE}/CodeSystem/answer-kind"
"""System of the tag that says what a ClaimResponse is: transmission, acknowledgement, adjudication…"""

ADJUDICATION = f"{BASE}/CodeSystem/adjudication"
"""System of what was decided of a share: paid, rejected, recovered (indu), repaid."""

INSURER = f"{BASE}/StructureDefinition/insurer"
"""Extension of an adjudication or payment: amo or amc."""

LIABLE = f"{BASE}/StructureDefinition/liable"
"""Extension of an adjudication: who is at the origin of an indu, when not who was paid (L. 133-4 CSS)."""

RETURN_NOTICE = f"{BASE}/NamingSystem/return-notice"
"""System of the caisse's own reference of an answer or payment notice."""

CORRECTED_FORFAIT = f"{BASE}/NamingSystem/corrected-forfait"
"""System of a second identifier of credits, replacements and resubmissions: the forfait's, which finds them all."""

BORDEREAU = f"{BASE}/NamingSystem/bordereau"
"""System of the bordereau a Claim was submitted with: one for each structure and day."""

REDISTRIBUTION = f"{BASE}/NamingSystem/redistribution"
"""System of the reference of a transfer from the structure to a professional: the id of its PaymentNotice."""

TASK_SYSTEM = f"{BASE}/CodeSystem/task"
RETURN_LINE_SYSTEM = f"{BASE}/CodeSystem/return-line"
"""System of the inputs of a Task about a line of a return file: the fields of the line."""

PARTICIPANT = f"{BASE}/StructureDefinition/invoice-participant"
"""Extension of what a line decided about an Invoice: the participant's number, from 1."""

REJECT_REASON = f"{BASE}/CodeSystem/reject-reason"
STRUCTURE_CATEGORY = f"{BASE}/CodeSystem/structure-category"
"""System of `Organization.type` for the categories of D. 162-34 CSS, and legal forms such as `sisa`."""

PAYMENT_TRAIT = f"{BASE}/CodeSystem/payment-trait"
RPPS = "https://rpps.esante.gouv.fr"
"""System of the national number of a health professional."""

CPAM_NUMBER = f"{BASE}/NamingSystem/numero-cpam"
"""System of the number a CPAM gives to a professional without RPPS (R. 162-133 CSS)."""

INSURER_SHARE = f"{BASE}/StructureDefinition/insurer-share"
"""Extension of Claim and of its items: `insurer` (amo, amc) and `amount`."""

COPAYMENT_EXEMPT = f"{BASE}/StructureDefinition/copayment-exempt"
"""Extension of CarePlan: the compulsory insurance pays the whole forfait."""

DISTRIBUTION = f"{BASE}/distribution"
"""`Contract.instantiatesUri` of a free distribution signed off for one forfait of a plan."""

CLAIM_RELATION = f"{BASE}/CodeSystem/claim-relation"
"""System of `Claim.related.relationship`, beside HL7's `prior`: what a Claim is to the one it is about."""

FORFAIT_IDENTIFIER = f"{BASE}/NamingSystem/forfait"
"""System of a forfait's identifier: one for each structure, pathway, care plan and séquence."""

INCLUSION_DECISION = f"{BASE}/StructureDefinition/inclusion-decision"
"""Extension of CarePlan: `date`, `decider`, and `validator` when a doctor validated it (R. 162-138 CSS)."""

SESSION_CARE_PLAN = f"{BASE}/StructureDefinition/session-care-plan"
"""Extension of Encounter: the session's CarePlan, needed only when a patient follows two parcours."""

MATCH_REASON = f"{BASE}/StructureDefinition/match-reason"
"""Extension of an answer of `$match`: one reason of a grade."""

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
"""HL7's standard extension: the same text in another language."""

LISTED_PATIENT_TRAIT = f"{BASE}/StructureDefinition/listed-patient-trait"
"""Extension of `Group.member`: what weighs in the payment of a listed patient, a coding of PAYMENT_TRAIT."""

COLLECTIVE_FACT = f"{BASE}/CodeSystem/collective-fact"
"""System of `MeasureReport.group.code`: care elsewhere, reference remuneration, gains and so on."""

QUALITY_INDICATOR = f"{BASE}/CodeSystem/quality-indicator"
INDICATOR_FIGURES = f"{BASE}/StructureDefinition/indicator-figures"
"""Extension of `MeasureReport.group`: `value`, `previous`, `target`, `intermediate` and `direction`."""

COLLECTIVE_IDENTIFIER = f"{BASE}/NamingSystem/collective-payment"
"""System of the identifier of a collective payment: one for each structure, pathway and period."""

COLLECTIVE_COMPONENT = f"{BASE}/CodeSystem/collective-component"
COLLECTIVE_PAYMENT = f"{BASE}/StructureDefinition/collective-payment"
"""Extension of Invoice: `pathway`, `period`, `convention`, and the evidence it rests on."""

COLLECTIVE_QUOTE_PART = f"{BASE}/StructureDefinition/collective-quote-part"
"""Extension of `Invoice.participant`: `amount`, and its `reason` in both languages."""

MEASURE = f"{BASE}/Measure/"
"""Followed by a pathway's code, as `MeasureReport.measure`."""
