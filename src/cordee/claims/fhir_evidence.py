"""FHIR resources (plain dicts) into the core's inputs; their shapes are in docs/decisions/0005."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

from cordee.claims.canonical import INCLUSION_DECISION, PROFILE_SYSTEM, SESSION_CARE_PLAN, pathway_code
from cordee.claims.evidence import Code, Decision, Exit, Inclusion, Session, Structure
from cordee.claims.fhir_dates import exact_day, first_day, last_day, minutes_between

Resource = Mapping[str, Any]

_FOLLOWED = frozenset({"active", "on-hold", "completed", "revoked"})
_ENDED = frozenset({"completed", "revoked"})
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
    """The structure responsible for coordination."""
    reference = reference_of(organization)
    return Structure(reference, organization.get("name", reference), identifiers_of(organization))


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


def inclusion_from_care_plan(care_plan: Resource, patient: Resource | None, zone: tzinfo) -> Inclusion:
    """The inclusion a CarePlan tells; `patient` tells of a death. Raises EvidenceError."""
    with reading(reference_of(care_plan)):
        return _inclusion(care_plan, patient, zone)


def _inclusion(care_plan: Resource, patient: Resource | None, zone: tzinfo) -> Inclusion:
    reference = reference_of(care_plan)
    pathways = [code for text in care_plan.get("instantiatesCanonical", ()) if (code := pathway_code(text))]
    if len(pathways) != 1:
        raise EvidenceError(f"{reference}: instantiatesCanonical must name one pathway, it names {len(pathways)}")
    period = care_plan.get("period", {})
    if "start" not in period:
        raise EvidenceError(f"{reference}: period.start is missing: write the first day of the parcours")
    profiles = [c.code for c in codes_of(care_plan.get("category", ())) if c.system == PROFILE_SYSTEM]
    if len(profiles) > 1:
        raise EvidenceError(f"{reference}: several profiles in category: {', '.join(profiles)}; keep one")
    author = local_reference(care_plan.get("author"))
    for name in ("subject", "author"):
        refuse_elsewhere(local_reference(care_plan.get(name)), f"{reference}.{name}")
    return Inclusion(
        care_plan=reference,
        patient=local_reference(care_plan.get("subject")) or "",
        pathway=pathways[0],
        profile=profiles[0] if profiles else None,
        structure=author if author is not None and author.startswith("Organization/") else None,
        start=first_day(period["start"], zone),
        active=care_plan.get("status") in _FOLLOWED,
        decision=_decision(care_plan, reference, zone),
        exit=_exit(care_plan, patient or {}, reference, zone),
        care_teams=tuple(
            team for member in care_plan.get("careTeam", ()) if (team := local_reference(member)) is not None
        ),
    )


def _decision(care_plan: Resource, reference: str, zone: tzinfo) -> Decision | None:
    extension = _extension(care_plan, INCLUSION_DECISION)
    if extension is None:
        return None
    day = (_extension(extension, "date") or {}).get("valueDate")
    decider = local_reference((_extension(extension, "decider") or {}).get("valueReference"))
    if day is None or decider is None:
        raise EvidenceError(f"{reference}: the inclusion decision needs a date (valueDate) and a decider")
    refuse_elsewhere(decider, f"{reference}: the inclusion decision's decider")
    return Decision(first_day(day, zone), decider)


def _exit(care_plan: Resource, patient: Resource, reference: str, zone: tzinfo) -> Exit | None:
    end = care_plan.get("period", {}).get("end")
    died = patient.get("deceasedDateTime")
    found: list[Exit] = []
    if died is not None:
        with reading(f"{reference}: the Patient's deceasedDateTime"):
            found.append(Exit(last_day(died, zone), "died"))
    if care_plan.get("status") in _ENDED:
        if end is None:
            raise EvidenceError(f"{reference}: a plan {care_plan['status']} needs period.end, the patient's last day")
        found.append(Exit(last_day(end, zone), "died" if patient.get("deceasedBoolean") else "left"))
    elif patient.get("deceasedBoolean"):
        raise EvidenceError(f"{reference}: the patient died, no day is known: end the plan, with period.end")
    return min(found, key=lambda gone: gone.day, default=None)


def session_care_plan(encounter: Resource) -> str | None:
    """The local reference of the CarePlan that an Encounter says it is of."""
    extension = _extension(encounter, SESSION_CARE_PLAN)
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


def _extension(element: Resource, url: str) -> Resource | None:
    return next((extension for extension in element.get("extension", ()) if extension.get("url") == url), None)
