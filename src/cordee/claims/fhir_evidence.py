"""FHIR resources (plain dicts) into the core's inputs; their shapes are in docs/decisions/0005."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

from cordee.claims.canonical import SESSION_CARE_PLAN, STRUCTURE_CATEGORY
from cordee.claims.evidence import Code, Session, Structure
from cordee.claims.fhir_dates import exact_day, minutes_between

Resource = Mapping[str, Any]

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_PERFORMING = frozenset({"PPRF", "SPRF", "ATND", "CON", "PART"})


class EvidenceError(ValueError):
    """A resource that can't be read as evidence: the message names it, what is wrong, and what to write."""


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Names `place` in the EvidenceError raised for a value in it that can't be read."""
    try:
        yield
    except EvidenceError:
        raise
    except (ValueError, OverflowError) as error:
        raise EvidenceError(f"{place}: {error}") from error


def reference_of(resource: Resource) -> str:
    """The local reference of a resource, `CarePlan/abc`."""
    return f"{resource['resourceType']}/{resource['id']}"


def versioned_reference(resource: Resource) -> str:
    """The reference of a stored resource with its version, `CarePlan/abc/_history/2`."""
    return f"{reference_of(resource)}/_history/{resource['meta']['versionId']}"


def local_reference(reference: Resource | None) -> str | None:
    """The address in a Reference without its version, None when it has only an identifier or a display."""
    text = (reference or {}).get("reference")
    return text.partition("/_history/")[0] if isinstance(text, str) else None


def refuse_elsewhere(reference: str | None, place: str) -> None:
    """Raises EvidenceError for an address of another server: what is there can't be read as evidence.

    References under this server's own address are made relative when they are stored.
    """
    if reference is not None and reference.startswith(("http://", "https://")):
        raise EvidenceError(f"{place}: {reference} is an address of another server: load it here and name it Type/id")


def identifiers_of(resource: Resource) -> tuple[str, ...]:
    """Every business identifier of a resource as `system|value`, sorted."""
    return tuple(
        sorted(
            f"{identifier['system']}|{identifier['value']}"
            for identifier in resource.get("identifier", ())
            if identifier.get("system") and identifier.get("value")
        )
    )


def codes_of(concepts: Iterable[Resource]) -> Iterator[Code]:
    """The codes of CodeableConcepts, in the order written."""
    for concept in concepts:
        for coding in concept.get("coding", ()):
            if coding.get("system") and coding.get("code"):
                yield Code(coding["system"], coding["code"], coding.get("display", concept.get("text", "")))


def structure_from_organization(organization: Resource) -> Structure:
    """The structure responsible for coordination; its categories are the codes of `type` in the project's system."""
    reference = reference_of(organization)
    categories = sorted(
        {code.code for code in codes_of(organization.get("type", ())) if code.system == STRUCTURE_CATEGORY}
    )
    return Structure(reference, organization.get("name", reference), identifiers_of(organization), tuple(categories))


def session_from_encounter(encounter: Resource, zone: tzinfo) -> Session:
    """A session; `zone` is the structure's time zone, which tells the day.

    Performers are the Practitioners and PractitionerRoles of `participant.individual` whose type, when
    there is one, is of performing (PPRF, SPRF, ATND, CON, PART of v3-ParticipationType): a referrer did
    not do the act. Raises EvidenceError for a date or a length that can't be read.
    """
    with reading(reference_of(encounter)):
        return _session(encounter, zone)


def _session(encounter: Resource, zone: tzinfo) -> Session:
    period, stated = encounter.get("period", {}), _stated_minutes(encounter)
    concepts = [*encounter.get("type", ())]
    if "serviceType" in encounter:
        concepts.append(encounter["serviceType"])
    refuse_elsewhere(session_care_plan(encounter), f"{reference_of(encounter)}: its care plan")
    return Session(
        reference=reference_of(encounter),
        status=encounter["status"],
        patient=local_reference(encounter.get("subject")) or "",
        care_plan=session_care_plan(encounter),
        day=exact_day(period.get("start"), zone),
        # A stated length wins even when it is impossible: the settlement says so, rather than guess.
        minutes=minutes_between(period.get("start"), period.get("end")) if stated is None else stated,
        codes=tuple(dict.fromkeys(codes_of(concepts))),
        performers=tuple(sorted(set(_performers(encounter)))),
    )


def session_care_plan(encounter: Resource) -> str | None:
    """The local reference of the CarePlan that an Encounter says it is of."""
    extension = extension_of(encounter, SESSION_CARE_PLAN)
    return local_reference(extension.get("valueReference")) if extension is not None else None


def _stated_minutes(encounter: Resource) -> int | None:
    length = encounter.get("length", {})
    if length.get("code") != "min" or length.get("value") is None:
        return None
    return int(length["value"])


def _performers(encounter: Resource) -> Iterator[str]:
    for participant in encounter.get("participant", ()):
        reference = local_reference(participant.get("individual"))
        types = [code for code in codes_of(participant.get("type", ())) if code.system == _PARTICIPATION]
        if types and not any(code.code in _PERFORMING for code in types):
            continue
        if reference is not None and not reference.startswith("RelatedPerson/"):
            yield reference


def extension_of(element: Resource, url: str) -> Resource | None:
    """The extension of an element with an address."""
    return next((extension for extension in element.get("extension", ()) if extension.get("url") == url), None)
