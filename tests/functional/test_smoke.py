import httpx


def test_what_is_created_is_read_back(client: httpx.Client) -> None:
    created = client.post("Patient", json={"resourceType": "Patient", "active": True})
    assert created.status_code == httpx.codes.CREATED
    assert client.get(f"Patient/{created.json()['id']}").json() == created.json()
