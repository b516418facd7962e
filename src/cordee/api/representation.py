"""Bodies read and answers written in the format asked for; inside, a resource is JSON text."""

import asyncio

from cordee.api.media_types import Format
from cordee.fhir.body import pretty
from cordee.fhir.outcome import NotAcceptable
from cordee.fhir.xml import NotInXml, indented_xml, json_from_xml, xml_from_json

_QUICK_BYTES = 65_536
"""More is converted in a thread: other requests get their turn meanwhile."""


async def as_json(body: bytes, format_: Format) -> bytes:
    """A body's JSON. Raises `MalformedBody` or `InvalidResource` for XML that is no resource's; empty stays empty."""
    if format_ is Format.JSON or not body.strip():
        return body
    if len(body) <= _QUICK_BYTES:
        return json_from_xml(body)
    return await asyncio.to_thread(json_from_xml, body)


async def written(text: bytes, format_: Format, *, indented: bool) -> bytes:
    """A resource's JSON text as it is to be answered.

    Raises `NotAcceptable` (406) for XML of a resource with a character that XML can't hold.
    """
    if format_ is Format.JSON:
        return pretty(text) if indented else text
    if len(text) <= _QUICK_BYTES:
        return _as_xml(text, indented)
    return await asyncio.to_thread(_as_xml, text, indented)


def _as_xml(text: bytes, indented: bool) -> bytes:
    try:
        xml = xml_from_json(text)
    except NotInXml as reason:
        raise NotAcceptable(f"{reason} Ask for application/fhir+json.") from None
    return indented_xml(xml) if indented else xml
