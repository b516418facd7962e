"""The FHIR R4 standard as pure functions: definitions, validation, search values, search tree. No I/O, no clock."""
