"""`ValueSet/$expand`: the codes of a value set (R4 valueset-operation-expand.html)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from cordee.api.operations.arguments import Arguments, Input
from cordee.api.operations.codings import DISPLAY_LANGUAGE, canonical_asked, missing
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.outcome import FhirError
from cordee.fhir.terminology.concepts import encode_exact
from cordee.fhir.terminology.expansion import Expansion, Member, Page, Wanted, nested, page
from cordee.store.reader import Reader
from cordee.terminology.expanding import expansion_of, expansion_of_given
from cordee.terminology.sources import Sources
from cordee.terminology.words import in_language

_NOT_REPEATED = ("compose", "expansion", "text", "id", "meta")
_ECHOED = (
    ("filter", "valueString"), ("displayLanguage", "valueCode"), ("offset", "valueInteger"), ("count", "valueInteger"),
    ("activeOnly", "valueBoolean"), ("excludeNested", "valueBoolean"), ("excludeNotForUI", "valueBoolean"),
    ("includeDesignations", "valueBoolean"),
)  # fmt: skip


async def _expand(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    canonical, resource = await canonical_asked(reader, asked, "ValueSet", given="valueSet", version="valueSetVersion")
    versions, forced = _versions(arguments, "system-version"), _versions(arguments, "force-system-version")
    sources = Sources(reader, versions, forced)
    if resource is not None:
        expansion = await expansion_of_given(reader, resource, sources)
    elif canonical is None:
        raise missing("value set", "valueSet")
    elif versions or forced:
        known = await sources.value_set(canonical)
        composed = {"compose": {"include": [{"valueSet": [canonical]}]}}
        expansion = await expansion_of_given(reader, composed if known is None else known.resource, sources)
        resource = None if known is None else known.resource
    else:
        expansion = await expansion_of(reader, canonical)
        known = await sources.value_set(canonical)
        resource = None if known is None else known.resource
    described = resource or {"resourceType": "ValueSet", "url": canonical, "status": "active"}
    wanted = _wanted(arguments)
    found = page(expansion, wanted)
    kept = {name: value for name, value in described.items() if name not in _NOT_REPEATED}
    kept["expansion"] = {
        "identifier": f"urn:uuid:{uuid4()}",
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "total": found.total,
        "offset": wanted.offset,
        "parameter": _parameters(arguments, found),
        "contains": await _contains(reader, arguments, expansion, found, wanted),
    }
    if not kept["expansion"]["contains"]:
        del kept["expansion"]["contains"]
    if not kept["expansion"]["parameter"]:
        del kept["expansion"]["parameter"]
    return FhirResponse(200, encode_exact(kept).encode())


def _wanted(arguments: Arguments) -> Wanted:
    offset, count = arguments.number("offset") or 0, arguments.number("count")
    for name, value in (("offset", offset), ("count", count or 0)):
        if value < 0:
            raise FhirError(f"{name} must not be below 0.", path=arguments.place(name))
    return Wanted(
        arguments.text("filter") or "",
        offset,
        count,
        arguments.flag("activeOnly"),
        arguments.flag("excludeNested"),
        arguments.flag("excludeNotForUI"),
        frozenset(canonical.partition("|")[0] for canonical in arguments.texts("exclude-system")),
    )


def _versions(arguments: Arguments, name: str) -> dict[str, str]:
    versions = {}
    for canonical in arguments.texts(name):
        url, bar, version = canonical.partition("|")
        if not (url and bar and version):
            raise FhirError(f"«{canonical}» names no version: write it as system|version.", path=arguments.place(name))
        versions[url] = version
    return versions


def _parameters(arguments: Arguments, found: Page) -> list[dict[str, Any]]:
    echoed = []
    for name, member in _ECHOED:
        value: Any = arguments.number(name) if member == "valueInteger" else arguments.text(name)
        if value is not None:
            echoed.append({"name": name, member: arguments.flag(name) if member == "valueBoolean" else value})
    used = dict.fromkeys((m.system, m.version) for m in found.members if m.version)
    return echoed + [{"name": "version", "valueUri": f"{system}|{version}"} for system, version in used]


async def _contains(
    reader: Reader, arguments: Arguments, expansion: Expansion, found: Page, wanted: Wanted
) -> list[dict[str, Any]]:
    language = arguments.text("displayLanguage")
    with_designations = arguments.flag("includeDesignations")
    said: Mapping[int, Mapping[str, Any]] = {}
    if language or with_designations:
        said = await reader.concepts.said([member.concept for member in found.members if member.concept])

    def entry(member: Member) -> dict[str, Any]:
        designations: Sequence[Mapping[str, Any]] = [
            *member.designations,
            *said.get(member.concept, {}).get("designation", ()),
        ]
        return _entry(
            member, in_language(member.display, designations, language), designations if with_designations else ()
        )

    if wanted.is_paged or wanted.exclude_nested:
        return [entry(member) for member in found.members]
    roots: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    for depth, member in nested(found.members):
        made = entry(member)
        del path[depth:]
        (path[-1].setdefault("contains", []) if path else roots).append(made)
        path.append(made)
    return roots


def _entry(member: Member, display: str | None, designations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {"system": member.system}
    if member.abstract:
        made["abstract"] = True
    if member.inactive:
        made["inactive"] = True
    if member.version:
        made["version"] = member.version
    made["code"] = member.code
    if display:
        made["display"] = display
    if designations:
        made["designation"] = list(designations)
    return made


EXPAND = Operation(
    code="expand",
    id="value-set-expand",
    resource="ValueSet",
    levels=("type", "instance"),
    title="Expand a value set",
    description=(
        "The codes of a value set: stored, given whole, implicit in a code system (url?fhir_vs), or of the standard's "
        "bindings. With their hierarchy, unless a part is asked for."
    ),
    inputs=(
        Input("url", "uri", "The canonical address of the value set, maybe with |version."),
        Input("valueSet", "ValueSet", "The value set itself."),
        Input("valueSetVersion", "string", "Which version of the value set; the highest active one when not given."),
        Input("filter", "string", "Words that must begin words of the code, a display or a designation."),
        Input("offset", "integer", "How many codes to leave out from the beginning."),
        Input("count", "integer", "How many codes to answer at most; 0 for their number alone."),
        Input("activeOnly", "boolean", "Leaves out the codes that are no longer to be used."),
        Input("includeDesignations", "boolean", "Answers the designations too."),
        Input("excludeNested", "boolean", "Answers one list, without hierarchy."),
        Input("excludeNotForUI", "boolean", "Leaves out the codes that only group others."),
        DISPLAY_LANGUAGE,
        Input("exclude-system", "canonical", "A code system whose codes are left out.", max=None),
        Input("system-version", "canonical", "system|version: the version meant where none is said.", max=None),
        Input("force-system-version", "canonical", "system|version: the version meant whatever is said.", max=None),
    ),
    outputs=(Output("return", "ValueSet", "The value set with its expansion.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": "http://hl7.org/fhir/ValueSet/administrative-gender"},
            {"name": "filter", "valueString": "fe"},
        ],
    },
    read=_expand,
)
