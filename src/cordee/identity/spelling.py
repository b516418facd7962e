"""How close two spellings are: one mistake of typing, or parts of one compound. All of it is symmetric."""

SHORTEST_MISTYPED = 4
"""In shorter words one letter makes another word: «Lea» and «Leo» are two people."""


def is_one_mistake(one: str, other: str) -> bool:
    """Whether one letter replaced, left out, added, or changed with its neighbour makes one of the other."""
    if one == other or min(len(one), len(other)) < SHORTEST_MISTYPED or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    shorter, longer = sorted((one[start:], other[start:]), key=len)
    if len(shorter) < len(longer):
        return shorter == longer[1:]
    swapped = len(shorter) > 1 and shorter[:2] == longer[1::-1] and shorter[2:] == longer[2:]
    return shorter[1:] == longer[1:] or swapped


def is_one_digit_wrong(one: str, other: str) -> bool:
    """Whether two dates written alike differ by one digit, or by two neighbours that changed places."""
    if len(one) != len(other):
        return False
    places = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(places) == 1:
        return True
    return (
        len(places) == 2
        and places[1] == places[0] + 1
        and one[places[0]] == other[places[1]]
        and (one[places[1]] == other[places[0]])
    )


def are_joined_alike(one: str, other: str) -> bool:
    """Whether they differ by spaces alone: «le goff», «legoff»."""
    return one.replace(" ", "") == other.replace(" ", "")


def are_same_words(one: str, other: str) -> bool:
    """Whether they are the same words, in any order."""
    return sorted(one.split()) == sorted(other.split())


def is_part(one: str, other: str) -> bool:
    """Whether one is some of the words of the other."""
    words, others = set(one.split()), set(other.split())
    return words < others or others < words
