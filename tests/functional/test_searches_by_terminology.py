"""Searches for the codes of a value set, and for what is above or below a code (R4 search.html#token)."""

from typing import Any

import httpx
import pytest

SYSTEM = "https://example.org/CodeSystem/soins"


@pytest.fixture
def conditions(client: httpx.Client) -> httpx.Client:
    """A code system of two levels, value sets of it, and a Condition for each code and for none."""
    tele, acte = {"code": "tele", "display": "Téléconsultation"}, {"code": "acte", "display": "Acte"}
    concepts: list[dict[str, Any]] = [{"code": "soin", "concept": [tele, acte]}, {"code": "autre"}]
    for resource in (
        {"resourceType": "CodeSystem", "id": "s", "url": SYSTEM, "status": "active", "content": "complete",
         "concept": concepts},
        {"resourceType": "ValueSet", "id": "few", "url": "https://example.org/ValueSet/few", "status": "active",
         "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "tele"}, {"code": "autre"}]}]}},
        {"resourceType": "ValueSet", "id": "unnamed", "status": "active",
         "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "acte"}]}]}},
        {"resourceType": "Patient", "id": "p"},
    ):  # fmt: skip
        client.put(f"{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()
    for code in ("soin", "tele", "acte", "autre", "none"):
        coded = {"text": "words"} if code == "none" else {"coding": [{"system": SYSTEM, "code": code}]}
        condition = {"resourceType": "Condition", "id": code, "subject": {"reference": "Patient/p"}, "code": coded}
        client.put(f"Condition/{code}", json=condition).raise_for_status()
    return client


def found(client: httpx.Client, query: str) -> set[str]:
    page = client.get(query).raise_for_status().json()
    return {entry["resource"]["id"] for entry in page.get("entry", [])}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Condition?code:in=https://example.org/ValueSet/few", {"tele", "autre"}),
        ("Condition?code:in=ValueSet/few,ValueSet/unnamed", {"tele", "autre", "acte"}),
        ("Condition?code:not-in=https://example.org/ValueSet/few", {"soin", "acte", "none"}),
        (f"Condition?code:below={SYSTEM}|soin", {"soin", "tele", "acte"}),
        (f"Condition?code:below={SYSTEM}|tele", {"tele"}),
        (f"Condition?code:above={SYSTEM}|acte", {"soin", "acte"}),
        (f"Patient?_has:Condition:patient:code:below={SYSTEM}|soin", {"p"}),
        ("Patient?_has:Condition:patient:code:in=ValueSet/unnamed", {"p"}),
    ],
)
def test_codes_are_found_by_what_the_terminology_says_of_them(
    conditions: httpx.Client, query: str, expected: set[str]
) -> None:
    assert found(conditions, query) == expected


def test_the_link_says_what_was_asked_and_not_every_code(conditions: httpx.Client) -> None:
    page = conditions.get("Condition?code:in=ValueSet/few&_count=1").json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert "code%3Ain=ValueSet%2Ffew" in following
    assert len(conditions.get(following).json()["entry"]) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("code:in=https://example.org/ValueSet/unknown", "https://example.org/ValueSet/unknown"),
        ("code:in=ValueSet/unknown", "ValueSet/unknown"),
        ("code:in=few", "canonical URL"),
        ("code:below=tele", "system|code"),
        ("code:below=https://example.org/CodeSystem/unknown|tele", "unknown"),
    ],
)
def test_what_the_terminology_does_not_know_is_refused(conditions: httpx.Client, query: str, said: str) -> None:
    answer = conditions.get(f"Condition?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["issue"][0]["diagnostics"]


def test_a_condition_of_a_write_names_codes_itself(conditions: httpx.Client) -> None:
    answer = conditions.delete("Condition?code:in=ValueSet/few")
    assert answer.status_code == 400
    assert "condition" in answer.json()["issue"][0]["diagnostics"]
