"""Each example query of R4 search.html is understood, or refused for a reason that is written here."""

from urllib.parse import parse_qsl

import pytest

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search, parse_search, search_parameters_as_query
from cordee.fhir.query_types import parse_searches

EXAMPLES = """
Patient?_id=23
Observation?_lastUpdated=gt2010-10-01
Condition?_tag=http://acme.org/codes|needs-review
Condition?_tag=http://acme.org/codes|
DiagnosticReport?_profile=http://hl7.org/fhir/StructureDefinition/lipid
Patient?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R
Patient?_source=http://example.org/fhir/Organization/123
Patient?_source:below=http://example.org/fhir
Patient?_has:Observation:patient:code=1234-5
Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId
Patient?_has:Group:member:_id=102
Encounter?patient._has:Group:member:_id=102
Patient?_list=42
Patient?gender:missing=true
Patient?gender:not=male
Patient?given=eve
Patient?given:contains=eve
Patient?given:exact=Eve
Patient?language=FR,NL
Patient?language=FR&language=NL
RiskAssessment?probability=gt0.8
RiskAssessment?probability=100
RiskAssessment?probability=100.00
RiskAssessment?probability=1e2
RiskAssessment?probability=lt100
RiskAssessment?probability=le100
RiskAssessment?probability=gt100
RiskAssessment?probability=ge100
RiskAssessment?probability=ne100
Observation?date=eq2013-01-14
Observation?date=ne2013-01-14
Observation?date=lt2013-01-14T10:00
Observation?date=gt2013-01-14T10:00
Observation?date=ge2013-03-14
Observation?date=le2013-03-14
Observation?date=sa2013-03-14
Observation?date=eb2013-03-14
Observation?date=ap2013-03-14
Procedure?date=ge2010-01-01&date=le2011-12-31
AllergyIntolerance?date=2013-01
Observation?code-value-date=http://loinc.org|1234-5$2013
Observation?value-quantity=5.4|http://unitsofmeasure.org|mg
Observation?value-quantity=5.40e-3|http://unitsofmeasure.org|g
Observation?value-quantity=5.4||mg
Observation?value-quantity=5.4
Observation?value-quantity=le5.4|http://unitsofmeasure.org|mg
Observation?value-quantity=ap5.4|http://unitsofmeasure.org|mg
ValueSet?url=http://acme.org/fhir/ValueSet/123
ValueSet?url:below=http://acme.org/fhir/
ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5
ValueSet?url=urn:oid:1.2.3.4.5
Patient?identifier=http://acme.org/patient|2345
Patient?gender=male
Composition?section=48765-2
Patient?active=true
Condition?code=http://acme.org/conditions/codes|ha125
Condition?code=ha125
Condition?code:text=headache
Condition?code:in=http://snomed.info/sct?fhir_vs=isa/126851005
Condition?code:below=http://snomed.info/sct|126851005
Condition?code:in=http://acme.org/fhir/ValueSet/cardiac-conditions
Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053
Observation?subject=Patient/23
Observation?subject:Patient=23
Observation?subject=http://acme.org/fhir/Patient/23
Observation?subject:identifier=http://acme.org/fhir/identifier/mrn|123456
Observation?value-concept=http://snomed.info/sct|1234\\|5
DiagnosticReport?subject.name=peter
DiagnosticReport?subject:Patient.name=peter
Patient?general-practitioner.name=Joe&general-practitioner.address-state=MN
DiagnosticReport?result.code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L
Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60
Group?characteristic-value=gender$mixed
Questionnaire?context-type-value=focus$http://snomed.info/sct|408934002
Observation?_sort=status,-date,category
Patient?_sort=family,given&_count=20
MedicationRequest?_include=MedicationRequest:patient
MedicationRequest?_include=MedicationRequest:requester:Practitioner
MedicationRequest?_revinclude=Provenance:target
MedicationRequest?_include=MedicationRequest:medication&_include:iterate=Medication:manufacturer
Observation?_include:iterate=Observation:has-member
Observation?_include=*
Patient?_elements=identifier,active,link
ValueSet?_summary=true
Patient?_summary=text
Patient?_summary=count
Patient?_total=estimate
Patient?_total=accurate
"""

OF_SEVERAL_TYPES = ("_type=Patient,Practitioner&_id=23", "_tag=http://acme.org/codes|needs-review")

REFUSED = {
    "AllergyIntolerance?patient=42&_list=$current-allergies": "functional lists are computed, and none is served",
    "Condition?code:below=126851005": "a code is below another in a system, which must be named",
    "Patient?_query=name": "there are no named queries",
    "Location?near=-83.694810|42.256500|11.20|km": "there is no index of places",
    "Medication?_contained=true": "contained resources are no results of their own",
    "Patient?identifier:below=1": "a hierarchy is that of a system",
}


def parsed(query: str) -> Search:
    type_, _, parameters = query.partition("?")
    return parse_search(type_, parse_qsl(parameters.replace("+", "%2B"), strict_parsing=True))


@pytest.mark.parametrize("query", EXAMPLES.split())
def test_an_example_of_the_standard_is_understood_and_written_back(query: str) -> None:
    search = parsed(query)
    assert search.ignored == ()
    assert parse_search(search.resource_type, search_parameters_as_query(search)) == search


@pytest.mark.parametrize("query", OF_SEVERAL_TYPES)
def test_an_example_over_several_types_is_understood_in_each(query: str) -> None:
    searches = parse_searches(parse_qsl(query))
    assert len(searches) in (2, 146)
    assert all(search.criteria for search in searches)


@pytest.mark.parametrize("query", REFUSED)
def test_what_is_not_served_is_refused(query: str) -> None:
    with pytest.raises(InvalidSearch):
        parsed(query)
