"""Where a subscription may make this server connect to, since a client writes it (server-side request forgery).

Unless the settings name hosts, only addresses of the public Internet: not this machine, nor those beside it.
"""

import asyncio
import socket
from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address


class ForbiddenEndpoint(Exception):
    """The endpoint is not one that this server may connect to; the message names the host, and no more of it."""


class UnknownHost(Exception):
    """The name has no address, now."""


async def address_of(host: str, port: int, allowed: Sequence[str]) -> str:
    """The IP address to connect to; that one, and no other that the name may be said to have a moment later.

    `allowed` are `host`, `host:port` or `*.domain`. Raises `ForbiddenEndpoint` or `UnknownHost`.
    """
    host = host.lower().rstrip(".")
    named = any(fnmatchcase(name, pattern.lower()) for pattern in allowed for name in (host, f"{host}:{port}"))
    if allowed and not named:
        raise ForbiddenEndpoint(f"{host} is not among the hosts that this server may send to.")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHost(f"{host} has no address") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not named and not all(_is_public(ip_address(address)) for address in addresses):
        raise ForbiddenEndpoint(f"{host} is no public host: the server's settings must allow it by name.")
    return addresses[0]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast
