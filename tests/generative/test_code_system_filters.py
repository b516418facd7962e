"""Random code systems and filters: what PostgreSQL chooses is what the rules choose, read literally, in memory."""

import re
import uuid
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordee.fhir.body import accept
from cordee.fhir.terminology.value_set import Filter
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.terminology.sources import Sources

CODES = ["a", "b", "ab", "A", "c1", "c-2", "é", "x y"]
WORDS = ["Un", "deux", "Élan", "a.b"]


@st.composite
def code_systems(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Concepts whose parents, by property, come before them: any hierarchy without a circle."""
    codes = draw(st.lists(st.sampled_from(CODES), unique=True, min_size=3))
    concepts = []
    for place, code in enumerate(codes):
        properties = [{"code": "parent", "valueCode": p} for p in draw(st.sets(st.sampled_from(codes[:place] or [""])))
                      if p]  # fmt: skip
        properties += [{"code": "kind", "valueString": w} for w in sorted(draw(st.sets(st.sampled_from(WORDS))))]
        concept: dict[str, Any] = {"code": code} | ({"property": properties} if properties else {})
        display = draw(st.none() | st.sampled_from(WORDS))
        concepts.append(concept | ({"display": display} if display else {}))
    return draw(st.permutations(concepts))


VALUES = st.sampled_from([*CODES, *WORDS, "none"])
FILTERS = st.one_of(
    st.builds(
        Filter, st.just("concept"), st.sampled_from(["is-a", "descendent-of", "is-not-a", "generalizes"]), VALUES
    ),
    st.builds(Filter, st.sampled_from(["code", "display", "kind", "parent", "child"]), st.just("="), VALUES),
    st.builds(
        Filter,
        st.sampled_from(["code", "display", "kind"]),
        st.sampled_from(["in", "not-in"]),
        st.lists(VALUES, min_size=1).map(",".join),
    ),
    st.builds(
        Filter,
        st.sampled_from(["code", "display", "kind"]),
        st.just("regex"),
        st.sampled_from(["a.*", "[a-c]", ".*n", "a|b", "(é|É).*", "a\\.b"]),
    ),
    st.builds(
        Filter,
        st.sampled_from(["code", "display", "kind", "parent", "child"]),
        st.just("exists"),
        st.sampled_from(["true", "false"]),
    ),
)


def parents(concept: dict[str, Any]) -> list[str]:
    return [p["valueCode"] for p in concept.get("property", ()) if p["code"] == "parent"]


def ancestors(concepts: list[dict[str, Any]], code: str) -> set[str]:
    by_code = {concept["code"]: concept for concept in concepts}
    found: set[str] = set()
    waiting = list(parents(by_code[code])) if code in by_code else []
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += parents(by_code[here])
    return found


def values(concepts: list[dict[str, Any]], concept: dict[str, Any], name: str) -> list[str]:
    match name:
        case "code":
            return [concept["code"]]
        case "display":
            return [concept["display"]] if "display" in concept else []
        case "parent":
            return parents(concept)
        case "child":
            return [other["code"] for other in concepts if concept["code"] in parents(other)]
    return [p["valueString"] for p in concept.get("property", ()) if p["code"] == name]


def keeps(concepts: list[dict[str, Any]], concept: dict[str, Any], wanted: Filter) -> bool:
    code, value = concept["code"], wanted.value
    above = ancestors(concepts, code)
    said = values(concepts, concept, wanted.property)
    match wanted.op:
        case "is-a":
            return value == code or value in above
        case "descendent-of":
            return value in above
        case "is-not-a":
            return value != code and value not in above
        case "generalizes":
            return any(c["code"] == value for c in concepts) and (code == value or code in ancestors(concepts, value))
        case "=":
            return value in said
        case "in":
            return not set(value.split(",")).isdisjoint(said)
        case "not-in":
            return set(value.split(",")).isdisjoint(said)
        case "exists":
            return bool(said) == (value == "true")
    return any(re.fullmatch(value, one) for one in said)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(concepts=code_systems(), filters=st.lists(FILTERS, min_size=1, max_size=2))
async def test_filters_choose_in_postgresql_what_they_choose_in_memory(
    database: Database, tenant_name: str, concepts: list[dict[str, Any]], filters: list[Filter]
) -> None:
    repository = Repository(database, await database.tenant(tenant_name))
    name = uuid.uuid4().hex
    resource = {
        "resourceType": "CodeSystem", "id": name, "url": f"urn:uuid:{name}", "status": "active", "content": "complete",
        "concept": concepts,
    }  # fmt: skip
    await repository.update("CodeSystem", name, accept(orjson.dumps(resource)))
    system = await Sources(repository).code_system(resource["url"])
    assert system is not None
    assert system.generation is not None
    found = await repository.concepts.select(system.generation, filters, case_sensitive=True)
    expected = [c["code"] for c in concepts if all(keeps(concepts, c, wanted) for wanted in filters)]
    assert [one.code for one in found] == expected
