"""`$graphql` over HTTP (R4 graphql.html): searches, references both ways, pages, batches, refusals."""

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.functional.conftest import Server


def ask(client: httpx.Client, query: str, address: str = "$graphql", **variables: Any) -> httpx.Response:
    body = {"query": query} | ({"variables": variables} if variables else {})
    return client.post(address, json=body, headers={"Content-Type": "application/json"})


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert "content-disposition" not in answer.headers
    body = answer.json()
    assert body.keys() == {"data"}
    return body["data"]


def faults(answer: httpx.Response, status: int) -> list[tuple[str, tuple[int, int] | None]]:
    """The code and the place of each error."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["data"] is None
    found = []
    for error in body["errors"]:
        (issue,) = error["extensions"]["resource"]["issue"]
        assert issue["diagnostics"].startswith(error["message"])
        at = error.get("locations")
        found.append((issue["code"], (at[0]["line"], at[0]["column"]) if at else None))
    return found


def patient(id_: str, family: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": family, "given": ["Camille"]}]} | more


def condition(id_: str, subject: str, status: str = "active") -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": {"coding": [{"system": system, "code": status}]},
        "subject": {"reference": subject},
    }


@pytest.fixture
def ward(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant with three patients, their conditions, and observations about them and a group."""
    resources: list[dict[str, Any]] = [
        {"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Medecin"}]},
        patient("a", "Exemple", generalPractitioner=[{"reference": "Practitioner/doc"}], birthDate="1974-12-25"),
        patient("b", "Exempla", generalPractitioner=[{"reference": "Practitioner/doc"}]),
        patient("c", "Autre", managingOrganization={"reference": "Organization/none"}),
        condition("a1", "Patient/a"),
        condition("a2", "Patient/a", "resolved"),
        condition("b1", "Patient/b"),
        {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "name": "Groupe"},
    ]
    for id_, subject in (("o1", "Patient/a"), ("o2", "Group/g")):
        observation = {"resourceType": "Observation", "id": id_, "status": "final", "code": {"text": "poids"}}
        resources.append(observation | {"subject": {"reference": subject}})
    for resource in resources:
        client.put(f"{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()
    weight = (
        b'{"resourceType":"Observation","id":"w","status":"final","code":{"text":"w"},"valueQuantity":{"value":72.50}}'
    )
    client.put("Observation/w", content=weight).raise_for_status()
    return client


def test_one_resource_is_asked_for_by_its_id_by_every_door(ward: httpx.Client) -> None:
    query = "{ Patient(id: a) { id name { family } } }"
    expected = {"Patient": {"id": "a", "name": [{"family": "Exemple"}]}}
    assert data(ask(ward, query)) == expected
    assert data(ward.get("$graphql", params={"query": query})) == expected
    graphql = {"Content-Type": "application/graphql"}
    assert data(ward.post("$graphql", content=query, headers=graphql)) == expected
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "query", "valueString": query}]}
    assert data(ward.post("$graphql", json=parameters)) == expected
    assert data(ward.post("$graphql", json=parameters, headers={"Content-Type": "application/json"})) == expected


def test_variables_and_the_operation_wanted_are_taken_by_get_and_by_post(ward: httpx.Client) -> None:
    query = "query One($id: ID!) { Patient(id: $id) { id } } query Other { Patient(id: b) { id } }"
    body = {"query": query, "operationName": "One", "variables": {"id": "c"}, "extensions": {}}
    assert data(ward.post("$graphql", json=body, headers={"Content-Type": "application/json"})) == {
        "Patient": {"id": "c"}
    }
    given = {"query": query, "operationName": "One", "variables": json.dumps({"id": "c"})}
    assert data(ward.get("$graphql", params=given)) == {"Patient": {"id": "c"}}


