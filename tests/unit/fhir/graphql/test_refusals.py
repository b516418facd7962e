"""What is wrong with a query is told, all of it, each with its place."""

from typing import Any

import pytest

from cordee.fhir.graphql.execution import AtHand, execute
from cordee.fhir.graphql.planning import MOST_DEPTH, MOST_FIELDS, plan_query
from cordee.fhir.graphql.refusals import GraphqlRefusal, Problem

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p", "name": [{"family": "A"}, {"family": "B"}]}
PATIENT["identifier"] = [{"system": "https://example.org/ipp"}]


def problems(query: str, *, root: str = "Patient", operation: str | None = None, **variables: Any) -> list[Problem]:
    with pytest.raises(GraphqlRefusal) as caught:
        execute(plan_query(query, operation, variables, root, "https://example.org/fhir"), AtHand(), PATIENT)
    assert caught.value.status in (400, 404)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        ("{ bogus }", (1, 3), "Patient has no field bogus"),
        ("{\n  name {\n    famly\n  }\n}", (3, 5), "HumanName has no field famly"),
        ("{ contact { bogus } }", (1, 13), "PatientContact has no field bogus"),
        ("{ deceased }", (1, 3), "deceasedBoolean, deceasedDateTime"),
        ("{ name }", (1, 3), "name has fields"),
        ("{ birthDate { id } }", (1, 13), "no fields"),
        ("{ birthDate(_count: 1) }", (1, 13), "takes no arguments"),
        ("{ birthDate @flatten }", (1, 3), "nothing to flatten"),
        ("{ name(bogus: 1) { family } }", (1, 8), "filtered by bogus"),
        ("{ name(period: 1) { family } }", (1, 8), "not a primitive"),
        ('{ name(fhirpath: "family") { family } }', (1, 8), "fhirpath"),
        ("{ name(_count: -1) { family } }", (1, 8), "whole number"),
        ("{ id @bogus }", (1, 6), "@bogus"),
        ("{ id @skip(if: 3) }", (1, 6), "true or false"),
        ("{ id @skip }", (1, 6), "one argument"),
        ('{ name @slice(path: "given.first()") { family } }', (1, 8), "FHIRPath"),
        ('{ name @slice(path: "use") @first { family } }', (1, 8), "exclude"),
        ("{ ... on Bogus { id } }", (1, 10), "no type Bogus"),
        ("{ ... on Group { name } }", (1, 10), "never"),
        ("{ name { ... on Address { city } } }", (1, 17), "never"),
        ("{ id name { family } name { given } id: gender }", (1, 37), "two ways"),
        ("{ name(use: official) { family } name(use: usual) { family } }", (1, 34), "two ways"),
        ("{ id(x: $missing) }", (1, 6), "primitive"),
        ("{ name(use: $missing) { family } }", (1, 13), "$missing"),
        ("{ name(use: {a: 1}) { family } }", (1, 13), "object"),
        ("{ managingOrganization { resource { name } } }", (1, 37), "fragment"),
        ("{ managingOrganization { resource(bogus: 1) { id } } }", (1, 35), "optional and type"),
        ("{ managingOrganization { resource(type: Bogus) { id } } }", (1, 26), "no resource type"),
        ("{ ConditionList { id } }", (1, 3), "_reference"),
        ("{ ConditionList(_reference: code) { id } }", (1, 3), "no reference parameter"),
        ("{ PractitionerRoleList(_reference: practitioner) { id } }", (1, 3), "never names a Patient"),
        ("{ ConditionList(_reference: patient, bogus: 1) { id } }", (1, 3), "bogus"),
        ('{ ConditionConnection(_reference: patient, cursor: "x") { count } }', (1, 3), "root"),
        ("{ Patient(id: 1) { id } }", (1, 3), "no field Patient"),
        ("{ __schema { types { name } } }", (1, 3), "__schema"),
        ("mutation { PatientDelete(id: 1) }", (1, 1), "mutation"),
        ("subscription { id }", (1, 1), "subscription"),
        ("{ id } fragment F on Patient { id }", (1, 8), "never used"),
        ("{ ...F } fragment F on Patient { ...F }", (1, 10), "uses itself"),
        ("{ ...F }", (1, 3), "no fragment F"),
        ("{ id ", (1, 6), "Syntax Error"),
        ("{}", (1, 2), "Expected Name"),
        ("type Patient { id: ID }", (1, 1), "Only operations"),
        ("query @skip(if: true) { id }", (1, 7), "no directives"),
        ("{ name @flatten { family @singleton } }", (1, 19), "@singleton"),
        ("{ name @flatten { a: family } identifier @flatten { a: system } }", (1, 53), "two types, string and uri"),
    ],
)
def test_each_fault_has_its_place(query: str, place: tuple[int, int], said: str) -> None:
    found = problems(query)
    assert (found[0].place, said in found[0].message) == (place, True), found


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ id }", "begins with a resource type"),
        ("{ Patient { id } }", "One id"),
        ("{ Patient(id: 1, name: 2) { id } }", "takes id"),
        ("{ PatientList(_reference: patient) { id } }", "at the root"),
        ('{ PatientList(_include: "x") { id } }', "_include"),
        ('{ PatientList(birthdate: "x") { id } }', "birthdate"),
        ('{ PatientConnection(cursor: "x") { count } }', "cursor"),
        ('{ PatientConnection(cursor: "x", name: "y") { count } }', "no other argument"),
        ("{ PatientConnection { bogus } }", "PatientConnection has no field bogus"),
        ("{ PatientConnection { edges { resource { bogus } } } }", "Patient has no field bogus"),
        ("{ BogusList { id } }", "no field BogusList"),
    ],
)
def test_what_is_wrong_at_the_root_is_told(query: str, said: str) -> None:
    assert said in problems(query, root="Query")[0].message


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems(
        "{ a1 name { a2 } contact { name { a3 } } managingOrganization { resource { ... on Group { a4 } } } }"
    )
    assert [problem.message.split()[-1].rstrip(".") for problem in found] == ["a1", "a2", "a3", "a4"]


