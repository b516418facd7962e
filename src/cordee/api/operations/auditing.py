"""`Claim/{id}/$explain` and `$proof`: what an auditor asks of a Claim, answered from what the Claim itself says."""

from collections.abc import Iterable

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.shares import insurer_outputs, insurer_parts, share_outputs, share_parts
from cordee.api.response import FhirResponse, File
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_evidence import EvidenceError
from cordee.fhir.outcome import Unprocessable
from cordee.pathways.publication import pathways_of
from cordee.reporting.claim_explanation import ClaimExplanation, ExplainedPart, claim_explanation
from cordee.reporting.proof import prove
from cordee.store.reader import Reader

_ZIP = "application/zip"


async def _explain(reader: Reader, asked: Asked) -> FhirResponse:
    stored = await reader.read("Claim", asked.id)
    try:
        explanation = claim_explanation(claim_resource(stored.body.encode()))
    except EvidenceError as error:
        raise Unprocessable(f"{error}.", path="Claim") from None
    return answers.parameters(_claim(explanation))


async def _prove(reader: Reader, asked: Asked) -> FhirResponse:
    try:
        proof = await prove(reader, asked.id, await pathways_of(reader))
    except EvidenceError as error:
        raise Unprocessable(f"{error}.", path="Claim") from None
    return FhirResponse(200, file=File(proof.name, _ZIP, proof.pieces()))


def _claim(explanation: ClaimExplanation) -> Iterable[Part]:
    record = explanation.record
    yield answers.reference("claim", f"{record.reference}/_history/{record.version}")
    yield answers.text("identifier", record.identifier)
    yield answers.code("kind", record.kind)
    yield answers.code("state", record.tag)
    yield answers.text("forfait", explanation.forfait)
    yield {"name": "period", "valuePeriod": answers.period(record.period)}
    yield answers.text("pathway", f"{record.pathway} {record.pathway_version}")
    yield answers.text("convention", f"{record.convention} {record.convention_version}")
    yield answers.reference("care-plan", record.care_plan)
    if record.original is not None:
        yield answers.reference("corrects", record.original)
    if explanation.settled_on is not None:
        yield answers.day("settled-on", explanation.settled_on)
    yield answers.money("total", record.total)
    yield from insurer_parts(sum(item.amo for item in record.items), sum(item.amc for item in record.items))
    if explanation.not_billed:
        yield answers.money("not-billed", explanation.not_billed)
    reasons = (explanation.regularisation, explanation.price, explanation.insurers)
    for said in reasons:
        if said is not None:
            yield answers.sentence("reason", said)
    for part in explanation.parts:
        yield answers.group("quote-part", _quote_part(part))
    for entry in explanation.not_counted:
        yield answers.group(
            "session-not-counted",
            (
                answers.reference("session", entry.session),
                answers.code("code", entry.code) if entry.code else None,
                answers.sentence("reason", entry.reason),
            ),
        )
    for version in record.evidence_versions:
        yield answers.reference("evidence", version)


def _quote_part(part: ExplainedPart) -> Iterable[Part]:
    item = part.item
    yield answers.payee("payee", item.reference, item.name, item.payee)
    if part.role:
        yield answers.text("role", part.role)
    yield answers.number("item", item.sequence)
    yield from share_parts(item.kind, item.cents, item.amo, item.amc)
    for session in item.sessions:
        yield answers.reference("session", session)
    for step in part.steps:
        parts = (
            answers.code("code", step.code) if step.code else None,
            answers.money("amount", step.cents),
            answers.sentence("reason", step.sentence),
        )
        yield answers.group("step", parts)


EXPLAIN = Operation(
    code="explain",
    resource="Claim",
    levels=("instance",),
    title="Explain a Claim",
    description=(
        "Why a stored Claim is what it is, from what it says itself: nothing is computed again. Each quote-part with "
        "the steps that add up to it and their reasons in French and English, the sessions that count and those that "
        "don't, and the versions of all that was read."
    ),
    inputs=(),
    outputs=(
        Output("claim", "Reference", "The version of the Claim explained.", min=1),
        Output("identifier", "string", "The identifier of its forfait.", min=1),
        Output("kind", "code", "forfait, credit, replacement or resubmission.", min=1),
        Output("state", "code", "The state the Claim itself carries: draft, ready or submitted.", min=1),
        Output("forfait", "string", "The name of its forfait.", min=1),
        Output("period", "Period", "The days it is for.", min=1),
        Output("pathway", "string", "The pathway and its version.", min=1),
        Output("convention", "string", "The convention and its version.", min=1),
        Output("care-plan", "Reference", "The patient's plan.", min=1),
        Output("corrects", "Reference", "The Claim that it corrects."),
        Output("settled-on", "date", "The day as at the end of which it was settled."),
        Output("total", "Money", "Its amount, the sum of the quote-parts.", min=1),
        *insurer_outputs(),
        Output("not-billed", "Money", "What the convention leaves unbilled."),
        Output("reason", "string", "Why that amount, French and English.", max=None),
        Output(
            "quote-part",
            "",
            "What one payee is claimed for.",
            min=1,
            max=None,
            parts=(
                Output("payee", "Reference", "Who.", min=1),
                Output("role", "string", "Their profession, or what they are to the structure."),
                Output("item", "integer", "The item of the Claim.", min=1),
                *share_outputs("The quote-part."),
                Output("session", "Reference", "A session that counts for it.", max=None),
                Output(
                    "step",
                    "",
                    "What one step of the convention gave; the steps add up to the quote-part.",
                    max=None,
                    parts=(
                        Output("code", "code", "The kind of step."),
                        Output("amount", "Money", "What it gave.", min=1),
                        Output("reason", "string", "Why, French and English.", min=1),
                    ),
                ),
            ),
        ),
        Output(
            "session-not-counted",
            "",
            "A session that does not count.",
            max=None,
            parts=(
                Output("session", "Reference", "Which.", min=1),
                Output("code", "code", "The rule that leaves it out."),
                Output("reason", "string", "The same in words, French and English.", min=1),
            ),
        ),
        Output("evidence", "Reference", "The version of something the settlement read.", max=None),
    ),
    example={"resourceType": "Parameters"},
    read=_explain,
)

PROOF = Operation(
    code="proof",
    resource="Claim",
    levels=("instance",),
    title="The proof of a Claim, as an archive",
    description=(
        "A zip of all that a Claim rests on, in the versions it names: its sessions, care circle, inclusion, "
        "convention and pathway, what the caisse answered, what corrects it, the explanation as a PDF, a manifest and "
        "the SHA-256 of every file."
    ),
    inputs=(),
    outputs=(Output("return", "Binary", "The archive, as a file; in a Bundle, as a Binary.", min=1),),
    example={"resourceType": "Parameters"},
    read=_prove,
    file_type=_ZIP,
)
