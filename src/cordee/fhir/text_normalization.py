"""Text as it is compared in searches: no case, accents, punctuation or extra spaces (R4 search.html#string).

The same function makes the strings that are stored and the strings that are looked for, so that both sides of
a comparison agree: «Noémie L’Huillier-Œuvrard» becomes `noemie l huillier oeuvrard`. Punctuation separates
words, it does not join them.
"""

import re
from unicodedata import combining, normalize

# Letters of their own for Unicode, that people type with the letters of the alphabet.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})

# Punctuation and spaces; symbols with a meaning of their own (+, <, °, €) stay.
_SEPARATORS = re.compile(r"[\s!\"#%&'()*,\-./:;?@\[\\\]_{}`´¨¡§«¶·»¿ʻʼʹ‐-‧‰-⁞⸀-⹿、-〃〈-】]+")


def normalize_text(text: str) -> str:
    """`text` folded for comparison: lower case, base letters, words separated by one space, trimmed.

    Normalising twice changes nothing. The result is empty when there are no letters, digits or symbols.
    """
    if text.isascii():
        folded = text.lower()
    else:
        # Case folding can yield accents (İ) and decomposition can yield capitals (™): hence both, twice.
        folded = normalize("NFKD", normalize("NFKD", text).casefold())
        folded = "".join(c for c in folded if not combining(c)).translate(_LETTERS)
    return _SEPARATORS.sub(" ", folded).strip()
