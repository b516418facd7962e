"""Where a subscription may make the server connect to."""

import pytest

from cordee.subscriptions.endpoints import ForbiddenEndpoint, UnknownHost, address_of


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "::1",
        "0.0.0.0",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
    ],
)
async def test_this_machine_and_its_neighbours_are_refused_unless_named(host: str) -> None:
    with pytest.raises(ForbiddenEndpoint, match="no public host"):
        await address_of(host, 80, [])


async def test_a_public_address_is_taken() -> None:
    assert await address_of("203.0.114.1", 443, []) == "203.0.114.1"
    assert await address_of("2a00:1450::1", 443, []) == "2a00:1450::1"


@pytest.mark.parametrize(
    ("allowed", "host", "port", "is_allowed"),
    [
        (["127.0.0.1"], "127.0.0.1", 80, True),
        (["127.0.0.1:81"], "127.0.0.1", 80, False),
        (["127.0.0.1:80"], "127.0.0.1", 80, True),
        (["LOCALHOST"], "localhost.", 80, True),
        (["*.example.org"], "example.org", 80, False),
        (["*.example.org"], "badexample.org", 80, False),
        (["example.org"], "203.0.114.1", 80, False),
    ],
)
async def test_with_names_in_the_settings_only_those_are_taken(
    allowed: list[str], host: str, port: int, is_allowed: bool
) -> None:
    if is_allowed:
        await address_of(host, port, allowed)
    else:
        with pytest.raises(ForbiddenEndpoint, match="not among"):
            await address_of(host, port, allowed)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example", "..", "x\u00e9" * 40])
async def test_a_host_without_address_is_told(host: str) -> None:
    with pytest.raises(UnknownHost):
        await address_of(host, 80, [])
