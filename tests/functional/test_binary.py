"""A Binary is taken and answered as what it holds, or as a resource (R4 binary.html#rest)."""

import base64

import httpx
import pytest

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
OWN = {"Content-Type": "image/png"}
AS_RESOURCE = {"Accept": "application/fhir+json"}


@pytest.fixture
def image(client: httpx.Client) -> str:
    """The address of a Binary that was posted as an image."""
    created = client.post("Binary", content=PNG, headers=OWN | {"X-Security-Context": "Patient/p"})
    assert created.status_code == 201, created.text
    return f"Binary/{created.json()['id']}"


def test_what_is_posted_is_kept_as_a_resource(client: httpx.Client, image: str) -> None:
    stored = client.get(image, headers=AS_RESOURCE).json()
    assert (stored["contentType"], base64.b64decode(stored["data"])) == ("image/png", PNG)
    assert stored["securityContext"] == {"reference": "Patient/p"}


@pytest.mark.parametrize("accept", ["image/png", "image/*", "image/avif,image/webp,*/*;q=0.8", "text/html, image/png"])
def test_who_asks_for_its_type_or_is_a_browser_gets_the_content(client: httpx.Client, image: str, accept: str) -> None:
    for address in (image, f"{image}/_history/1"):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", PNG)
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"].startswith("attachment")
    assert client.head(image, headers={"Accept": accept}).content == b""
    known = client.get(image, headers={"Accept": accept, "If-None-Match": 'W/"1"'})
    assert known.status_code == 304


@pytest.mark.parametrize("accept", ["*/*", "application/fhir+json", "application/fhir+xml, image/png"])
def test_who_asks_for_a_resource_or_for_nothing_gets_the_resource(
    client: httpx.Client, image: str, accept: str
) -> None:
    answer = client.get(image, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/fhir+")
    assert b"Binary" in answer.content
    assert client.get(f"{image}?_format=json", headers={"Accept": "image/png"}).json()["resourceType"] == "Binary"


def test_another_type_is_406(client: httpx.Client, image: str) -> None:
    refused = client.get(image, headers={"Accept": "application/pdf"})
    assert (refused.status_code, refused.json()["resourceType"]) == (406, "OperationOutcome")


def test_content_is_updated_under_its_id(client: httpx.Client) -> None:
    text = {"Content-Type": "text/plain; charset=utf-8"}
    assert client.put("Binary/note", content="été".encode(), headers=text).status_code == 201
    assert client.put("Binary/note", content=b"automne", headers=text).status_code == 200
    read = client.get("Binary/note", headers={"Accept": "text/plain"})
    assert (read.text, read.headers["etag"]) == ("automne", 'W/"2"')


def test_a_content_type_can_not_write_headers(client: httpx.Client) -> None:
    body = {"resourceType": "Binary", "id": "b", "contentType": "text/plain\nX-Evil:1", "data": "YQ=="}
    client.put("Binary/b", json=body).raise_for_status()
    answer = client.get("Binary/b", headers={"Accept": "text/*"})
    assert (answer.content, answer.headers["content-type"]) == (b"a", "application/octet-stream")
    assert "x-evil" not in answer.headers


def test_only_a_binary_holds_what_is_no_resource(client: httpx.Client) -> None:
    assert client.post("Patient", content=PNG, headers=OWN).status_code == 415
