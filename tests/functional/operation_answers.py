"""Reading the Parameters that an operation answers."""

from decimal import Decimal
from typing import Any

import httpx
import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def answered(response: httpx.Response) -> list[dict[str, Any]]:
    """The parameters of a successful answer, amounts as they are written."""
    assert response.status_code == 200, response.text
    resource: dict[str, Any] = _decoder.decode(response.content)
    assert resource["resourceType"] == "Parameters"
    return list(resource["parameter"])


def named(parts: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The parts of a name."""
    return [part for part in parts if part["name"] == name]


def value(parts: list[dict[str, Any]], name: str) -> Any:
    """The value of the one part of a name; an amount as a Decimal, a reference as its text."""
    (part,) = named(parts, name)
    found = next(value for key, value in part.items() if key.startswith("value"))
    if isinstance(found, dict):
        return found.get("value", found.get("reference"))
    return found


def refusal(response: httpx.Response, status: int) -> list[tuple[str, list[str]]]:
    """The code and the paths of each issue of a refusal."""
    assert response.status_code == status, response.text
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [(issue["code"], issue.get("expression", [])) for issue in outcome["issue"]]
