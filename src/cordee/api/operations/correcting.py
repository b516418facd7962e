"""`Claim/{id}/$correct`: nothing submitted is edited; a correction is a credit and new Claims."""

from cordee.api.operations import answers
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.settling import today
from cordee.api.operations.submitting import ON
from cordee.api.response import FhirResponse
from cordee.claims.correction import Corrected, cancel, correct_from_evidence, resubmit
from cordee.claims.fhir_evidence import EvidenceError
from cordee.fhir.outcome import FhirError, Unprocessable
from cordee.pathways.model import Label
from cordee.pathways.publication import pathways_of
from cordee.store.repository import Repository

_ACTIONS = ("replace", "cancel", "resubmit")


async def _correct(repository: Repository, asked: Asked) -> FhirResponse:
    await repository.read("Claim", asked.id)
    try:
        corrected = await _corrected(repository, asked)
    except EvidenceError as error:
        raise Unprocessable(f"{error}.", path="Claim") from None
    entries = [answers.reference("claim", claim) for claim in corrected.claims]
    return answers.parameters([*entries, answers.sentence("reason", corrected.reason)])


async def _corrected(repository: Repository, asked: Asked) -> Corrected:
    arguments = asked.arguments
    claim, on = f"Claim/{asked.id}", arguments.day("on") or today()
    french = arguments.required_text("reason")
    reason = Label(french, arguments.text("reason-english") or french)
    action, payee = arguments.text("action") or "replace", arguments.text("payee")
    if action not in _ACTIONS:
        sentence = f"action is {', '.join(_ACTIONS)}, not {action}."
        raise FhirError(sentence, path=arguments.place("action"))
    if (action == "resubmit") != (payee is not None):
        place = "Parameters.parameter" if payee is None else arguments.place("payee")
        raise FhirError("payee (system|value) goes with action resubmit, and only with it.", path=place)
    if payee is not None:
        return await resubmit(repository, claim, payee, reason, on)
    if action == "cancel":
        return await cancel(repository, claim, reason, on)
    return await correct_from_evidence(repository, claim, await pathways_of(repository), reason, on)


CORRECT = Operation(
    code="correct",
    resource="Claim",
    levels=("instance",),
    title="Correct a submitted Claim",
    description=(
        "Writes what corrects a submitted Claim, which is itself never edited: replace takes it back by a credit and "
        "claims its forfait again as the record now gives it; cancel only takes it back; resubmit claims again the "
        "part of one payee that the caisse rejected, to the cent. The new Claims are ready to be submitted."
    ),
    inputs=(
        Input("reason", "string", "Why, in French: it stays with the Claims.", min=1),
        Input("reason-english", "string", "The same in English."),
        Input("action", "code", "replace (the default), cancel or resubmit."),
        Input("payee", "string", "With resubmit: whose part, by identifier (system|value)."),
        ON,
    ),
    outputs=(
        Output("claim", "Reference", "A Claim that was written, ready to be submitted.", min=1, max=None),
        Output("reason", "string", "Why, French and English.", min=1),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "reason", "valueString": "séance annulée après facturation"},
            {"name": "action", "valueCode": "cancel"},
            {"name": "on", "valueDate": "2026-12-20"},
        ],
    },
    write=_correct,
)
