"""By which names the HTTP endpoint may be called. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


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