def test_a_resource_in_scope_is_asked_for_its_fields_and_for_what_refers_to_it(ward: httpx.Client) -> None:
    query = "{ name { family } ConditionList(_reference: patient) { id clinicalStatus { coding { code } } } }"
    answer = data(ward.get(f"Patient/a/$graphql?query={quote(query)}"))
    assert answer["name"] == [{"family": "Exemple"}]
    assert [one["id"] for one in answer["ConditionList"]] == ["a1", "a2"]
    active = "{ ConditionList(_reference: patient, clinical_status: active) { id } }"
    assert data(ask(ward, active, "Patient/a/$graphql")) == {"ConditionList": [{"id": "a1"}]}
    assert data(ask(ward, active, "Patient/c/$graphql")) == {"ConditionList": []}


def test_a_list_takes_search_parameters_and_values_of_an_array_are_alternatives(ward: httpx.Client) -> None:
    assert data(ask(ward, '{ PatientList(name: "exempl", _sort: "-birthdate") { id } }')) == {
        "PatientList": [{"id": "a"}, {"id": "b"}]
    }
    assert data(ask(ward, "{ PatientList(_id: [a, c]) { id } }")) == {"PatientList": [{"id": "a"}, {"id": "c"}]}
    assert data(ask(ward, '{ PatientList(name: "exemple,autre") { id } }')) == {"PatientList": []}
    both = "query($f: String) { PatientList(_filter: $f) { id } }"
    assert data(ask(ward, both, f='name co "xemp" and birthdate eq 1974-12-25')) == {"PatientList": [{"id": "a"}]}
    assert data(ask(ward, "{ PatientList(_count: 1) { id } }")) == {"PatientList": [{"id": "a"}]}


def test_the_lists_of_several_resources_are_told_apart(ward: httpx.Client) -> None:
    plain = "{ PatientList(_sort: _id) { id ConditionList(_reference: patient) { id } } }"
    found = {one["id"]: one["ConditionList"] for one in data(ask(ward, plain))["PatientList"]}
    assert found == {"a": [{"id": "a1"}, {"id": "a2"}], "b": [{"id": "b1"}], "c": []}
    active = "{ PatientList { id ConditionList(_reference: patient, clinical_status: active, _sort: _id) { id } } }"
    found = {one["id"]: one["ConditionList"] for one in data(ask(ward, active))["PatientList"]}
    assert found == {"a": [{"id": "a1"}], "b": [{"id": "b1"}], "c": []}
    first = "{ PatientList { id ConditionList(_reference: patient, _count: 1) { id } } }"
    found = {one["id"]: one["ConditionList"] for one in data(ask(ward, first))["PatientList"]}
    assert found == {"a": [{"id": "a1"}], "b": [{"id": "b1"}], "c": []}


def test_references_are_followed_by_type_or_by_fragment(ward: httpx.Client) -> None:
    by_type = "{ ObservationList(_id: [o1, o2]) { id subject { resource(type: Patient) { birthDate } } } }"
    by_fragment = """{ ObservationList(_id: [o1, o2]) { id subject { resource {
      __typename resourceType ...born ... on Group { name } } } } } fragment born on Patient { birthDate }"""
    assert data(ask(ward, by_type))["ObservationList"] == [
        {"id": "o1", "subject": {"resource": {"birthDate": "1974-12-25"}}},
        {"id": "o2", "subject": {}},
    ]
    assert [one["subject"]["resource"] for one in data(ask(ward, by_fragment))["ObservationList"]] == [
        {"__typename": "Patient", "resourceType": "Patient", "birthDate": "1974-12-25"},
        {"__typename": "Group", "resourceType": "Group", "name": "Groupe"},
    ]


def test_a_reference_that_leads_nowhere_is_an_error_unless_it_is_optional(ward: httpx.Client) -> None:
    query = "{ managingOrganization { reference resource { id } } }"
    assert faults(ask(ward, query, "Patient/c/$graphql"), 422) == [("not-found", (1, 36))]
    optional = query.replace("resource", "resource(optional: true)")
    assert data(ask(ward, optional, "Patient/c/$graphql")) == {
        "managingOrganization": {"reference": "Organization/none"}
    }
    ward.delete("Practitioner/doc").raise_for_status()
    assert faults(ask(ward, "{ generalPractitioner { resource { id } } }", "Patient/a/$graphql"), 422)


