"""The national value sets of the corpus: all are imported, and each expands to the codes of its file."""

from datetime import date
from pathlib import Path

from lxml import etree

from cordee.store.repository import Repository
from cordee.terminology.expanding import expansion_of
from cordee.terminology.importing import import_shared_value_sets


async def test_each_expands_to_the_codes_of_its_file(repository: Repository, corpus: Path) -> None:
    files = sorted((corpus / "terminology" / "jdv").glob("*.xml"))
    assert len(files) == 57
    total = 0
    for file in files:
        raw = file.read_bytes()
        (one,) = await import_shared_value_sets(repository, raw, date(2026, 11, 24))
        named = [c.get("code") for c in etree.fromstring(raw).iter("{urn:ihe:iti:svs:2008}Concept")]
        members = (await expansion_of(repository, one.url)).members.values()
        assert sorted(member.code for member in members) == sorted(named)
        total += len(named)
    assert total == 1_475
