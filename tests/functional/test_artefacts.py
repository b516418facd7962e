"""What the server says it does is defined where it says: OperationDefinitions and SearchParameters, served."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.functional.conftest import CORDEE

from cordee.api.artefacts import shipped_artefacts
from cordee.api.operations.table import OPERATIONS


@pytest.fixture
def default(server_url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{server_url}/fhir/")


def test_each_operation_of_the_statement_has_its_definition(default: httpx.Client) -> None:
    rest = default.get("metadata").json()["rest"][0]
    listed = [*rest["operation"], *(o for r in rest["resource"] for o in r.get("operation", ()))]
    names = {operation["definition"]: operation["name"] for operation in listed}
    assert len(names) == len(OPERATIONS)
    for canonical, name in names.items():
        (entry,) = default.get("OperationDefinition", params={"url": canonical}).json()["entry"]
        definition = entry["resource"]
        assert definition["code"] == name
        assert default.get(f"OperationDefinition/{definition['id']}").json() == definition


def test_the_search_parameters_of_a_type_are_found(default: httpx.Client) -> None:
    found = default.get("SearchParameter?base=Claim").json()["entry"]
    assert {"pathway", "total", "quote-part"} <= {entry["resource"]["code"] for entry in found}


def test_a_new_tenant_has_them_too(dsn: str, server_url: str, tenant_name: str) -> None:
    name = f"{tenant_name}-new"
    subprocess.run([CORDEE, "tenant", "create", name], env=os.environ | {"CORDEE_DATABASE_URL": dsn}, check=True)
    assert httpx.get(f"{server_url}/t/{name}/fhir/OperationDefinition/settle").status_code == 200


def test_they_load_into_any_server(dsn: str, server_url: str, tenant_name: str) -> None:
    folder = Path(__file__).parents[2] / "profiles"
    command = [CORDEE, "load", str(folder), "--tenant", tenant_name]
    subprocess.run(command, env=os.environ | {"CORDEE_DATABASE_URL": dsn}, check=True)
    for artefact in shipped_artefacts():
        address = f"{server_url}/t/{tenant_name}/fhir/{artefact.resource_type}/{artefact.id}"
        assert httpx.get(address).status_code == 200
