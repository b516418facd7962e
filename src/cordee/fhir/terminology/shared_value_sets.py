"""National value sets from their XML to ValueSets (IHE ITI TF-2, Sharing Value Sets; the French *jeux de valeurs*)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from lxml import etree

from cordee.fhir.outcome import MalformedBody

NAMESPACE = "urn:ihe:iti:svs:2008"
_ROOTS = ("RetrieveValueSetResponse", "RetrieveMultipleValueSetsResponse")
_VALUE_SETS = ("ValueSet", "DescribedValueSet")
_NOS = "https://mos.esante.gouv.fr/NOS/"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_V3 = "http://terminology.hl7.org/CodeSystem/v3-"

_NATIONAL = {
    "1.2.250.1.213.1.1.4.5": "A02-ProfessionSavFaire-CISIS",
    "1.2.250.1.213.1.1.4.9": "A01-CadreExercice",
    "1.2.250.1.213.1.1.4.12": "A05-TypeDocComplementaire",
    "1.2.250.1.213.1.1.4.13": "A07-StatutVisibiliteDocument",
    "1.2.250.1.213.1.6.1.44": "R72-FinessStatutJuridique",
    "1.2.250.1.213.1.6.1.69": "R81-Civilite",
    "1.2.250.1.213.1.6.1.107": "R85-RolePriseCharge",
    "1.2.250.1.213.1.6.1.111": "R97-DroitExerciceCompl",
    "1.2.250.1.213.2.28": "R38-SpecialiteOrdinale",
    "1.2.250.1.213.2.29": "R39-Competence",
    "1.2.250.1.213.2.30": "R40-CompetenceExclusive",
    "1.2.250.1.213.2.32": "R42-DESCnonQualifiant",
    "1.2.250.1.213.2.33": "R43-CapaciteSavoirFaire",
    "1.2.250.1.213.2.34": "R44-QualificationPAC",
    "1.2.250.1.213.2.35": "R45-FonctionQualifiee",
    "1.2.250.1.213.2.76": "R359-SurspecialiteTransversale",
    "1.2.250.1.71.4.2.4": "R02-SecteurActivite",
}
"""The national terminologies (TRE) that value sets name by their OID (ANS, Nomenclatures des objets de santé)."""

SYSTEMS: Mapping[str, str] = {
    **{oid: f"{_NOS}TRE_{name}/FHIR/TRE-{name}" for oid, name in _NATIONAL.items()},
    "0.4.0.127.0.16.1.1.2.1": "http://standardterms.edqm.eu",
    "2.16.840.1.113883.3.26.1.1": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "2.16.840.1.113883.4.642.4.130": "http://hl7.org/fhir/allergy-intolerance-criticality",
    "2.16.840.1.113883.4.642.4.1373": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
    "2.16.840.1.113883.5.1150.1": "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
    "2.16.840.1.113883.5.110": f"{_V3}RoleClass",
    "2.16.840.1.113883.5.111": f"{_V3}RoleCode",
    "2.16.840.1.113883.5.25": f"{_V3}Confidentiality",
    "2.16.840.1.113883.5.4": f"{_V3}ActCode",
    "2.16.840.1.113883.5.83": f"{_V3}ObservationInterpretation",
    "2.16.840.1.113883.5.88": f"{_V3}ParticipationFunction",
    "2.16.840.1.113883.6.1": "http://loinc.org",
    "2.16.840.1.113883.6.8": "http://unitsofmeasure.org",
    "2.16.840.1.113883.6.73": "http://www.whocc.no/atc",
    "2.16.840.1.113883.6.96": "http://snomed.info/sct",
}
"""The addresses of code systems that value sets name by their OID (R4 terminologies-systems.html, and as above)."""


def is_shared_value_set(raw: bytes) -> bool:
    """Whether a file looks like one of these."""
    return NAMESPACE.encode() in raw[:4_000]


def systems_named(raw: bytes) -> frozenset[str]:
    """The OIDs of the code systems that a file names; raises `MalformedBody` as `value_sets` does."""
    return frozenset(
        oid
        for concept in _parsed(raw).iter(f"{{{NAMESPACE}}}Concept")
        if (oid := concept.get("codeSystem")) is not None and _OID.fullmatch(oid)
    )


def value_sets(raw: bytes, on: date, systems: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ValueSets of a file, their codes enumerated, without those that are over before the day `on`.

    `systems` are addresses of code systems by OID, beside `SYSTEMS`; one that is in neither is `urn:oid:…`. A national
    value set has the canonical address that the French guides bind to. Raises `MalformedBody` when the file is not XML,
    or not of this kind.
    """
    known = {**SYSTEMS, **systems}
    found = [
        _value_set(said, on, known) for name in _VALUE_SETS for said in _parsed(raw).iter(f"{{{NAMESPACE}}}{name}")
    ]
    if not found:
        raise MalformedBody("There is no ValueSet in this file.")
    return found


