"""The link to a page far down, found by following those that lead to it."""

from urllib.parse import urlsplit

import orjson

from bench.connection import Client, Target
from bench.population import SetupError, excerpt


async def page_link(target: Target, path: str, number: int) -> tuple[str, int]:
    """The path of the page of that number, or of the last but one where there are fewer; and its number.

    Raises SetupError when a page is not answered.
    """
    client = Client(target)
    reached = 1
    try:
        while reached < number:
            response = await client.exchange(target.get(path))
            if response.status != 200:
                raise SetupError(f"GET {path} got status {response.status}: {excerpt(response.body)}")
            following = [one["url"] for one in orjson.loads(response.body)["link"] if one["relation"] == "next"]
            if not following:
                break
            parts = urlsplit(following[0])
            path = f"{parts.path.removeprefix(target.path).lstrip('/')}?{parts.query}"
            reached += 1
    finally:
        client.close()
    return path, reached
