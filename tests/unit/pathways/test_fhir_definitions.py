"""A pathway as FHIR definitions: accepted by R4, faithful to the file, and read back equal."""

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from cordee.fhir.body import Incoming
from cordee.pathways.fhir_definitions import definitions
from cordee.pathways.fhir_plan_definition import NoPathwayFileError, pathway_of
from cordee.pathways.model import Pathway
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_pathways, shipped_texts
from cordee.pathways.strict_yaml import FileRefusedError

PCR = "pcr-obesite-complexe-adulte"


def compiled(code: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    built = definitions(shipped_pathways()[code], shipped_texts()[f"{code}.yaml"])
    return {(d.resource_type, str(d.id)): d.resource for d in built}


def plan_definition(code: str) -> dict[str, Any]:
    return dict(compiled(code)["PlanDefinition", code])


def text_of(incoming: Incoming) -> str:
    return b",".join(raw for _, raw in incoming.members).decode()


@pytest.mark.parametrize("pathway", shipped_pathways().values(), ids=lambda pathway: pathway.code)
def test_every_shipped_pathway_is_read_back_from_its_plan_definition(pathway: Pathway) -> None:
    assert pathway_of(plan_definition(pathway.code)) == pathway


@pytest.mark.parametrize("pathway", shipped_pathways().values(), ids=lambda pathway: pathway.code)
def test_there_is_a_definition_for_each_act_and_each_forfait(pathway: Pathway) -> None:
    assert set(compiled(pathway.code)) == {
        ("PlanDefinition", pathway.code),
        *(("ActivityDefinition", f"{pathway.code}.{act.code}") for act in pathway.acts),
        *(("ChargeItemDefinition", f"{pathway.code}.{forfait.code}") for forfait in pathway.forfaits),
    }


@pytest.mark.parametrize("code", sorted(shipped_pathways()))
def test_the_plan_definition_names_its_components_and_its_sources(code: str) -> None:
    pathway = shipped_pathways()[code]
    artifacts = plan_definition(code)["relatedArtifact"]
    named = {a["resource"].partition("|")[0].rpartition("/")[2] for a in artifacts if a["type"] == "composed-of"}
    assert named == {key[1] for key in compiled(code) if key[0] != "PlanDefinition"}
    assert [a["label"] for a in artifacts if a["type"] == "citation"] == [source.code for source in pathway.sources]


def test_sequences_follow_each_other_with_their_required_acts() -> None:
    actions = plan_definition("gpso")["action"]
    assert [action["id"] for action in actions][:2] == ["bilans", "education"]
    assert actions[1]["relatedAction"] == [{"actionId": "bilans", "relationship": "after-end"}]
    required = actions[0]["action"][0]
    assert required["definitionCanonical"].endswith("/ActivityDefinition/gpso.bilan-medical|2021-03-16")
    assert required["timingTiming"]["repeat"]["count"] == 1
    assert required["participant"][0]["role"]["coding"][0]["code"] == "10"


def test_a_parcours_without_sequences_lists_its_acts() -> None:
    assert len(plan_definition("mon-soutien-psy")["action"]) == 3


def test_a_collective_model_is_about_a_group() -> None:
    assert plan_definition("peps")["subjectCodeableConcept"]["coding"][0]["code"] == "Group"
    assert "subjectCodeableConcept" not in plan_definition("gpso")


def test_the_age_of_eligibility_is_a_use_context() -> None:
    contexts = plan_definition("mission-retrouve-ton-cap")["useContext"]
    ages = [context["valueRange"] for context in contexts if context["code"]["code"] == "age"]
    assert [(age["low"]["value"], age["high"]["value"]) for age in ages] == [(3, 12)]


def test_an_exact_amount_is_a_base_price_with_its_days_and_its_source() -> None:
    groups = compiled("pco-tnd")["ChargeItemDefinition", "pco-tnd.bilan-et-sequence"]["propertyGroup"]
    (group,) = groups
    (price,) = group["priceComponent"]
    assert (price["type"], price["amount"]["currency"]) == ("base", "EUR")
    period, source = group["applicability"][0]["extension"]
    assert period["valuePeriod"] == {"start": "2019-04-16"}
    assert source["valueUri"].startswith("https://fedepsychomot.com/")


def test_money_is_written_with_its_two_decimals() -> None:
    built = definitions(shipped_pathways()["pco-tnd"], shipped_texts()["pco-tnd.yaml"])
    amounts = [found for d in built for found in re.findall(r'"value":([0-9.]+),"currency"', text_of(d))]
    assert sorted(amounts) == ["140.00", "1500.00"]


def test_bounds_are_never_a_price_to_bill() -> None:
    amounts, uplift = compiled(PCR)["ChargeItemDefinition", f"{PCR}.forfait"]["propertyGroup"]
    assert [price["type"] for price in amounts["priceComponent"]] == ["informational", "informational"]
    assert [price["type"] for price in uplift["priceComponent"]] == ["surcharge"]


def test_a_forfait_that_is_not_public_has_no_price_and_says_so() -> None:
    definition = compiled("equip-addict")["ChargeItemDefinition", "equip-addict.forfait-annuel"]
    assert "propertyGroup" not in definition
    assert "Montant non public" in definition["description"]


def test_compiling_twice_gives_the_same_text() -> None:
    pathway, text = shipped_pathways()[PCR], shipped_texts()[f"{PCR}.yaml"]
    assert [text_of(d) for d in definitions(pathway, text)] == [text_of(d) for d in definitions(pathway, text)]


def damaged(change: str) -> dict[str, Any]:
    resource: dict[str, Any] = orjson.loads(orjson.dumps(plan_definition(PCR)))
    document = resource["relatedArtifact"][0]["document"]
    match change:
        case "no file":
            del resource["relatedArtifact"][0]
        case "other content":
            document["data"] = base64.b64encode(b"format: cordee.pathway/1").decode()
        case "not base64":
            document["data"] = "!!!"
        case "other address":
            resource["url"] = "https://cordee.example/fhir/PlanDefinition/gpso"
    return resource


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("no file", "with a document of type application/yaml, is expected"),
        ("other content", "is not the one its hash was taken of"),
        ("not base64", "can't be decoded"),
        ("other address", f"its file is of {PCR}: publish it again"),
    ],
)
def test_a_damaged_plan_definition_is_never_read(change: str, said: str) -> None:
    with pytest.raises(NoPathwayFileError, match=re.escape(said)):
        pathway_of(damaged(change))


def test_a_file_with_problems_is_refused_by_the_name_of_its_plan_definition() -> None:
    resource = damaged("other content")
    del resource["relatedArtifact"][0]["document"]["hash"]
    with pytest.raises(FileRefusedError, match=f"PlanDefinition/{PCR}:1: .*the key 'code' is missing"):
        pathway_of(resource)


def test_durations_in_months_or_days_are_timings() -> None:
    text = shipped_texts()["gpso.yaml"].replace("    required_acts:\n", "    duration: P6W\n    required_acts:\n", 1)
    text = text.replace("{act: rcp, count: 1}", "{act: rcp, count: 1, within: P1M}", 1)
    built = {d.resource_type: d.resource for d in definitions(read_pathway("g", text), text)}
    first = built["PlanDefinition"]["action"][0]
    assert (first["timingDuration"]["value"], first["timingDuration"]["code"]) == (42, "d")
    assert first["action"][2]["timingTiming"]["repeat"]["boundsDuration"]["code"] == "mo"
