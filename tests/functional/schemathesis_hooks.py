"""How schemathesis writes the media types that it does not know."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/graphql")
def graphql_text(_context: Any, value: Any) -> bytes:
    """A query is sent as it is."""
    return str(value).encode(errors="replace")


schemathesis.serializer.alias("application/fhir+ndjson", "text/plain")
