import itertools
import random
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from bench.search.curve import picture
from bench.search.mix import KINDS, Kind, Region

from cordee.fhir.query import parse_search

REGION = Region(seed=1, patients=100)


SEARCHES = [kind for kind in KINDS if (path := kind.query(REGION, random.Random(1))).count("?") and "/$" not in path]


@pytest.mark.parametrize("kind", SEARCHES, ids=lambda kind: kind.name)
def test_every_query_is_one_that_a_server_takes(kind: Kind) -> None:
    path = kind.query(REGION, random.Random(1))
    place, _, query = path.partition("?")
    search = parse_search(place.rpartition("/")[2], parse_qsl(query))
    assert search.criteria or search.sort or search.summary


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_draw_gives_the_same_query(kind: Kind) -> None:
    assert kind.query(REGION, random.Random(2)) == kind.query(REGION, random.Random(2))


def test_a_large_record_is_of_about_200_resources() -> None:
    draw = random.Random(3)
    assert all(180 <= REGION.draw_large(draw).size <= 220 for _ in range(20))


def test_the_picture_has_a_line_and_a_label_a_kind_and_no_two_labels_on_each_other() -> None:
    curves = {f"kind-{n}": [(10_000, 1.0), (100_000, 1.0 + n), (1_000_000, 2.0 + n)] for n in range(12)}
    drawn = ElementTree.fromstring(picture(curves))
    lines = [one for one in drawn.iter() if one.tag.endswith("polyline")]
    labels = [one for one in drawn.iter() if (one.text or "").startswith("kind-")]
    assert len(lines) == len(labels) == len(curves)
    heights = sorted(float(one.attrib["y"]) for one in labels)
    assert all(below - above >= 11 for above, below in itertools.pairwise(heights))
