"""What the program writes and what the demo loads meet the project's own profiles and the standard's invariants."""

import json
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


@pytest.mark.parametrize(
    ("name", "member", "path"),
    [
        ("Claim-forfait", "billablePeriod", "Claim.billablePeriod"),
        ("Claim-forfait", "identifier", "Claim.identifier"),
        ("Encounter-session", "subject", "Encounter.subject"),
    ],
)
def test_without_what_its_profile_wants_an_example_is_refused(
    validator: ProfileValidator, name: str, member: str, path: str
) -> None:
    example = json.loads((ROOT / "docs" / "examples" / f"{name}.json").read_text())
    del example[member]
    assert path in [where for where, _ in errors(validator, example)]
