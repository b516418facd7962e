import pytest

from cordee.fhir.text_normalization import normalize_text


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Noémie", "noemie"),
        ("NOE\u0301MIE", "noemie"),
        ("Œuvrard", "oeuvrard"),
        ("L’Haÿ-les-Roses", "l hay les roses"),
        ("L'Hay les  Roses ", "l hay les roses"),
        ("12, rue de l'Église", "12 rue de l eglise"),
        ("Straße", "strasse"),
        ("İzmir", "izmir"),
        ("ﬁn", "fin"),
        ("A+", "a+"),
        ("36 °C", "36 °c"),
        ("\t- ’ …\u00a0", ""),
        ("Østergård Łódź", "ostergard lodz"),
        ("Ελλάς", "ελλασ"),
        ("محمد", "محمد"),
    ],
)
def test_case_accents_and_punctuation_do_not_count(written, compared):
    assert normalize_text(written) == compared


@pytest.mark.parametrize("text", ["İ™", "ŉ", "ﷺ", "ǅ", "ϓ", "½", "Ⓐ", "ß̈"])
def test_normalising_twice_changes_nothing(text):
    assert normalize_text(normalize_text(text)) == normalize_text(text)
