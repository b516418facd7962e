"""Where the project's own FHIR artefacts have their addresses; `.example` is reserved, so it is nobody's site."""

BASE = "https://cordee.example/fhir"
