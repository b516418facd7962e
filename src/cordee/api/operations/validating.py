"""`$validate`: what a resource breaks of the standard and of profiles (R4 resource-operation-validate.html)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import orjson

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import ANY_TYPE, Asked, Operation, Output
from cordee.api.response import FhirResponse, outcome_text
from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError, Gone, Issue, NotFound
from cordee.fhir.stored_version import StoredVersion
from cordee.store.changes import Intent, decide, now
from cordee.store.changes import stored as as_stored
from cordee.store.reader import Reader
from cordee.store.write import Change

_MODES = ("create", "update", "delete", "profile")


async def _validate(reader: Reader, asked: Asked) -> FhirResponse:
    mode = asked.arguments.text("mode")
    profiles = asked.arguments.texts("profile")
    if mode is not None and mode not in _MODES:
        raise FhirError(f"«{mode}» is not a mode: {', '.join(_MODES)}.", path=asked.arguments.place("mode"))
    if mode == "profile" and not profiles:
        raise FhirError("The mode profile needs a profile to validate against.", path=asked.arguments.place("mode"))
    if mode in ("update", "delete") and not asked.id:
        where = f"{asked.type}/[id]/$validate"
        raise FhirError(f"The mode {mode} is asked of a resource: POST {where}.", path=asked.arguments.place("mode"))
    if mode == "delete":
        return _told(await _acceptable_deletion(reader, asked))
    resource = await _resource(reader, asked)
    async with reader.profiles() as validator:
        issues = await validator.validate(resource, profiles, asked.type)
    if mode in ("create", "update") and not any(issue.code == "structure" for issue in issues):
        issues += await _acceptable_write(reader, asked, mode, resource)
    return _told(issues)


async def _resource(reader: Reader, asked: Asked) -> Mapping[str, Any]:
    """The resource posted, or else the one that the address names."""
    given = asked.arguments.structures("resource")
    if given:
        return given[0]
    if not asked.id:
        raise FhirError("A resource is needed: bare, or as the parameter resource of Parameters.", path="resource")
    stored = await reader.read(asked.type, asked.id)
    found: Mapping[str, Any] = orjson.loads(stored.body)
    return found


async def _acceptable_write(reader: Reader, asked: Asked, mode: str, resource: Mapping[str, Any]) -> list[Issue]:
    """What would keep a sound resource from being created or updated."""
    try:
        incoming = accept(orjson.dumps(resource), asked.type)
    except FhirError:
        return []  # told already, with its paths
    if mode == "create":
        return await _acceptable(reader, asked, Intent(asked.type, str(uuid4()), "POST", incoming), None)
    if incoming.id != asked.id:
        found = "it has none" if incoming.id is None else f"it says {incoming.id}"
        text = f"The resource's id must be that of the address, {asked.id}; {found}."
        return [Issue("error", "invalid", text, f"{asked.type}.id")]
    current = await _current(reader, asked)
    return await _acceptable(reader, asked, Intent(asked.type, asked.id, "PUT", incoming), current)


async def _acceptable_deletion(reader: Reader, asked: Asked) -> list[Issue]:
    current = await _current(reader, asked)
    if current is None:
        raise NotFound(f"{asked.type}/{asked.id} is not here: there is nothing to delete.")
    if current.deleted:
        raise Gone(f"{asked.type}/{asked.id} is deleted already.")
    return await _acceptable(reader, asked, Intent(asked.type, asked.id, "DELETE", None), current)


async def _current(reader: Reader, asked: Asked) -> StoredVersion | None:
    key = (asked.type, asked.id)
    return (await reader.read_many([key])).get(key)


async def _acceptable(reader: Reader, asked: Asked, intent: Intent, current: StoredVersion | None) -> list[Issue]:
    """What would keep a write from being carried out over what is stored now, by what the tenant holds to."""
    integrity = (await reader.policies()).over(asked.policies).integrity
    try:
        decided = decide(intent, current, 0, now())
        if isinstance(decided, Change):
            await reader.require_integrity(integrity, [as_stored(decided)])
    except FhirError as refusal:
        return list(refusal.issues)
    return []


def _told(issues: Sequence[Issue]) -> FhirResponse:
    return FhirResponse(200, outcome_text(*issues))


VALIDATE = Operation(
    code="validate",
    resource=ANY_TYPE,
    levels=("type", "instance"),
    title="What does this resource break?",
    description=(
        "Holds a resource to the structure of R4, its invariants, the profiles it claims and those asked for; with a "
        "mode, also to what would keep it from being created, updated or deleted. Nothing is written. The answer is an "
        "OperationOutcome with status 200, whatever it says; «All OK» when there is nothing to say."
    ),
    inputs=(
        Input(
            "resource",
            ANY_TYPE,
            "The resource; it may also be the body itself, the other parameters then being in the address. At instance "
            "level, the stored one when it is left out.",
        ),
        Input("mode", "code", "create, update, delete (both at instance level) or profile (needs a profile)."),
        Input("profile", "uri", "Profiles to hold it to, besides those it claims.", max=None),
    ),
    outputs=(Output("return", "OperationOutcome", "What was found.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": {"resourceType": "Patient", "name": [{"family": "Exemple"}]}},
            {"name": "mode", "valueCode": "create"},
        ],
    },
    read=_validate,
)
