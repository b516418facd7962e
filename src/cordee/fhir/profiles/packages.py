"""Packages of definitions, as guides publish them: what a server keeps of one (the NPM form of FHIR packages)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from cordee.fhir.body import Incoming, accept, parse_json
from cordee.fhir.outcome import FhirError, InvalidResource
from cordee.fhir.terminology.concepts import decode_exact, encode_exact

PACKAGE_SYSTEM: Final = "https://cordee.example/fhir/NamingSystem/package"
"""The system of the tag that says from which package a definition came: `hl7.fhir.fr.core#2.2.0`."""

KEPT: Final = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "NamingSystem")


class PackageRefusedError(Exception):
    """A package of which nothing is stored; says which file is at fault, and why."""


@dataclass(frozen=True, slots=True)
class Package:
    """`definitions` carry the tag of the package; `left_out` counts the resources of other types, by type.

    `mended` names those stored without what breaks the standard in them (examples of elements, narrative), `needs` the
    packages that this one builds on.
    """

    name: str
    version: str
    definitions: tuple[Incoming, ...]
    left_out: Mapping[str, int]
    mended: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def label(self) -> str:
        """`name#version`"""
        return f"{self.name}#{self.version}"


def read_package(members: Iterable[tuple[str, bytes]], fallback: str) -> Package:
    """Reads the files of a package, by path; examples and other folders of an archive are left alone.

    Its name and version are those of package.json, or else of its ImplementationGuide, or else `fallback`. Raises
    PackageRefusedError.
    """
    manifest: Mapping[str, Any] = {}
    found: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    left_out: Counter[str] = Counter()
    guide: Mapping[str, Any] = {}
    for path, content in members:
        if not path.endswith(".json") or PurePosixPath(path).name.startswith("."):
            continue
        resource = _parsed(path, content)
        type_ = resource.get("resourceType")
        if PurePosixPath(path).name == "package.json" and type_ is None:
            manifest = resource
        elif type_ in KEPT:
            key = (str(type_), str(resource.get("id", "")))
            if key in found:
                raise PackageRefusedError(f"{path} and {found[key][0]} are both {'/'.join(key)}")
            found[key] = (path, resource)
        elif isinstance(type_, str):
            left_out[type_] += 1
            guide = resource if type_ == "ImplementationGuide" else guide
    if not found:
        raise PackageRefusedError(f"{fallback} holds no definition: {', '.join(KEPT)}")
    name = str(manifest.get("name") or guide.get("packageId") or fallback)
    version = str(manifest.get("version") or guide.get("version") or "local")
    definitions, mended = _tagged(found.values(), f"{name}#{version}")
    needs = tuple(f"{name}#{version}" for name, version in manifest.get("dependencies", {}).items())
    return Package(name, version, definitions, dict(left_out), mended, needs)


def _parsed(path: str, content: bytes) -> dict[str, Any]:
    try:
        parse_json(content)
        resource: dict[str, Any] = decode_exact(content.removeprefix(b"\xef\xbb\xbf"))
    except FhirError as refusal:
        raise PackageRefusedError(f"{path}: {refusal}") from None
    return resource


def _tagged(found: Iterable[tuple[str, dict[str, Any]]], label: str) -> tuple[tuple[Incoming, ...], tuple[str, ...]]:
    accepted: list[Incoming] = []
    mended: list[str] = []
    for path, resource in found:
        if not isinstance(resource.get("id"), str):
            raise PackageRefusedError(f"{path}: it has no id, under which it could be stored")
        meta = resource.get("meta", {})
        tags = [tag for tag in meta.get("tag", ()) if tag.get("system") != PACKAGE_SYSTEM]
        resource["meta"] = {**meta, "tag": [*tags, {"system": PACKAGE_SYSTEM, "code": label}]}
        try:
            accepted.append(accept(encode_exact(resource).encode()))
        except FhirError as refusal:
            accepted.append(_mended(path, resource, refusal))
            mended.append(PurePosixPath(path).name)
    return tuple(accepted), tuple(mended)


def _mended(path: str, resource: dict[str, Any], refusal: FhirError) -> Incoming:
    """The same without narrative and examples of elements, which no rule needs; refused when that isn't it."""
    resource.pop("text", None)
    for view in ("snapshot", "differential"):
        for element in resource.get(view, {}).get("element", ()):
            element.pop("example", None)
    try:
        return accept(encode_exact(resource).encode())
    except InvalidResource:
        told = "; ".join(f"{issue.path}: {issue.diagnostics}" for issue in refusal.issues[:_TOLD])
        raise PackageRefusedError(f"{path} breaks the standard: {told}") from None


_TOLD: Final = 3
