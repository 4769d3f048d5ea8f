"""Connections that know whether a byte of the request may have left, and that end at a deadline.

An exception of the HTTP libraries does not tell whether a request was sent: the same class is raised
before and after. So the connection itself keeps the mark: it is set before the first byte of the request
is handed to a socket that is fully connected (through the proxy, with TLS), and by nothing else.

Nor do the libraries bound an answer as a whole: a server that sends a byte every few seconds holds a
thread for ever. So each ``recv`` is given what is left until the deadline, the headers included.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Callable, Optional

from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from sorad.heartbeat import beat

# A name has several addresses, and each may keep us waiting; the name server does so first. In seconds.
_ADDRESSES, _NAME_SERVER = 4, 60.0


class Exchange:
    """One request and its answer, as the connection sees it. Times are monotonic seconds."""

    def __init__(self, timeout: float, total: Optional[float] = None) -> None:
        """``timeout`` bounds each wait for bytes, ``total`` the whole answer."""
        self.left = False  # a byte of the request may have left
        self.barred = False  # no address of the host may be connected to
        self._passes: Optional[Callable[[str], bool]] = None
        self._timeout = timeout
        self._deadline = None if total is None else time.monotonic() + total

    def bar(self, passes: Optional[Callable[[str], bool]]) -> None:
        """``passes``: whether an address, as it was resolved, may be connected to; ``None``: any."""
        self._passes = passes

    def addresses(self, host: str, port: int) -> Optional[list[str]]:
        """The addresses of a host that may be connected to; ``None``: whichever the libraries find.

        They are what is connected to then: a name that is asked for once more may answer otherwise.
        ``OSError`` where there is none.
        """
        if self._passes is None:
            return None
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        passing = [address for address in addresses if self._passes(address)]
        if not passing:
            self.barred = True
            raise OSError(host)
        return passing

    def no_deadline(self) -> None:
        """From now on only the waits between bytes are bounded (a download)."""
        self._deadline = None

    def patience(self) -> float:
        """Seconds that the next bytes may take; ``socket.timeout`` where the time is up."""
        if self._deadline is None:
            return self._timeout
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return min(self._timeout, left)

    def connecting(self) -> float:
        """Seconds that it may well take to connect: the libraries bound each address on its own."""
        return _NAME_SERVER + _ADDRESSES * self._timeout

    def sending(self) -> float:
        """Seconds that a piece of the request may take."""
        return self._timeout


_of_thread = threading.local()


@contextmanager
def watched(exchange: Exchange) -> Iterator[None]:
    """Connections used by this thread inside the block report to ``exchange``."""
    _of_thread.exchange = exchange
    try:
        yield
    finally:
        _of_thread.exchange = None


class Adapter(HTTPAdapter):
    """requests' adapter over watched connections, through whatever proxy: one at a time, as each thread has its own."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return _watch(super().proxy_manager_for(*args, **kwargs))


def _watch(manager: Any) -> Any:
    """Let a pool manager make watched connections of its own kind (a SOCKS manager has other classes)."""
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched_pool(pool) for scheme, pool in classes.items()}
    return manager


@functools.cache
def _watched_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _Watched):
        return pool
    connection = type(f"Watched{pool.ConnectionCls.__name__}", (_Watched, pool.ConnectionCls), {})
    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": connection})


class _Bounded(io.RawIOBase):
    """The socket's bytes, each read within the patience of the exchange."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, exchange: Exchange) -> None:
        self._raw, self._sock, self._exchange = raw, sock, exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        patience = self._exchange.patience()
        beat(patience)
        self._sock.settimeout(patience)
        got = self._raw.readinto(buffer)
        beat()
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        exchange = getattr(_of_thread, "exchange", None)
        if exchange is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_Bounded(raw, sock, exchange), 65_536)


class _Watched:
    """Mixed into urllib3's connections."""

    response_class = _Response
    _connecting = False
    _dns_host: str
    port: int
    sock: Any

    def connect(self) -> None:
        self._connecting = True  # what a tunnel sends to its proxy is not the request
        exchange = getattr(_of_thread, "exchange", None)
        if exchange is not None:
            beat(exchange.connecting())
        try:
            super().connect()  # type: ignore[misc]
            beat()
        finally:
            self._connecting = False

    def _new_conn(self) -> Any:
        exchange = getattr(_of_thread, "exchange", None)
        addresses = exchange.addresses(self._dns_host, self.port) if exchange is not None else None
        if addresses is None:
            return super()._new_conn()  # type: ignore[misc]
        host = self._dns_host
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                with suppress(NewConnectionError, ConnectTimeoutError):
                    return super()._new_conn()  # type: ignore[misc]
            self._dns_host = addresses[-1]
            return super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host = host

    def send(self, data: Any) -> None:
        if not self._connecting:
            if self.sock is None:
                self.connect()
            exchange = getattr(_of_thread, "exchange", None)
            if exchange is not None:
                exchange.left = True
                beat(exchange.sending())
        super().send(data)  # type: ignore[misc]