def _parsed(raw: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise MalformedBody(f"This is not XML: line {error.position[0]}, column {error.position[1]}.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedBody("A document type is not read: it can hide what the file says.")
    name = etree.QName(root)
    if name.namespace != NAMESPACE or name.localname not in _ROOTS:
        raise MalformedBody(f"The root element is {name.localname}; {_ROOTS[0]} of {NAMESPACE} was expected.")
    return root


def _value_set(said: etree._Element, on: date, systems: Mapping[str, str]) -> dict[str, Any]:
    oid = said.get("id", "")
    if not _OID.fullmatch(oid):
        raise MalformedBody(f"A value set's id is its OID; «{oid}» is not one.")
    name = (said.get("displayName") or oid).removesuffix(".tabs")
    url = _canonical(said.get("urlFichier")) or f"urn:oid:{oid}"
    revised = said.get("revisionDate")
    version = said.get("dateMaj") or re.sub(r"[^0-9]", "", (revised or "")[:19]) or said.get("version")
    made: dict[str, Any] = {
        "resourceType": "ValueSet",
        "id": _id(url.rpartition("/")[2] if "/" in url else name, oid),
        "url": url,
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{oid}"}],
        "version": version,
        "name": re.sub(r"[^A-Za-z0-9_]", "_", name),
        "title": said.get("description") or name,
        "status": "retired" if _is_over(said, on) else "active",
        "date": revised,
        "compose": {"include": _includes(said, on, systems)},
    }
    return {member: value for member, value in made.items() if value}


def _includes(said: etree._Element, on: date, systems: Mapping[str, str]) -> list[dict[str, Any]]:
    by_system: dict[str, dict[str, dict[str, str]]] = {}
    for concept in said.iter(f"{{{NAMESPACE}}}Concept"):
        code, oid = concept.get("code"), concept.get("codeSystem")
        if not code or not oid:
            raise MalformedBody(f"Line {concept.sourceline}: a Concept has a code and a codeSystem.")
        if _is_over(concept, on):
            continue
        system = systems.get(oid) or (f"urn:oid:{oid}" if _OID.fullmatch(oid) else oid)
        display = concept.get("displayName")
        by_system.setdefault(system, {}).setdefault(code, {"code": code} | ({"display": display} if display else {}))
    if not by_system:
        raise MalformedBody(f"The value set {said.get('id')} has no code.")
    return [{"system": system, "concept": list(codes.values())} for system, codes in by_system.items()]


def _canonical(address: str | None) -> str | None:
    """`…/NOS/JDV_X` is published for FHIR as `…/NOS/JDV_X/FHIR/JDV-X`."""
    if not address or not address.startswith(_NOS):
        return address or None
    name = address.rpartition("/")[2]
    return f"{address}/FHIR/{name.replace('_', '-', 1)}"


def _id(name: str, oid: str) -> str:
    found = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")
    return found if 0 < len(found) <= 64 else oid[:64]


def _is_over(said: etree._Element, on: date) -> bool:
    """Whether its last moment (`20241213120000`) was before a day."""
    ended = said.get("dateFin", "")
    return bool(re.fullmatch(r"[0-9]{8,}", ended)) and ended[:8] < on.strftime("%Y%m%d")
