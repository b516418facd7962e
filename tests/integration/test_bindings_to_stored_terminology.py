"""Bindings judged by what the tenant has stored: concepts in the table, value sets, other names of code systems."""

from datetime import date
from typing import Any
from uuid import uuid4

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.store import tenant_profiles
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.store.tenant_policies import TenantPolicies
from cordee.terminology.importing import Line, import_lines, import_shared_value_sets

SYSTEM = "https://example.org/CodeSystem/grand"
SET = "https://example.org/ValueSet/lie"
PROFILE = "https://example.org/StructureDefinition/lie"


def concepts(*codes: str, **more: Any) -> list[Line]:
    head = {
        "resourceType": "CodeSystem", "id": "grand", "url": SYSTEM, "name": "Grand", "status": "active",
        "content": "not-present", "hierarchyMeaning": "is-a",
    } | more  # fmt: skip
    lines: list[dict[str, Any]] = [head]
    for code in codes:
        above, _, _ = code.rpartition(".")
        lines.append({"code": code} | ({"property": [{"code": "parent", "valueCode": above}]} if above else {}))
    return [Line(number, orjson.dumps(line)) for number, line in enumerate(lines, 1)]


async def put(repository: Repository, resource: dict[str, Any]) -> None:
    await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))


async def bind(repository: Repository, *include: dict[str, Any], strength: str = "required", **compose: Any) -> None:
    """A profile of Basic, whose code is bound to a value set of those rules."""
    binding = {"path": "Basic.code", "id": "Basic.code", "binding": {"strength": strength, "valueSet": SET}}
    await put(repository, {
        "resourceType": "StructureDefinition", "id": "lie", "url": PROFILE, "name": "P", "status": "active",
        "kind": "resource", "abstract": False, "type": "Basic", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Basic", "differential": {"element": [binding]},
    })  # fmt: skip
    await put(repository, {
        "resourceType": "ValueSet", "id": "lie", "url": SET, "status": "active",
        "compose": {"include": list(include)} | compose,
    })  # fmt: skip


async def judged(repository: Repository, *codings: tuple[str, str]) -> str:
    """The one thing said of the code: its severity, or none."""
    resource = {"resourceType": "Basic", "code": {"coding": [{"system": s, "code": c} for s, c in codings]}}
    async with repository.profiles() as validator:
        found = await validator.validate(resource, [PROFILE])
    of_code = [issue.severity for issue in found if (issue.path or "").startswith("Basic.code")]
    assert len(of_code) <= 1, found
    return of_code[0] if of_code else "none"


def is_a(code: str) -> dict[str, str]:
    return {"property": "concept", "op": "is-a", "value": code}


async def test_concepts_kept_out_of_their_resource_are_looked_up(repository: Repository) -> None:
    await import_lines(repository, concepts("A", "A.1", "A.1.2", "B"))
    await bind(repository, {"system": SYSTEM})
    assert [await judged(repository, (SYSTEM, c)) for c in ("A.1.2", "B", "zz")] == ["none", "none", "error"]
    await bind(repository, {"system": SYSTEM, "filter": [is_a("A.1")]}, strength="extensible")
    assert [await judged(repository, (SYSTEM, c)) for c in ("A.1.2", "A.1", "A", "zz")] == [
        "none", "none", "warning", "warning",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"property": "code", "op": "regex", "value": "A(\\..)+"}, "A.1 A.1.2"),
        ({"property": "concept", "op": "is-not-a", "value": "A.1"}, "A B"),
        ({"property": "concept", "op": "generalizes", "value": "A.1"}, "A A.1"),
        ({"property": "parent", "op": "=", "value": "A"}, "A.1"),
        ({"property": "parent", "op": "exists", "value": "false"}, "A B"),
    ],
    ids=lambda given: given if isinstance(given, str) else str(given["op"]),
)
async def test_every_filter_is_applied(repository: Repository, rule: dict[str, str], kept: str) -> None:
    codes = ("A", "A.1", "A.1.2", "B")
    await import_lines(repository, concepts(*codes))
    await bind(repository, {"system": SYSTEM, "filter": [rule]})
    assert [c for c in codes if await judged(repository, (SYSTEM, c)) == "none"] == kept.split()


