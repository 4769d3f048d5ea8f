"""Addresses that lead into this machine or its network: a download never goes there by a provider's word."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Optional, Union

Ip = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# Proxies that answer with fake addresses take them from here: what they stand for is not known, so they are public.
_FAKE = ipaddress.ip_network("198.18.0.0/15")
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # behind a carrier's router, and some clouds' own services
# Forms of IPv6 that carry an address of IPv4, and at which byte.
_CARRIERS = ((ipaddress.IPv6Network("64:ff9b::/96"), 12), (ipaddress.IPv6Network("::/96"), 12))


def literal(host: str) -> Optional[Ip]:
    """The address that a host is, also in the decimal, octal and short forms of old; ``None`` for a name."""
    text = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text)) if text[:1].isdigit() else None
    except (OSError, ValueError):
        return None


def is_inward(address: Ip) -> bool:
    """Whether it is loopback, link-local, private or nobody's; 198.18.0.0/15 counts as public."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = _carried(address)
        if carried is not None:
            return is_inward(carried)
        return not address.is_global or address.is_multicast or address.is_site_local
    if address in _FAKE:
        return False
    return not address.is_global or address.is_multicast or address in _SHARED


def _carried(address: ipaddress.IPv6Address) -> Optional[ipaddress.IPv4Address]:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    for network, at in _CARRIERS:
        if address in network and address not in (ipaddress.IPv6Address("::"), ipaddress.IPv6Address("::1")):
            return ipaddress.IPv4Address(address.packed[at : at + 4])
    return None


def names_inward(host: str) -> bool:
    """Whether a host means such a place by itself, without asking for a name."""
    name = host.rstrip(".").lower()
    found = literal(name)
    return is_inward(found) if found is not None else name == "localhost" or name.endswith(".localhost")


Resolve = Callable[[str], list[str]]


def resolved(host: str) -> list[str]:
    """The addresses of a host; none where it has none. Asks the system."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class Fence:
    """What downloads may be fetched from, for a provider at ``own_host``: public addresses, and where the provider
    itself is inward, all."""

    def __init__(self, own_host: str, resolve: Resolve = resolved) -> None:
        self._own_host = own_host
        self._resolve = resolve

    def passes(self, address: str) -> bool:
        """Whether a resolved address may be connected to."""
        found = literal(address)
        return found is None or not is_inward(found) or self._is_inside()

    def names_pass(self, host: str) -> bool:
        """Whether a host may be asked for through a proxy, which resolves its name elsewhere."""
        return not names_inward(host) or self._is_inside()

    def _is_inside(self) -> bool:
        if names_inward(self._own_host):
            return True
        if literal(self._own_host) is not None:
            return False
        found = [literal(address) for address in self._resolve(self._own_host)]
        return any(one is not None and is_inward(one) for one in found)
