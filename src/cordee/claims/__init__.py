"""Forfaits: from sessions done to a Claim whose quote-parts add up to the cent.

`settlement` is the pure core (dataclasses in, dataclasses out, dates as arguments); `counting`,
`waterfall` and `apportionment` are its parts, `wording` its sentences. `fhir_*` turn FHIR resources into
the core's inputs, and a settlement into a Claim. Nothing here does I/O.
"""
