import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bench.connection import NO_ANSWER, Client, Response, ResponseReader, Target


@asynccontextmanager
async def answering(*answers: bytes, close: bool = False) -> AsyncIterator[tuple[Client, list[bytes]]]:
    """A client of a server that gives each request the next answer, and the requests received."""
    received: list[bytes] = []
    waiting = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                received.append(head)
                writer.write(next(waiting))
                await writer.drain()
                if close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has ended
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(Target.of(f"http://127.0.0.1:{port}/fhir/"))
    try:
        yield client, received
    finally:
        client.close()
        server.close()


def get(path: str) -> bytes:
    return Target.of("http://server.example/fhir").get(path)


def fed(answer: bytes, size: int) -> list[Response]:
    """The answers read from pieces of that size."""
    reader = ResponseReader()
    pieces = (answer[at : at + size] for at in range(0, len(answer), size))
    return [response for response in map(reader.feed, pieces) if response is not None]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_an_answer_is_the_same_whole_or_in_pieces(size: int) -> None:
    head = b"HTTP/1.1 201 Created\r\nLocation: /fhir/Claim/7\r\ncontent-length: 5"
    assert fed(head + b"\r\n\r\nhello", size) == [Response(201, head, b"hello")]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(("chunks", "body"), [(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"), (b"0\r\n\r\n", b"")])
def test_a_body_in_chunks_is_put_together(chunks: bytes, body: bytes, size: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
    assert fed(head + b"\r\n\r\n" + chunks, size) == [Response(200, head, body)]


async def test_a_connection_carries_one_request_after_the_other() -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body for body in (b"x", b"y")]
    async with answering(*answers) as (client, received):
        assert [(await client.exchange(get(path))).body for path in "ab"] == [b"x", b"y"]
    assert [request.split()[1] for request in received] == [b"/fhir/a", b"/fhir/b"]


async def test_an_answer_without_content_needs_no_length() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\nETag: x\r\n\r\n") as (client, _):
        assert (await client.exchange(get("a"))).status == 204


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
)
async def test_a_connection_lost_in_the_answer_is_no_answer(answer: bytes) -> None:
    async with answering(answer, close=True) as (client, _):
        response = await client.exchange(get("a"))
    assert response.status == NO_ANSWER
    assert b"lost before the answer" in response.body


async def test_a_client_connects_again_after_the_server_closed() -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
    async with answering(last, last, close=True) as (client, received):
        assert [(await client.exchange(get(path))).status for path in "ab"] == [200, 200]
    assert len(received) == 2


async def test_an_answer_of_unknown_length_is_no_answer() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n") as (client, _):
        response = await client.exchange(get("a"))
    assert response.status == NO_ANSWER
    assert b"neither its length nor chunks" in response.body


async def test_a_server_that_is_not_there_is_no_answer() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    response = await Client(Target.of(f"http://127.0.0.1:{port}")).exchange(get("a"))
    assert response.status == NO_ANSWER


def test_a_request_names_the_path_under_the_base_and_the_headers_asked() -> None:
    target = Target.of("http://server.example/base/fhir/", (("Authorization", "Bearer x"),))
    head, _, body = target.put("Claim/7", b'{"id":"7"}').partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /base/fhir/Claim/7 HTTP/1.1"
    assert {"Host: server.example:80", "Authorization: Bearer x", "Content-Length: 10"} <= set(lines)
    assert body == b'{"id":"7"}'
    assert target.post("", b"{}").startswith(b"POST /base/fhir HTTP/1.1\r\n")


@pytest.mark.parametrize("base", ["", "127.0.0.1:8080/fhir", "ftp://server.example/fhir", "http://a/fhir?x=y"])
def test_what_is_not_a_base_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="not a FHIR base"):
        Target.of(base)
