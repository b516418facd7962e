"""The labels of a resource's meta: profiles, security labels and tags, given and taken back (R4 resource.html#Meta)."""

from collections.abc import Mapping
from typing import Any

from cordee.fhir.patch.resource_text import resource_from_text, text_of

_CODED = ("security", "tag")


def with_labels(text: str, meta: Mapping[str, Any]) -> bytes:
    """A resource's text with the labels of `meta` added that it does not have; the rest of `meta` counts not."""
    resource = resource_from_text(text)
    own = resource.setdefault("meta", {})
    for name, labels in _labels(meta).items():
        has = {_identity(label) for label in own.get(name, ())}
        fresh = {_identity(label): label for label in labels}
        added = [label for identity, label in fresh.items() if identity not in has]
        if added:
            own[name] = [*own.get(name, ()), *added]
    return text_of(resource)


def without_labels(text: str, meta: Mapping[str, Any]) -> bytes:
    """A resource's text without the labels of `meta`; what it does not have is no fault."""
    resource = resource_from_text(text)
    own = resource.get("meta", {})
    for name, labels in _labels(meta).items():
        unwanted = {_identity(label) for label in labels}
        own[name] = [label for label in own.get(name, ()) if _identity(label) not in unwanted]
        if not own[name]:
            del own[name]
    return text_of(resource)


def _labels(meta: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: list(meta[name]) for name in ("profile", *_CODED) if name in meta}


def _identity(label: Any) -> tuple[str | None, ...]:
    """A coded label is its system and code; the display and the version are not part of it."""
    return (label,) if isinstance(label, str) else (label.get("system"), label.get("code"))
