import socket

import httpx
import pytest

from nagorik_testing import OutsideReached, serve


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_connection_to_another_machine_fails_the_test(nagorik_socket_guard, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one, pytest.raises(OutsideReached):
        one.connect((host, 80))
    with socket.socket(family, socket.SOCK_DGRAM) as one, pytest.raises(OutsideReached):
        one.sendto(b"", (host, 80))


def test_name_is_not_looked_up(nagorik_socket_guard):
    with pytest.raises(OutsideReached):
        socket.getaddrinfo("agency.example", 443)


async def test_loopback_is_reached(nagorik_socket_guard, registry):
    async with serve(registry) as base_url, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{base_url}/files/F-1")).status_code == 404


def test_guard_is_lifted_after_the_test():
    assert socket.socket.connect.__qualname__ == "socket.connect"
