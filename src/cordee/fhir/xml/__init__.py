"""Resources as XML (R4 xml.html): the same content as their JSON, both ways, digit by digit."""

from cordee.fhir.xml.indenting import indented_xml
from cordee.fhir.xml.reading import json_from_xml
from cordee.fhir.xml.writing import NotInXml, xml_from_json

__all__ = ["NotInXml", "indented_xml", "json_from_xml", "xml_from_json"]
