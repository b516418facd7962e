"""What the ledger's bench fills is a chain that verifies, of entries that could be booked."""

from bench.ledger import chain

from cordee.ledger.chain import verify_chain


def test_the_chain_filled_has_no_fault() -> None:
    made = list(chain("Organization/large", 120))
    assert [chained.number for chained in made] == list(range(1, 121))
    assert verify_chain("Organization/large", made) is None
    assert all(len(chained.entry.lines) == 6 for chained in made)
