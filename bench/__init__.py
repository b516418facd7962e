"""Load client for FHIR R4 servers: `python -m bench --help`."""
