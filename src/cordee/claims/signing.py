"""What is signed enters a tenant as a Contract: versions of conventions, and free distributions of forfaits.

A version of a convention may later get an end, never another text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec
import orjson

from cordee.claims.canonical import pathway_canonical
from cordee.claims.distribution_reader import DistributionFile, read_distribution
from cordee.claims.fhir_contract import contract_from_convention, convention_from_contract
from cordee.claims.fhir_distribution import contract_from_distribution, distribution_from_contract
from cordee.claims.fhir_evidence import Resource, reference_of
from cordee.claims.records import all_matches
from cordee.fhir.body import accept
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.convention_versions import overlapping_versions
from cordee.pathways.model import Pathway
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Put


class SigningRefusedError(ValueError):
    """A convention that contradicts what is signed already; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Signing:
    """A convention that is in the tenant now, its Contract, and whether this wrote it, ended it, or found it."""

    convention: Convention
    contract: str
    effect: Literal["signed", "ended", "unchanged"]


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A free distribution that is in the tenant now, and its Contract."""

    read: DistributionFile
    contract: str


async def sign_convention(
    repository: Repository, file: str, yaml_text: str, pathways: Mapping[str, Pathway]
) -> Signing:
    """Stores the Contract of a convention file; signing the same file again changes nothing.

    Raises FileRefusedError for a file with problems, and SigningRefusedError when its version is signed with another
    text (but for a `valid_to` it did not have), or another version is in force on one of its days.
    """
    convention = read_convention(file, yaml_text, pathways)
    contract_id = str(uuid5(NAMESPACE_URL, f"{convention.identifier}|{convention.version}"))
    contract = {**contract_from_convention(convention, yaml_text), "id": contract_id}
    async with repository.unit() as unit:
        await unit.lock([f"convention {convention.structure.identifier} {convention.pathway}"])
        criteria = [("instantiates", pathway_canonical(convention.pathway)), ("status", "executed")]
        signed = await all_matches(unit, "Contract", criteria)
        same = [found for found in signed if _is_version(found, convention)]
        effect = _effect(file, convention, contract, same, pathways)
        if effect == "unchanged":
            return Signing(convention, reference_of(same[0]), effect)
        others = [convention_from_contract(found, pathways) for found in signed if found not in same]
        for overlap in overlapping_versions([convention, *others]):
            if convention in {overlap.earlier, overlap.later}:
                raise SigningRefusedError(f"{file}: {overlap}")
        written = same[0] if same else contract
        incoming = accept(msgspec.json.encode({**contract, "id": written["id"]}), "Contract")
        await unit.put_many([Put(str(written["id"]), incoming)])
    return Signing(convention, f"Contract/{written['id']}", effect)


async def sign_distribution(repository: Repository, file: str, yaml_text: str) -> SignedOff:
    """Stores the Contract of a free distribution; signing the same file again changes nothing.

    A forfait of a plan or list has one: a later one takes its place, and history keeps the earlier. Raises
    FileRefusedError for a file with problems, SigningRefusedError when there is no such plan or list, or a later
    distribution of it.
    """
    read = read_distribution(file, yaml_text)
    contract = contract_from_distribution(read, yaml_text)
    signed = SignedOff(read, f"Contract/{contract['id']}")
    type_, _, id_ = read.about.partition("/")
    about = (type_, id_)
    key = ("Contract", contract["id"])
    async with repository.unit() as unit:
        await unit.lock([f"distribution {read.about} {read.distribution.forfait}"])
        stored = {
            found: version for found, version in (await unit.read_many([about, key])).items() if not version.deleted
        }
        if about not in stored:
            raise SigningRefusedError(f"{file}: there is no {read.about} here: write its own reference")
        if key in stored:
            before: Resource = orjson.loads(stored[key].body)
            if before.get("rule") == contract["rule"]:
                return signed
            if (last := distribution_from_contract(before).signed_on) > read.distribution.signed_on:
                raise SigningRefusedError(f"{file}: another one was signed later, on {last} ({signed.contract})")
        await unit.put_many([Put(contract["id"], accept(msgspec.json.encode(contract), "Contract"))])
    return signed


def _is_version(contract: Resource, convention: Convention) -> bool:
    system, _, value = convention.identifier.partition("|")
    identifiers = [(found.get("system"), found.get("value")) for found in contract.get("identifier", ())]
    return (system, value) in identifiers and contract.get("version") == convention.version


def _effect(
    file: str,
    convention: Convention,
    contract: Resource,
    same: list[Resource],
    pathways: Mapping[str, Pathway],
) -> Literal["signed", "ended", "unchanged"]:
    if not same:
        return "signed"
    if same[0].get("rule") == contract["rule"]:
        return "unchanged"
    before = convention_from_contract(same[0], pathways)
    ended = replace(before, validity=replace(before.validity, last=convention.validity.last))
    if before.validity.last is None and convention == ended:
        return "ended"
    raise SigningRefusedError(
        f"{file}: version {convention.version} of {convention.identifier} is signed with another text "
        f"({reference_of(same[0])}): give this one a new version; a signed one may only be given a valid_to"
    )
