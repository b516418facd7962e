"""Operations answer what their OperationDefinitions say, and nothing else."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from demo.team import PATHWAY
from tests.functional.operation_answers import answered
from tests.functional.test_bill import bill, claims

from cordee.api.operations.definition import Output
from cordee.api.operations.table import OPERATIONS

SESSION = {"act": "consultation-dietetique", "performer": "PractitionerRole/dieteticienne-4", "date": "2026-06-20"}
FORECAST = {"from": "2026-06-01", "to": "2027-06-01", "as-of": "2026-06-15"}
BILL = [
    {"name": "pathway", "valueCode": PATHWAY.code},
    {"name": "until", "valueDate": "2026-08-31"},
    {"name": "dry-run", "valueBoolean": True},
]


def outputs_of(code: str, level: str) -> Sequence[Output]:
    (operation,) = [one for one in OPERATIONS if one.code == code and level in one.levels]
    return operation.outputs


def undeclared(parts: Sequence[dict[str, Any]], outputs: Sequence[Output], place: str = "") -> list[str]:
    """What is answered and not declared, or oftener, seldomer or of another type than declared."""
    declared = {output.name: output for output in outputs}
    names = [part["name"] for part in parts]
    found = [f"{place}{name}: not declared" for name in set(names) - declared.keys()]
    for name, output in declared.items():
        times = names.count(name)
        if times < output.min or (output.max is not None and times > output.max):
            found.append(f"{place}{name}: {times} times")
    for part in parts:
        output = declared.get(part["name"])
        if output is None:
            continue
        here = f"{place}{output.name}."
        if output.type and f"value{output.type[0].upper()}{output.type[1:]}" not in part:
            found.append(f"{here} {sorted(part)}, not {output.type}")
        if output.parts:
            found += undeclared(part["part"], output.parts, here)
    return found


@pytest.mark.parametrize(
    ("code", "level", "address", "query"),
    [
        ("settle", "instance", "CarePlan/patient-01/$settle", {"as-of": "2026-08-31"}),
        ("settle", "instance", "CarePlan/patient-02/$settle", {"as-of": "2026-06-15"}),
        ("eligibility", "instance", "CarePlan/patient-01/$eligibility", SESSION | {"as-of": "2026-06-20"}),
        ("eligibility", "instance", "CarePlan/patient-01/$eligibility", SESSION | {"act": "nothing"}),
        ("forecast", "system", "$forecast", FORECAST),
        ("forecast", "system", "$forecast", FORECAST | {"hypothesis": "as-done"}),
    ],
)
def test_of_those_that_read(practice: httpx.Client, code: str, level: str, address: str, query: dict[str, str]) -> None:
    answer, outputs = answered(practice.get(address, params=query)), outputs_of(code, level)
    assert undeclared(answer, outputs) == []
    assert undeclared(answer, outputs[1:]) == [f"{outputs[0].name}: not declared"]


def test_of_those_about_claims(practice: httpx.Client) -> None:
    def posted(address: str, *parameters: dict[str, Any]) -> list[dict[str, Any]]:
        return answered(practice.post(address, json={"resourceType": "Parameters", "parameter": list(parameters)}))

    assert undeclared(posted("$bill", *BILL), outputs_of("bill", "system")) == []
    assert undeclared(bill(practice), outputs_of("bill", "system")) == []
    assert undeclared(bill(practice), outputs_of("bill", "system")) == []
    found = claims(practice)
    claim = f"Claim/{found[0]['id']}"
    on = {"name": "on", "valueDate": "2026-09-01"}
    assert undeclared(posted(f"{claim}/$submit", on), outputs_of("submit", "instance")) == []
    named = [{"name": "claim", "valueString": reference} for reference in (claim, f"Claim/{found[1]['id']}", "Claim/x")]
    assert undeclared(posted("Claim/$submit", *named, on), outputs_of("submit", "type")) == []
    cancelling = [{"name": "reason", "valueString": "essai"}, {"name": "action", "valueCode": "cancel"}, on]
    corrected = posted(f"{claim}/$correct", *cancelling)
    assert undeclared(corrected, outputs_of("correct", "instance")) == []
    for reference in (claim, f"Claim/{found[1]['id']}", corrected[0]["valueReference"]["reference"]):
        explained = answered(practice.get(f"{reference}/$explain"))
        assert undeclared(explained, outputs_of("explain", "instance")) == []
