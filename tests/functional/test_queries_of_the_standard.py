"""The example queries of R4's own pages (search.html, search_filter.html, compartmentdefinition.html).

A query is as its page has it, but for ids and dates of resources that the page does not give. `REFUSED` are those that
are not served, each with the issue that says so.
"""

import uuid
from collections.abc import Iterator
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from tests.functional.standard_resources import LOINC, RESOURCES, SNOMED, UCUM, WORDS
from tests.functional.test_cli import cordee

ALL_RISKS = {"risk", "low", "n99-4", "n99-5", "n100", "n100-003", "n100-4", "n104"}
ABOVE = {"n100-003", "n100-4", "n104"}

SERVED = {
    # search.html#all
    "Patient?_id=23": {"23"},
    "Observation?_lastUpdated=gt2010-10-01": {"mg", "g", "small", "glucose", "pressure"},
    "Condition?_tag=http://acme.org/codes|needs-review": {"head"},
    "DiagnosticReport?_profile=http://hl7.org/fhir/StructureDefinition/lipid": {"report"},
    "DiagnosticReport?_profile=Profile/lipid": {"report"},
    "Condition?_text=(bone OR liver) and metastases": {"bones"},
    "Patient?_list=42": {"23"},
    # search.html#modifiers
    "Patient?gender:missing=true": {"25"},
    "Patient?gender:missing=false": {"23", "24"},
    # search.html#number
    "RiskAssessment?probability=gt0.8": ALL_RISKS - {"low"},
    "RiskAssessment?probability=100": {"n99-5", "n100", "n100-003", "n100-4"},
    "RiskAssessment?probability=100.00": {"n100", "n100-003"},
    "RiskAssessment?probability=1e2": {"n99-4", "n99-5", "n100", "n100-003", "n100-4", "n104"},
    "RiskAssessment?probability=lt100": {"risk", "low", "n99-4", "n99-5"},
    "RiskAssessment?probability=le100": ALL_RISKS - ABOVE,
    "RiskAssessment?probability=gt100": ABOVE,
    "RiskAssessment?probability=ge100": ABOVE | {"n100"},
    "RiskAssessment?probability=ne100": {"risk", "low", "n99-4", "n104"},
    # search.html#date
    "Observation?date=eq2013-01-14": {"g", "small"},
    "Observation?date=ne2013-01-14": {"mg", "glucose"},
    "Observation?date=lt2013-01-14T10:00Z": {"g"},
    "Observation?date=gt2013-01-14T10:00Z": {"mg", "g", "small", "glucose"},
    "Observation?date=ge2013-03-14": {"mg", "glucose"},
    "Observation?date=le2013-03-14": {"mg", "g", "small", "glucose"},
    "Observation?date=sa2013-03-13": {"mg"},
    "Observation?date=eb2013-03-14": {"g", "small"},
    "Patient?birthdate=ge2010-01-01&birthdate=le2011-12-31": {"23"},
    # search.html#string
    "Patient?given=eve": {"23", "25"},
    "Patient?given:contains=eve": {"23", "24", "25"},
    "Patient?given:exact=Eve": {"23"},
    # search.html#uri
    "ValueSet?url=http://acme.org/fhir/ValueSet/123": {"set"},
    "ValueSet?url:below=http://acme.org/fhir/": {"set", "version"},
    "ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5": {"set", "version"},
    "ValueSet?url=urn:oid:1.2.3.4.5": {"oid"},
    # search.html#token
    "Patient?identifier=http://acme.org/patient|2345": {"23"},
    "Patient?gender=male": {"23"},
    "Patient?gender:not=male": {"24", "25"},
    "Composition?section=48765-2": {"notes"},
    "Composition?section:not=48765-2": {"other"},
    "Patient?active=true": {"23"},
    "Condition?code=http://acme.org/conditions/codes|ha125": {"head"},
    "Condition?code=ha125": {"head"},
    "Condition?code:text=headache": {"head"},
    "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053": {"23"},
    # search.html#quantity
    f"Observation?value-quantity=5.4|{UCUM}|mg": {"mg", "g"},
    f"Observation?value-quantity=5.40e-3|{UCUM}|g": {"mg", "g"},
    "Observation?value-quantity=5.4||mg": {"mg"},
    "Observation?value-quantity=5.4": {"mg"},
    f"Observation?value-quantity=le5.4|{UCUM}|mg": {"mg", "g", "small"},
    f"Observation?value-quantity=ap5.4|{UCUM}|mg": {"mg", "g", "small"},
    # search.html#reference
    "Observation?subject=Patient/23": {"mg"},
    "Observation?subject=http://elsewhere.org/fhir/Patient/23": {"small"},
    "Observation?subject:Patient=23": {"mg"},
    "Observation?subject:identifier=http://acme.org/fhir/identifier/mrn|123456": {"g"},
    # search.html#composite
    f"DiagnosticReport?result.code-value-quantity={LOINC}|2823-3$gt5.4|{UCUM}|mmol/L": {"report"},
    f"Observation?component-code-value-quantity={LOINC}|8480-6$lt60": {"pressure"},
    f"Observation?component-code-value-quantity={LOINC}|8462-4$lt60": set(),
    "Group?characteristic-value=gender$mixed": {"102"},
    f"Questionnaire?context-type-value=focus${SNOMED}|408934002": {"focus"},
    # search.html#combining
    "Patient?language=FR,NL": {"23", "24"},
    "Patient?language=FR&language=NL": set(),
    # search.html#chaining, #has
    "DiagnosticReport?subject.name=peter": {"report"},
    "DiagnosticReport?subject:Patient.name=peter": {"report"},
    "Patient?general-practitioner.name=Joe&general-practitioner.address-state=MN": {"23"},
    "Patient?_has:Observation:patient:code=1234-5": {"23"},
    "Patient?_has:Observation:patient:_has:AuditEvent:entity:agent-name=MyUserId": set(),
    "Patient?_has:Observation:patient:_has:AuditEvent:entity:altid=MyUserId": {"23"},
    "Encounter?patient._has:Group:member:_id=102": {"visit"},
    # search.html#include
    "MedicationRequest?_include=MedicationRequest:patient": {"request", "23"},
    "MedicationRequest?_revinclude=Provenance:target": {"request", "made"},
    "MedicationRequest?_include=MedicationRequest:requester:Practitioner": {"request", "joe"},
    "MedicationDispense?_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:requester":
        {"dispense", "request", "joe"},
    # search.html#return
    "Observation?_sort=status,-date,category": {"mg", "g", "small", "glucose", "pressure"},
    "ValueSet?_summary=true": {"set", "version", "oid"},
    "Patient?_elements=identifier,active,link": {"23", "24", "25"},
    "?_type=Condition,RiskAssessment&_lastUpdated=gt2010": {"head", "bones"} | ALL_RISKS,
    # compartmentdefinition.html, search.html#compartment
    "Patient/23/Condition": {"head", "bones"},
    "Patient/23/Observation?code=1234-5": {"mg"},
    "Patient/23/Condition?code=ha125,none": {"head"},
    # search_filter.html
    '?_type=Patient&_filter=_id eq 23': {"23"},
    'Patient?_filter=given eq "peter" and birthdate ge 2014-10-10': {"24"},
    'Patient?_filter=name co "pet"': {"23", "24"},
    'Patient?_filter=given eq "eve" or (given eq "peter" and not (gender eq male))': {"23", "24"},
    'DiagnosticReport?_filter=code eq a and subject.name co "eter"': {"report"},
    'Patient?_filter=birthdate pr false': {"25"},
}  # fmt: skip