async def test_a_filter_that_can_not_be_applied_is_told_and_refuses_nothing(repository: Repository) -> None:
    await import_lines(repository, concepts("A"))
    await bind(repository, {"system": SYSTEM, "filter": [{"property": "code", "op": "regex", "value": "("}]})
    assert await judged(repository, (SYSTEM, "A")) == "information"
    await repository.set_policies(TenantPolicies(profiles="enforce"))
    resource = {"resourceType": "Basic", "id": "b", "meta": {"profile": [PROFILE]}, "code": {"coding": [
        {"system": SYSTEM, "code": "A"}]}}  # fmt: skip
    await put(repository, resource)
    assert (await repository.read("Basic", "b")).version == 1


async def test_a_large_code_system_in_one_resource_is_looked_up_too(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_profiles, "LARGEST_HELD", 0)
    await put(repository, {
        "resourceType": "CodeSystem", "id": "grand", "url": SYSTEM, "name": "Grand", "status": "active",
        "content": "complete", "concept": [{"code": "A", "concept": [{"code": "A.1"}]}],
    })  # fmt: skip
    await bind(repository, {"system": SYSTEM, "filter": [is_a("A")]})
    assert [await judged(repository, (SYSTEM, c)) for c in ("A.1", "B")] == ["none", "error"]


async def test_what_changes_is_seen_by_the_next_validation(repository: Repository) -> None:
    await bind(repository, {"system": SYSTEM})
    assert await judged(repository, (SYSTEM, "A")) == "information"
    await import_lines(repository, concepts("A", "B"))
    assert [await judged(repository, (SYSTEM, c)) for c in "AC"] == ["none", "error"]
    await import_lines(repository, concepts("C", "D"))  # of the same resource, as many: only the concepts changed
    assert [await judged(repository, (SYSTEM, c)) for c in "AC"] == ["error", "none"]
    await bind(repository, {"system": SYSTEM, "concept": [{"code": "D"}]})
    assert [await judged(repository, (SYSTEM, c)) for c in "CD"] == ["error", "none"]
    await repository.delete("ValueSet", "lie")
    assert await judged(repository, (SYSTEM, "C")) == "information"
    await bind(repository, {"system": SYSTEM})
    await repository.delete("CodeSystem", "grand")
    assert await judged(repository, (SYSTEM, "C")) == "information"


async def test_one_code_that_is_in_the_value_set_is_enough(repository: Repository) -> None:
    await import_lines(repository, concepts("A"))
    await bind(repository, {"system": SYSTEM})
    assert await judged(repository, ("urn:other", "x"), (SYSTEM, "A")) == "none"
    assert await judged(repository, ("urn:other", "x"), (SYSTEM, "B")) == "error"


async def test_a_value_set_implicit_in_a_code_system_is_known(repository: Repository) -> None:
    await import_lines(repository, concepts("A", "A.1", "B"))
    await bind(repository, {"valueSet": [f"{SYSTEM}?fhir_vs=isa/A"]})
    assert [await judged(repository, (SYSTEM, c)) for c in ("A.1", "B")] == ["none", "error"]


async def test_codes_no_longer_to_be_used_are_left_out_where_the_value_set_says_so(repository: Repository) -> None:
    lines = concepts("A")
    retired = {"code": "R", "property": [{"code": "status", "valueCode": "retired"}]}
    await import_lines(repository, [*lines, Line(9, orjson.dumps(retired))])
    await bind(repository, {"system": SYSTEM})
    assert await judged(repository, (SYSTEM, "R")) == "none"
    await bind(repository, {"system": SYSTEM}, inactive=False)
    assert [await judged(repository, (SYSTEM, c)) for c in "AR"] == ["none", "error"]


