"""`Patient/$match` over HTTP (R4 patient-operation-match.html)."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import refusal
from tests.people import NUMBER, OTHER_NUMBER, patient

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
REASON = "https://cordee.example/fhir/StructureDefinition/match-reason"


def parameters(resource: dict[str, Any], **others: Any) -> dict[str, Any]:
    given: list[dict[str, Any]] = [{"name": "resource", "resource": resource}]
    for name, value in others.items():
        given.append({"name": name, ("valueBoolean" if isinstance(value, bool) else "valueInteger"): value})
    return {"resourceType": "Parameters", "parameter": given}


def bundle(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["resourceType"], found["type"]) == ("Bundle", "searchset")
    return found


def matches(answer: httpx.Response) -> list[tuple[str, str]]:
    """Ids and grades, as answered."""
    entries = [entry for entry in bundle(answer).get("entry", []) if entry["search"]["mode"] == "match"]
    assert all(entry["fullUrl"].endswith(f"/Patient/{entry['resource']['id']}") for entry in entries)
    scores = [entry["search"]["score"] for entry in entries]
    assert scores == sorted(scores, reverse=True)
    return [(entry["resource"]["id"], said(entry, GRADE)[0]) for entry in entries]


def said(entry: dict[str, Any], url: str) -> list[str]:
    extensions = [one for one in entry["search"]["extension"] if one["url"] == url]
    return [one.get("valueCode") or one["valueString"] for one in extensions]


def outcomes(answer: httpx.Response) -> list[tuple[str, str]]:
    """Severity and code of what the outcome entry says."""
    entries = [entry for entry in bundle(answer).get("entry", []) if entry["search"]["mode"] == "outcome"]
    return [(issue["severity"], issue["code"]) for entry in entries for issue in entry["resource"]["issue"]]


def store(client: httpx.Client, **patients: dict[str, Any]) -> None:
    for id_, resource in patients.items():
        client.put(f"Patient/{id_}", json=resource | {"id": id_}).raise_for_status()


@pytest.fixture
def town(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant with a person, her twin, her namesake and somebody else."""
    store(
        client,
        camille=patient(ins=NUMBER),
        twin=patient(given="Sacha", ins=OTHER_NUMBER),
        namesake=patient(born="1981-03-02", place="29064"),
        other=patient("Autre", "Dominique", "1950-06-07", "male", "75056"),
    )
    return client


def test_the_one_who_has_the_ins_is_certain_and_the_twin_certainly_not(town: httpx.Client) -> None:
    answer = town.post("Patient/$match", json=parameters(patient(ins=NUMBER)))
    assert matches(answer) == [("camille", "certain"), ("namesake", "possible"), ("twin", "certainly-not")]
    assert bundle(answer)["total"] == 3
    first, *_, last = bundle(answer)["entry"]
    assert first["search"]["score"] == 1.0
    assert said(first, REASON)[0] == "Même INS, qualifié des deux côtés."
    assert "jumeaux" in said(last, REASON)[0]


def test_traits_alone_find_her_by_accents_case_and_day_and_month_swapped(town: httpx.Client) -> None:
    store(town, swapped=patient("Éxemple", born="1974-03-05"))
    answer = town.post("Patient/$match", json=parameters(patient("EXEMPLE", "camille", "1974-05-03", place=None)))
    assert matches(answer)[0] == ("swapped", "possible")
    exact = town.post("Patient/$match", json=parameters(patient()))
    assert matches(exact)[0] == ("camille", "probable")


def test_only_a_certain_match_is_answered_when_no_other_is_wanted(town: httpx.Client) -> None:
    wanted = parameters(patient(ins=NUMBER), onlyCertainMatches=True)
    assert matches(town.post("Patient/$match", json=wanted)) == [("camille", "certain")]
    wanted = parameters(patient(), onlyCertainMatches=True)
    assert bundle(town.post("Patient/$match", json=wanted)) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
    }


def test_of_several_that_are_certain_none_is_chosen_and_all_are_named(town: httpx.Client) -> None:
    store(town, again=patient(ins=NUMBER))
    answer = town.post("Patient/$match", json=parameters(patient(ins=NUMBER), onlyCertainMatches=True))
    assert (matches(answer), outcomes(answer)) == ([], [("warning", "multiple-matches")])
    assert "Patient/again" in answer.text


def test_count_cuts_the_answer_and_not_the_total(town: httpx.Client) -> None:
    answer = town.post("Patient/$match", json=parameters(patient(ins=NUMBER), count=1))
    assert matches(answer) == [("camille", "certain")]
    assert bundle(answer)["total"] == 3
    assert refusal(town.post("Patient/$match", json=parameters(patient(), count=0)), 400)[0][1] == [
        "Parameters.parameter[1]"
    ]


