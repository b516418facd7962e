"""Value sets expanded and codes looked up, from CodeSystems and ValueSets that are stored like any resource."""

import asyncio
from typing import Any

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError
from cordee.fhir.terminology.concept_map import Coded
from cordee.fhir.terminology.refusals import TooCostly, UnknownTerminology, UnusableTerminology
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.terminology import expanding
from cordee.terminology.codes import look_up, subsumes, validate_in_system, validate_in_value_set
from cordee.terminology.expanding import expansion_of
from cordee.terminology.membership import codes_above, codes_below, codes_in
from cordee.terminology.translating import Scope, concept_maps_of, translate

SYSTEM = "https://example.org/CodeSystem/soins"
SET = "https://example.org/ValueSet/soins"

CONCEPTS: list[dict[str, Any]] = [
    {
        "code": "soin",
        "display": "Soin",
        "property": [{"code": "notSelectable", "valueBoolean": True}],
        "concept": [
            {
                "code": "consultation",
                "display": "Consultation",
                "designation": [{"language": "en", "value": "Visit"}],
                "property": [{"code": "weight", "valueDecimal": 1.50}],
                "concept": [{"code": "tele", "display": "Téléconsultation"}],
            },
            {"code": "acte", "display": "Acte", "property": [{"code": "status", "valueCode": "retired"}]},
        ],
    },
    {"code": "mixte", "display": "Séance mixte", "property": [{"code": "parent", "valueCode": "consultation"},
                                                               {"code": "parent", "valueCode": "acte"}]},
    {"code": "autre"},
]  # fmt: skip


def code_system(concepts: list[dict[str, Any]] = CONCEPTS, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem", "id": "soins", "url": SYSTEM, "version": "1", "name": "Soins", "status": "active",
        "content": "complete", "concept": concepts,
    } | more  # fmt: skip


def value_set(*include: dict[str, Any], exclude: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    compose = {"include": list(include)} | ({"exclude": exclude} if exclude else {})
    return {"resourceType": "ValueSet", "id": "soins", "url": SET, "status": "active", "compose": compose} | more


async def put(repository: Repository, resource: dict[str, Any]) -> None:
    await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))


@pytest.fixture
async def stored(repository: Repository) -> Repository:
    await put(repository, code_system())
    return repository


async def codes(repository: Repository, url: str = SET) -> list[str]:
    return [member.code for member in (await expansion_of(repository, url)).members.values()]


FILTERS = [
    (("concept", "is-a", "consultation"), ["consultation", "tele", "mixte"]),
    (("concept", "descendent-of", "consultation"), ["tele", "mixte"]),
    (("concept", "is-not-a", "consultation"), ["soin", "acte", "autre"]),
    (("concept", "generalizes", "mixte"), ["soin", "consultation", "acte", "mixte"]),
    (("concept", "is-a", "none"), []),
    (("concept", "is-not-a", "none"), ["soin", "consultation", "tele", "acte", "mixte", "autre"]),
    (("code", "regex", "[a-m].*"), ["consultation", "acte", "mixte", "autre"]),
    (("code", "regex", "tel"), []),
    (("display", "regex", "S.*"), ["soin", "mixte"]),
    (("code", "in", "tele, autre,none"), ["tele", "autre"]),
    (("code", "not-in", "tele,autre"), ["soin", "consultation", "acte", "mixte"]),
    (("status", "=", "retired"), ["acte"]),
    (("status", "not-in", "retired"), ["soin", "consultation", "tele", "mixte", "autre"]),
    (("status", "exists", "true"), ["acte"]),
    (("status", "regex", "ret.*"), ["acte"]),
    (("display", "exists", "false"), ["autre"]),
    (("display", "=", "Acte"), ["acte"]),
    (("parent", "=", "soin"), ["consultation", "acte"]),
    (("parent", "exists", "false"), ["soin", "autre"]),
    (("child", "=", "mixte"), ["consultation", "acte"]),
    (("child", "exists", "true"), ["soin", "consultation", "acte"]),
    (("weight", "=", "1.5"), ["consultation"]),
]


