"""Words as `_text` and `_content` compare them: by stem, without accents, in phrases and combinations."""

import pytest

from cordee.fhir.words import MOST_POSITIONS, match_words, parse_wanted, words_of

RESOURCE = {
    "resourceType": "Condition",
    "id": "secret",
    "text": {
        "div": "<div><p>Patiente opérée d’un <b>cancer</b> du sein</p> <p>œdème &amp; métastases osseuses</p></div>"
    },
    "code": {"text": "Diabète de type 2", "coding": [{"system": "http://loinc.org/codes", "code": "8480-6"}]},
    "note": [{"text": "Le foie."}, {"text": "Sans suite."}],
}


def found(query, code="_content", resource=RESOURCE):
    words = words_of(resource, code)
    return words is not None and match_words(parse_wanted(query), words)


@pytest.mark.parametrize(
    "query",
    ["cancer", "CANCERS", "opérée", "operee", "opérer", "oedeme", "œdèmes", "métastase osseuse", "osseux",
     "d'un cancer", '"cancer du sein"', "diabétique", "diabetiques", "8480-6", "type AND 2",
     "(bone OR foie) and metastases",
     "not poumon", "foie not (poumon or rein)", "poumon or foie rein or cancer", "NOT (poumon)"],
)  # fmt: skip
def test_words_are_found_in_any_of_their_forms(query):
    assert found(query)


@pytest.mark.parametrize(
    "query",
    ["poumon", "cancer poumon", '"sein du cancer"', '"foie sans"', "not cancer", "loinc", "6-8480", "can",
     "Condition or secret", "poumon or (foie rein)", "foie not (sein or rein)"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(query):
    assert not found(query)


def test_text_is_the_narrative_alone():
    assert found("sein", "_text")
    assert not found("foie", "_text")
    assert words_of({"resourceType": "Condition", "note": [{"text": "foie"}]}, "_text") is None


@pytest.mark.parametrize(
    "query", ["", "or", "a or", "and a", "(a", "a)", "not", '"a', "--", "()", "a not", "(" * 30 + "a", "a " * 51]
)
def test_what_cant_be_read_is_refused(query):
    with pytest.raises(ValueError, match=r"expected|closed|opened|at most"):
        parse_wanted(query)


def test_documents_in_base64_and_addresses_have_no_words():
    attachment = {"resourceType": "Binary", "data": "Zm9pZQ==" * 1000, "note": "https://foie.example/sein foie2"}
    assert not found("foie or sein or Zm9pZQ", resource=attachment)
    assert found("foie2", resource=attachment)


def test_a_book_is_read_as_far_as_its_words_have_places():
    book = {"resourceType": "Composition", "text": {"div": "a " * MOST_POSITIONS + "fin"}}
    assert found("a", "_text", book)
    assert not found("fin", "_text", book)
    long = {"resourceType": "Composition", "text": {"div": " ".join(f"mot{'x' * 50}{n}" for n in range(20_000))}}
    assert len("".join(words_of(long, "_text").places)) <= 400_000
