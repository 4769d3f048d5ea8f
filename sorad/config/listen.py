"""Where the HTTP endpoint listens. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def parse_listen(text: str) -> tuple[str, int]:
    """Address and port of ``"127.0.0.1:9187"``, ``"[::1]:9187"`` or ``"localhost:9187"``.

    ``ValueError`` for anything else, above all for an address that other machines could reach.
    """
    parts = urlsplit(f"//{text}")
    host, port = parts.hostname, parts.port  # ValueError where the port is no number
    if not host or not port or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("listen")
    if host == "localhost":
        return "127.0.0.1", port
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError("listen")
    return host, port