@pytest.mark.parametrize(("said", "kept"), FILTERS, ids=lambda value: "-".join(value) if value else "nothing")
async def test_a_filter_keeps(stored: Repository, said: tuple[str, str, str], kept: list[str]) -> None:
    one = dict(zip(("property", "op", "value"), said, strict=True))
    await put(stored, value_set({"system": SYSTEM, "filter": [one]}))
    assert await codes(stored) == kept


async def test_filters_of_one_include_all_hold_and_includes_add_up(stored: Repository) -> None:
    both = [
        {"property": "concept", "op": "is-a", "value": "soin"},
        {"property": "display", "op": "regex", "value": ".*onsult.*"},
    ]
    await put(stored, value_set({"system": SYSTEM, "filter": both}, {"system": SYSTEM, "concept": [{"code": "autre"}]}))
    assert await codes(stored) == ["consultation", "tele", "autre"]


async def test_value_sets_in_an_include_are_intersected_and_what_is_excluded_is_out(stored: Repository) -> None:
    below = {"property": "concept", "op": "is-a", "value": "soin"}
    await put(stored, value_set({"system": SYSTEM, "filter": [below]}, id="a", url=f"{SET}/a"))
    several = [{"code": code} for code in ("autre", "mixte", "tele")]
    await put(stored, value_set({"system": SYSTEM, "concept": several}, id="b", url=f"{SET}/b"))
    await put(stored, value_set({"valueSet": [f"{SET}/a", f"{SET}/b"]}))
    assert await codes(stored) == ["tele", "mixte"]
    await put(stored, value_set({"valueSet": [f"{SET}/a"]}, exclude=[{"valueSet": [f"{SET}/b"]}]))
    assert await codes(stored) == ["soin", "consultation", "acte"]
    await put(stored, value_set({"system": SYSTEM, "valueSet": [f"{SET}/b"]}))
    assert await codes(stored) == ["tele", "mixte", "autre"]


async def test_a_listed_code_has_the_words_of_its_value_set_and_must_exist_where_its_system_is_whole(
    stored: Repository,
) -> None:
    listed = [{"code": "tele", "display": "À distance"}, {"code": "none"}]
    await put(stored, value_set({"system": SYSTEM, "concept": listed}, {"system": "urn:x", "concept": listed}))
    members = (await expansion_of(stored, SET)).members.values()
    assert [(m.system, m.code, m.display) for m in members] == [
        (SYSTEM, "tele", "À distance"), ("urn:x", "tele", "À distance"), ("urn:x", "none", None),
    ]  # fmt: skip


async def test_the_version_that_is_said_is_meant_else_the_highest_that_is_active(stored: Repository) -> None:
    await put(stored, code_system([{"code": "new"}], id="soins-10", version="10"))
    await put(stored, code_system([{"code": "draft"}], id="soins-11", version="11", status="draft"))
    await put(stored, value_set({"system": SYSTEM, "version": "1", "concept": [{"code": "tele"}, {"code": "new"}]}))
    assert await codes(stored) == ["tele"]
    assert await codes(stored, f"{SYSTEM}?fhir_vs") == ["new"]


async def test_an_expansion_follows_what_it_rests_on(stored: Repository, database: Database) -> None:
    await put(stored, value_set({"system": SYSTEM}, id="a", url=f"{SET}/a"))
    await put(stored, value_set({"valueSet": [f"{SET}/a"]}))
    assert len(await codes(stored)) == 6
    assert await expansion_of(stored, SET) is await expansion_of(stored, SET)
    other = Repository(database, stored.tenant)
    await put(other, code_system([{"code": "one"}, {"code": "two"}]))
    assert await codes(stored) == ["one", "two"]
    await put(other, value_set({"system": SYSTEM, "concept": [{"code": "two"}]}, id="a", url=f"{SET}/a"))
    assert await codes(stored) == ["two"]
    await other.delete("ValueSet", "a")
    with pytest.raises(UnknownTerminology, match="ValueSet/soins/a is not known"):
        await codes(stored)