REFUSED = {
    # A value set and a hierarchy that are not stored here are told, not taken for empty.
    "Condition?code:in=http%3A%2F%2Fsnomed.info%2Fsct%3Ffhir_vs%3Disa%2F126851005": "not-found",
    f"Condition?code:below={SNOMED}|126851005": "not-found",
    # A code of no system is below nothing.
    "Condition?code:below=126851005": "value",
    # Named queries and positions: no server of ours defines any, and nothing is stored to find by.
    "Patient?_query=current-high-risk": "not-supported",
    "Location?near=-83.694810|42.256500|11.20|km": "not-supported",
    # `phonetic` has no meaning that R4 gives.
    "Patient?phonetic=Peterson": "not-supported",
    # Functional lists are computed by whoever knows the field.
    "AllergyIntolerance?patient=42&_list=$current-allergies": "value",
    # What is contained is found with what contains it, never by itself.
    "MedicationRequest?_contained=true": "not-supported",
    "MedicationRequest?_contained=both&_containedType=contained": "not-supported",
    # Neither a parameter of R4, though its page has it.
    "Patient?_filter=nickname eq \"pete\"": "not-supported",
}  # fmt: skip


@pytest.fixture(scope="module")
async def new_tenant(dsn: str) -> str:
    """A tenant for this module."""
    name = f"standard-{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO tenant (name) VALUES ($1)", name)
    await connection.close()
    return name


@pytest.fixture(scope="module")
def standard(server_url: str, dsn: str, new_tenant: str) -> Iterator[httpx.Client]:
    """A client on a tenant that has the resources, its words indexed."""
    url, json = f"{server_url}/t/{new_tenant}/fhir", {"Content-Type": "application/fhir+json"}
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in [*RESOURCES, WORDS]
    ]
    with httpx.Client(base_url=url, timeout=60) as client:
        answer = client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}, headers=json)
        assert answer.status_code == 200, answer.text
        assert cordee("search-parameter", "index", "--tenant", new_tenant, dsn=dsn).returncode == 0
        yield client


def asked(client: httpx.Client, query: str) -> httpx.Response:
    path, mark, rest = query.partition("?")
    return client.get(f"/{path}{mark}{quote(rest, safe='=&:,|$%')}" if path else f"?{quote(rest, safe='=&:,|$%')}")


@pytest.mark.parametrize("query", SERVED)
def test_an_example_of_the_standard_finds_what_it_should(standard: httpx.Client, query: str) -> None:
    answer = asked(standard, query)
    assert answer.status_code == 200, answer.text
    found = {entry["resource"]["id"] for entry in answer.json().get("entry", ())}
    assert found == SERVED[query]


@pytest.mark.parametrize("query", REFUSED)
def test_an_example_that_is_not_served_is_refused_by_name(standard: httpx.Client, query: str) -> None:
    answer = asked(standard, query)
    assert 400 <= answer.status_code < 500
    assert answer.json()["issue"][0]["code"] == REFUSED[query], answer.text


def test_an_example_asked_by_post_answers_as_by_get(standard: httpx.Client) -> None:
    form = {"given": "eve", "gender": "male"}
    posted = standard.post("/Patient/_search", data=form).json()
    assert [entry["resource"]["id"] for entry in posted["entry"]] == ["23"]
