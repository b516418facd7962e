"""Validation against profiles: StructureDefinitions compiled to checks (R4 profiling.html, validation.html)."""