async def test_what_a_transaction_undid_is_not_remembered(stored: Repository) -> None:
    class Undone(Exception):
        pass

    await put(stored, value_set({"system": SYSTEM}))
    with pytest.raises(Undone):
        async with stored.unit() as unit:
            await unit.put("CodeSystem", "soins", accept(orjson.dumps(code_system([{"code": "undone"}]))))
            assert [m.code for m in (await expansion_of(unit, SET)).members.values()] == ["undone"]
            raise Undone
    assert len(await codes(stored)) == 6
    await put(stored, code_system([{"code": "done"}]))
    assert await codes(stored) == ["done"]


async def test_a_value_set_that_includes_itself_is_refused(stored: Repository) -> None:
    await put(stored, value_set({"valueSet": [SET]}))
    with pytest.raises(UnusableTerminology, match="includes itself"):
        await codes(stored)


@pytest.mark.parametrize(
    ("concepts", "why"),
    [
        ([{"code": "a"}, {"code": "a"}], "a is there twice"),
        ([{"code": "a", "property": [{"code": "parent", "valueCode": "b"}]}], "names b as a parent"),
        (
            [
                {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
                {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
            ],
            "is under itself",
        ),
    ],
)
async def test_a_code_system_that_contradicts_itself_is_refused(
    repository: Repository, concepts: list[dict[str, Any]], why: str
) -> None:
    await put(repository, code_system(concepts))
    with pytest.raises(UnusableTerminology, match=why):
        await codes(repository, f"{SYSTEM}?fhir_vs")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"property": "concept", "op": "regex", "value": "("}, "not a regular expression"),
        ({"property": "status", "op": "is-a", "value": "x"}, "about the property concept"),
        ({"property": "status", "op": "exists", "value": "x"}, "true or false"),
    ],
)
async def test_a_filter_that_can_not_be_applied_is_refused_with_its_path(
    stored: Repository, rule: dict[str, str], why: str
) -> None:
    await put(stored, value_set({"system": SYSTEM, "filter": [rule]}))
    with pytest.raises(UnusableTerminology, match=why) as refused:
        await codes(stored)
    assert (refused.value.issues[0].path or "").startswith("ValueSet.compose.include[0].filter[0].")


async def test_how_two_codes_stand_to_each_other(stored: Repository) -> None:
    said = {
        ("soin", "mixte"): "subsumes", ("mixte", "acte"): "subsumed-by", ("tele", "tele"): "equivalent",
        ("tele", "acte"): "not-subsumed",
    }  # fmt: skip
    assert {pair: await subsumes(stored, SYSTEM, None, *pair) for pair in said} == said


async def test_all_that_is_said_of_a_code_is_looked_up(stored: Repository) -> None:
    _, found = await look_up(stored, Coded(SYSTEM, "consultation"))
    assert (found.parents, found.children) == (("soin",), ("tele", "mixte"))
    assert found.said["designation"] == [{"language": "en", "value": "Visit"}]
    with pytest.raises(UnknownTerminology, match="no code none"):
        await look_up(stored, Coded(SYSTEM, "none"))


async def test_codes_have_no_case_where_their_system_says_so(repository: Repository) -> None:
    await put(repository, code_system([{"code": "Abc", "display": "x"}], caseSensitive=False))
    await put(repository, value_set({"system": SYSTEM}))
    expansion = await expansion_of(repository, SET)
    assert (await validate_in_value_set(repository, SET, expansion, Coded(SYSTEM, "aBC"), None)).result
    assert (await validate_in_system(repository, Coded(SYSTEM, "ABC"), None)).result


@pytest.mark.parametrize(
    ("coded", "result", "message"),
    [
        (Coded(SYSTEM, "tele"), True, None),
        (Coded(SYSTEM, "tele", display="teleconsultation"), True, None),
        (Coded(SYSTEM, "consultation", display="Visit"), True, None),
        (Coded(SYSTEM, "tele", display="Visit"), False, "«Téléconsultation»"),
        (Coded(SYSTEM, "none"), False, "none"),
        (Coded(None, "tele"), True, None),
        (Coded("urn:x", "tele"), False, "urn:x|tele is not in"),
        (Coded(SYSTEM, "tele", version="2"), False, "of version 1, not 2"),
    ],
)
async def test_a_code_is_judged(stored: Repository, coded: Coded, result: bool, message: str | None) -> None:
    await put(stored, value_set({"system": SYSTEM}))
    judged = await validate_in_value_set(stored, SET, await expansion_of(stored, SET), coded, None)
    assert judged.result is result
    assert (message or "") in (judged.message or "")


