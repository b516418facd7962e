"""A pathway as an R4 PlanDefinition, with its YAML inside; and back, so that a past version can be used again.

The YAML is what is read. The elements are derived from it, for those who search and read FHIR.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from cordee.pathways import canonical
from cordee.pathways.fhir_labels import concept, duration_quantity, period, quantity, translated
from cordee.pathways.model import Eligibility, Label, Pathway, Profession, RequiredAct, Sequence, Source
from cordee.pathways.reader import FORMAT, read_pathway

MEDIA_TYPE = "application/yaml"
PARCOURS_TOPIC = "parcours"

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


class NoPathwayFileError(ValueError):
    """A PlanDefinition that holds no pathway file, or one that is damaged; the message names it and what to mend."""


def plan_definition(pathway: Pathway, yaml_text: str) -> dict[str, Any]:
    """The PlanDefinition of a pathway; `yaml_text` is the very text `pathway` was read from."""
    built: dict[str, Any] = {
        "resourceType": "PlanDefinition",
        "id": pathway.code,
        "language": "fr",
        "url": canonical.pathway_canonical(pathway.code),
        "version": pathway.version,
        "name": computable_name(pathway.code),
        **translated("title", pathway.label),
        "type": concept(f"{_TERMINOLOGY}/plan-definition-type", "clinical-protocol"),
        "status": "active",
        "topic": [concept(canonical.TOPIC_SYSTEM, PARCOURS_TOPIC)],
        "jurisdiction": [concept("urn:iso:std:iso:3166", "FR")],
        "effectivePeriod": period(pathway.validity),
        "relatedArtifact": [
            _yaml_artifact(pathway, yaml_text),
            *(_citation(source) for source in pathway.sources),
            *({"type": "composed-of", "resource": address} for address in _components(pathway)),
        ],
    }
    if pathway.payment_model != "per_patient":
        built["subjectCodeableConcept"] = concept("http://hl7.org/fhir/resource-types", "Group")
    if pathway.not_public:
        built |= translated("description", _not_public(pathway))
    if contexts := list(_use_contexts(pathway.eligibility)):
        built["useContext"] = contexts
    actions = [_sequence_action(pathway, index) for index in range(len(pathway.sequences))]
    if actions := actions or [_act_action(pathway, RequiredAct(act.code, 1), times=False) for act in pathway.acts]:
        built["action"] = actions
    return built


def pathway_of(resource: Mapping[str, Any]) -> Pathway:
    """The pathway whose file a PlanDefinition holds.

    Raises NoPathwayFileError when it holds none or a damaged one, FileRefusedError when the file has problems.
    """
    text = pathway_text(resource)
    pathway = read_pathway(_reference(resource), text)
    if resource.get("url") != canonical.pathway_canonical(pathway.code):
        raise NoPathwayFileError(
            f"{_reference(resource)}: url is {resource.get('url')}, its file is of {pathway.code}: publish it again"
        )
    return pathway


def pathway_text(resource: Mapping[str, Any]) -> str:
    """The text of the pathway file a PlanDefinition holds; raises NoPathwayFileError."""
    artifacts = [artifact for artifact in resource.get("relatedArtifact", ()) if artifact.get("label") == FORMAT]
    documents = [artifact.get("document", {}) for artifact in artifacts]
    kept = [document for document in documents if document.get("contentType") == MEDIA_TYPE and "data" in document]
    if len(kept) != 1:
        raise NoPathwayFileError(
            f"{_reference(resource)}: one relatedArtifact labelled {FORMAT}, with a document of type {MEDIA_TYPE}, "
            "is expected: publish the file again"
        )
    try:
        content = base64.b64decode(kept[0]["data"], validate=True)
        text = content.decode()
    except ValueError as error:
        raise NoPathwayFileError(f"{_reference(resource)}: its file can't be decoded: publish it again") from error
    if kept[0].get("hash") not in {None, _hash(content)}:
        raise NoPathwayFileError(
            f"{_reference(resource)}: its file is not the one its hash was taken of: publish it again"
        )
    return text


def versioned(pathway: Pathway, address: str) -> str:
    """A canonical address with the pathway's version."""
    return f"{address}|{pathway.version}"


def act_id(pathway: Pathway, act: str) -> str:
    """The id of the definition of an act or a forfait of a pathway."""
    return f"{pathway.code}.{act}"


def computable_name(code: str) -> str:
    """A code as a name that programs accept: upper-case first, without hyphens (invariant of canonical resources)."""
    return "".join(part.capitalize() for part in code.replace(".", "-").split("-"))


