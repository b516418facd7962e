"""The French guides load, and their own examples meet them; each that doesn't is named here with its reason."""

from datetime import date
from pathlib import Path

import orjson
import pytest

from cordee.fhir.profiles.library import UnusableProfileError
from cordee.fhir.profiles.validation import ProfileValidator
from cordee.fhir.terminology.shared_value_sets import value_sets

COMMUNE = (
    "the commune is coded in TRE_R13-Commune, FR Core 2.2.0 requires TRE_R13-CommuneOM "
    "(fr-core-vs-insee-code, binding required)"
)
VERSIONLESS = "meta.profile lacks the version that the profile of the annuaire requires there"
CONTAINED = (
    "contained resources have meta.lastUpdated (dom-4), the profiles' canonicals without version, and a meta.source "
    "other than the fixed one"
)
ORPHAN = "its contained Practitioner is not referred to (dom-3)"
NOT_AN_OID = "its uniqueId does not start with urn:oid:"
NO_CUSTODIAN = "no custodian, which PDSm requires"
NO_TYPE = "its masterIdentifier has no type, which IHE's UniqueIdIdentifier requires"
SOURCE = "List.source is a Practitioner"
AUTHOR = "the author is contained without what as-practitioner requires"
TITLE_ALONE = "a section of its Composition has a title alone (cmp-1)"

RULES = {
    COMMUNE: ["fr-core-vs-insee-code"],
    VERSIONLESS: ["slice as-dr-canonical"],
    CONTAINED: [
        "the rule dom-4",
        "slice fr-canonical",
        "slice as-dp-canonical",
        "'https://annuaire.sante.fr' was found",
    ],
    ORPHAN: ["the rule dom-3"],
    NOT_AN_OID: ["the rule mhd-startswithoid"],
    NO_CUSTODIAN: ["at least 1 custodian"],
    NO_TYPE: ["IHE.MHD.UniqueIdIdentifier at Identifier.type"],
    SOURCE: ["one to Practitioner was found"],
    AUTHOR: ["as-practitioner it breaks identifier[0].type: at least 1 type expected"],
    TITLE_ALONE: ["the rule cmp-1"],
}
"""What each reason breaks, as it is told."""

FAULTY = {
    "annuaire/Organization-158480DP.json": [COMMUNE],
    "annuaire/Organization-example-organization-fictive.json": [COMMUNE],
    "annuaire/Organization-example-organization-nancy.json": [COMMUNE],
    "annuaire/Practitioner-3719500.json": [COMMUNE],
    "annuaire/Person-pp16dr-person.json": [COMMUNE, VERSIONLESS],
    "annuaire/Person-pp19dr-person.json": [COMMUNE, VERSIONLESS],
    "cahier-de-liaison/Bundle-cdl-bundle-creation-note.json": [COMMUNE],
    "cahier-de-liaison/Patient-0d920958-b596-4b91-af67-9bafc707820b.json": [COMMUNE],
    "cercle-de-soins/Bundle-cds-bundle-transaction-creation-example.json": [COMMUNE],
    "pdsm/DocumentReference-exemple-pdsm-documentreference.json": [CONTAINED, ORPHAN],
    "pdsm/List-ExampleSubmissionSet.json": [CONTAINED, NOT_AN_OID],
    "pdsm4dmp/Bundle-example-annexe-fhir-document.json": [TITLE_ALONE],
    "pdsm4dmp/Bundle-example-td2-1-remplacement.json": [NO_CUSTODIAN, NO_TYPE, SOURCE, AUTHOR],
    "pdsm4dmp/Bundle-example-td2-iti65-lot-soumission.json": [NO_CUSTODIAN, NO_TYPE, SOURCE, AUTHOR],
    "pdsm4dmp/DocumentReference-doc-x-id.json": [NO_CUSTODIAN, NO_TYPE, AUTHOR],
    "pdsm4dmp/DocumentReference-example-td2-iti105-publication-simplifiee.json": [NO_CUSTODIAN, AUTHOR],
    "pdsm4dmp/DocumentReference-example-td3-1a-cr-consultation.json": [NO_CUSTODIAN, NO_TYPE],
    "pdsm4dmp/DocumentReference-example-td3-1a-fhir-document.json": [NO_CUSTODIAN, NO_TYPE],
    "pdsm4dmp/DocumentReference-example-td3-1a-ordonnance.json": [NO_CUSTODIAN, NO_TYPE],
}


@pytest.fixture(scope="module")
def definitions(corpus):
    return [orjson.loads(file.read_bytes()) for file in sorted((corpus / "fhir").glob("*/definitions/*.json"))]


@pytest.fixture(scope="module")
def validator(definitions):
    return ProfileValidator(definitions)


def examples(corpus: Path):
    for file in sorted((corpus / "fhir").glob("*/examples/*.json")):
        yield f"{file.parent.parent.name}/{file.name}", orjson.loads(file.read_bytes())


def errors(issues):
    return [issue for issue in issues if issue.severity in ("error", "fatal")]


