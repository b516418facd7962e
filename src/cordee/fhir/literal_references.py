"""What the text of a reference says (R4 references.html#literal), without following it."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from cordee.fhir.definitions import load_definitions

_FORM = re.compile(
    r"(?P<base>[a-zA-Z][a-zA-Z0-9+.\-]*://.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)
_LONGEST_REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class LiteralReference:
    """A literal reference. Local: `type`, `id` and perhaps `version`, and no `url`.

    Elsewhere (absolute URL, `urn:uuid:`, canonical): `url` as written and no `id`, so that another server's
    Patient/1 is never taken for this one's; `type` when the address ends like a RESTful one.
    """

    type: str | None
    id: str | None
    version: str | None
    url: str | None


def read_reference(text: str, base_url: str | None = None) -> LiteralReference | None:
    """What `text` refers to; None for a reference to a contained resource (`#id`) or an empty text.

    An address that starts with `base_url` (this server's FHIR base) is local.
    """
    if len(text) > _LONGEST_REMEMBERED:
        return _read(text, base_url)
    return _remembered(text, base_url)


def _read(text: str, base_url: str | None) -> LiteralReference | None:
    if not text or text.startswith("#"):
        return None
    if base_url is not None and text.startswith(base_url.rstrip("/") + "/"):
        text = text[len(base_url.rstrip("/")) + 1 :]
    found = _FORM.fullmatch(text)
    if found is None or found["type"] not in _resource_types():
        return LiteralReference(None, None, None, text)
    if found["base"] is not None:
        return LiteralReference(found["type"], None, None, text)
    return LiteralReference(found["type"], found["id"], found["version"], None)


_remembered = lru_cache(maxsize=4096)(_read)


def reference_type(node: Any) -> str | None:
    """The resource type that a Reference (a mapping) or a canonical (a text) says it points at."""
    text, stated = (node, None) if isinstance(node, str) else (node.get("reference"), node.get("type"))
    literal = read_reference(text) if text is not None else None
    if literal is not None and literal.type is not None:
        return literal.type
    # Reference.type may be written as the type's canonical URL (R4 references.html#Reference.type).
    return None if stated is None else stated.rpartition("/")[2]


@cache
def _resource_types() -> frozenset[str]:
    return frozenset(load_definitions().resource_types)