async def test_codes_have_no_case_where_their_system_says_so(repository: Repository) -> None:
    await import_lines(repository, concepts("Abc", caseSensitive=False))
    await bind(repository, {"system": SYSTEM})
    assert await judged(repository, (SYSTEM, "aBC")) == "none"


async def test_a_version_that_is_not_here_can_not_be_told(repository: Repository) -> None:
    await import_lines(repository, concepts("A", version="2"))
    await bind(repository, {"system": SYSTEM, "version": "1"})
    assert await judged(repository, (SYSTEM, "B")) == "information"
    await bind(repository, {"system": SYSTEM, "version": "2"})
    assert await judged(repository, (SYSTEM, "B")) == "error"


async def test_of_several_versions_of_a_value_set_the_active_and_highest_is_meant(repository: Repository) -> None:
    await import_lines(repository, concepts("A", "B"))
    await bind(repository, {"system": SYSTEM, "concept": [{"code": "A"}]})
    for id_, version, status in (("v10", "10", "active"), ("v9", "9", "active"), ("v11", "11", "draft")):
        await put(repository, {
            "resourceType": "ValueSet", "id": id_, "url": SET, "version": version, "status": status,
            "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "B" if version == "10" else "A"}]}]},
        })  # fmt: skip
    assert [await judged(repository, (SYSTEM, c)) for c in "AB"] == ["error", "none"]


OID = "1.2.3.4.5"
NATIONAL = f"""<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.3.9" displayName="JDV"
 urlFichier="{SET}"><ConceptList><Concept code="10" codeSystem="{OID}" displayName="Dix"/></ConceptList></ValueSet>
</RetrieveValueSetResponse>"""


async def test_a_national_value_set_says_nothing_of_a_system_it_has_under_an_oid_alone(repository: Repository) -> None:
    """A required binding must not refuse what may well be the very code."""
    await bind(repository, {"system": SYSTEM})
    await repository.delete("ValueSet", "lie")
    await import_shared_value_sets(repository, NATIONAL.encode(), date(2026, 1, 1))
    assert [await judged(repository, (SYSTEM, c)) for c in ("10", "11")] == ["information", "error"]
    assert await judged(repository, (f"urn:oid:{OID}", "10")) == "none"
    await put(repository, {
        "resourceType": "NamingSystem", "id": "n", "name": "N", "status": "active", "kind": "codesystem",
        "date": "2026-01-01",
        "uniqueId": [{"type": "oid", "value": OID}, {"type": "uri", "value": SYSTEM, "preferred": True}],
    })  # fmt: skip
    assert [await judged(repository, (s, "10")) for s in (SYSTEM, "urn:x")] == ["none", "error"]


async def test_a_refused_write_does_not_lose_the_concepts_put_into_the_table(
    repository: Repository, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_profiles, "LARGEST_HELD", 0)
    await put(repository, {
        "resourceType": "CodeSystem", "id": "grand", "url": SYSTEM, "name": "Grand", "status": "active",
        "content": "complete", "concept": [{"code": "A"}],
    })  # fmt: skip
    await bind(repository, {"system": SYSTEM})
    await repository.set_policies(TenantPolicies(profiles="enforce"))
    wrong = {"resourceType": "Basic", "meta": {"profile": [PROFILE]}, "code": {"coding": [
        {"system": SYSTEM, "code": str(uuid4())}]}}  # fmt: skip
    with pytest.raises(Exception, match="is expected"):
        async with repository.unit() as unit:
            await unit.create(accept(orjson.dumps(wrong)))
    async with database.rows() as connection:
        indexed = "SELECT count(*) FROM indexed_code_system WHERE tenant = $1"
        assert await connection.fetchval(indexed, repository.tenant) == 1
