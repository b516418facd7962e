"""Terminology imported: concepts line by line, in a resource, national value sets; all of it or nothing of it."""

from datetime import date
from typing import Any

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError
from cordee.fhir.terminology.concept_map import Coded
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.terminology.codes import look_up, subsumes
from cordee.terminology.expanding import expansion_of
from cordee.terminology.importing import Imported, Line, import_lines, import_resource, import_shared_value_sets
from cordee.terminology.sources import Sources

URL = "https://example.org/CodeSystem/lines"
HEAD: dict[str, Any] = {
    "resourceType": "CodeSystem", "url": URL, "version": "1", "status": "active", "content": "complete",
}  # fmt: skip


def concept(code: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"code": code, "display": f"Concept {code}"}
    return made | ({"property": [{"code": "parent", "valueCode": parent}]} if parent else {}) | more


async def imported(repository: Repository, *said: dict[str, Any] | bytes) -> list[Imported]:
    texts = [text if isinstance(text, bytes) else orjson.dumps(text) for text in said]
    return await import_lines(repository, [Line(number, text) for number, text in enumerate(texts, 1)])


async def codes(repository: Repository, url: str = URL) -> list[str]:
    return [member.code for member in (await expansion_of(repository, f"{url}?fhir_vs")).members.values()]


async def test_concepts_line_by_line_are_those_of_the_code_system_before_them(repository: Repository) -> None:
    other = HEAD | {"url": f"{URL}/2", "concept": [concept("x")]}
    nested = concept("c", concept=[concept("d")])
    # A child before its parent, more than are checked at once.
    many = [concept(f"m{n}", "c") for n in range(1_200)]
    found = await imported(repository, HEAD, concept("a", "b"), concept("b"), nested, *many, other)
    assert [(one.reference, one.effect, one.concepts) for one in found] == [
        ("CodeSystem/lines", "created", 1_204), ("CodeSystem/2", "created", 1),
    ]  # fmt: skip
    resource = orjson.loads((await repository.read("CodeSystem", "lines")).body)
    assert (resource["content"], resource["count"], "concept" in resource) == ("not-present", 1_204, False)
    assert (await codes(repository))[:5] == ["a", "b", "c", "d", "m0"]
    assert await subsumes(repository, URL, None, "c", "m1199") == "subsumes"
    assert await codes(repository, f"{URL}/2") == ["x"]


async def test_importing_again_replaces_the_concepts_even_when_the_resource_is_the_same(repository: Repository) -> None:
    await imported(repository, HEAD, concept("a"), concept("b"))
    assert await codes(repository) == ["a", "b"]
    (again,) = await imported(repository, HEAD, concept("a"), concept("c"))
    assert again.effect == "unchanged"
    assert await codes(repository) == ["a", "c"]


async def test_the_concepts_stay_when_the_resource_is_edited(repository: Repository) -> None:
    await imported(repository, HEAD, concept("a"))
    edited = HEAD | {"id": "lines", "content": "not-present", "count": 1, "title": "Autre titre"}
    await repository.update("CodeSystem", "lines", accept(orjson.dumps(edited)))
    system, _ = await look_up(repository, Coded(URL, "a"))
    assert system.known.resource["title"] == "Autre titre"
    whole = HEAD | {"id": "lines", "concept": [concept("z")]}
    await repository.update("CodeSystem", "lines", accept(orjson.dumps(whole)))
    assert await codes(repository) == ["z"]


async def test_what_a_concept_says_keeps_its_written_form(repository: Repository) -> None:
    weighed = b'{"code":"a","display":"A","property":[{"code":"poids","valueDecimal":1.50}]}'
    await imported(repository, HEAD, weighed)
    _, found = await look_up(repository, Coded(URL, "a"))
    assert str(found.said["property"][0]["valueDecimal"]) == "1.50"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([HEAD, concept("a"), b"{"], "Line 3 is not JSON"),
        ([HEAD, concept("a"), b"[]"], "Line 3 is not a JSON object"),
        ([HEAD, concept("a"), {"code": 1}], "Line 3: .*concept.1..code"),
        ([HEAD, concept("a"), concept("a")], "a is there twice"),
        ([HEAD, concept("a", "none")], "none as a parent"),
        ([concept("a")], "Line 1: a concept comes after"),
        ([HEAD | {"concept": [concept("a")]}, concept("b")], "either in the CodeSystem or in the lines"),
        ([{"resourceType": "Patient"}], "A Patient is no terminology"),
    ],
)
async def test_what_can_not_be_imported_is_refused_and_nothing_of_it_is_stored(
    repository: Repository, said: list[dict[str, Any] | bytes], why: str
) -> None:
    with pytest.raises(FhirError, match=why):
        await imported(repository, *said)
    with pytest.raises(FhirError, match=r"not known|lines"):
        await codes(repository)
    assert not await repository.read_many([("CodeSystem", "lines")])


async def test_right_after_an_import_what_is_under_a_concept_is_looked_up_in_the_index(
    repository: Repository, database: Database
) -> None:
    concepts = [concept("c0"), *(concept(f"c{n}", f"c{(n - 1) // 10}") for n in range(1, 10_000))]
    await imported(repository, HEAD, *concepts)
    system = await Sources(repository).code_system(URL)
    assert system is not None
    assert system.generation is not None
    found = await repository.concepts.find(system.generation, ["c500"])
    explained = (
        "EXPLAIN SELECT * FROM code_system_concept WHERE tenant = $1 AND generation = $2"
        " AND (concept = $3 OR ancestors @> ARRAY[$3::bigint])"
    )
    async with database.searches() as connection:
        rows = await connection.fetch(explained, repository.tenant, system.generation, found["c500"].concept)
    assert any("Index Scan on code_system_concept_by_ancestor" in row[0] for row in rows), rows
    below = (await expansion_of(repository, f"{URL}?fhir_vs=isa/c500")).members.values()
    assert [member.code for member in below] == ["c500", *(f"c{n}" for n in range(5_001, 5_011))]


SVS = (
    b'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.3.4" displayName="JDV_X"><ConceptList>'
    b'<Concept code="A" codeSystem="1.2.250.1.999.7" displayName="Un"/></ConceptList></ValueSet>'
    b"</RetrieveValueSetResponse>"
)


async def test_the_oid_of_a_system_is_the_address_that_a_stored_naming_system_gives(repository: Repository) -> None:
    naming = {
        "resourceType": "NamingSystem", "id": "n", "name": "N", "status": "active", "kind": "codesystem",
        "date": "2026-01-01",
        "uniqueId": [{"type": "oid", "value": "1.2.250.1.999.7"}, {"type": "uri", "value": "https://example.org/n"}],
    }  # fmt: skip
    await import_resource(repository, accept(orjson.dumps(naming)))
    (one,) = await import_shared_value_sets(repository, SVS, date(2026, 1, 1))
    members = (await expansion_of(repository, one.url)).members
    assert list(members) == [("https://example.org/n", "A")]
    (again,) = await import_shared_value_sets(repository, SVS, date(2026, 1, 1))
    assert again.effect == "unchanged"


async def test_the_oid_of_a_system_is_the_address_of_the_code_system_that_names_it(repository: Repository) -> None:
    named = {
        "resourceType": "CodeSystem", "id": "c", "url": "https://example.org/c", "name": "C", "status": "active",
        "content": "not-present", "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7"}],
    }  # fmt: skip
    await import_resource(repository, accept(orjson.dumps(named)))
    (one,) = await import_shared_value_sets(repository, SVS, date(2026, 1, 1))
    assert list((await expansion_of(repository, one.url)).members) == [("https://example.org/c", "A")]
