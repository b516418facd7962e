"""Extensions: known or not, where they may stand, and what they hold (R4 extensibility.html)."""

from collections.abc import Mapping, Sequence
from typing import Any

from cordee.fhir.definitions import StandardExtension
from cordee.fhir.profiles.compilation import CompiledProfiles
from cordee.fhir.profiles.element_rules import Source
from cordee.fhir.profiles.findings import Finding, Findings
from cordee.fhir.profiles.library import UnusableProfileError
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
        standard = profiles.library.definitions.extensions.get(url)
        if standard is None or (member == "modifierExtension" and not standard.modifier):
            return _unknown(url, member)
        return _of_the_standard(extension, standard, chain, profiles)
    source = Source(str(definition["url"]), "Extension")
    findings: list[Finding] = []
    if not _may_stand(definition.get("context", ()), chain, profiles):
        findings.append(_misplaced([str(one.get("expression")) for one in definition["context"]], chain, source))
    try:
        findings += profiles.check(url, extension, scope) or ()
    except UnusableProfileError as error:
        findings.append(Finding(".url", "information", "not-supported", f"not checked: {error}"))
    return findings or None


def _of_the_standard(
    extension: Mapping[str, Any], standard: StandardExtension, chain: Sequence[str], profiles: CompiledProfiles
) -> Findings:
    """By what is held of the standard's own: where it may stand, and the type of its value.

    The standard's own definitions stand some of them elsewhere than they say: that is no more than a warning.
    """
    source = Source(str(extension["url"]), "Extension")
    findings: list[Finding] = []
    contexts = [{"type": "element", "expression": one} for one in standard.contexts]
    if "Element" not in standard.contexts and not _may_stand(contexts, chain, profiles):
        findings.append(_misplaced(standard.contexts, chain, source)._replace(severity="warning"))
    found = next((name for name in extension if name.startswith("value")), None)
    expected = [f"value{code[:1].upper()}{code[1:]}" for code in standard.types]
    if found is not None and found not in expected:
        text = f"{' or '.join(expected) or 'no value, but parts,'} is expected, {found} was found"
        findings.append(Finding("", "error", "structure", text, Source(source.profile, "Extension.value[x]")))
    return findings or None


def _misplaced(places: Sequence[str], chain: Sequence[str], source: Source) -> Finding:
    text = f"this extension is for {', '.join(places)}; it stands on {chain[0]}"
    return Finding("", "error", "structure", text, source)


def _unknown(url: str, member: str) -> Findings:
    if member == "modifierExtension":
        text = f"the modifier extension {url} is not known here, and it may change the meaning of what it stands on"
        return [Finding(".url", "error", "not-supported", text)]
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
