"""Resources made by the generator, as JSON and as entries of a transaction bundle."""

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

Resource = dict[str, Any]
Entry = tuple[str, Resource]
"""A resource with the urn:uuid that the others of its bundle call it by."""


LOCAL_SYSTEM = "https://bench.example/identifiant"

# `decimal_format` keeps money and measures as JSON numbers in their written form (72.50, not 72.5).
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(resource: Resource) -> bytes:
    """A resource as JSON, in the order of its keys."""
    return _ENCODER.encode(resource)


def transaction(entries: Sequence[Entry]) -> bytes:
    """A transaction bundle that creates every entry."""
    listed = [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in entries
    ]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": listed})


def draw_for(seed: int, what: str) -> random.Random:
    """The random sequence of one thing of a seed.

    Each thing has its own, so that adding a workload never changes the data of another.
    """
    return random.Random(f"{seed} {what}")


def entry(draw: random.Random, resource: Resource) -> Entry:
    """A resource under a drawn urn:uuid."""
    return f"urn:uuid:{UUID(int=draw.getrandbits(128), version=4)}", resource


def local_identifier(value: str) -> Resource:
    """An Identifier of the generator's own system."""
    return {"system": LOCAL_SYSTEM, "value": value}
