"""Where messages go: the addresses of ``[notify]``, found and kept secret."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sorad.config.model import Notify
from sorad.masking import MASK, register_secret
from sorad.messages import N_
from sorad.problems import Problem, SoradError

# A piece of an address that looks made by a machine: hidden wherever it stands, also without the rest.
_TOKEN = re.compile(r"(?=\D*\d)[\w~+-]{12,}")


@dataclass(frozen=True)
class Target:
    """One address. ``id`` tells it from others without telling it; ``name`` is fit to be shown."""

    id: str
    name: str
    url: str = field(repr=False)

    def clean(self, text: str) -> str:
        """``text`` without anything of the address but the name."""
        for secret in sorted(_pieces(self.url), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


def targets(config: Notify, env: Mapping[str, str] = os.environ) -> list[Target]:
    """All addresses, each once. :class:`SoradError` where one cannot be found out."""
    urls = [*config.urls, *(_lines(config.urls_file) if config.urls_file is not None else ())]
    found: dict[str, Target] = {}
    for url in urls:
        one = _target(resolved(url, env))
        found.setdefault(one.id, one)
    return list(found.values())


def resolved(url: str, env: Mapping[str, str] = os.environ) -> str:
    """The address, where ``url`` is ``$NAME`` or ``${NAME}`` that variable's; hidden in all logs from now on."""
    named = re.fullmatch(r"\$(?:(\w+)|\{(\w+)\})", url)
    if named:
        name = named[1] or named[2]
        url = env.get(name, "").strip()
        if not url:
            raise SoradError(
                Problem(
                    "notify.variable",
                    N_("The variable {name}, which holds an address to call, is not set here."),
                    N_("Set it for the program that starts sorad, or write the address into the config."),
                    {"name": name},
                )
            )
    register_secret(url)
    for piece in _pieces(url):
        if _TOKEN.fullmatch(piece):
            register_secret(piece)
    return url


def readable_by_others(config: Notify) -> Problem | None:
    """What is unwise about how the addresses are kept."""
    path = config.urls_file
    if path is None or os.name == "nt":
        return None
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # reading it says so
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    return Problem(
        "notify.readable",
        N_("Other users of this machine can read {path}, and send messages in your name."),
        N_("Run: chmod 600 {path}"),
        {"path": str(path)},
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SoradError(
            Problem(
                "notify.unreadable",
                N_("The file {path} with the addresses for messages cannot be read: {reason}."),
                N_("Check that it is there and belongs to the user that runs sorad."),
                {"path": str(path), "reason": reason},
            )
        ) from None
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            yield line


def _target(url: str) -> Target:
    return Target(hashlib.sha256(url.encode()).hexdigest()[:12], _name(url), url)


def _name(url: str) -> str:
    """The kind of service, and the server where it is a name of its own and no token."""
    scheme, host = url.partition("://")[0], _host(url)
    return f"{scheme}://{host}/{MASK}" if host else f"{scheme}://{MASK}"


def _host(url: str) -> str:
    """``127.0.0.1:80`` or ``ntfy.sh``; ``""`` where the place of the host holds a token."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if "." not in host and host != "localhost":
        return ""
    return f"{host}:{port}" if port else host


def _pieces(url: str) -> set[str]:
    """Everything behind the scheme that may be secret, in the forms in which it may be shown."""
    rest = url.partition("://")[2]
    place, _mark, query = rest.partition("?")
    pieces = {url, rest, *re.split(r"[/@#]", place), *re.split(r"[/@#:]", place)}
    pieces |= {value.partition("=")[2] for value in query.split("&")}
    pieces |= {unquote(piece) for piece in pieces}
    host = _host(url)
    plain = {host, *host.split(":")}
    return {piece for piece in pieces if len(piece) >= 4 and piece not in plain}
