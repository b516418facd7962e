import json
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from tools import openapi

from cordee.api.addresses import INTERACTIONS
from cordee.api.application import api_description
from cordee.api.description_page import page


def test_the_committed_description_is_what_the_code_says() -> None:
    assert openapi.main(["--check"]) == 0


def test_a_stale_description_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(openapi, "DOCUMENT", tmp_path / "openapi" / "openapi.json")
    assert openapi.main(["--check"]) == 1
    assert "make openapi" in capsys.readouterr().err
    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0
    openapi.DOCUMENT.write_text(openapi.DOCUMENT.read_text().replace("3.1.0", "3.0.0"))
    assert openapi.main(["--check"]) == 1


def test_the_description_is_valid_openapi() -> None:
    validate(json.loads(openapi.document_text()))


def test_every_interaction_is_described_for_both_kinds_of_base() -> None:
    paths = api_description()["paths"]
    for base in ("/fhir", "/t/{tenant}/fhir"):
        for shape, methods in INTERACTIONS.items():
            described = paths[f"{base}/{shape}".rstrip("/")]
            assert {method.upper() for method in described if method != "parameters"} == set(methods)
    assert {"/healthz", "/readyz", "/metrics"} <= paths.keys()


def test_every_reference_of_the_description_leads_somewhere_and_no_operation_has_the_name_of_another() -> None:
    document = api_description()
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        found = document
        for name in reference.split("/"):
            found = found[name]
        assert found
    names = [
        operation["operationId"]
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert len(names) == len(set(names))


def test_the_page_names_every_path_and_fetches_nothing() -> None:
    html = page(api_description())
    for path in api_description()["paths"]:
        assert f"<code>{path}</code>" in html
    for fetching in ("<script", "<link", "<img", "src=", "@import", "http://", "https://"):
        assert fetching not in html
