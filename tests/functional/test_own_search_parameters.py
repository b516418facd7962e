"""A SearchParameter posted over HTTP: announced with its state, refused until it is indexed, then searched by."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from tests.functional.test_cli import cordee

PARAMETER = {
    "resourceType": "SearchParameter", "id": "nickname", "url": "https://a.example/SearchParameter/nickname",
    "name": "Nickname", "status": "active", "description": "d", "code": "nickname", "base": ["Patient"],
    "type": "string", "expression": "Patient.name.where(use='nickname').given",
}  # fmt: skip
PATIENT = {"resourceType": "Patient", "name": [{"use": "nickname", "given": ["Nono"]}]}


def announced(client: httpx.Client) -> dict | None:
    (rest,) = client.get("/metadata").json()["rest"]
    (patient,) = (one for one in rest["resource"] if one["type"] == "Patient")
    return next((one for one in patient["searchParam"] if one["name"] == "nickname"), None)


@pytest.fixture
async def somebody_writing(dsn: str) -> AsyncIterator[None]:
    """A transaction that writes for the length of the test: what is indexed anew waits for it."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE resource IN ROW EXCLUSIVE MODE")
        yield
    await connection.close()


@pytest.mark.usefixtures("somebody_writing")
def test_until_it_is_indexed_it_is_announced_and_refused(client: httpx.Client, dsn: str, tenant_name: str) -> None:
    client.post("/Patient", json=PATIENT)
    assert announced(client) is None
    assert client.put("/SearchParameter/nickname", json=PARAMETER).status_code == 201
    assert "indexed" in announced(client)["documentation"]
    refused = client.get("/Patient", params={"nickname": "nono"})
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["code"] == "incomplete"
    lenient = client.get("/Patient", params={"nickname": "none"}, headers={"Prefer": "handling=lenient"}).json()
    assert [entry["search"]["mode"] for entry in lenient["entry"]] == ["match", "outcome", "outcome"]
    assert lenient["entry"][2]["resource"]["issue"][0]["code"] == "incomplete"
    listed = cordee("search-parameter", "list", "--tenant", tenant_name, dsn=dsn).stdout
    assert listed.split("\t") == ["nickname", "indexing", "Patient", f"{PARAMETER['url']}\n"]


def test_once_it_is_indexed_it_is_searched_by(client: httpx.Client, dsn: str, tenant_name: str) -> None:
    client.post("/Patient", json=PATIENT)
    client.put("/SearchParameter/nickname", json=PARAMETER)
    assert cordee("search-parameter", "index", "--tenant", tenant_name, dsn=dsn).returncode == 0
    found = client.get("/Patient", params={"nickname": "nono"}).json()
    assert len(found["entry"]) == 1
    assert found["link"][0]["url"].endswith("?nickname=nono")
    assert announced(client)["definition"] == PARAMETER["url"]
    asked = client.get("/$graphql", params={"query": '{ PatientList(nickname: "nono") { name { given } } }'}).json()
    assert asked["data"] == {"PatientList": [{"name": [{"given": ["Nono"]}]}]}


def test_conditions_are_read_by_it(client: httpx.Client, dsn: str, tenant_name: str) -> None:
    client.put("/SearchParameter/nickname", json=PARAMETER)
    cordee("search-parameter", "index", "--tenant", tenant_name, dsn=dsn)
    condition = {"If-None-Exist": "nickname=nono"}
    assert client.post("/Patient", json=PATIENT, headers=condition).status_code == 201
    assert client.post("/Patient", json=PATIENT, headers=condition).status_code == 200
    assert client.put("/Patient?nickname=nono", json={**PATIENT, "active": True}).status_code == 200
    entry = {"resource": PATIENT, "request": {"method": "POST", "url": "Patient", "ifNoneExist": "nickname=nono"}}
    basic = {"resourceType": "Basic", "code": {"text": "a"}, "subject": {"reference": "Patient?nickname=nono"}}
    reference = {"resource": basic, "request": {"method": "POST", "url": "Basic"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, reference]}
    answers = client.post("", json=bundle).json()["entry"]
    assert [answer["response"]["status"][:3] for answer in answers] == ["200", "201"]
    assert client.delete("/Patient?nickname=nono").status_code == 204


def test_what_cant_be_searched_by_is_refused_with_its_place(client: httpx.Client) -> None:
    refused = client.put("/SearchParameter/nickname", json={**PARAMETER, "expression": "Patient.name.first()"})
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["SearchParameter.expression"]
    request = {"method": "PUT", "url": "SearchParameter/nickname"}
    taken = {"resource": {**PARAMETER, "code": "birthdate"}, "request": request}
    refused = client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": [taken]})
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.code"]
