"""Sending to a rest-hook: over connections that are kept, to the address that was checked, redirects not followed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from cordee import __version__
from cordee.fhir.subscriptions.subscription import RestHook
from cordee.subscriptions.endpoints import ForbiddenEndpoint, UnknownHost, address_of
from cordee.subscriptions.failures import DeliveryFailed

_MOST_READ_BYTES = 65_536
"""Of an answer's body, so that its connection can be used again."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HookRequest:
    """What is sent: a POST to the endpoint, or a PUT to `path` under it."""

    method: str
    path: str = ""
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None


class _CheckedTransport(httpx.AsyncHTTPTransport):
    """Connects to the IP address that was found allowed, whatever the name resolves to by then."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=100))
        self._allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it; raises `ForbiddenEndpoint` or `UnknownHost` before anything is connected to."""
        host = request.url.host
        port = request.url.port or _PORTS[request.url.scheme]
        address = await address_of(host, port, self._allowed)
        request.url = request.url.copy_with(host=address)  # the Host header keeps the name
        request.extensions = {**request.extensions, "sni_hostname": host}
        return await super().handle_async_request(request)


class RestHooks:
    """The connections to all receivers; open until the end of the `async with`."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = allowed
        self._client = httpx.AsyncClient(
            transport=_CheckedTransport(allowed),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": f"cordee/{__version__}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def check(self, hook: RestHook) -> None:
        """Raises `DeliveryFailed` unless the endpoint's host is known and allowed; nothing is sent."""
        url = httpx.URL(hook.endpoint)
        try:
            await address_of(url.host, url.port or _PORTS[url.scheme], self._allowed)
        except (ForbiddenEndpoint, UnknownHost) as problem:
            raise DeliveryFailed(f"{problem}", is_final=True) from None

    async def send(self, hook: RestHook, request: HookRequest, seconds: float) -> None:
        """Sends; raises `DeliveryFailed` unless the answer is one of success, within `seconds`."""
        url = httpx.URL(hook.endpoint)
        if request.path:
            url = url.copy_with(path=f"{url.path.rstrip('/')}/{request.path}")
        headers = list(hook.headers)
        if request.content_type is not None:
            headers.append(("Content-Type", request.content_type))
        try:
            status = await self._status(request, url, headers, seconds)
        except ForbiddenEndpoint as problem:
            raise DeliveryFailed(f"{problem}", is_final=True) from None
        except UnknownHost as problem:
            raise DeliveryFailed(f"{problem}.") from None
        except (httpx.TimeoutException, TimeoutError):
            raise DeliveryFailed(f"The receiver did not answer within {seconds:g} s.") from None
        except httpx.HTTPError as error:
            raise DeliveryFailed(f"The receiver could not be reached ({type(error).__name__}).") from None
        if 300 <= status < 400:
            raise DeliveryFailed(f"The receiver answered {status}: redirects are not followed.")
        if not 200 <= status < 300:
            raise DeliveryFailed(f"The receiver answered {status}.", is_final=status == httpx.codes.GONE)

    async def _status(
        self, request: HookRequest, url: httpx.URL, headers: list[tuple[str, str]], seconds: float
    ) -> int:
        content = request.body or None
        async with (
            asyncio.timeout(seconds),
            self._client.stream(request.method, url, content=content, headers=headers, timeout=seconds) as answer,
        ):
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > _MOST_READ_BYTES:
                    break
            return answer.status_code
