"""Resources as XML (R4 xml.html): the same content as their JSON, both ways, digit by digit."""

from cordee.fhir.xml.reading import json_from_xml
from cordee.fhir.xml.writing import xml_from_json

__all__ = ["json_from_xml", "xml_from_json"]
