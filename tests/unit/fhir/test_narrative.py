"""Narratives are shown in a browser: what could act there is refused (R4 narrative.html#security)."""

import pytest

from cordee.fhir.validation import validate
from cordee.fhir.validation.narrative import narrative_problem

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def div(content, attributes=XHTML):
    return f"<div {attributes}>{content}</div>"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<p>Patient <b>Test</b> &amp; &lt;co&gt; &nbsp;&eacute;&#233;</p>",
        '<table border="1"><thead><tr><th>a</th></tr></thead><tbody><tr><td>b<br/></td></tr></tbody></table>',
        '<a href="http://x.example/Patient/1" name="x">x</a><a href="#local">y</a>',
        '<img src="data:image/png;base64,AAAA" alt="x"/><img src="#i"/>',
        '<span style="color: red" class="x" title="on load">x</span>',
        "<!-- a comment -->",
    ],
)
def test_basic_formatting_is_accepted(content):
    assert narrative_problem(div(content)) is None


def test_a_narrative_with_a_prefix_for_the_namespace_is_accepted():
    assert narrative_problem('<h:div xmlns:h="http://www.w3.org/1999/xhtml">x</h:div>') is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text", "not well-formed"),
        ("", "not well-formed"),
        (div("<p>"), "not well-formed"),
        (div("") + div(""), "not well-formed"),
        (div("&unknown;"), "not well-formed"),
        (div("a\x00b"), "not well-formed"),
        (div("\ud800"), "not well-formed"),
        (div("<b onclick=x>y</b>"), "not well-formed"),
        ("<div>no namespace</div>", "must be one <div"),
        (f"<p {XHTML}>x</p>", "must be one <div"),
        ('<div xmlns="http://x.example">x</div>', "must be one <div"),
    ],
)
def test_a_narrative_is_one_div_of_xhtml(text, said):
    assert said in (narrative_problem(text) or "")


@pytest.mark.parametrize(
    "content",
    [
        "<script>x</script>",
        "<SCRIPT>x</SCRIPT>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">x</h:script>',
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "<iframe/>", "<object/>", "<embed/>", "<form/>", "<input/>", "<style>x</style>", "<link/>", "<base/>",
        "<head/>", "<body/>", "<meta/>",
        '<b onclick="x()">y</b>',
        '<img src="x" onerror="x()"/>',
        '<img src="x" ONERROR="x()"/>',
        '<a href="javascript:x()">y</a>',
        '<a href=" JavaScript:x()">y</a>',
        '<a href="java&#10;script:x()">y</a>',
        '<a href="java&Tab;script&colon;x()">y</a>',
        '<a href="&#1;javascript:x()">y</a>',
        '<a href="vbscript:x()">y</a>',
        '<a href="data:text/html,x">y</a>',
        '<img src="data:image/svg+xml;base64,AAAA"/>',
        '<b style="background: url(javascript:x())">y</b>',
        '<b style="width: expression(x())">y</b>',
        '<b style="width: exp/**/ression(x())">y</b>',
        "<!--><img src='x' onerror='x()'>-->",
        "<!---><img src='x' onerror='x()'>-->",
        "<![CDATA[><img src='x' onerror='x()'>]]>",
        "<?xml-stylesheet href='x'?>",
    ],
)  # fmt: skip
def test_active_content_is_refused(content):
    assert narrative_problem(div(content)) is not None


def test_a_document_type_is_refused_before_its_entities_grow():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(20))
    assert "document type" in (narrative_problem(f"<!DOCTYPE div [{entities}]>{div('&e19;')}") or "")


def test_an_unsafe_narrative_is_an_issue_at_its_place():
    text = {"status": "generated", "div": div("<script>x</script>")}
    (issue,) = validate({"resourceType": "Patient", "text": text})
    assert (issue.code, issue.path) == ("invalid", "Patient.text.div")
    assert "'script'" in issue.diagnostics


@pytest.mark.parametrize("value", [3, None, [], {}])
def test_a_narrative_that_is_no_string_is_an_issue(value):
    (issue,) = validate({"resourceType": "Patient", "text": {"status": "generated", "div": value}})
    assert issue.path == "Patient.text.div"
