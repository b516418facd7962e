"""Which members of a Patient are which trait."""

from tests.people import FR_CORE, patient

from cordee.identity.traits import MOST_IDENTIFIERS, MOST_LETTERS, MOST_NAMES, identity_of


def test_the_official_name_is_that_of_birth_and_the_usual_one_is_used() -> None:
    names = [
        {"use": "official", "family": "Le Goff", "given": ["Marie-Anne", "Zoé"]},
        {"use": "usual", "family": "D'Exemple", "given": ["Annie"]},
    ]
    found = identity_of({"resourceType": "Patient", "name": names})
    assert (found.birth_names, found.birth_given) == ({"le goff"}, ("marie anne", "zoe"))
    assert (found.used_names, found.used_given) == ({"d exemple"}, {"annie"})


def test_a_name_that_does_not_say_what_it_is_counts_as_of_birth_only_where_no_other_is() -> None:
    bare = {"family": "Exemple"}
    assert identity_of({"name": [bare]}).birth_names == {"exemple"}
    assert identity_of({"name": [bare, {"use": "maiden", "family": "Test"}]}).birth_names == {"test"}


def test_the_list_of_birth_given_names_is_preferred() -> None:
    listed = {"url": f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"}
    name = {"use": "official", "given": ["Pierre"], "extension": [listed | {"valueString": "Pierre Yves-Marie"}]}
    assert identity_of({"name": [name]}).birth_given == ("pierre", "yves marie")


def test_the_number_of_the_insured_a_number_without_system_and_an_old_one_are_nobodys() -> None:
    identifiers = [
        {"system": "urn:oid:1.2.250.1.213.1.4.13", "value": "1"},
        {"value": "2"},
        {"system": "https://example.org/ipp", "value": "3", "use": "old"},
        {"system": "https://example.org/ipp", "value": "4"},
    ]
    assert identity_of({"identifier": identifiers}).identifiers == {("https://example.org/ipp", "4")}


def test_spaces_of_an_ins_do_not_count() -> None:
    found = identity_of(patient(ins="2 55 08 14 168 025 38"))
    assert {value for _, value in found.ins} == {"255081416802538"}
    assert found.qualified


def test_a_record_with_more_names_and_numbers_than_anybody_has_is_looked_at_in_part() -> None:
    names = [{"family": f"{n} " * 10_000, "given": [str(n)] * 1_000} for n in range(10_000)]
    numbers = [{"system": "https://example.org/ipp", "value": str(n)} for n in range(10_000)]
    found = identity_of({"name": names, "identifier": numbers})
    assert len(found.birth_names) <= MOST_NAMES
    assert len(found.birth_given) <= MOST_NAMES
    assert len(found.identifiers) <= MOST_IDENTIFIERS
    assert max(map(len, found.names)) <= MOST_LETTERS


def test_the_five_traits_of_the_guides_example_are_read(corpus_patient: dict[str, object]) -> None:
    found = identity_of(corpus_patient)
    assert (found.birth_names, found.birth_given) == ({"durand"}, ("pierre", "yves"))
    assert (found.birth_date, found.sex, found.birth_place) == ("1974-12-25", "male", "01006")
    assert found.qualified
