"""What a stored text refers to, found without parsing it (R4 references.html)."""

import re
from functools import lru_cache

from cordee.fhir.definitions import load_definitions

_ID = r"([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?"


def references_written(text: str, base_url: str = "") -> set[tuple[str, str]]:
    """The (type, id) of the resources of this server that a compact JSON text refers to, wherever in it.

    Those of its References, of what it contains and of its extensions too; and the Binaries that hold its attachments,
    whose addresses may begin with `base_url`. A quote inside of a string has a backslash, so no text is taken for a
    reference.
    """
    return {(type_, id_) for type_, id_, _ in versioned_references_written(text, base_url)}


def versioned_references_written(text: str, base_url: str = "") -> set[tuple[str, str, str]]:
    """The same, each with the version that it names, empty for the current one."""
    plain = text.replace(r"\/", "/")
    known = load_definitions().structures
    found = {key for key in _references(base_url).findall(plain) if key[0] in known}
    return found | {("Binary", *key) for key in _attachments(base_url).findall(plain)}


@lru_cache(maxsize=64)
def _references(base_url: str) -> re.Pattern[str]:
    return re.compile(f'"reference":"{_base(base_url)}([A-Z][A-Za-z]+)/{_ID}"')


@lru_cache(maxsize=64)
def _attachments(base_url: str) -> re.Pattern[str]:
    return re.compile(f'"url":"{_base(base_url)}Binary/{_ID}"')


def _base(base_url: str) -> str:
    return f"(?:{re.escape(base_url)}/)?" if base_url else ""
