"""Extensions: known or not, where they may stand, and what they hold (R4 extensibility.html)."""

from collections.abc import Mapping, Sequence
from typing import Any

from cordee.fhir.profiles.compilation import CompiledProfiles
from cordee.fhir.profiles.element_rules import Source
from cordee.fhir.profiles.findings import Finding, Findings
from cordee.fhir.profiles.library import STANDARD, UnusableProfileError
from cordee.fhir.profiles.scope import Scope


def extension_findings(
    extension: Mapping[str, Any], member: str, chain: Sequence[str], profiles: CompiledProfiles, scope: Scope
) -> Findings:
    """What an extension breaks of its definition. `chain` says where it stands: an element's path, and its type."""
    url = str(extension.get("url", ""))
    if chain == ("Extension",) and ":" not in url:
        return None  # a part of an extension, judged by the definition of the whole
    definition = profiles.library.find(url)
    if definition is None:
        return _unknown(url, member)
    source = Source(str(definition["url"]), "Extension")
    findings: list[Finding] = []
    if not _may_stand(definition.get("context", ()), chain, profiles):
        places = ", ".join(str(context.get("expression")) for context in definition["context"])
        text = f"this extension is for {places}; it stands on {chain[0]}"
        findings.append(Finding("", "error", "structure", text, source))
    try:
        findings += profiles.check(url, extension, scope) or ()
    except UnusableProfileError as error:
        findings.append(Finding(".url", "information", "not-supported", f"not checked: {error}"))
    return findings or None


def _unknown(url: str, member: str) -> Findings:
    if member == "modifierExtension":
        text = f"the modifier extension {url} is not known here, and it may change the meaning of what it stands on"
        return [Finding(".url", "error", "not-supported", text)]
    if url.startswith(STANDARD):
        return None  # the standard's own, whose definitions are not held here
    text = f"the extension {url} is not known here: it was not checked"
    return [Finding(".url", "information", "not-found", text)]


def _may_stand(contexts: Sequence[Mapping[str, Any]], chain: Sequence[str], profiles: CompiledProfiles) -> bool:
    """Whether one of the contexts is where the extension stands; those that are not elements are not judged."""
    if not contexts:
        return True
    places = set(chain)
    for name in chain:
        structure = profiles.library.definitions.structures.get(name)
        while structure is not None:
            places.add(structure.name)
            structure = profiles.library.definitions.structures.get(structure.base or "")
    places.add("Element" if not _is_resource(chain, profiles) else "Resource")
    for context in contexts:
        if context.get("type") != "element":
            return True
        expression = str(context.get("expression", "")).partition("#")[2] or str(context.get("expression", ""))
        if expression in places or expression in (place.removesuffix("[x]") for place in places):
            return True
        if expression.startswith("http") or ("." in expression and not _known(expression, profiles)):
            return True
    return False


def _is_resource(chain: Sequence[str], profiles: CompiledProfiles) -> bool:
    return chain[0] in profiles.library.definitions.resource_types


def _known(path: str, profiles: CompiledProfiles) -> bool:
    return profiles.library.definitions.element(path) is not None