def test_a_reference_to_a_version_leads_to_that_version(ward: httpx.Client) -> None:
    ward.put("Patient/b", json=patient("b", "Nouveau")).raise_for_status()
    ward.put("Condition/b1", json=condition("b1", "Patient/b/_history/1")).raise_for_status()
    query = "{ subject { resource { ... on Patient { name { family } } } } }"
    assert data(ask(ward, query, "Condition/b1/$graphql"))["subject"]["resource"] == {"name": [{"family": "Exempla"}]}


def test_a_connection_pages_through_a_search_with_its_cursor_alone(ward: httpx.Client) -> None:
    query = """query($cursor: String) { PatientConnection(cursor: $cursor) {
      count offset pagesize first previous next last edges { mode score resource { resourceType id } } } }"""
    begun = query.replace("(cursor: $cursor)", "(_count: 2, _sort: _id)").replace("($cursor: String)", "")
    first = data(ask(ward, begun))["PatientConnection"]
    assert (first["count"], first["pagesize"]) == (3, 2)
    assert first["edges"][0] == {"mode": "match", "resource": {"resourceType": "Patient", "id": "a"}}
    second = data(ask(ward, query, cursor=first["next"]))["PatientConnection"]
    assert [edge["resource"]["id"] for edge in second["edges"]] == ["c"]
    assert "next" not in second
    assert data(ask(ward, query, cursor=second["first"]))["PatientConnection"] == first


def test_a_connection_of_a_resource_is_gone_on_with_at_the_root(ward: httpx.Client) -> None:
    query = "{ ConditionConnection(_reference: patient, _count: 1) { count next edges { resource { id } } } }"
    first = data(ask(ward, query, "Patient/a/$graphql"))["ConditionConnection"]
    assert (first["count"], first["edges"]) == (2, [{"resource": {"id": "a1"}}])
    on = "query($c: String) { ConditionConnection(cursor: $c) { count edges { resource { id } } } }"
    second = data(ask(ward, on, c=first["next"]))["ConditionConnection"]
    assert second == {"count": 2, "edges": [{"resource": {"id": "a2"}}]}


@pytest.mark.parametrize(
    "tampered", ["x", "bnVsbA", '["Condition",[],null]', '["Patient",[],"x"]', '["Patient",[["a"]],1]']
)
def test_a_cursor_that_is_not_ours_is_refused(ward: httpx.Client, tampered: str) -> None:
    cursor = base64.urlsafe_b64encode(tampered.encode()).decode() if tampered.startswith("[") else tampered
    query = "query($c: String) { PatientConnection(cursor: $c) { edges { resource { id } } } }"
    assert len(faults(ask(ward, query, c=cursor), 400)) == 1


def test_decimals_are_answered_as_they_were_written(ward: httpx.Client) -> None:
    assert '{"value":72.50}' in ask(ward, "{ valueQuantity { value } }", "Observation/w/$graphql").text


def test_flattening_goes_through_references(ward: httpx.Client) -> None:
    query = """{ PatientList(_id: [a, b]) @flatten { id generalPractitioner @flatten { resource(type: Practitioner)
      @flatten { name @flatten { family } } } } }"""
    assert data(ask(ward, query)) == {"id": ["a", "b"], "family": ["Medecin", "Medecin"]}


