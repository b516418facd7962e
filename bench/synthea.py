"""Bundles of Synthea, the generator of fictitious patients, as a workload."""

import bz2
import gzip
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.connection import Client, Target
from bench.population import SetupError, stored_references
from bench.workloads import Context, Request, Session, Workload, stored

_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {".bz2": bz2.decompress, ".gz": gzip.decompress}


@dataclass(frozen=True, slots=True)
class SyntheaBundle:
    """One file: the body to post as it is, and the number of its entries."""

    name: str
    body: bytes
    resources: int
    batch: bool


def read(directory: Path) -> tuple[SyntheaBundle, ...]:
    """The bundles of a directory, in the order of their names (.json, .json.gz, .json.bz2).

    Raises SetupError when there is none.
    """
    bundles = tuple(_bundles(directory))
    if not any(not bundle.batch for bundle in bundles):
        raise SetupError(f"{directory} holds no transaction bundle: give a folder of Synthea's FHIR R4 output")
    return bundles


async def post_batches(target: Target, bundles: tuple[SyntheaBundle, ...]) -> int:
    """Posts the batches, which hold what the transactions refer to; returns the resources they have."""
    client = Client(target)
    try:
        count = 0
        for bundle in bundles:
            if bundle.batch:
                stored_references(await client.exchange(target.post("", bundle.body)))
                count += bundle.resources
        return count
    finally:
        client.close()


def workload(target: Target, bundles: tuple[SyntheaBundle, ...]) -> Workload:
    """Posts the transactions, over and over: each time they are new patients for the server."""
    requests = [
        Request(target.post("", bundle.body), (200,), bundle.resources, stored(bundle.resources))
        for bundle in bundles
        if not bundle.batch
    ]

    def session(_shared: Context, draw: random.Random, _owned: list[str]) -> Session:
        first = draw.randrange(len(requests))
        for rank in itertools.count(first):
            yield requests[rank % len(requests)]

    return Workload("synthea", "Synthea's transaction bundles", session)


def _bundles(directory: Path) -> Iterator[SyntheaBundle]:
    for path in sorted(directory.iterdir()):
        if ".json" not in path.suffixes:
            continue
        read_out = _DECOMPRESS.get(path.suffix)
        body = read_out(path.read_bytes()) if read_out is not None else path.read_bytes()
        bundle = orjson.loads(body)
        yield SyntheaBundle(path.name, body, len(bundle.get("entry", ())), bundle.get("type") == "batch")
