"""FHIR operations (`$settle`, `$bill`…): each one declared once as data, and carried out by a service."""
