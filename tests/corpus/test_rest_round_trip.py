"""Real resources are stored over HTTP and read back equal, numbers as they were written.

Apart from `id`, `meta.versionId` and `meta.lastUpdated`, only references between the entries of a Bundle change.
"""

import bz2
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.functional.conftest import serving

OFFICIAL_EXAMPLES = 52
SYNTHEA_BATCHES = 2
SYNTHEA_PATIENTS = 5
FRENCH_GUIDES = {"fr-core-2.2.0": 21, "cercle-de-soins": 4, "pdsm": 6}

TRANSACTIONS_REFUSED = {
    # An example that breaks the standard: a PUT to a type, without id and without condition.
    "ihe-mhd/examples/Bundle-ex-ProvideDocumentBundle-addToFolder.json": (400, "A PUT needs an id or a condition."),
    # It patches what it replaces, which no example holds.
    "pdsm4dmp/examples/Bundle-example-td2-1-remplacement.json": (
        404,
        "There is no DocumentReference/doc-x-id.",
    ),
    # Its patient is named by a conditional reference, and no example is that patient.
    "pdsm4dmp/examples/Bundle-example-td2-iti65-lot-soumission.json": (
        412,
        "A conditional reference must match one Patient; it matches no resource.",
    ),
}
"""By path: the status, and what is said."""


