"""The codes that an operation of terminology is asked about: bare, as a Coding, or as a CodeableConcept."""

from collections.abc import Mapping
from typing import Any

import orjson

from cordee.api.operations.arguments import Arguments, Input
from cordee.api.operations.definition import Asked
from cordee.fhir.outcome import FhirError
from cordee.fhir.terminology.concept_map import Coded
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.store.reader import Reader

CODE = Input("code", "code", "The code, with its system.")
SYSTEM = Input("system", "uri", "The code system that the code is of.")
CODING = Input("coding", "Coding", "The code and its system, as a Coding.")
CODEABLE_CONCEPT = Input("codeableConcept", "CodeableConcept", "Codes of which one is enough.")
DISPLAY_LANGUAGE = Input("displayLanguage", "code", "The language of displays, as in Accept-Language: fr, en;q=0.5.")


def code_asked(
    arguments: Arguments, *, system: str | None = None, version: str = "version", concept: bool = True
) -> tuple[Coded, ...]:
    """The codes asked about, at least one; raises `FhirError` (400) unless they are given in one way.

    `system` is what a bare code is of when the operation is about one code system; `version` names the parameter that
    says which version of it.
    """
    bare = arguments.text("code")
    coded = arguments.structures("coding")
    concepts = arguments.structures("codeableConcept") if concept else ()
    if (bare is not None) + len(coded) + len(concepts) != 1:
        ways = "code and system, or coding" + (", or codeableConcept" if concept else "")
        raise FhirError(f"Say which code: {ways}; one of them.", path="Parameters.parameter")
    if bare is not None:
        display = arguments.text("display") if arguments.takes("display") else None
        named = arguments.text("system") if arguments.takes("system") else None
        return (Coded(named or system, bare, arguments.text(version), display),)
    codings = coded or tuple(concepts[0].get("coding", ()))
    found = tuple(
        Coded(c.get("system", system), c["code"], c.get("version"), c.get("display")) for c in codings if "code" in c
    )
    if not found:
        raise FhirError("There is no code in what is asked about.", path="Parameters.parameter")
    return found


async def canonical_asked(
    reader: Reader, asked: Asked, resource_type: str, *, given: str, version: str
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The canonical address of the resource that an operation is about, or the resource itself.

    At instance level the one there, else the one that is given whole, else the one whose url is given; (None, None)
    when nothing is. Raises `NotFound`, `Gone` or `FhirError`.
    """
    arguments = asked.arguments
    resources, url = arguments.structures(given), arguments.text("url")
    if asked.id:
        if resources or url is not None:
            raise FhirError(f"{resource_type}/{asked.id} is named already: leave out url and {given}.", path="url")
        resource: Mapping[str, Any] = orjson.loads((await reader.read(resource_type, asked.id)).body)
        return _own_canonical(resource), resource
    if resources and url is not None:
        raise FhirError(f"Give either url or {given}.", path="url")
    if resources:
        return None, resources[0]
    business_version = arguments.text(version)
    if url is not None and business_version is not None and "|" not in url:
        url = f"{url}|{business_version}"
    return url, None


def required_system(coded: Coded) -> Coded:
    """The same, its system sure to be said."""
    if coded.system is None:
        raise FhirError(f"Say which code system {coded.code} is of.", path="system")
    return coded


def _own_canonical(resource: Mapping[str, Any]) -> str | None:
    if "url" not in resource:
        return None
    version = resource.get("version")
    return f"{resource['url']}|{version}" if version else str(resource["url"])


def missing(name: str, given: str) -> UnusableTerminology:
    """What is answered when nothing says which resource an operation is about."""
    refusal = UnusableTerminology(f"Say which {name}: by url, whole as {given}, or in the address.", path="url")
    refusal.status = 400
    return refusal
