"""A resource judged by the standard and by profiles: those it claims, and those it is asked to meet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cordee.fhir.outcome import Issue
from cordee.fhir.profiles.compilation import CompiledProfiles
from cordee.fhir.profiles.core_rules import CoreRules
from cordee.fhir.profiles.findings import Finding, Findings, as_issues
from cordee.fhir.profiles.library import ProfileLibrary, UnusableProfileError
from cordee.fhir.profiles.scope import Scope, scope_of
from cordee.fhir.profiles.terminology import Terminology
from cordee.fhir.validation import validate


class ProfileValidator:
    """Judges resources by the profiles among `resources` (StructureDefinition, ValueSet, CodeSystem).

    Made once and used often: each profile is compiled at its first use.
    """

    def __init__(self, resources: Iterable[Mapping[str, Any]], terminology: Terminology | None = None) -> None:
        self.profiles = CompiledProfiles(ProfileLibrary(resources, terminology))
        self._core = CoreRules(self.profiles, self._claimed)

    def validate(
        self, resource: Mapping[str, Any], profiles: Sequence[str] = (), expected_type: str | None = None
    ) -> list[Issue]:
        """Every problem of `resource`, of its structure first: with an error there, profiles are not looked at.

        It is held to the profiles it claims (`meta.profile`) and to `profiles`. Paths are FHIRPath, from the resource
        type. The diagnostics quote values: they are for the sender, not for a log.
        """
        issues = validate(resource, expected_type)
        return issues or self.judge(resource, profiles)

    def judge(self, resource: Mapping[str, Any], profiles: Sequence[str] = ()) -> list[Issue]:
        """The same of a resource whose structure was found valid."""
        scope = scope_of(resource)
        findings = list(self._claimed(resource, scope) or ())
        claimed = {one.partition("|")[0] for one in _claims(resource)}
        for canonical in profiles:
            if canonical.partition("|")[0] not in claimed:
                findings += self._held_to(canonical, resource, scope, asked=True)
        return as_issues(str(resource["resourceType"]), findings)

    def _claimed(self, resource: Mapping[str, Any], scope: Scope) -> Findings:
        """What a resource, whole or nested, breaks of the standard and of the profiles it claims."""
        findings = list(self._core.resource(resource, scope) or ())
        for canonical in _claims(resource):
            findings += self._held_to(canonical, resource, scope, asked=False)
        return findings or None

    def _held_to(self, canonical: str, resource: Mapping[str, Any], scope: Scope, *, asked: bool) -> Sequence[Finding]:
        library = self.profiles.library
        kind = str(resource["resourceType"])
        type_ = library.type_of(canonical)
        if type_ is not None and type_ not in (kind, "Resource", "DomainResource"):
            where, text = ("", "asked for") if asked else (".meta.profile", "claimed here")
            return [Finding(where, "error", "invalid", f"the profile {canonical}, {text}, is for {type_}, not {kind}")]
        if library.find(canonical) is None and type_ is not None:
            return ()  # the standard's own definition of the type
        try:
            return self.profiles.check(canonical, resource, scope) or ()
        except UnusableProfileError as error:
            if asked:
                return [Finding("", "error", "not-found", f"the profile asked for can't be used: {error}")]
            return [Finding(".meta.profile", "warning", "not-found", f"a profile claimed was not checked: {error}")]


def _claims(resource: Mapping[str, Any]) -> list[str]:
    return [one for one in resource.get("meta", {}).get("profile", ()) if isinstance(one, str)]
