"""The profiles known in one place, found by canonical address, each with the rules it comes to."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cordee.fhir.definitions import Definitions, load_definitions
from cordee.fhir.profiles.differential import apply_elements
from cordee.fhir.profiles.element_rules import ElementRules
from cordee.fhir.profiles.terminology import LoadedTerminology, Terminology

STANDARD: Final = "http://hl7.org/fhir/StructureDefinition/"

TERMINOLOGY: Final = ("ValueSet", "CodeSystem", "NamingSystem")
"""The types of resources that bindings rest on."""


class UnusableProfileError(Exception):
    """A StructureDefinition from which no rules can be read; says why, and what to load or mend."""


class ProfileLibrary:
    """StructureDefinitions by canonical address; of several versions, an address without one means the last given.

    `terminology` answers for bindings; without one, the terminology among `resources` does.
    """

    def __init__(self, resources: Iterable[Mapping[str, Any]], terminology: Terminology | None = None) -> None:
        given = [resource for resource in resources if "resourceType" in resource]
        self.definitions: Definitions = load_definitions()
        self.terminology: Terminology = terminology or LoadedTerminology(
            r for r in given if r["resourceType"] in TERMINOLOGY
        )
        self._by_url: dict[str, Mapping[str, Any]] = {}
        self._rules: dict[str, ElementRules] = {}
        for resource in given:
            if resource["resourceType"] == "StructureDefinition" and "url" in resource:
                self._by_url[resource["url"]] = resource
                if "version" in resource:
                    self._by_url[f"{resource['url']}|{resource['version']}"] = resource

    def find(self, canonical: str) -> Mapping[str, Any] | None:
        """The StructureDefinition at a canonical address; one without that version will do as another, if there is."""
        return self._by_url.get(canonical) or self._by_url.get(canonical.partition("|")[0])

    def standard_type(self, canonical: str) -> str | None:
        """The type of R4 whose own definition a canonical names (`…/StructureDefinition/Patient`), or None."""
        name = canonical.partition("|")[0].removeprefix(STANDARD)
        return name if name in self.definitions.structures else None

    def type_of(self, canonical: str) -> str | None:
        """The type a profile, or a type's own definition, is about; None when it isn't known here."""
        found = self.find(canonical)
        return str(found["type"]) if found is not None else self.standard_type(canonical)

    def rules(self, canonical: str) -> ElementRules:
        """All the rules of a profile, those of the profiles it derives from included.

        Raises UnusableProfileError.
        """
        return self._rules_of(canonical, ())

    def _rules_of(self, canonical: str, derived: tuple[str, ...]) -> ElementRules:
        found = self.find(canonical)
        if found is None:
            raise UnusableProfileError(f"{canonical} is not known here: load the package that defines it")
        url = str(found["url"])
        if url in derived:
            raise UnusableProfileError(f"{url} derives from itself: {' → '.join((*derived, url))}")
        key = f"{url}|{found.get('version', '')}"
        if key not in self._rules:
            self._rules[key] = self._read(found, (*derived, url))
        return self._rules[key]

    def _read(self, definition: Mapping[str, Any], derived: tuple[str, ...]) -> ElementRules:
        base = str(definition.get("baseDefinition", ""))
        url = derived[-1]
        if definition.get("kind") == "logical" or str(definition["type"]) not in self.definitions.structures:
            raise UnusableProfileError(f"{url} describes {definition['type']}, which is not a type of R4")
        differential = definition.get("differential", {}).get("element")
        snapshot = definition.get("snapshot", {}).get("element")
        root = ElementRules(str(definition["type"]))
        if self.find(base) is not None and differential is not None:
            root, elements = self._rules_of(base, derived).copy(), differential
        elif self.standard_type(base) is not None and differential is not None:
            elements = differential
        elif snapshot is not None:
            elements = snapshot
        else:
            raise UnusableProfileError(
                f"{url} has no snapshot and derives from {base or 'nothing'}, which is not known here: "
                "load the package that defines it"
            )
        try:
            apply_elements(root, elements, url)
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableProfileError(f"{url} has an element that can't be read: {error!r}") from None
        return root
