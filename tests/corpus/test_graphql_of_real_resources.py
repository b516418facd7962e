"""Every member of a real resource can be asked for, and comes back as it is."""

import json
from pathlib import Path
from typing import Any

from tests.corpus.test_xml_round_trip import resources

from cordee.fhir.graphql.execution import AtHand, execute
from cordee.fhir.graphql.planning import MOST_DEPTH, MOST_FIELDS, plan_query

Tree = dict[str, Any]


def shape(value: Any, into: Tree) -> Tree:
    """The members of an object, or of all those of a list together; of resources, by their type."""
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            continue
        here = into.setdefault(f"... on {one['resourceType']}", {}) if "resourceType" in one else into
        for name, member in one.items():
            shape(member, here.setdefault(name, {}))
    return into


def written(tree: Tree) -> str:
    return "{ " + " ".join(name + (f" {written(below)}" if below else "") for name, below in tree.items()) + " }"


def size(tree: Tree) -> int:
    return sum(1 + size(below) for below in tree.values())


def depth(tree: Tree) -> int:
    return 1 + max((depth(below) for below in tree.values()), default=0)


def test_what_is_asked_for_whole_is_answered_whole(corpus: Path) -> None:
    asked = 0
    for path, raw in resources(corpus):
        resource = json.loads(raw)
        tree = shape({name: value for name, value in resource.items() if name != "resourceType"}, {})
        if size(tree) > MOST_FIELDS // 2 or depth(tree) > MOST_DEPTH // 2 or not tree:
            continue
        plan = plan_query(written(tree), None, {}, resource["resourceType"], "https://example.org/fhir")
        outcome = execute(plan, AtHand(), resource)
        assert outcome.is_whole
        assert {"resourceType": resource["resourceType"]} | outcome.data == resource, path
        asked += 1
    assert asked > 300
