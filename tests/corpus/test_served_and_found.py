"""Every example of the corpus on a real server: equal as XML both ways, kept in its history, found by all it says."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from tests.corpus.test_rest_round_trip import client, compared, server
from tests.corpus.test_xml_round_trip import without_formatting
from tests.queries_from_values import queries_from

from cordee.fhir.search_values import extract

__all__ = ["client", "server"]

EXAMPLES = 150
A_BATCH = 200
JSON, XML = "application/fhir+json", "application/fhir+xml"


def files(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("fhir-r4/examples/*.json"), *corpus.glob("fhir/*/examples/*.json")])


def content(raw: bytes) -> Any:
    """What must be the same in both formats: numbers as they are written, narratives in canonical form."""
    resource: dict[str, Any] = json.loads(raw, parse_float=lambda text: ("number", text), parse_int=str)
    return without_formatting(compared(resource))


def stored(client: httpx.Client, file: Path) -> tuple[str, bytes]:
    """The address that an example is stored under, and its text."""
    raw = file.read_bytes()
    resource = json.loads(raw)
    address = f"{resource['resourceType']}/{resource['id']}"
    answer = client.put(address, content=raw)
    assert answer.status_code in (200, 201), (file.name, answer.text)
    return address, raw


def test_every_example_is_the_same_through_xml_and_every_version_is_kept(client: httpx.Client, corpus: Path) -> None:
    examples = files(corpus)
    assert len(examples) > EXAMPLES
    for file in examples:
        address, raw = stored(client, file)
        first = client.get(address).headers["etag"].strip('W/"')
        xml = client.get(address, headers={"Accept": XML})
        assert xml.headers["content-type"].startswith(XML)
        answer = client.put(address, content=xml.content, headers={"Content-Type": XML})
        assert answer.status_code == 200, (file.name, answer.text)
        assert content(client.get(address, headers={"Accept": JSON}).content) == content(raw), file.name
        assert content(client.get(f"{address}/_history/{first}").content) == content(raw), file.name
        newest = client.get(f"{address}/_history").json()["entry"][0]["resource"]["meta"]["versionId"]
        assert int(newest) >= int(first)


def test_every_example_is_found_by_its_id_and_by_each_value_of_each_parameter(
    client: httpx.Client, corpus: Path
) -> None:
    asked, missed = 0, []
    for file in files(corpus):
        address, raw = stored(client, file)
        type_, id_ = address.split("/")
        values = [(code, value) for code, found in extract(json.loads(raw)).items() for value in found]
        queries = {query for code, value in values for query in queries_from(code, value)}
        searches = [
            f"{type_}?{urlencode([('_id', id_), *query, ('_summary', 'count')])}" for query in with_none(queries)
        ]
        asked += len(searches)
        missed += [(file.name, search) for search in searches_without_match(client, searches)]
    assert missed == []
    assert asked > 3000, asked


def with_none(queries: set[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    yield []
    for query in sorted(queries):
        yield [query]


def searches_without_match(client: httpx.Client, searches: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(searches), A_BATCH):
        part = searches[start : start + A_BATCH]
        entries = [{"request": {"method": "GET", "url": search}} for search in part]
        answers = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": entries}).json()["entry"]
        for search, answer in zip(part, answers, strict=True):
            if answer.get("resource", {}).get("total") != 1:
                yield f"{search}: {answer}"[:500]
