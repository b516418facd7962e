"""The HTTP door: FHIR REST under /fhir and /t/{tenant}/fhir, health and metrics beside it."""