def test_a_field_that_is_skipped_is_checked_and_left_out() -> None:
    assert problems("{ id bogus @skip(if: true) }")[0].place == (1, 6)
    query = "query($no: Boolean!) { id name @include(if: $no) { family } gender @skip(if: false) }"
    plan = plan_query(query, None, {"no": False}, "Patient", "")
    assert execute(plan, AtHand(), PATIENT).data == {"id": "p"}


@pytest.mark.parametrize(
    ("declared", "given", "said"),
    [
        ("$u: String!", {}, "needed"),
        ("$u: Int", {"u": "x"}, "type Int"),
        ("$u: Boolean", {"u": 1}, "type Boolean"),
        ("$u: String", {"u": True}, "type String"),
        ("$u: [String!]", {"u": [None]}, "needed"),
        ("$u: code", {"u": {"a": 1}}, "type code"),
    ],
)
def test_variables_are_held_to_their_types(declared: str, given: dict[str, Any], said: str) -> None:
    found = problems(f"query({declared}) {{ name(use: $u) {{ family }} }}", **given)
    assert said in found[0].message


def test_one_operation_of_several_is_named() -> None:
    two = "query A { id } query B { gender }"
    assert "operationName" in problems(two)[0].message
    assert "no one operation «C»" in problems(two, operation="C")[0].message
    assert execute(plan_query(two, "A", {}, "Patient", ""), AtHand(), PATIENT).data == {"id": "p"}


def nested(depth: int) -> str:
    return "{ extension " * depth + "{ url }" + " }" * depth


def bomb(levels: int) -> str:
    """Fragments that each use the next one twice: 2 to the power of `levels` fields."""
    used = (
        "managingOrganization {{ resource {{ ... on Organization {{ partOf {{ resource {{ ...F{0} }} }} "
        "endpoint {{ resource {{ ...F{0} }} }} }} }} }}"
    )
    fragments = [
        f"fragment F{n} on Resource {{ ... on Patient {{ a: {used.format(n + 1)} b: {used.format(n + 1)} }} }}"
        for n in range(levels)
    ]
    return "{ ...F0 } " + " ".join([*fragments, f"fragment F{levels} on Resource {{ id }}"])


@pytest.mark.parametrize(
    "query",
    [
        nested(MOST_DEPTH + 1),
        nested(5_000),
        "{ " + " ".join(f"a{n}: id" for n in range(MOST_FIELDS + 1)) + " }",
        "{ " + "id " * 10_001 + "}",
        bomb(30),
    ],
)
def test_what_costs_too_much_is_refused_before_anything_is_read(query: str) -> None:
    assert [problem.code for problem in problems(query)] == ["too-costly"]
