"""A lean HTTP/1.1 client: one request in flight on one kept connection.

General clients spend more on a request than a fast server does, and the client shares the machine with
the server it measures. This one writes requests made beforehand, and reads of the answer the status, the
length and the body; it knows neither compression, redirections nor cookies.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import NamedTuple, cast
from urllib.parse import urlsplit

NO_ANSWER = 0
"""Status given to a request that got no answer; the body then says why."""

_WITHOUT_BODY = frozenset({204, 304})


class Response(NamedTuple):
    """An answer: status, head as received without its last line end, and body."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where the FHIR base is, and what every request says.

    `path` is the path of the base without its last slash; `headers` are more (name, value) pairs.
    """

    host: str
    port: int
    path: str
    secure: bool
    headers: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(base: str, headers: tuple[tuple[str, str], ...] = ()) -> "Target":
        """The target at a base URL. Raises ValueError when it is not an http or https URL."""
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{base!r} is not a FHIR base: give a URL such as http://127.0.0.1:8080/fhir")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        return Target(parts.hostname, port, parts.path.rstrip("/"), secure, headers)

    def get(self, path: str) -> bytes:
        """The bytes of a GET of a path relative to the base."""
        return self._head("GET", path) + b"\r\n"

    def delete(self, path: str) -> bytes:
        """The bytes of a DELETE of a path relative to the base."""
        return self._head("DELETE", path) + b"\r\n"

    def post(self, path: str, body: bytes) -> bytes:
        """The bytes of a POST of a FHIR JSON body; the path "" is the base itself."""
        return self._with_body("POST", path, body)

    def put(self, path: str, body: bytes) -> bytes:
        """The bytes of a PUT of a FHIR JSON body."""
        return self._with_body("PUT", path, body)

    def _head(self, method: str, path: str) -> bytes:
        target = f"{self.path}/{path}" if path else self.path or "/"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += ["Accept: application/fhir+json", *(f"{name}: {value}" for name, value in self.headers)]
        return ("\r\n".join(lines) + "\r\n").encode()

    def _with_body(self, method: str, path: str, body: bytes) -> bytes:
        described = f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
        return self._head(method, path) + described.encode() + body


class Client:
    """One user of the server: sends a request when the last one is answered, on a connection it keeps."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: _Connection | None = None

    async def exchange(self, payload: bytes) -> Response:
        """The answer to one request. A lost or refused connection gives the status `NO_ANSWER`."""
        connection = self._connection
        try:
            if connection is None or connection.closed:
                connection = self._connection = await self._connect()
            return await connection.send(payload)
        except OSError as error:
            return Response(NO_ANSWER, b"", f"{type(error).__name__}: {error}".encode())

    def close(self) -> None:
        """Ends the connection; a request in flight gets the status `NO_ANSWER`."""
        if self._connection is not None:
            self._connection.close()

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        context = ssl.create_default_context() if self._target.secure else None
        _, connection = await loop.create_connection(
            lambda: _Connection(loop), self._target.host, self._target.port, ssl=context
        )
        return connection


class ResponseReader:
    """Makes answers of the bytes received, in whatever pieces they come."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._body_at = 0  # 0: the head is not complete
        self._end: int | None = None  # None: the body comes in chunks
        self._chunk_at = 0
        self._chunks: list[bytes] = []
        self.last = False
        """The server said that it closes the connection after this answer."""

    def feed(self, data: bytes) -> Response | None:
        """The answer, once it is complete. Raises ValueError when its end can't be known."""
        self._received += data
        if not self._body_at and not self._read_head():
            return None
        if self._end is None:
            if not self._read_chunks():
                return None
            body = b"".join(self._chunks)
        elif len(self._received) >= self._end:
            body = bytes(self._received[self._body_at : self._end])
        else:
            return None
        head = bytes(self._received[: self._body_at - 4])
        self._received.clear()
        self._chunks.clear()
        self._body_at = 0
        return Response(int(head[9:12]), head, body)

    def _read_head(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._received[: end + 2]).lower()
        self._body_at = end + 4
        length_at = head.find(b"\r\ncontent-length:")
        if length_at >= 0:
            self._end = self._body_at + int(head[length_at + 17 : head.index(b"\r\n", length_at + 17)])
        elif b"\r\ntransfer-encoding: chunked" in head:
            self._end, self._chunk_at = None, self._body_at
        elif int(head[9:12]) in _WITHOUT_BODY:
            self._end = self._body_at
        else:
            raise ValueError("the answer gives neither its length nor chunks")
        self.last = b"\r\nconnection: close" in head
        return True

    def _read_chunks(self) -> bool:
        while True:
            line_end = self._received.find(b"\r\n", self._chunk_at)
            if line_end < 0:
                return False
            size = int(bytes(self._received[self._chunk_at : line_end]).split(b";")[0], 16)
            data_at = line_end + 2
            if len(self._received) < data_at + size + 2:
                return False
            if size == 0:
                return True
            self._chunks.append(bytes(self._received[data_at : data_at + size]))
            self._chunk_at = data_at + size + 2


class _Connection(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._reader = ResponseReader()
        self.closed = False

    def send(self, payload: bytes) -> asyncio.Future[Response]:
        if self._transport is None or self._answer is not None:
            raise RuntimeError("the connection already carries a request")
        self._answer = self._loop.create_future()
        self._transport.write(payload)
        return self._answer

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail(f"the connection was lost before the answer: {exc or 'closed'}")

    def data_received(self, data: bytes) -> None:
        try:
            response = self._reader.feed(data)
        except ValueError as error:
            self._fail(str(error))
            self.close()
            return
        if response is None:
            return
        if self._reader.last:
            self.close()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(response)

    def _fail(self, reason: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(ConnectionError(reason))