async def test_what_searches_ask(stored: Repository) -> None:
    await put(stored, value_set({"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": "acte"}]}))
    assert await codes_in(stored, SET) == {(SYSTEM, "acte"), (SYSTEM, "mixte")}
    assert await codes_below(stored, SYSTEM, "consultation") == {(SYSTEM, c) for c in ("consultation", "tele", "mixte")}
    assert await codes_above(stored, SYSTEM, "tele") == {(SYSTEM, c) for c in ("tele", "consultation", "soin")}


async def test_what_rests_on_too_many_concepts_is_refused_before_they_are_read(
    stored: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(stored, value_set({"system": SYSTEM}, exclude=[{"system": SYSTEM, "concept": [{"code": "autre"}]}]))
    monkeypatch.setattr(expanding, "MOST_CONCEPTS", 5)
    with pytest.raises(TooCostly, match="more than 5 concepts") as caught:
        await expansion_of(stored, SET)
    assert caught.value.issues[0].path == "ValueSet.compose.include[0]"
    monkeypatch.setattr(expanding, "MOST_CONCEPTS", 6)
    assert len((await expansion_of(stored, SET)).members) == 5
    twice = {"system": SYSTEM, "filter": [{"property": "concept", "op": "is-a", "value": "soin"}]}
    await put(stored, value_set({"system": SYSTEM}, twice))
    with pytest.raises(TooCostly, match="too many"):
        await expansion_of(stored, SET)


async def test_processes_that_need_the_same_concepts_at_once_put_them_there_once(
    stored: Repository, database: Database
) -> None:
    await put(stored, value_set({"system": SYSTEM}))
    readers = [Repository(database, stored.tenant) for _ in range(4)]
    found = await asyncio.gather(*(expansion_of(reader, SET) for reader in readers))
    assert [len(one.members) for one in found] == [6, 6, 6, 6]
    async with database.rows() as connection:
        rows = "SELECT count(DISTINCT generation) FROM code_system_concept WHERE tenant = $1"
        assert await connection.fetchval(rows, stored.tenant) == 1


MAP = {
    "resourceType": "ConceptMap", "id": "m", "url": "https://example.org/ConceptMap/m", "status": "active",
    "sourceUri": SET,
    "group": [
        {
            "source": SYSTEM, "target": "urn:t",
            "element": [
                {"code": "tele", "target": [{"code": "T", "display": "Tele", "equivalence": "narrower"}]},
                {"code": "acte", "target": [{"equivalence": "unmatched"}]},
            ],
            "unmapped": {"mode": "provided"},
        }
    ],
}  # fmt: skip


async def test_a_code_is_translated_both_ways(stored: Repository) -> None:
    await put(stored, MAP)

    async def translated(coded: Coded, **scope: Any) -> list[tuple[str, str | None, str | None]]:
        wanted = Scope(**scope)
        found = await translate(stored, await concept_maps_of(stored, coded, wanted), [coded], wanted)
        return [(f.match.equivalence, f.match.target and f.match.target.code, f.source) for f in found]

    assert await translated(Coded(SYSTEM, "tele")) == [("narrower", "T", MAP["url"])]
    assert await translated(Coded("urn:t", "T"), reverse=True) == [("wider", "tele", MAP["url"])]
    assert await translated(Coded(SYSTEM, "acte")) == [("unmatched", None, MAP["url"])]
    assert await translated(Coded(SYSTEM, "tele"), target_system="urn:u") == []
    assert await translated(Coded(SYSTEM, "tele"), source=SET) == [("narrower", "T", MAP["url"])]
    assert await translated(Coded(SYSTEM, "tele"), source="urn:other") == []
    found = await translate(stored, [MAP], [Coded(SYSTEM, "mixte")], Scope())
    assert [(f.match.equivalence, f.match.target) for f in found] == [("equal", Coded("urn:t", "mixte"))]


async def test_the_refusal_of_an_unknown_system_names_it(repository: Repository) -> None:
    await put(repository, value_set({"system": "urn:unknown"}))
    with pytest.raises(FhirError, match="urn:unknown are not known here"):
        await codes(repository)
