"""The formats that are read and served, and how a client asks for one (R4 http.html#mime-type, RFC 9110 12.5.1)."""

from collections.abc import Sequence
from enum import Enum

from cordee.fhir.patch import PatchKind

_JSON = frozenset({"application/fhir+json", "application/json", "text/json", "application/json+fhir"})
_XML = frozenset({"application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir"})
NDJSON = ("application/fhir+ndjson", "application/ndjson", "ndjson")
"""The names that resources, one a line, go by (Bulk Data Access 2.0, _outputFormat)."""
_ANY = frozenset({"*/*", "application/*", "text/*"})
_FHIR_VERSIONS = ("4.0", "4.0.0", "4.0.1")


class Format(Enum):
    """How a resource is written; the value is the media type served."""

    JSON = "application/fhir+json"
    XML = "application/fhir+xml"

    @property
    def short(self) -> str:
        """As `_format` may say it."""
        return "json" if self is Format.JSON else "xml"


PATCH_TYPES = (*(kind.value for kind in PatchKind), Format.XML.value)
"""The types of the bodies of PATCH, the Parameters of a FHIRPath Patch in either format."""


def format_named(name: str) -> Format | None:
    """The format that a media type or a value of `_format` names; None for any other."""
    return next((f for f, names in ((Format.JSON, _JSON), (Format.XML, _XML)) if name in (*names, f.short)), None)


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """`application/fhir+json; fhirVersion=4.0` as its name and its parameters, in lower case."""
    name, *parameters = text.lower().split(";")
    pairs = (parameter.partition("=")[::2] for parameter in parameters)
    return name.strip(), {key.strip(): value.strip(' "') for key, value in pairs}


def body_format(declared: str) -> Format | None:
    """The format of a body whose Content-Type is `declared`: FHIR 4.0 in UTF-8, or None."""
    name, parameters = media_type(declared)
    if parameters.get("charset", "utf-8") not in ("utf-8", "utf8") or not _is_our_version(parameters):
        return None
    return format_named(name) if "/" in name else None


def preferred(choices: Sequence[str], otherwise: Format) -> Format | None:
    """The format that is wanted most of `choices`, as in `Accept`; None when neither will do.

    A wildcard is answered with `otherwise`, and so is a tie.
    """
    weights: dict[Format, float] = {}
    wildcard = 0.0
    for choice in choices:
        name, parameters = media_type(choice)
        if not _is_our_version(parameters):
            continue
        weight = _weight(parameters)
        found = format_named(name)
        if found is not None:
            weights[found] = max(weight, weights.get(found, 0.0))
        elif name in _ANY:
            wildcard = max(weight, wildcard)
    for format_ in Format:
        weights.setdefault(format_, wildcard)
    best = max((otherwise, *Format), key=lambda format_: weights[format_])
    return best if weights[best] > 0 else None


def _is_our_version(parameters: dict[str, str]) -> bool:
    return parameters.get("fhirversion", "4.0") in _FHIR_VERSIONS


def _weight(parameters: dict[str, str]) -> float:
    """Of 0 to 1; what isn't a number counts as 1, as if it weren't written."""
    try:
        weight = float(parameters.get("q", "1"))
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0