def test_every_profile_of_the_guides_comes_to_rules(definitions, validator):
    refused = {}
    for definition in definitions:
        if definition["resourceType"] == "StructureDefinition" and definition["kind"] != "logical":
            try:
                validator.profiles.library.rules(definition["url"])
            except UnusableProfileError as error:
                refused[definition["url"]] = str(error)
    assert refused == {}


def test_the_examples_of_the_guides_meet_them_but_for_those_named(corpus, validator):
    faulty = {name for name, resource in examples(corpus) if errors(validator.validate(resource))}
    assert faulty == set(FAULTY)


@pytest.mark.parametrize("name", FAULTY)
def test_what_the_named_ones_break_is_their_reason_and_nothing_else(corpus, validator, name):
    guide, _, file = name.partition("/")
    resource = orjson.loads((corpus / "fhir" / guide / "examples" / file).read_bytes())
    told = [issue.diagnostics for issue in errors(validator.validate(resource))]
    rules = [rule for reason in FAULTY[name] for rule in RULES[reason]]
    assert [text for text in told if not any(rule in text for rule in rules)] == []
    for reason in FAULTY[name]:
        assert any(rule in text for text in told for rule in RULES[reason]), reason


def test_every_invariant_of_the_standard_and_of_the_guides_is_evaluated(corpus, validator):
    files = [*(corpus / "fhir-r4" / "examples").rglob("*.json"), *(corpus / "fhir").glob("*/examples/*.json")]
    told = [issue.diagnostics for file in files for issue in validator.validate(orjson.loads(file.read_bytes()))]
    assert len(told) > len(files)
    assert [text for text in told if "could not be evaluated" in text] == []


def test_the_constraints_of_the_guides_that_are_in_words_alone_are_those_of_pdsm(definitions):
    wordless = {
        (definition["name"], constraint["key"])
        for definition in definitions
        if definition["resourceType"] == "StructureDefinition"
        for element in definition.get("differential", {}).get("element", ())
        for constraint in element.get("constraint", ())
        if "expression" not in constraint
    }
    assert {name for name, _ in wordless} == {
        "PDSm_ComprehensiveDocumentReference", "PDSm_SimplifiedPublish", "PDSm_SubmissionSetComprehensive",
    }  # fmt: skip
    assert all(key.startswith("constr-") for _, key in wordless)


def test_the_standard_s_examples_break_none_of_its_rules(corpus):
    validator = ProfileValidator([])
    for file in sorted((corpus / "fhir-r4" / "examples").rglob("*.json")):
        resource = orjson.loads(file.read_bytes())
        assert errors(validator.validate(resource)) == [], file.name


def test_a_rule_of_the_guides_is_broken_by_what_breaks_it(corpus, validator):
    """What the examples pass is a test: without what it needs, one fails by the rule of its profile."""
    file = corpus / "fhir" / "fr-core-2.2.0" / "examples" / "Patient-FRCorePatientExample.json"
    patient = orjson.loads(file.read_bytes())
    assert errors(validator.validate(patient)) == []
    del patient["identifier"]
    found = [issue.diagnostics for issue in errors(validator.validate(patient))]
    assert any("fr-core-patient-ins" in text for text in found), found


def broken(validator, resource):
    """What is broken, whoever says it: a snapshot says again what its base does."""
    return {(issue.path, issue.diagnostics.partition(" (rule of")[0]) for issue in errors(validator.validate(resource))}


def test_a_differential_comes_to_what_the_snapshot_of_another_tool_says(corpus, definitions, validator):
    """Of each example, whole and without each of its members in turn."""
    by_snapshot = ProfileValidator(
        {name: part for name, part in one.items() if name != "differential" or "snapshot" not in one}
        for one in definitions
    )
    told = 0
    for name, resource in examples(corpus):
        for absent in ("", *resource):
            part = {member: value for member, value in resource.items() if member != absent or member == "resourceType"}
            by_differential = broken(validator, part)
            told += len(by_differential)
            assert by_differential == broken(by_snapshot, part), (name, absent)
    assert told > len(FAULTY)


def test_a_national_value_set_serves_the_bindings_of_the_guides(corpus, definitions):
    """Published as IHE SVS XML. The annuaire tells the slice of a type by it, which then needs an extension."""
    file = corpus / "terminology" / "jdv" / "JDV_J100_FinessStatutJuridique_RASS.xml"
    validator = ProfileValidator([*definitions, *value_sets(file.read_bytes(), date(2026, 11, 24), {})])
    profile = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-organization"

    def breaks_the_slice(judge, code):
        system = "https://mos.esante.gouv.fr/NOS/TRE_R72-FinessStatutJuridique/FHIR/TRE-R72-FinessStatutJuridique"
        organization = {"resourceType": "Organization", "type": [{"coding": [{"system": system, "code": code}]}]}
        return any(
            "type:statutJuridiqueINSEE" in issue.diagnostics
            for issue in errors(judge.validate(organization, [profile]))
        )

    assert [breaks_the_slice(validator, code) for code in ("01", "zz")] == [True, False]
    assert not breaks_the_slice(ProfileValidator(definitions), "01")  # which can not tell
