"""The printed page that every document shares: A4, one typeface, numbered pages, French metadata.

The same text gives the same bytes.
"""

import io
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from cordee.pathways.model import Validity
from cordee.pathways.money import NO_BREAK_SPACE

REGULAR, BOLD = "Roboto", "Roboto-Bold"
INK, MUTED, RULE, SHADE = HexColor("#1B2733"), HexColor("#5B6875"), HexColor("#C9D2DA"), HexColor("#EEF2F5")

MARGIN = 16 * mm
WIDTH = A4[0] - 2 * MARGIN
"""What the text of a page may take."""

_FRAME_PADDING = 6
_BREAKABLE = re.compile(r" (?=[:;?!»€%])|(?<=«) ")


def _style(name: str, size: float, *, font: str = REGULAR, **changed: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.3, textColor=INK, **changed)


TITLE = _style("title", 17, font=BOLD, spaceAfter=2)
HEADING = _style("heading", 11, font=BOLD, spaceBefore=10, spaceAfter=4)
BODY = _style("body", 9)
SMALL = _style("small", 7.5)
STRONG = _style("strong", 8.5, font=BOLD)
CELL = _style("cell", 8.5)
FINE = _style("fine", 7.5)
AMOUNT = _style("amount", 8.5, alignment=TA_RIGHT)
TOTAL = _style("total", 8.5, font=BOLD, alignment=TA_RIGHT)
COLUMN = _style("column", 7.5, font=BOLD)
COLUMN_OF_AMOUNTS = _style("column of amounts", 7.5, font=BOLD, alignment=TA_RIGHT)
for _quiet in (SMALL, COLUMN, COLUMN_OF_AMOUNTS):
    _quiet.textColor = MUTED


@cache
def _register_typeface() -> None:
    """The typeface, embedded: its figures have one width, and it has the letters of every European name."""
    folder = files("font_roboto").joinpath("files")
    for name, file in ((REGULAR, "Roboto-Regular.ttf"), (BOLD, "Roboto-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(folder.joinpath(file).read_bytes())))
        pdfmetrics.registerFontFamily(name, normal=name, bold=BOLD, italic=name, boldItalic=BOLD)


def said(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain text: nothing in it is markup, and no line begins with French punctuation."""
    _register_typeface()
    return Paragraph(escape(_BREAKABLE.sub(NO_BREAK_SPACE, text)).replace("\n", "<br/>"), style)


def days(period: Validity) -> str:
    """`du 01/07/2026 au 31/07/2026`, or `depuis le 01/07/2026`."""
    if period.last is None:
        return f"depuis le {period.first:%d/%m/%Y}"
    return f"du {period.first:%d/%m/%Y} au {period.last:%d/%m/%Y}"


def document(title: str, author: str, footer: str, story: Sequence[Flowable]) -> bytes:
    """The PDF: `footer` and «page n / total» under each page."""
    written = io.BytesIO()
    template = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=MARGIN - _FRAME_PADDING,
        bottomMargin=MARGIN + 4 * mm,
        title=title,
        author=author,
        creator="Cordée",
        lang="fr-FR",
        displayDocTitle=1,
        invariant=1,
    )
    template.build(list(story), canvasmaker=_numbered(footer))
    return written.getvalue()


def _numbered(footer: str) -> Any:
    class Numbered(Canvas):
        """Knows how many pages there are only at the end: each is kept until then."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 ReportLab's name
            self._kept.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                self.setFont(REGULAR, 7.5)
                self.setFillColor(MUTED)
                self.drawString(MARGIN, MARGIN - 2 * mm, footer)
                self.drawRightString(A4[0] - MARGIN, MARGIN - 2 * mm, f"page {number} / {len(self._kept)}")
                super().showPage()
            super().save()

    return Numbered
