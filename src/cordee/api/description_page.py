"""The API's description as plain HTML: in a health network no page may fetch scripts from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430;background:#fff}
code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}
details{border:1px solid #d5dbe3;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}
.method{display:inline-block;min-width:4.5rem;font-weight:600}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-top:1px solid #e8ecf1}
"""
_METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Mapping[str, Any]) -> str:
    """The HTML of an OpenAPI document: a block an operation, grouped by tag."""
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = item[method].get("tags", ["other"])[0]
                groups.setdefault(tag, []).append(_operation(document, path, item, method))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(blocks)}" for tag, blocks in groups.items())
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('summary', ''))}</p>"
        '<p>What each resource type takes is in <a href="fhir/metadata?_pretty=true">the CapabilityStatement</a>; '
        'the same description for programs is <a href="openapi.json">openapi.json</a>.</p>'
        f"{body}</body></html>"
    )


def _operation(document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str) -> str:
    operation = item[method]
    parameters = [
        _resolved(document, parameter) for parameter in (*item.get("parameters", ()), *operation.get("parameters", ()))
    ]
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in parameters
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(_resolved(document, answer)['description'])}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    body = ", ".join(operation.get("requestBody", {}).get("content", {}))
    return (
        f'<details><summary><span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary>"
        + (f"<p>Body: <code>{escape(body)}</code></p>" if body else "")
        + (f"<table><tr><th>Parameter</th><th>In</th><th></th></tr>{rows}</table>" if rows else "")
        + f"<table><tr><th>Status</th><th></th></tr>{answers}</table></details>"
    )


def _resolved(document: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = described.get("$ref")
    if reference is None:
        return described
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