@pytest.fixture(scope="module")
def server(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for this module."""
    with serving(dsn, tmp_path_factory.mktemp("corpus") / "log") as running:
        yield running.url


@pytest.fixture
def client(server: str, tenant_name: str) -> Iterator[httpx.Client]:
    """A client on an empty tenant."""
    headers = {"Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=f"{server}/t/{tenant_name}/fhir/", headers=headers, timeout=120) as made:
        yield made


class Written(str):
    """A number's written form."""

    __slots__ = ()


def read(text: bytes | str) -> Any:
    return json.loads(text, parse_float=Written, parse_int=Written)


def compared(resource: dict[str, Any]) -> dict[str, Any]:
    """What must not change."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    rest = {k: v for k, v in resource.items() if k not in ("id", "meta")}
    return rest | ({"meta": meta} if meta else {})


def rewritten(value: Any, references: dict[str, str]) -> Any:
    """`value` with each Reference that is a key of `references` replaced."""
    if isinstance(value, list):
        return [rewritten(item, references) for item in value]
    if not isinstance(value, dict):
        return value
    replaced = {name: rewritten(child, references) for name, child in value.items()}
    reference = value.get("reference")
    return replaced | {"reference": references.get(reference, reference)} if isinstance(reference, str) else replaced


def conditional_references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(conditional_references, value))
    if not isinstance(value, dict):
        return set()
    here = {value["reference"]} if isinstance(value.get("reference"), str) and "?" in value["reference"] else set()
    return here.union(*map(conditional_references, value.values()))


def put_and_read(client: httpx.Client, file: Path) -> None:
    content = file.read_bytes()
    resource = read(content)
    address = f"{resource['resourceType']}/{resource['id']}"
    put = client.put(address, content=content)
    assert put.status_code in (200, 201), (file.name, put.text)
    assert compared(read(client.get(address).content)) == compared(resource), file.name


def test_the_official_examples_come_back_equal(client: httpx.Client, corpus: Path) -> None:
    files = sorted((corpus / "fhir-r4" / "examples").glob("*.json"))
    assert len(files) == OFFICIAL_EXAMPLES
    for file in files:
        put_and_read(client, file)


@pytest.mark.parametrize("guide", sorted(FRENCH_GUIDES))
def test_the_examples_of_french_guides_come_back_equal(client: httpx.Client, corpus: Path, guide: str) -> None:
    files = sorted((corpus / "fhir" / guide / "examples").glob("*.json"))
    assert len(files) == FRENCH_GUIDES[guide]
    for file in files:
        put_and_read(client, file)


def test_every_other_example_comes_back_equal(client: httpx.Client, corpus: Path) -> None:
    files = sorted(f for f in (corpus / "fhir").glob("*/examples/*.json") if f.parts[-3] not in FRENCH_GUIDES)
    assert files
    for file in files:
        put_and_read(client, file)


def carried_out(client: httpx.Client, bundle: dict[str, Any], content: bytes) -> int:
    """Posts a batch or transaction and compares what is stored with what was sent; the number of entries."""
    answer = client.post("", content=content)
    assert answer.status_code == 200, answer.text[:2000]
    responses = answer.json()["entry"]
    entries = bundle["entry"]
    assert len(responses) == len(entries)
    assert {response["response"]["status"] for response in responses} <= {"201 Created", "200 OK"}
    base = f"{str(client.base_url).rstrip('/')}/"
    places = [response["response"]["location"].removeprefix(base).split("/_history")[0] for response in responses]
    references = {entry["fullUrl"]: place for entry, place in zip(entries, places, strict=True) if "fullUrl" in entry}
    for entry, place in zip(entries, places, strict=True):
        parts = entry.get("fullUrl", "").rsplit("/", 2)
        if len(parts) == 3 and parts[1] == entry["resource"]["resourceType"]:
            references["/".join(parts[1:])] = place
    for reference in conditional_references(bundle):
        found = client.get(reference).json()["entry"]
        assert len(found) == 1
        references[reference] = found[0]["fullUrl"].removeprefix(base)
    asked = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": place}} for place in places],
    }
    kept = read(client.post("", json=asked).content)["entry"]
    for entry, there in zip(entries, kept, strict=True):
        assert compared(there["resource"]) == rewritten(compared(entry["resource"]), references)
    return len(entries)


def test_the_synthea_bundles_are_carried_out_and_come_back_equal(client: httpx.Client, corpus: Path) -> None:
    folder = corpus / "fhir-r4" / "synthea"
    files = sorted(folder.glob("*.json.bz2"), key=lambda file: (not file.name.startswith("0-"), file.name))
    assert len(files) == SYNTHEA_BATCHES + SYNTHEA_PATIENTS
    stored = 0
    for file in files:
        content = bz2.decompress(file.read_bytes())
        stored += carried_out(client, read(content), content)
    assert stored > 1000
    assert client.get("Patient?_summary=count").json()["total"] == SYNTHEA_PATIENTS


def transactions(corpus: Path) -> Iterator[Path]:
    for file in sorted((corpus / "fhir").glob("*/examples/Bundle-*.json")):
        if json.loads(file.read_bytes())["type"] in ("transaction", "batch"):
            yield file


def test_the_transactions_of_french_guides_are_carried_out_and_come_back_equal(
    client: httpx.Client, corpus: Path
) -> None:
    refused = {}
    done = 0
    for file in transactions(corpus):
        content = file.read_bytes()
        bundle = read(content)
        name = file.relative_to(corpus / "fhir").as_posix()
        if name in TRANSACTIONS_REFUSED:
            answer = client.post("", content=content)
            refused[name] = (answer.status_code, answer.json()["issue"][0]["diagnostics"])
        else:
            done += carried_out(client, bundle, content)
    assert refused == TRANSACTIONS_REFUSED
    assert done


@pytest.mark.parametrize(
    "name",
    [
        "ihe-mhd/examples/Bundle-ex-fhir-document-bundle.json",
        "pdsm4dmp/examples/Bundle-example-annexe-fhir-document.json",
    ],
)
def test_a_document_taken_apart_is_put_together_again(corpus: Path, client: httpx.Client, name: str) -> None:
    document = json.loads((corpus / "fhir" / name).read_bytes())
    entries = [
        {**entry, "request": {"method": "POST", "url": entry["resource"]["resourceType"]}}
        for entry in document["entry"]
    ]
    stored = client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).json()
    addresses = [entry["response"]["location"].partition("/_history/")[0] for entry in stored["entry"]]
    again = client.get(addresses[0].removeprefix(str(client.base_url)) + "/$document").json()
    assert again["entry"][0]["fullUrl"] == addresses[0]
    assert sorted(entry["fullUrl"] for entry in again["entry"]) == sorted(addresses)
