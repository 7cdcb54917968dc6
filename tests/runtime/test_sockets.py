"""Opening listening sockets: exposes.md LST-1, LST-2, LST-7."""

import socket

import pytest

from naftiko_runtime.errors import StartError
from naftiko_runtime.runtime.sockets import bind


def connects(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        return client.connect_ex((host, port)) == 0


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_loopback_listens_on_both_families_with_one_port() -> None:
    bound = bind(None, 0)
    try:
        assert connects("127.0.0.1", bound.port)
        assert len(bound.sockets) == (2 if has_ipv6() else 1)
        if has_ipv6():
            assert connects("::1", bound.port)
        assert bound.shown == f"127.0.0.1:{bound.port}"
    finally:
        bound.close()


def test_a_named_address_listens_only_there() -> None:
    bound = bind("127.0.0.1", 0)
    try:
        assert [each.getsockname()[0] for each in bound.sockets] == ["127.0.0.1"]
    finally:
        bound.close()


def test_an_address_in_use_is_named() -> None:
    first = bind("127.0.0.1", 0)
    try:
        with pytest.raises(
            StartError, match=rf"^127\.0\.0\.1:{first.port}: address already in use$"
        ):
            bind("127.0.0.1", first.port)
    finally:
        first.close()


def test_a_failed_second_address_closes_the_first() -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    taken = bind("::1", 0)
    try:
        with pytest.raises(StartError, match=r"^\[::1\]"):
            bind(None, taken.port)
        assert not connects("127.0.0.1", taken.port)
    finally:
        taken.close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartError, match=r"^192\.0\.2\.1:8080: cannot assign requested address$"):
        bind("192.0.2.1", 8080)


def test_a_name_that_does_not_resolve_is_refused() -> None:
    with pytest.raises(StartError, match=r"^nowhere\.invalid:8080: "):
        bind("nowhere.invalid", 8080)
