"""Structural validation of resources against the R4 definitions (R4 validation.html)."""

from cordee.fhir.validation.shapes import validate

__all__ = ["validate"]
