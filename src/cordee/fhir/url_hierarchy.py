"""Which URLs are below which others: `http://a.example/b` is below `http://a.example` (R4 search.html#modifiers)."""

_MOST_LEVELS = 32


def levels(url: str) -> tuple[str, ...]:
    """The URLs that `url` is below or is, without a slash at the end, the shortest first; none for a URN.

    Of one that is very deep, the first 32 levels and itself.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return ()
    parts = rest.rstrip("/").split("/")
    shortened = ["/".join(parts[:length]) for length in range(1, min(len(parts), _MOST_LEVELS + 1))]
    return tuple(f"{scheme}://{path}" for path in (*shortened, "/".join(parts)))
