"""Downloads never lead into this machine or its network, however the way there is written."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_http import Reply, ScriptedServer

from sorad.providers.base import Download, Fault, Trouble, Video
from sorad.providers.wire import private_addresses
from sorad.providers.wire.download import open_video
from sorad.providers.wire.http import Wire
from sorad.providers.wire.private_addresses import Fence, is_inward, literal, names_inward

INSIDE = [
    "127.0.0.1",
    "127.255.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "100.100.100.200",
    "255.255.255.255",
    "224.0.0.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "127.1",
    "0x7f.1",
    "10.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "[::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
]
OUTSIDE = [
    "1.1.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "172.32.0.1",
    "172.15.0.1",
    "11.0.0.1",
    "134744072",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "::ffff:198.18.0.9",
    "cdn.test",
    "localhost.test",
    "10.example",
]


@pytest.mark.parametrize("host", INSIDE)
def test_what_leads_inside(host: str) -> None:
    assert names_inward(host)


@pytest.mark.parametrize("host", OUTSIDE)
def test_what_leads_outside(host: str) -> None:
    assert not names_inward(host)


@given(st.text(max_size=30) | st.ip_addresses().map(str) | st.integers(0, 2**33).map(str))
def test_no_host_makes_it_raise(host: str) -> None:
    found = literal(host)
    assert names_inward(host) in (True, False)
    assert found is None or is_inward(found) in (True, False)


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_is_the_same_in_every_form_of_ipv6(address: ipaddress.IPv4Address) -> None:
    for form in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_inward(ipaddress.IPv6Address(form)) == is_inward(address)


@pytest.mark.parametrize(
    ("own", "resolved", "inside"),
    [
        ("127.0.0.1", [], True),
        ("localhost", [], True),
        ("192.168.1.9", [], True),
        ("gateway.lan", ["192.168.1.9"], True),
        ("api.test", ["1.1.1.1"], False),
        ("api.test", ["198.18.0.5"], False),
        ("1.1.1.1", ["10.0.0.1"], False),
        ("api.test", [], False),
    ],
)
def test_a_provider_inside_may_name_addresses_inside(own: str, resolved: list[str], inside: bool) -> None:
    fence = Fence(own, lambda host: resolved)
    assert fence.passes("10.0.0.1") == inside
    assert fence.names_pass("localhost") == inside
    assert fence.passes("1.1.1.1")
    assert fence.names_pass("cdn.test")


# --- on the wire ----------------------------------------------------------------------------------------

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(500)


def opened(url: str, proxy: str = "none") -> Any:
    wire = Wire("https://1.1.1.1/v1", lambda: "sk-key", 5.0, "none", proxy)
    return open_video(wire, Video(url), 0, "")


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """``cdn.test`` has these addresses."""
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "cdn.test":
            return real(host, port, *args, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "127.1", "cdn.test"])
def test_nothing_is_asked_inside(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    server.script(Reply(MP4))
    names(monkeypatch, "127.0.0.1")
    found = opened(f"http://{host}:{server.port}/v.mp4?signature=abc")
    assert isinstance(found, Fault)
    assert (found.trouble, found.problem.code) == (Trouble.BAD_FILE, "provider.address")
    assert host in found.problem.text()
    assert "signature" not in str(found.problem)
    assert server.connections == 0


def test_of_several_addresses_only_those_outside_are_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged is what is connected to: the name is asked for once."""
    server.script(Reply(MP4))
    names(monkeypatch, "10.255.255.1", "127.0.0.1")
    monkeypatch.setattr(private_addresses, "is_inward", lambda address: str(address).startswith("10."))
    found = opened(f"http://cdn.test:{server.port}/v.mp4")
    assert isinstance(found, Download)
    assert b"".join(found.pieces) == MP4
    assert server.asked[0].headers["host"] == f"cdn.test:{server.port}"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "http://[::1]/", "file:///etc/passwd", "ftp://a.test/v"]
)
def test_a_redirect_is_judged_as_well(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    server.script(Reply(b"", 302, {"Location": target}))
    names(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(private_addresses, "_FAKE", ipaddress.ip_network("127.0.0.0/8"))
    found = opened(f"http://cdn.test:{server.port}/v.mp4")
    assert isinstance(found, Fault)
    assert found.problem.code == "provider.address"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("host", "code"), [("cdn.test", None), ("127.0.0.1", "provider.address"), ("10.1", "provider.address")]
)
def test_behind_a_proxy_only_literal_addresses_are_judged(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, host: str, code: Optional[str]
) -> None:
    server.script(Reply(MP4))
    names(monkeypatch, "10.0.0.1")
    found = opened(f"http://{host}/v.mp4", server.url)
    assert (found.problem.code if isinstance(found, Fault) else None) == code
    assert len(server.asked) == (code is None)
