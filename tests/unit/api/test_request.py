import pytest

from cordee.api.request import decode_form, parse_etags, parse_precondition
from cordee.fhir.outcome import FhirError
from cordee.store.changes import Precondition


@pytest.mark.parametrize(
    ("header", "versions"),
    [('W/"3"', [3]), ('"3"', [3]), ("3", [3]), ('W/"1", W/"2"', [1, 2]), ('"x", "2"', [2]), ("²", []), ("", [])],
)
def test_etags_are_read_weak_strong_bare_and_in_lists(header: str, versions: list[int]) -> None:
    assert parse_etags(header) == versions


def test_preconditions_are_those_of_rfc_9110() -> None:
    assert parse_precondition(None, None) == Precondition()
    assert parse_precondition("*", None) == Precondition(present=True)
    assert parse_precondition(None, "*") == Precondition(absent=True)
    assert parse_precondition('W/"2"', None) == Precondition(frozenset({2}))
    assert parse_precondition(None, 'W/"2"') == Precondition(excluded=frozenset({2}))
    with pytest.raises(FhirError, match="If-Match"):
        parse_precondition("latest", None)


def test_a_form_is_utf8_encoded_or_not() -> None:
    assert decode_form(b"name=%C3%89lodie&x=") == [("name", "Élodie"), ("x", "")]
    assert decode_form("name=Élodie".encode()) == [("name", "Élodie")]
    for refused in (b"name=%ff", b"\xff", b"a=%00", b"&".join([b"a=1"] * 1001)):
        with pytest.raises(FhirError):
            decode_form(refused)
