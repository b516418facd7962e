"""The narrative's XHTML: well formed, and safe to show (R4 narrative.html#xhtml, rules txt-1 and txt-3).

The text is judged as XML but shown by a browser as HTML, so what the two read differently (comments that
open with `>`, CDATA sections, processing instructions, a document type) is refused as well as what is
active.
"""

import re
from collections.abc import Callable
from html.entities import html5
from typing import Final
from xml.parsers import expat

XHTML: Final = "http://www.w3.org/1999/xhtml"
XML_ENTITIES: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})

# HTML 4.0 chapters 7 to 11, less section 4 of chapter 9, and 15; links and images.
STRUCTURE: Final = ("address", "blockquote", "br", "center", "div", "hr", "p", "pre", "span")
HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
LISTS: Final = ("dd", "dl", "dt", "li", "ol", "ul")
TABLES: Final = ("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
PHRASES: Final = ("abbr", "acronym", "bdo", "cite", "code", "del", "dfn", "em", "ins", "kbd", "q", "samp")
FONTS: Final = ("b", "big", "font", "i", "s", "small", "strike", "strong", "sub", "sup", "tt", "u", "var")
REFERENCES: Final = ("a", "area", "img", "map")
ELEMENTS: Final = frozenset((*STRUCTURE, *HEADINGS, *LISTS, *TABLES, *PHRASES, *FONTS, *REFERENCES))

LINKS: Final = frozenset({"href", "src", "cite", "longdesc", "usemap", "background"})
ACTIVE_SCHEME: Final = re.compile(r"(?:javascript|vbscript|livescript|data):", re.IGNORECASE)
IMAGE_DATA: Final = re.compile(r"data:image/(?:png|gif|jpeg|webp);", re.IGNORECASE)
ACTIVE_STYLE: Final = re.compile(
    r"javascript:|vbscript:|expression\(|behavior:|-moz-binding|@import|\\|/\*", re.IGNORECASE
)
BLANKS: Final = re.compile(r"[\s\x00-\x20\x7f-\x9f]+")
NAMED_ENTITY: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")


class _UnsafeNarrativeError(Exception):
    """Stops the parser at the first thing refused; its text is the reason."""


def narrative_problem(text: str) -> str | None:
    """Why `text` is not an acceptable `Narrative.div`, or None if it is."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = _Elements()
    parser.StartDoctypeDeclHandler = _refuse("a document type")
    parser.ProcessingInstructionHandler = _refuse("a processing instruction")
    parser.XmlDeclHandler = _refuse("an XML declaration")
    parser.StartCdataSectionHandler = _refuse("a CDATA section")
    parser.CommentHandler = _comment
    try:
        parser.Parse(NAMED_ENTITY.sub(_numeric, text).encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}, column {error.offset + 1}"
        return f"not well-formed XHTML: {expat.ErrorString(error.code)}, {where}"
    except _UnsafeNarrativeError as refusal:
        return str(refusal)
    return None


class _Elements:
    """Judges each start tag; the first must be the div."""

    def __init__(self) -> None:
        self.inside = False

    def __call__(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        if not self.inside:
            if tag != "div" or namespace != XHTML:
                raise _UnsafeNarrativeError(f'the narrative must be one <div xmlns="{XHTML}"> element')
            self.inside = True
        if namespace != XHTML or tag not in ELEMENTS:
            raise _UnsafeNarrativeError(
                f"the element {tag!r} is not allowed in a narrative; use basic XHTML formatting only"
            )
        for attribute, value in attributes.items():
            reason = _attribute_refusal(tag, attribute.lower(), value)
            if reason:
                raise _UnsafeNarrativeError(reason)


def _attribute_refusal(tag: str, attribute: str, value: str) -> str | None:
    if attribute.startswith("on"):
        return f"the event attribute {attribute!r} is not allowed in a narrative"
    bare = BLANKS.sub("", value)
    if attribute in LINKS and ACTIVE_SCHEME.match(bare) and not (tag == "img" and IMAGE_DATA.match(bare)):
        return f"the attribute {attribute!r} holds an active link, which is not allowed in a narrative"
    if attribute == "style" and ACTIVE_STYLE.search(bare):
        return "the attribute 'style' holds active content, which is not allowed in a narrative"
    return None


def _numeric(entity: re.Match[str]) -> str:
    """A named HTML entity, unknown to XML, as numeric references; others stay, and are refused."""
    name = entity[1]
    characters = html5.get(f"{name};")
    if name in XML_ENTITIES or characters is None:
        return entity[0]
    return "".join(f"&#{ord(c)};" for c in characters)


def _refuse(what: str) -> Callable[..., None]:
    def handler(*_: object) -> None:
        raise _UnsafeNarrativeError(f"{what} is not allowed in a narrative")

    return handler


def _comment(text: str) -> None:
    if text.startswith((">", "->")):
        raise _UnsafeNarrativeError("a comment that starts with '>' is not allowed in a narrative")
