"""Trusted proxies: exposes.md LST-9."""

from collections.abc import Sequence
from typing import Any

import pytest

from naftiko_runtime.errors import StartError
from naftiko_runtime.runtime.proxies import behind_proxies

pytestmark = pytest.mark.anyio

Seen = tuple[str, str, str]


async def seen(
    headers: Sequence[tuple[str, str]], client: str = "10.0.0.9", trusted: Sequence[str] = ()
) -> Seen:
    """Return client address, scheme and host as the app sees them."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    scope = {
        "client": (client, 4711),
        "scheme": "http",
        "headers": [
            (name.encode(), value.encode()) for name, value in (("host", "inner"), *headers)
        ],
    }
    await behind_proxies(app, trusted)(scope, None, None)  # type: ignore[arg-type] # unused
    (got,) = scopes
    return got["client"][0], got["scheme"], dict(got["headers"])[b"host"].decode()


FORWARDED = (
    ("x-forwarded-for", "198.51.100.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "shop.example"),
)


async def test_nobody_is_trusted_by_default() -> None:
    assert await seen(FORWARDED) == ("10.0.0.9", "http", "inner")


async def test_a_peer_outside_the_networks_is_not_believed() -> None:
    assert await seen(FORWARDED, trusted=["192.0.2.0/24"]) == ("10.0.0.9", "http", "inner")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (FORWARDED, ("198.51.100.7", "https", "shop.example")),
        ((("x-forwarded-proto", "https"),), ("10.0.0.9", "https", "inner")),
        # the caller may invent the beginning of the list, the trusted proxy adds the end
        (
            (("x-forwarded-for", "1.2.3.4, 198.51.100.7, 10.0.0.1"),),
            ("198.51.100.7", "http", "inner"),
        ),
        ((("x-forwarded-for", "10.0.0.2, 10.0.0.1"),), ("10.0.0.2", "http", "inner")),
        ((("x-forwarded-for", "198.51.100.7:99"),), ("198.51.100.7", "http", "inner")),
        ((("x-forwarded-proto", "gopher"),), ("10.0.0.9", "http", "inner")),
        (
            (("forwarded", 'for=198.51.100.7;proto=https;host="shop.example:444", for=10.0.0.1'),),
            ("198.51.100.7", "https", "shop.example:444"),
        ),
        ((("forwarded", 'For="[2001:db8::1]:99"'),), ("2001:db8::1", "http", "inner")),
        ((("forwarded", "for=198.51.100.7"), FORWARDED[1]), ("198.51.100.7", "http", "inner")),
        ((), ("10.0.0.9", "http", "inner")),
    ],
)
async def test_a_trusted_proxy_sets_address_scheme_and_host(
    headers: Sequence[tuple[str, str]], expected: Seen
) -> None:
    assert await seen(headers, trusted=["10.0.0.0/8", "::1/128"]) == expected


async def test_two_lines_of_one_header_are_one_list() -> None:
    headers = (("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "198.51.100.7"))
    assert (await seen(headers, trusted=["10.0.0.0/8"]))[0] == "198.51.100.7"


async def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(StartError, match=r"--trusted-proxy: 'lan' does not appear to be"):
        await seen((), trusted=["lan"])
