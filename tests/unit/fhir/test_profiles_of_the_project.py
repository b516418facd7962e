"""What the program writes and what the demo loads meet the project's own profiles and the standard's invariants."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from demo.bundles import bundles

from cordee.fhir.profiles.validation import ProfileValidator

ROOT = Path(__file__).parents[3]
OWN = "https://cordee.example/fhir/StructureDefinition/"
PROFILES = {
    "CarePlan": f"{OWN}care-plan-parcours",
    "Encounter": f"{OWN}encounter-session",
    "Claim": f"{OWN}claim-forfait",
    "ClaimResponse": f"{OWN}claim-response-forfait",
    "PaymentReconciliation": f"{OWN}payment-reconciliation-forfait",
}
PATIENTS = 6


@pytest.fixture(scope="module")
def validator() -> ProfileValidator:
    return ProfileValidator(orjson.loads(path.read_bytes()) for path in sorted((ROOT / "profiles").glob("*.json")))


def errors(validator: ProfileValidator, resource: dict[str, Any]) -> list[tuple[str | None, str]]:
    asked = [PROFILES[resource["resourceType"]]] if resource["resourceType"] in PROFILES else []
    found = validator.validate(resource, asked)
    return [(issue.path, issue.diagnostics) for issue in found if issue.severity == "error"]


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_an_example_meets_its_profile(validator: ProfileValidator, path: Path) -> None:
    assert errors(validator, json.loads(path.read_text())) == []


def test_what_the_demo_loads_meets_the_profiles(validator: ProfileValidator) -> None:
    for _, resources in islice(bundles(), PATIENTS + 1):
        for resource in resources:
            assert errors(validator, resource) == [], resource["id"]


Change = Callable[[dict[str, Any]], object]


def without(member: str) -> Change:
    return lambda example: example.pop(member)


def put(value: Any, *path: str | int) -> Change:
    """Puts a value where a path of members leads."""

    def change(example: Any) -> None:
        for part in path[:-1]:
            example = example[part]
        example[path[-1]] = value

    return change


WRONG: list[tuple[str, Change, str, str, str, str]] = [
    # example, what is done to it, where that is told, what was expected, what was found, the rule's element
    ("CarePlan-parcours", without("instantiatesCanonical"), "CarePlan.instantiatesCanonical",
     "at least 1 instantiatesCanonical expected", "none found", "CarePlan.instantiatesCanonical"),
    ("CarePlan-parcours", put({"end": "2026-07-01"}, "period"), "CarePlan.period.start",
     "at least 1 start expected", "none found", "CarePlan.period.start"),
    ("CarePlan-parcours", put({"reference": "Group/g"}, "subject"), "CarePlan.subject.reference",
     "a reference to Patient is expected", "one to Group was found", "CarePlan.subject"),
    ("CarePlan-parcours", put({"reference": "Practitioner/p"}, "author"), "CarePlan.author.reference",
     "a reference to Organization is expected", "one to Practitioner was found", "CarePlan.author"),
    ("CarePlan-parcours", lambda example: example["extension"][0]["extension"].pop(0),
     "CarePlan.extension[0].extension",
     "at least 1 extension of the slice date expected", "none found", "Extension.extension:date"),
    ("Encounter-session", without("participant"), "Encounter.participant",
     "at least 1 participant expected", "none found", "Encounter.participant"),
    ("Encounter-session", put({"reference": "RelatedPerson/r"}, "participant", 0, "individual"),
     "Encounter.participant[0].individual.reference",
     "a reference to Practitioner or PractitionerRole is expected", "one to RelatedPerson was found",
     "Encounter.participant.individual"),
    ("Encounter-session", without("period"), "Encounter.period",
     "at least 1 period expected", "none found", "Encounter.period"),
    ("Claim-forfait", put("paid", "meta", "tag", 0, "code"), "Claim.meta.tag[0].code",
     "a code of https://cordee.example/fhir/ValueSet/claim-state (such as draft, ready, submitted) is expected",
     "'paid' was found", "Claim.meta.tag:state.code"),
    ("Claim-forfait", put("quote-part", "subType", "coding", 0, "code"), "Claim.subType",
     "a code of https://cordee.example/fhir/ValueSet/claim-kind",
     "'quote-part' of https://cordee.example/fhir/CodeSystem/service was found", "Claim.subType"),
    ("Claim-forfait", put("preauthorization", "use"), "Claim.use",
     "'claim' is expected", "'preauthorization' was found", "Claim.use"),
    ("Claim-forfait", put("urn:other", "identifier", 0, "system"), "Claim.identifier",
     "at least 1 identifier of the slice forfait expected", "none found", "Claim.identifier:forfait"),
    ("Claim-forfait", put("mgen", "item", 0, "extension", 0, "extension", 0, "valueCode"),
     "Claim.item[0].extension[0].extension[0].value.ofType(code)",
     "a code of https://cordee.example/fhir/ValueSet/insurer (such as amo, amc) is expected", "'mgen' was found",
     "Extension.extension:insurer.value[x]"),
    ("Claim-forfait", lambda example: example["item"][0].pop("net"), "Claim.item[0].net",
     "at least 1 net expected", "none found", "Claim.item.net"),
    ("ClaimResponse-forfait", without("request"), "ClaimResponse.request",
     "at least 1 request expected", "none found", "ClaimResponse.request"),
    ("ClaimResponse-forfait", put("mgen", "item", 0, "adjudication", 1, "extension", 0, "valueCode"),
     "ClaimResponse.item[0].adjudication[1].extension[0].value.ofType(code)",
     "a code of https://cordee.example/fhir/ValueSet/insurer", "'mgen' was found", "Extension.value[x]"),
    ("PaymentReconciliation-forfait", without("detail"), "PaymentReconciliation.detail",
     "at least 1 detail expected", "none found", "PaymentReconciliation.detail"),
    ("PaymentReconciliation-forfait", lambda example: example["detail"][0].pop("payee"),
     "PaymentReconciliation.detail[0].payee", "at least 1 payee expected", "none found",
     "PaymentReconciliation.detail.payee"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "path", "expected", "found", "element"), WRONG, ids=[f"{one[0]} {one[2]}" for one in WRONG]
)
def test_a_wrong_one_is_told_what_was_expected_what_was_found_where_and_by_which_rule(
    validator: ProfileValidator, name: str, change: Change, path: str, expected: str, found: str, element: str
) -> None:
    example = json.loads((ROOT / "docs" / "examples" / f"{name}.json").read_text())
    change(example)
    (text,) = [text for where, text in errors(validator, example) if where == path]
    assert expected in text
    assert found in text
    profile = text.partition("(rule of ")[2].partition(" at ")[0]
    assert profile.startswith(OWN)
    assert text.endswith(f" at {element}).")


def test_every_profile_of_a_resource_has_an_example_and_a_wrong_one() -> None:
    named = {path.name.removesuffix(".json") for path in (ROOT / "docs" / "examples").glob("*.json")}
    assert {name.partition("-")[0] for name in named} == set(PROFILES)
    assert {one[0] for one in WRONG} == named
