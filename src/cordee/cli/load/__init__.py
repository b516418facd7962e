"""`cordee load`: files of FHIR stored in one tenant."""
