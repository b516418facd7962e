"""A resource's text as objects and back; Decimals keep their digits on the way."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def resource_from_text(text: bytes | str) -> dict[str, Any]:
    """The resource as plain objects; numbers with a fraction or an exponent are Decimals."""
    return _DECODER.decode(text)


def text_of(resource: Mapping[str, Any]) -> bytes:
    """The resource's JSON."""
    return _ENCODER.encode(resource)
