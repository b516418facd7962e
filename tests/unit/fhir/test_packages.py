"""A package's files become definitions with its tag; what can't be stored is refused, with its file."""

from typing import Any

import orjson
import pytest

from cordee.fhir.profiles.packages import PACKAGE_SYSTEM, Package, PackageRefusedError, read_package

VALUE_SET: dict[str, Any] = {"resourceType": "ValueSet", "id": "v", "status": "active"}
GUIDE = {"resourceType": "ImplementationGuide", "id": "g", "packageId": "org.guide", "version": "3"}


def read(**files: Any) -> Package:
    return read_package(((f"package/{name}.json", orjson.dumps(content)) for name, content in files.items()), "folder")


def test_its_name_is_its_manifest_s_or_its_guide_s_or_its_folder_s() -> None:
    assert read(package={"name": "a", "version": "1"}, v=VALUE_SET, g=GUIDE).label == "a#1"
    assert read(v=VALUE_SET, g=GUIDE).label == "org.guide#3"
    assert read(v=VALUE_SET).label == "folder#local"


def test_definitions_carry_the_tag_and_others_are_counted() -> None:
    tagged = {**VALUE_SET, "meta": {"tag": [{"code": "x"}, {"system": PACKAGE_SYSTEM, "code": "old#1"}]}}
    read_again = read(v=tagged, g=GUIDE, p={"resourceType": "Patient"})
    (definition,) = read_again.definitions
    assert definition.resource["meta"]["tag"] == [{"code": "x"}, {"system": PACKAGE_SYSTEM, "code": "org.guide#3"}]
    assert read_again.left_out == {"ImplementationGuide": 1, "Patient": 1}


def test_decimals_keep_their_written_form() -> None:
    text = b'{"resourceType":"CodeSystem","id":"c","status":"active","content":"complete","concept":[{"code":"a",'
    text += b'"property":[{"code":"p","valueDecimal":1.50}]}]}'
    (definition,) = read_package([("c.json", text)], "x").definitions
    assert any(b"1.50" in value for _, value in definition.members)


def test_examples_of_elements_that_break_the_standard_are_left_out_and_told() -> None:
    example = {"label": "x", "valueUri": "urn:x", "valueString": "x"}
    profile = {
        "resourceType": "StructureDefinition", "id": "s", "url": "urn:s", "name": "S", "status": "active",
        "kind": "resource", "abstract": False, "type": "Patient",
        "differential": {"element": [{"id": "Patient", "path": "Patient", "example": [example]}]},
    }  # fmt: skip
    mended = read(s=profile)
    assert mended.mended == ("s.json",)
    assert "example" not in mended.definitions[0].resource["differential"]["element"][0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({**VALUE_SET, "status": "wrong"}, r"v\.json breaks the standard: ValueSet\.status"),
        ({"resourceType": "ValueSet", "status": "active"}, r"v\.json: it has no id"),
        ({"resourceType": "Patient"}, "holds no definition"),
        ([], r"v\.json: A FHIR resource is a JSON object"),
    ],
)
def test_what_can_not_be_stored_is_refused_with_its_file(content: Any, told: str) -> None:
    with pytest.raises(PackageRefusedError, match=told):
        read(v=content)


def test_two_definitions_of_one_id_are_refused() -> None:
    with pytest.raises(PackageRefusedError, match="are both ValueSet/v"):
        read(v=VALUE_SET, w=VALUE_SET)
