"""A few resources that the example queries of R4 find, or just miss."""

UCUM, LOINC, SNOMED = "http://unitsofmeasure.org", "http://loinc.org", "http://snomed.info/sct"
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
QUANTITY = {"system": UCUM, "code": "mg", "unit": "mg"}


def concept(code, system=None, text=None):
    coding = {"code": code, **({"system": system} if system else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


def observation(id_, code, **rest):
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": concept(code, LOINC), **rest}


def condition(id_, **rest):
    return {"resourceType": "Condition", "id": id_, "subject": {"reference": "Patient/23"}, **rest}


def narrative(text):
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'}


def medication_request(id_, **rest):
    base = {"resourceType": "MedicationRequest", "id": id_, "status": "active", "intent": "order"}
    return base | {"subject": {"reference": "Patient/23"}, "medicationCodeableConcept": {"text": "a"}} | rest


RESOURCES = [
    {"resourceType": "Patient", "id": "23", "active": True, "gender": "male", "birthDate": "2010-06-01",
     "communication": [{"language": concept("FR")}], "name": [{"given": ["Eve"], "family": "Peterson"}],
     "identifier": [{"system": "http://acme.org/patient", "value": "2345"}, {"type": MR, "value": "446053"}],
     "generalPractitioner": [{"reference": "Practitioner/joe"}], "contact": [{"name": {"text": "x"}}]},
    {"resourceType": "Patient", "id": "24", "gender": "female", "birthDate": "2014-10-10",
     "communication": [{"language": concept("NL")}],
     "name": [{"given": ["Peter", "steven"], "family": "Levene"}]},
    {"resourceType": "Patient", "id": "25", "name": [{"given": ["evelyn"]}]},
    {"resourceType": "Practitioner", "id": "joe", "name": [{"given": ["Joe"]}], "address": [{"state": "MN"}]},
    observation("mg", "1234-5", subject={"reference": "Patient/23"}, valueQuantity={"value": 5.4, **QUANTITY},
                status="final", effectiveDateTime="2013-03-14"),
    observation("g", "9-9",
                subject={"identifier": {"system": "http://acme.org/fhir/identifier/mrn", "value": "123456"}},
                effectiveDateTime="2013-01-14", valueQuantity={"value": 0.0054, "system": UCUM, "code": "g"}),
    observation("small", "9-9", subject={"reference": "http://elsewhere.org/fhir/Patient/23"},
                valueQuantity={"value": 5, **QUANTITY}, effectiveDateTime="2013-01-14T10:30:00Z"),
    observation("glucose", "2823-3", valueQuantity={"value": 6, "system": UCUM, "code": "mmol/L"},
                effectivePeriod={"start": "2013-03-10", "end": "2013-03-20"}),
    observation("pressure", "55284-4", component=[
        {"code": concept("8480-6", LOINC), "valueQuantity": {"value": 55, "system": UCUM, "code": "mm[Hg]"}},
        {"code": concept("8462-4", LOINC), "valueQuantity": {"value": 90, "system": UCUM, "code": "mm[Hg]"}}]),
    {"resourceType": "DiagnosticReport", "id": "report", "status": "final", "code": concept("a"),
     "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/lipid", "Profile/lipid"]},
     "subject": {"reference": "Patient/24"}, "result": [{"reference": "Observation/glucose"}]},
    condition("head", code=concept("ha125", "http://acme.org/conditions/codes", "Headache of tension"),
              meta={"tag": [{"system": "http://acme.org/codes", "code": "needs-review"}]}),
    condition("bones", code=concept("126851005", SNOMED), text=narrative("metastases in the liver")),
    {"resourceType": "RiskAssessment", "id": "risk", "status": "final", "subject": {"reference": "Patient/23"},
     "prediction": [{"probabilityDecimal": 0.9}]},
    {"resourceType": "RiskAssessment", "id": "low", "status": "final", "subject": {"reference": "Patient/23"},
     "prediction": [{"probabilityDecimal": 0.5}]},
    *({"resourceType": "RiskAssessment", "id": f"n{number}".replace(".", "-"), "status": "final",
       "subject": {"reference": "Patient/24"}, "prediction": [{"probabilityDecimal": number}]}
      for number in (99.4, 99.5, 100, 100.003, 100.4, 104)),
    *({"resourceType": "ValueSet", "id": id_, "status": "active", "url": url} for id_, url in (
        ("set", "http://acme.org/fhir/ValueSet/123"), ("version", "http://acme.org/fhir/ValueSet/123/_history/5"),
        ("oid", "urn:oid:1.2.3.4.5"))),
    {"resourceType": "Composition", "id": "notes", "status": "final", "type": concept("a"), "date": "2020",
     "title": "t", "author": [{"display": "x"}],
     "section": [{"code": concept("48765-2", LOINC)}, {"code": concept("1-1", LOINC)}]},
    {"resourceType": "Composition", "id": "other", "status": "final", "type": concept("a"), "date": "2020",
     "title": "t", "author": [{"display": "x"}], "section": [{"code": concept("1-1", LOINC)}]},
    {"resourceType": "Group", "id": "102", "type": "person", "actual": True,
     "member": [{"entity": {"reference": "Patient/23"}}],
     "characteristic": [{"code": concept("gender"), "valueCodeableConcept": concept("mixed"), "exclude": False}]},
    {"resourceType": "Encounter", "id": "visit", "status": "finished", "class": {"code": "AMB"},
     "subject": {"reference": "Patient/23"}},
    {"resourceType": "Questionnaire", "id": "focus", "status": "active", "useContext": [
        {"code": {"code": "focus"}, "valueCodeableConcept": concept("408934002", SNOMED)}]},
    {"resourceType": "AuditEvent", "id": "audit", "type": {"code": "rest"}, "recorded": "2020-01-01T00:00:00Z",
     "agent": [{"requestor": True, "altId": "MyUserId", "who": {"reference": "Practitioner/joe"}}],
     "source": {"observer": {"display": "x"}}, "entity": [{"what": {"reference": "Observation/mg"}}]},
    {"resourceType": "List", "id": "42", "status": "current", "mode": "working",
     "entry": [{"item": {"reference": "Patient/23"}}]},
    {"resourceType": "AllergyIntolerance", "id": "nuts", "patient": {"reference": "Patient/23"}},
    medication_request("request", requester={"reference": "Practitioner/joe"}),
    {"resourceType": "MedicationDispense", "id": "dispense", "status": "completed",
     "medicationCodeableConcept": {"text": "a"},
     "authorizingPrescription": [{"reference": "MedicationRequest/request"}]},
    {"resourceType": "Provenance", "id": "made", "target": [{"reference": "MedicationRequest/request"}],
     "recorded": "2020-01-01T00:00:00Z", "agent": [{"who": {"display": "x"}}]},
]  # fmt: skip
WORDS = {"resourceType": "SearchParameter", "id": "text", "url": "http://hl7.org/fhir/SearchParameter/DomainResource-text",
         "name": "text", "status": "active", "description": "d", "code": "_text", "base": ["DomainResource"],
         "type": "string"}  # fmt: skip
