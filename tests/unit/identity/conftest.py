"""The example of the French guide."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def corpus_patient(corpus: Path) -> dict[str, Any]:
    """FR Core's patient with an INS."""
    text = (corpus / "fhir/fr-core-2.2.0/examples/Patient-FRCorePatientExample.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found
