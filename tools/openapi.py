"""Writes openapi/openapi.json from the code: `python -m tools.openapi`, or `--check` to fail when it is stale."""

import argparse
import json
import sys
from pathlib import Path

from cordee.api.application import api_description

DOCUMENT = Path(__file__).parent.parent / "openapi" / "openapi.json"


def document_text() -> str:
    """The description as it is committed: indented, members in a fixed order, a line feed at the end."""
    return json.dumps(api_description(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the document, or compares it; the exit code is 1 when it is stale."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    text = document_text()
    if not parser.parse_args(arguments).check:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    if DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{DOCUMENT.name} is not what the code says: run `make openapi` and commit it.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