def profession_concept(profession: Profession) -> dict[str, Any]:
    """A profession in its national nomenclature."""
    return concept(profession.system, profession.code, profession.label)


def _reference(resource: Mapping[str, Any]) -> str:
    return f"PlanDefinition/{resource.get('id')}"


def _yaml_artifact(pathway: Pathway, text: str) -> dict[str, Any]:
    content = text.encode()
    return {
        "type": "derived-from",
        "label": FORMAT,
        "document": {
            "contentType": MEDIA_TYPE,
            "data": base64.b64encode(content).decode(),
            "size": len(content),
            "hash": _hash(content),
            "title": f"{pathway.code}.yaml",
        },
    }


def _hash(content: bytes) -> str:
    # SHA-1 is what R4 asks of Attachment.hash; it guards against damage, not against forgery.
    return base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def _citation(source: Source) -> dict[str, Any]:
    citation: dict[str, Any] = {"type": "citation", "label": source.code, "display": source.title}
    if source.address is not None:
        citation["url"] = source.address
        document = {"url": source.address, "title": source.title}
        if source.published_on is not None:
            citation["document"] = document | {"creation": source.published_on.isoformat()}
    return citation


def _components(pathway: Pathway) -> Iterator[str]:
    for act in pathway.acts:
        yield versioned(pathway, canonical.ACTIVITY + act_id(pathway, act.code))
    for forfait in pathway.forfaits:
        yield versioned(pathway, canonical.CHARGE + act_id(pathway, forfait.code))


def _not_public(pathway: Pathway) -> Label:
    return Label(
        "N'est pas public, et la convention l'indique :\n" + "".join(f"\n- {label.fr}" for label in pathway.not_public),
        "Not public, and stated by the convention:\n" + "".join(f"\n- {label.en}" for label in pathway.not_public),
    )


def _use_contexts(eligibility: Eligibility) -> Iterator[dict[str, Any]]:
    ages = {
        side: quantity(age, "ans", "a")
        for side, age in (("low", eligibility.minimum_age), ("high", eligibility.maximum_age))
        if age is not None
    }
    if ages:
        yield {"code": {"system": f"{_TERMINOLOGY}/usage-context-type", "code": "age"}, "valueRange": ages}
    for condition in eligibility.conditions:
        coded = concept(condition.system, condition.code) if condition.system and condition.code else {}
        yield {
            "code": {"system": f"{_TERMINOLOGY}/usage-context-type", "code": "focus"},
            "valueCodeableConcept": coded | translated("text", condition.label),
        }


def _sequence_action(pathway: Pathway, index: int) -> dict[str, Any]:
    sequence = pathway.sequences[index]
    action: dict[str, Any] = {
        "id": sequence.code,
        "prefix": str(index + 1),
        **translated("title", sequence.label),
        "code": [concept(canonical.SEQUENCE_SYSTEM, sequence.code)],
        "groupingBehavior": "logical-group",
    }
    if index:
        previous = pathway.sequences[index - 1].code
        action["relatedAction"] = [{"actionId": previous, "relationship": "after-end"}]
    if sequence.duration is not None and (duration := duration_quantity(sequence.duration)):
        action["timingDuration"] = duration
    if acts := _required_actions(pathway, sequence):
        action |= {"selectionBehavior": "all", "requiredBehavior": "must", "action": acts}
    return action


def _required_actions(pathway: Pathway, sequence: Sequence) -> list[dict[str, Any]]:
    return [_act_action(pathway, required, times=True) for required in sequence.required_acts or ()]


def _act_action(pathway: Pathway, required: RequiredAct, *, times: bool) -> dict[str, Any]:
    act = next(act for act in pathway.acts if act.code == required.act)
    action: dict[str, Any] = {
        **translated("title", act.label),
        "code": [concept(act.system, act.code)],
        "definitionCanonical": versioned(pathway, canonical.ACTIVITY + act_id(pathway, act.code)),
    }
    if times:
        repeat: dict[str, Any] = {"count": required.count}
        if required.within is not None and (bounds := duration_quantity(required.within)):
            repeat["boundsDuration"] = bounds
        action["timingTiming"] = {"repeat": repeat}
    profession = next((p for p in pathway.professions if p.name == required.profession), None)
    if profession is not None:
        action["participant"] = [{"type": "practitioner", "role": profession_concept(profession)}]
    return action
