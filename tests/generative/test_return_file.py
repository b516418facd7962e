"""Return files written, read back, and mangled: the same lines, or a refusal; never another failure."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cordee.claims.returns import ReturnLine
from cordee.exchange.csv_table import trimmed
from cordee.exchange.file_problems import FileProblems
from cordee.exchange.return_csv import write_return_csv
from cordee.exchange.return_file import read_returns
from cordee.exchange.return_json import write_return_json

text = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\u00a0\u202f\u2009"), min_size=1, max_size=12)
word = text.map(trimmed).filter(lambda value: bool(value) and not value.isspace() and value == trimmed(value))
party = st.tuples(word.filter(lambda value: "|" not in value), word).map("|".join)
day = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def quote_parts(kind: str, least: int) -> st.SearchStrategy[ReturnLine]:
    return st.builds(
        ReturnLine,
        number=st.just(0),
        kind=st.just(kind),
        notice=word,
        day=day,
        claim=word,
        payee=party,
        insurer=st.sampled_from(["amo", "amc"]),
        cents=st.integers(least, 10**12),
        reason_code=word,
        reason_text=st.none() | word,
        liable=party if kind == "recovery" else st.none(),
    )


whole_claims = st.builds(
    ReturnLine, number=st.just(0), kind=st.just("acknowledgement"), notice=word, day=day, claim=word
)
lines = st.lists(
    whole_claims | quote_parts("payment", 1) | quote_parts("rejection", 0) | quote_parts("recovery", 1),
    min_size=1,
    max_size=6,
    unique=True,
)


def numbered(given_lines: list[ReturnLine], first: int) -> tuple[ReturnLine, ...]:
    fields = [{name: getattr(line, name) for name in ReturnLine.__slots__} for line in given_lines]
    return tuple(ReturnLine(**line | {"number": number}) for number, line in enumerate(fields, first))


@given(lines)
def test_both_forms_read_back_as_the_same_lines(written: list[ReturnLine]) -> None:
    assert read_returns(write_return_csv(written)) == numbered(written, 2)
    assert read_returns(write_return_json(written)) == numbered(written, 1)


@given(lines, st.integers(0, 2_000), st.binary(max_size=6))
def test_a_mangled_file_is_read_or_refused(written: list[ReturnLine], at: int, bytes_: bytes) -> None:
    for data in (write_return_csv(written), write_return_json(written)):
        place = at % len(data)
        try:
            read_returns(data[:place] + bytes_ + data[place + len(bytes_) :])
        except FileProblems as refusal:
            assert refusal.problems