def test_refusals_are_in_graphqls_form(ward: httpx.Client) -> None:
    assert faults(ask(ward, "{ Patient(id: none) { id } }"), 404) == [("not-found", (1, 3))]
    assert faults(ask(ward, "{ id }", "Patient/none/$graphql"), 404) == [("not-found", None)]
    ward.delete("Condition/b1").raise_for_status()
    assert faults(ask(ward, "{ id }", "Condition/b1/$graphql"), 410) == [("deleted", None)]
    assert faults(ask(ward, "{ PatientList { nmae { family } } }"), 400) == [("not-found", (1, 17))]
    assert faults(ask(ward, "{ PatientList(bogus: 1) { id } }"), 400) == [("not-supported", (1, 3))]
    assert faults(ask(ward, "mutation { PatientDelete(id: a) }"), 400) == [("not-supported", (1, 1))]
    error = ask(ward, "{ managingOrganization { resource { id } } }", "Patient/c/$graphql").json()["errors"][0]
    assert error["path"] == ["managingOrganization", "resource"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"query": 3}', "application/json", 400),
        ('{"variables": {}}', "application/json", 400),
        ('{"query": "{ id }", "variables": [1]}', "application/json", 400),
        ('{"query": "{ id }", "more": "x"}', "application/json", 400),
        ("", "application/graphql", 400),
        (b"\xff", "application/graphql", 400),
        ("{ id }", "text/plain", 415),
        ('{"resourceType": "Patient"}', "application/fhir+json", 422),
    ],
)
def test_a_body_that_is_no_query_is_refused(client: httpx.Client, content: Any, kind: str, status: int) -> None:
    answer = client.post("$graphql", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (status, 400), answer.text
    assert answer.json().get("resourceType") == "OperationOutcome" or answer.json()["errors"]


def test_more_than_a_query_may_read_is_refused_and_not_cut(client: httpx.Client) -> None:
    entries = [
        {"resource": patient(f"p{n}", "Foule"), "request": {"method": "PUT", "url": f"Patient/p{n}"}}
        for n in range(120)
    ]
    client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).raise_for_status()
    assert len(data(ask(client, "{ PatientList { id } }"))["PatientList"]) == 120
    one_each = "{ PatientList { ConditionList(_reference: patient, _count: 1) { id } } }"
    assert faults(ask(client, one_each), 400) == [("too-costly", None)]
    together = "{ PatientList { ConditionList(_reference: patient) { id } } }"
    assert data(ask(client, together))["PatientList"][119] == {"ConditionList": []}


def test_an_entry_of_a_bundle_is_answered_with_a_binary(ward: httpx.Client) -> None:
    query = quote("{ name { family } }")
    entry = {"request": {"method": "GET", "url": f"Patient/a/$graphql?query={query}"}}
    for type_ in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": type_, "entry": [entry]}
        (found,) = ward.post("", json=bundle).json()["entry"]
        assert found["resource"]["contentType"] == "application/json"
        assert json.loads(base64.b64decode(found["resource"]["data"])) == {"data": {"name": [{"family": "Exemple"}]}}


def test_a_query_refused_is_the_outcome_of_its_entry_and_undoes_a_transaction(ward: httpx.Client) -> None:
    wrong = {"request": {"method": "GET", "url": f"Patient/a/$graphql?query={quote('{ bogus }')}"}}
    written = {"resource": patient("new", "Nouveau"), "request": {"method": "PUT", "url": "Patient/new"}}
    batch = ward.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [wrong]}).json()
    (answered,) = batch["entry"]
    assert answered["response"]["status"] == "400 Bad Request"
    assert "line 1, column 3" in answered["response"]["outcome"]["issue"][0]["diagnostics"]
    transaction = {"resourceType": "Bundle", "type": "transaction", "entry": [written, wrong]}
    assert ward.post("", json=transaction).status_code == 400
    assert ward.get("Patient/new").status_code == 404


def test_a_tenant_never_sees_the_resources_of_another(ward: httpx.Client, server: Server) -> None:
    with httpx.Client(base_url=f"{server.url}/fhir/", timeout=30) as elsewhere:
        found = data(ask(elsewhere, "{ PatientList(_id: [a, b, c]) { id } }"))
    assert found == {"PatientList": []}


def test_it_is_listed(client: httpx.Client) -> None:
    (rest,) = client.get("metadata").json()["rest"]
    assert "graphql" in {operation["name"] for operation in rest["operation"]}
    assert all("graphql" in {o["name"] for o in resource["operation"]} for resource in rest["resource"])
    assert client.options("$graphql").headers["allow"] == "GET, POST, HEAD, OPTIONS"
