"""Why an exchange broke, in a sentence. The libraries wrap the cause in several ways; here it is dug out."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

import requests
import urllib3.exceptions

from sorad.messages import N_
from sorad.problems import Problem
from sorad.providers import faults
from sorad.providers.addresses import host_of


def explain(error: BaseException, url: str, timeout: float, *, left: bool) -> Problem:
    """What broke, in words. Never the exception's text: a signed URL or a proxy's password may be in it."""
    host, causes = host_of(url), list(_causes(error))
    reason = _reason(causes)

    def caused(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    late = caused(socket.timeout, urllib3.exceptions.ReadTimeoutError)
    if left:
        if late:
            message = N_("{host} took the request but did not answer within {seconds:g} seconds.")
            return faults.network(message, host=host, seconds=timeout)
        if caused(ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead):
            return faults.network(N_("The connection to {host} was cut: {reason}."), host=host, reason=reason)
        return faults.network(N_("{host} sent an answer that is broken: {reason}."), host=host, reason=reason)
    if caused(
        requests.exceptions.ProxyError, urllib3.exceptions.ProxyError, requests.exceptions.InvalidProxyURL
    ):
        return faults.network(
            N_("The proxy on the way to {host} cannot be used: {reason}."), host=host, reason=reason
        )
    if caused(requests.exceptions.InvalidSchema):  # a base URL is checked before it gets here
        return Problem(
            "provider.network",
            N_("The way to {host} leads through a SOCKS proxy, and the package for these is not installed."),
            N_("Install PySocks beside sorad, or set an http proxy under [provider]."),
            {"host": host},
        )
    if caused(socket.gaierror, urllib3.exceptions.NameResolutionError):
        return faults.network(N_("The name {host} cannot be found."), host=host)
    if caused(ssl.SSLError, urllib3.exceptions.SSLError):
        message = N_("No secure connection to {host} could be made: {reason}.")
        return faults.network(message, host=host, reason=reason)
    if late:
        message = N_("{host} could not be reached within {seconds:g} seconds.")
        return faults.network(message, host=host, seconds=timeout)
    return faults.network(N_("{host} cannot be reached: {reason}."), host=host, reason=reason)


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
