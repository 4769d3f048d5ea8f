"""The endpoint: HTTP on loopback, for a supervisor and for Prometheus on this machine.

It serves few and reads little: GET and HEAD of two pages, a few connections at once, each for a few seconds. A
page of the web that had its own name point at 127.0.0.1 is refused by the ``Host`` that its browser sends, and
no other origin is ever allowed to read an answer.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer
from typing import Any, Callable, NamedTuple, Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.listen import parse_listen
from sorad.http.hosts import is_ours
from sorad.messages import N_, _
from sorad.problems import Problem

# Connections served at once; one more is told to come again. Each ends after so many seconds, whatever it does.
AT_ONCE, PATIENCE = 8, 5.0
# Between the tries to get the port, in seconds.
AGAIN = 5.0
SLICE = 1.0  # seconds between heartbeats


class Page(NamedTuple):
    """An answer."""

    status: int
    content_type: str
    body: bytes


Pages = Callable[[str], Optional[Page]]


class Endpoint:
    """Serves ``pages`` (by path; ``None``: there is none). ``run`` it in a thread of its own."""

    def __init__(
        self, listen: str, pages: Pages, clock: Clock, complain: Callable[[str, Optional[Problem]], None]
    ) -> None:
        self._listen = listen
        self._pages = pages
        self._clock = clock
        self._complain = complain
        self.port = 0  # where it listens, once it does

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until ``stop``. A port that is taken is asked for again, and shown meanwhile."""
        while not stop.is_set():
            beat()
            server = self._open()
            if server is None:
                _rest(stop, beat, AGAIN)
                continue
            with server:
                self.port = server.server_address[1]
                logger.info(_("/health and /metrics are served at {listen}"), listen=self._listen)
                while not stop.is_set():
                    beat()
                    server.handle_request()
                    server.end_overdue()

    def _open(self) -> Optional[_Server]:
        host, port = parse_listen(self._listen)
        try:
            server = _Server((host, port), self._pages, self._clock)
        except OSError as error:
            self._complain("http", _taken(self._listen, error))
            return None
        self._complain("http", None)
        return server


def _rest(stop: threading.Event, beat: Callable[[], None], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not stop.wait(min(SLICE, max(0.0, end - time.monotonic()))) and time.monotonic() < end:
        beat()


def _taken(listen: str, error: OSError) -> Problem:
    if error.errno == errno.EADDRINUSE:
        return Problem(
            "http.port",
            N_("/health and /metrics cannot be served at {listen}: another program listens there."),
            N_("Choose another port in [http] listen, or end that program; it is tried again by itself."),
            {"listen": listen},
        )
    return Problem(
        "http.port",
        N_("/health and /metrics cannot be served at {listen}: {reason}."),
        N_("Choose another address in [http] listen; it is tried again by itself."),
        {"listen": listen, "reason": error.strerror or str(error)},
    )


class _Server(HTTPServer):
    """Takes connections in the thread of the part, serves each in one of a few of its own."""

    timeout = SLICE
    request_queue_size = AT_ONCE
    allow_reuse_address = os.name != "nt"  # there it would share the port with whoever has it

    def __init__(self, address: tuple[str, int], pages: Pages, clock: Clock) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.pages = pages
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # connections that are served, since when
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # not HTTPServer's: that one asks the DNS for a name that nobody needs, and waits for the answer
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._open) >= AT_ONCE
            if not full:
                self._open[request] = self._clock.monotonic()
        if full:
            self.shutdown_request(request)
            return
        threading.Thread(
            target=self._serve, args=(request, client_address), name="http-request", daemon=True
        ).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        logger.exception(_("a request to [http] failed"))

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError as error:
            # it went away, or was too slow
            logger.debug(_("a request to [http] ended early: {error}"), error=str(error))
        except Exception:  # noqa: BLE001  (a thread's root)
            logger.exception(_("a request to [http] failed"))
        finally:
            with self._lock:
                self._open.pop(request, None)
            self.shutdown_request(request)

    def end_overdue(self) -> None:
        """Hang up on whoever takes too long: a byte now and then would keep a thread for ever."""
        now = self._clock.monotonic()
        with self._lock:
            for request, since in self._open.items():
                if now - since >= PATIENCE:
                    try:
                        request.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        continue  # closed by now


class _Handler(BaseHTTPRequestHandler):
    """One request, one answer, then the connection ends."""

    server: _Server
    timeout = PATIENCE
    server_version = "sorad"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(self._page())

    do_HEAD = do_GET  # noqa: N815

    def _page(self) -> Page:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not is_ours(hosts[0]):
            return plain_page(421, "Ask for localhost, 127.0.0.1 or [::1].")
        path = self.path.partition("?")[0]
        return self.server.pages(path) or plain_page(404, "There are /health and /metrics.")

    def _answer(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are no news; what goes wrong is told by the server."""


def plain_page(status: int, text: str) -> Page:
    """A line for people."""
    return Page(status, "text/plain; charset=utf-8", f"{text}\n".encode())


def json_page(well: bool, value: Any) -> Page:
    """200 where all is well, else 503, as load balancers and supervisors read it."""
    return Page(200 if well else 503, "application/json", json.dumps(value).encode())
