"""Which certificates are trusted: the bundle that a variable names, and what is wrong with it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import NamedTuple, Optional, Union

from sorad.messages import N_
from sorad.problems import Problem

# The first of these that is set counts, as for most programs that use `requests`.
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Others that people set for the same end, which are not read here.
OTHERS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")


class Bundle(NamedTuple):
    """A file or folder of certificates, and the variable that names it."""

    variable: str
    path: str


def bundle(env: Mapping[str, str] = os.environ) -> Optional[Bundle]:
    """The bundle in force; ``None``: the one that comes along."""
    return next((Bundle(name, env[name]) for name in VARIABLES if env.get(name)), None)


def verify(env: Mapping[str, str] = os.environ) -> Union[str, bool]:
    """What `requests` is told."""
    named = bundle(env)
    return True if named is None else named.path


def trouble(env: Mapping[str, str] = os.environ) -> Optional[Problem]:
    """Why no connection can be made with the bundle in force; ``None``: it is not for the bundle. Reads it."""
    named = bundle(env)
    if named is None:
        return None
    reason = _unusable(named.path)
    if reason is None:
        return None
    return Problem(
        "tls.bundle",
        N_("The certificates that {variable} names cannot be used ({path}): {reason}."),
        N_("Have {variable} name a file with certificates (PEM) that is there and can be read, or unset it."),
        {"variable": named.variable, "path": named.path, "reason": reason},
    )


def untrusted(host: str, reason: str, env: Mapping[str, str] = os.environ) -> Problem:
    """A server, or a proxy in between, shows a certificate that is not trusted. ``reason``: as OpenSSL words it."""
    named = bundle(env)
    params = {"host": host, "reason": reason}
    if named is not None:
        return Problem(
            "tls.untrusted",
            N_("The certificate that came for {host} is not trusted: {reason}. ({variable} names {path}.)"),
            N_(
                "Where a proxy or a virus scanner reads along, add its certificate to that file; else see whether "
                "the clock of this machine is right."
            ),
            {**params, "variable": named.variable, "path": named.path},
        )
    other = next((name for name in OTHERS if env.get(name)), "")
    if other:
        fix = N_(
            "Where a proxy or a virus scanner reads along, set REQUESTS_CA_BUNDLE to a file with its certificate "
            "({other} is set, but not read by sorad); else see whether the clock of this machine is right."
        )
    else:
        fix = N_(
            "Where a proxy or a virus scanner reads along, set REQUESTS_CA_BUNDLE to a file with its certificate; "
            "else see whether the clock of this machine is right."
        )
    return Problem(
        "tls.untrusted",
        N_("The certificate that came for {host} is not trusted: {reason}."),
        fix,
        {**params, "other": other},
    )


def _unusable(path: str) -> Optional[str]:
    """Why a bundle cannot be used, in the words of the system."""
    try:
        if os.path.isdir(path):  # noqa: PTH112
            os.listdir(path)  # noqa: PTH208
            return None
        with open(path, "rb"):  # noqa: PTH123
            pass
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        return (error.reason or str(error)).replace("_", " ").lower()
    except OSError as error:
        return error.strerror or str(error)
    return None
