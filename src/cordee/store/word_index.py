"""The words of a resource as PostgreSQL's full text keeps them, and what is looked for as its queries (`fhir.words`).

The stems are made by Python, so that both sides agree whatever dictionaries a server has. Each carries the parameter's
key, so that a look-up meets nothing of other tenants and types.
"""

from cordee.fhir.words import AllWords, Alternatives, AnyWords, NoWords, Phrase, Wanted, Words


def vector(key: int, words: Words) -> str:
    """The text of a tsvector."""
    mark = _mark(key)
    return " ".join(f"{mark}{stem}:{','.join(map(str, places))}" for stem, places in sorted(words.places.items()))


def query(key: int, wanted: Wanted) -> str:
    """The text of a tsquery."""
    match wanted:
        case AllWords(parts):
            return "(" + " & ".join(query(key, part) for part in parts) + ")"
        case AnyWords(parts):
            return "(" + " | ".join(query(key, part) for part in parts) + ")"
        case NoWords(part):
            return f"!({query(key, part)})"
        case Phrase(words):
            return "(" + " <-> ".join(_word(_mark(key), word) for word in words) + ")"


def negates(wanted: Wanted) -> bool:
    """Whether something must not be there."""
    match wanted:
        case AllWords(parts) | AnyWords(parts):
            return any(map(negates, parts))
        case NoWords():
            return True
    return False


def _word(mark: str, word: Alternatives) -> str:
    return "(" + " | ".join(mark + stem for stem in word) + ")"


def _mark(key: int) -> str:
    return f"{key & 0xFFFFFFFF:08x}"
