"""GraphQL over FHIR resources (R4 graphql.html): a query planned by the R4 tables, then executed over parsed resources.

`planning` imports graphql-core, whose import takes as long as the rest of the server's: only what answers a query does.
"""
