"""Cordée: a FHIR R4 server and façade for French coordinated care."""

__version__ = "0.1.0"
