"""The national value sets of the corpus: all are imported, and each expands to the codes of its file."""

from datetime import date
from pathlib import Path

import orjson
from lxml import etree

from cordee.fhir.body import accept
from cordee.fhir.terminology.refusals import UnknownTerminology
from cordee.store.repository import Repository
from cordee.terminology.expanding import expansion_of
from cordee.terminology.importing import TYPES, import_resource, import_shared_value_sets


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


async def test_the_value_sets_of_the_guides_expand_or_name_the_code_system_that_is_missing(
    repository: Repository, corpus: Path
) -> None:
    urls = []
    systems = set()
    for file in sorted((corpus / "fhir").glob("*/definitions/*.json")):
        raw = file.read_bytes()
        if orjson.loads(raw)["resourceType"] not in TYPES:
            continue
        incoming = accept(raw)
        await import_resource(repository, incoming)
        if incoming.resource_type == "ValueSet":
            urls.append(incoming.resource["url"])
        elif incoming.resource_type == "CodeSystem":
            systems.add(incoming.resource["url"])
    missing = []
    for url in urls:
        try:
            assert (await expansion_of(repository, url)).members
        except UnknownTerminology as refusal:
            missing.append(str(refusal))
    assert len(urls) > len(missing) + 30
    for refusal in missing:
        assert refusal.startswith("The concepts of http")
        assert refusal.split()[3] not in systems
