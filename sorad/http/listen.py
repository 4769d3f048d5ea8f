"""Where the HTTP endpoint listens, and by which names it may be called."""

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


def is_ours(host: str) -> bool:
    """Whether a ``Host`` header names this machine by a name that nobody else can give it.

    A page of the web may point a name of its own at 127.0.0.1 and have a browser ask us; the browser then sends
    that name. The port does not matter: a tunnel has another.
    """
    try:
        name = urlsplit(f"//{host}").hostname
        return name == "localhost" or ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False
