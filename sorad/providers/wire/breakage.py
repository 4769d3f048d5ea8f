"""Why an exchange broke, in a sentence. The libraries wrap the cause in several ways; here it is dug out."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any, NamedTuple, Optional

import requests
import urllib3.exceptions

from sorad.messages import N_
from sorad.problems import Problem
from sorad.providers.base import Trouble
from sorad.providers.errors import faults
from sorad.providers.wire import certificates
from sorad.providers.wire.addresses import host_of, proxy_of

# What http.client says of a proxy that wants a name and a password. 407 alone may be part of an address.
_LOGIN = "failed: 407"


class Cause(NamedTuple):
    """What broke, in words, and which kind of trouble that is."""

    problem: Problem
    trouble: Trouble = Trouble.TRANSPORT


def explain(error: BaseException, url: str, timeout: float, *, left: bool, proxy: str = "") -> Cause:
    """What broke. Never the exception's text: a signed URL or a proxy's password may be in it.

    ``left``: a byte of the request may have left. ``proxy``: the setting, as of :class:`.http.Wire`.
    """
    causes = list(_causes(error))
    if left:
        return Cause(_cut(causes, url, timeout))
    setup = _of_setup(causes, url, proxy)
    if setup is not None:
        return Cause(setup, Trouble.SETUP)
    return Cause(_unreached(causes, url, timeout))


def _cut(causes: list[BaseException], url: str, timeout: float) -> Problem:
    """The request may have arrived; its answer did not."""
    host, reason = host_of(url), _reason(causes)
    if _are(causes, socket.timeout, urllib3.exceptions.ReadTimeoutError):
        message = N_("{host} took the request but did not answer within {seconds:g} seconds.")
        return faults.network(message, host=host, seconds=timeout)
    if _are(
        causes, ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead
    ):
        return faults.network(N_("The connection to {host} was cut: {reason}."), host=host, reason=reason)
    return faults.network(N_("{host} sent an answer that is broken: {reason}."), host=host, reason=reason)


def _of_setup(causes: list[BaseException], url: str, setting: str) -> Optional[Problem]:
    """What stays as it is until the user mends it; ``None``: nothing of that kind."""
    return _of_certificates(causes, url) or _of_proxy(causes, url, setting)


def _of_certificates(causes: list[BaseException], url: str) -> Optional[Problem]:
    """The file of trusted authorities, or what the host showed."""
    bundle = certificates.trouble() if url.lower().startswith("https:") else None
    if bundle is not None:
        return bundle
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return certificates.untrusted(host_of(url), cause.verify_message or cause.reason)
    return None


def _of_proxy(causes: list[BaseException], url: str, setting: str) -> Optional[Problem]:
    """The proxy's address, its login, or the package for it."""
    host = host_of(url)
    proxy, source = proxy_of(url, setting)
    if _are(causes, requests.exceptions.InvalidSchema):  # a base URL is checked before it gets here
        return Problem(
            "proxy.socks",
            N_(
                "The way to {host} leads through the SOCKS proxy {proxy} ({source}), and the package for these is not "
                "installed."
            ),
            N_("Install PySocks beside sorad, or set an http proxy under [provider]."),
            {"host": host, "proxy": proxy, "source": source},
        )
    if any(_LOGIN in str(cause) for cause in causes if isinstance(cause, OSError)):
        return Problem(
            "proxy.login",
            N_("The proxy on the way to {host} ({source}) wants a name and a password, or other ones."),
            N_("Write them into its address: http://NAME:PASSWORD@HOST:PORT, in {source}."),
            {"host": host, "source": source},
        )
    nonsense = _are(
        causes, requests.exceptions.InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown
    ) or any("SOCKS version" in str(cause) for cause in causes)
    if nonsense:
        return Problem(
            "proxy.address",
            N_("The proxy on the way to {host} has an address that cannot be used: {proxy} ({source})."),
            N_("Write it as in http://HOST:PORT or socks5h://HOST:PORT, or take it away."),
            {"host": host, "proxy": proxy, "source": source},
        )
    return None


def _unreached(causes: list[BaseException], url: str, timeout: float) -> Problem:
    """Nothing left: name, connection, proxy, TLS."""
    host, reason = host_of(url), _reason(causes)
    if _are(causes, requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        message = N_("The proxy on the way to {host} cannot be used: {reason}.")
        return faults.network(message, host=host, reason=reason)
    if _are(causes, socket.gaierror, urllib3.exceptions.NameResolutionError):
        return faults.network(N_("The name {host} cannot be found."), host=host)
    if _are(causes, ssl.SSLError, urllib3.exceptions.SSLError):
        message = N_("No secure connection to {host} could be made: {reason}.")
        return faults.network(message, host=host, reason=reason)
    if _are(causes, socket.timeout, urllib3.exceptions.ReadTimeoutError):
        message = N_("{host} could not be reached within {seconds:g} seconds.")
        return faults.network(message, host=host, seconds=timeout)
    return faults.network(N_("{host} cannot be reached: {reason}."), host=host, reason=reason)


def _are(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and all that it wraps, in whichever of the ways the libraries wrap."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 50:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]
    return found


def _reason(causes: list[BaseException]) -> str:
    """A few words of the system for the innermost cause that has some, else its name."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return str(cause.reason).replace("_", " ").lower()
        if isinstance(cause, OSError) and cause.errno is not None and cause.strerror:
            return str(cause.strerror).lower()
    return type(causes[-1]).__name__