def test_a_bare_patient_is_taken_too(town: httpx.Client) -> None:
    answer = town.post("Patient/$match?onlyCertainMatches=true&count=3", json=patient(ins=NUMBER))
    assert matches(answer) == [("camille", "certain")]


def test_a_replaced_record_is_answered_as_the_one_that_stands(town: httpx.Client) -> None:
    def link(id_: str, type_: str) -> list[dict[str, Any]]:
        return [{"other": {"reference": f"Patient/{id_}"}, "type": type_}]

    store(
        town,
        first=patient("Ancien", "Nom", active=False, link=link("second", "replaced-by")),
        second=patient("Ancien", "Nom", active=False, link=link("third", "replaced-by")),
        third=patient("Nouveau", "Nom", link=link("second", "replaces")),
        round=patient("Rond", "Un", link=link("trip", "refer")),
        trip=patient("Rond", "Un", link=link("round", "refer")),
        dangling=patient("Seul", "Ici", link=link("nowhere", "replaced-by")),
    )
    found = matches(town.post("Patient/$match", json=parameters(patient("Ancien", "Nom"))))
    assert found[0] == ("third", "possible")
    assert not {"first", "second"} & {id_ for id_, _ in found}
    assert {"round", "trip"} & {
        id_ for id_, _ in matches(town.post("Patient/$match", json=parameters(patient("Rond", "Un"))))
    }
    assert matches(town.post("Patient/$match", json=parameters(patient("Seul", "Ici"))))[0] == ("dangling", "probable")


def test_inactive_records_are_possible_at_most_and_deleted_ones_are_not_found(town: httpx.Client) -> None:
    store(town, camille=patient(ins=NUMBER, active=False))
    wanted = parameters(patient(ins=NUMBER))
    assert matches(town.post("Patient/$match", json=wanted))[0] == ("camille", "possible")
    town.delete("Patient/camille").raise_for_status()
    assert "camille" not in {id_ for id_, _ in matches(town.post("Patient/$match", json=wanted))}


def test_an_unknown_day_is_searched_by_name_and_year(town: httpx.Client) -> None:
    for born in ("1974", "1974-12", "1974-01-01"):
        found = matches(town.post("Patient/$match", json=parameters(patient(given=None, born=born))))
        assert ("camille", "possible") in found, born


def test_more_candidates_than_are_compared_are_said(client: httpx.Client) -> None:
    entries = [
        {
            "resource": patient("Foule", f"Prenom{number}", "1960-02-03") | {"id": f"p{number}"},
            "request": {"method": "PUT", "url": f"Patient/p{number}"},
        }
        for number in range(120)
    ]
    client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).raise_for_status()
    answer = client.post("Patient/$match", json=parameters(patient("Foule", "Prenom119", "1960-02-03"), count=1))
    assert matches(answer) == [("p119", "probable")]
    assert outcomes(answer) == [("information", "incomplete")]


@pytest.mark.parametrize(
    "given",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Patient", "birthDate": "1974-12-25", "gender": "female"},
        {"resourceType": "Patient", "name": [{"family": "Exemple"}]},
        {"resourceType": "Patient", "identifier": [{"value": "12"}]},
    ],
)
def test_what_fits_too_many_people_is_refused(client: httpx.Client, given: dict[str, Any]) -> None:
    assert refusal(client.post("Patient/$match", json=parameters(given)), 422) == [("processing", ["Patient"])]


def test_bad_input_is_refused_with_its_place(client: httpx.Client) -> None:
    assert client.post("Patient/$match", json=parameters({"resourceType": "Person"})).status_code == 400
    wrong = refusal(client.post("Patient/$match", json=parameters(patient(birthDate="25/12/1974"))), 422)
    assert wrong[0][1] == ["Patient.birthDate"]
    assert client.get("Patient/$match").status_code == 405
    assert client.post("Patient/$match", json={"resourceType": "Parameters"}).status_code == 400
    assert client.post("Patient/$match", json=parameters(patient(born="9999-12-31"))).status_code == 200
    assert client.post("Patient/$match", json=parameters(patient(born="0001-01-01"))).status_code == 200
    assert client.post("$match", json=parameters(patient())).status_code == 404


def test_a_tenant_never_sees_the_patients_of_another(town: httpx.Client, server_url: str) -> None:
    elsewhere = httpx.post(f"{server_url}/fhir/Patient/$match", json=parameters(patient(ins=NUMBER)), timeout=30)
    assert "camille" not in {id_ for id_, _ in matches(elsewhere)}


def test_it_may_be_an_entry_of_a_batch(town: httpx.Client) -> None:
    entry = {"resource": parameters(patient(ins=NUMBER)), "request": {"method": "POST", "url": "Patient/$match"}}
    answer = town.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["response"]["status"] == "200 OK"
    assert answer["entry"][0]["resource"]["total"] == 3
