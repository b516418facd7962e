"""XML for people to read (R4 http.html#parameters, `_pretty`)."""

from lxml import etree

from cordee.fhir.xml.contents import XHTML

_STEP = "  "


def indented_xml(xml: bytes) -> bytes:
    """The same XML, an element a line. Narratives stay as they are: there, white space may be content."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    _indent(root, "\n")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _indent(element: etree._Element, line: str) -> None:
    children = list(element)
    if not children or etree.QName(element).namespace == XHTML:
        return
    element.text = line + _STEP
    for child in children:
        _indent(child, line + _STEP)
        child.tail = line + _STEP
    children[-1].tail = line
