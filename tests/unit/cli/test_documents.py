import gzip
import os
from pathlib import Path

import pytest

from cordee.cli.load.documents import Unloadable, documents
from cordee.cli.load.sources import Source, find_sources
from cordee.store.loading.decompression import DamagedData

PATIENT = b'{"resourceType":"Patient","id":"%d"}'


async def read(tmp_path: Path, content: bytes) -> list[tuple[int | None, bytes]]:
    path = tmp_path / "file"
    path.write_bytes(content)
    taken: list[int] = []
    found = [document async for document in documents(find_sources([str(path)])[0], taken.append)]
    assert sum(taken) == len(content)
    return found


async def test_a_document_of_several_lines_is_one_document(tmp_path: Path) -> None:
    text = b'{\n  "resourceType": "Patient",\n  "id": "1"\n}'
    assert await read(tmp_path, text + b"\n") == [(None, text)]


async def test_a_document_on_one_line_is_one_document(tmp_path: Path) -> None:
    assert await read(tmp_path, PATIENT % 1) == [(None, PATIENT % 1)]


async def test_several_documents_a_line_each_come_with_their_line_numbers(tmp_path: Path) -> None:
    content = b"\n" + PATIENT % 1 + b"\n\n" + PATIENT % 2 + b"\n"
    assert await read(tmp_path, content) == [(2, PATIENT % 1), (4, PATIENT % 2)]


async def test_a_first_line_that_is_no_document_does_not_hide_the_next_ones(tmp_path: Path) -> None:
    content = b'{"resourceType":"Patient",\n'.replace(b",", b"") + PATIENT % 2 + b"\n" + PATIENT % 3
    assert [line for line, _ in await read(tmp_path, content)] == [1, 2, 3]


async def test_a_bundle_with_an_entry_a_line_is_one_document(tmp_path: Path) -> None:
    content = b'{"resourceType":"Bundle","type":"collection","entry":[\n' + PATIENT % 1 + b"\n]}"
    assert await read(tmp_path, content) == [(None, content)]


async def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path: Path) -> None:
    assert await read(tmp_path, b"\xef\xbb\xbf" + PATIENT % 1) == [(None, PATIENT % 1)]


async def test_lines_longer_than_a_block_are_whole(tmp_path: Path) -> None:
    long = b'{"resourceType":"Patient","id":"1","text":"' + b"x" * 700_000 + b'"}'
    assert [text for _, text in await read(tmp_path, long + b"\n" + PATIENT % 2)] == [long, PATIENT % 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b'<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">', "CDA document is not loaded yet"),
        (b'<cda:ClinicalDocument xmlns:cda="urn:hl7-org:v3">', "CDA document is not loaded yet"),
        (b'<Patient xmlns="http://hl7.org/fhir">', "FHIR in XML is not loaded yet"),
        (b"PK\x03\x04rest", "XDM"),
        (b"MSH|^~\\&|SENDER", "HL7 v2 message is not loaded yet"),
        (b"Return-Path: <a@example.org>\r\nFrom: a@example.org\r\n\r\ntext", "mail message is not loaded yet"),
        (b"%PDF-1.7\n", "PDF"),
        (b'[{"resourceType":"Patient"}]', "JSON array"),
        ("\ufeff{}".encode("utf-16-le"), "UTF-16"),
        (b"\xfd7zXZ\x00", "gzip and bzip2"),
        (b"Dear colleague, hello", "neither FHIR"),
        (b"\x00\x01\x02", "neither FHIR"),
    ],
)
async def test_what_is_not_fhir_in_json_is_refused_for_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(Unloadable, match=reason):
        await read(tmp_path, content)


async def test_lines_before_the_damage_of_a_compressed_file_are_given(tmp_path: Path) -> None:
    lines = [PATIENT % int.from_bytes(os.urandom(7)) for _ in range(2_000)]
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines))[:-2_000])
    found = []
    with pytest.raises(DamagedData, match="cut short"):
        async for _, text in documents(find_sources([str(path)])[0], lambda _: None):
            found.append(text)
    assert len(found) > 100
    assert found == lines[: len(found)]


async def test_a_named_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    kept_open = os.open(path, os.O_RDWR)  # so that opening it to read does not wait for a writer
    lines = [PATIENT % number for number in range(100)]
    os.write(kept_open, b"\n".join(lines))
    found = documents(Source(str(path), path, 0, is_stream=True), lambda _: None)
    given = [await anext(found) for _ in range(99)]  # the last line may go on
    os.close(kept_open)
    given += [document async for document in found]
    assert given == list(enumerate(lines, start=1))
