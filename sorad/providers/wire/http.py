"""One HTTP exchange: one attempt, never redirected, bounded in time and size, and honest about what left.

A session of ``requests`` would follow redirects, read ``~/.netrc`` over our own Authorization header and
keep cookies; so only its adapters are used, which do none of that.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Callable, Optional, Union

import requests
import urllib3.exceptions
from requests.utils import select_proxy

from sorad import __version__
from sorad.messages import N_
from sorad.problems import SoradError
from sorad.providers.base import Trouble
from sorad.providers.errors import faults
from sorad.providers.wire import certificates
from sorad.providers.wire.addresses import host_of, origin, proxies_for
from sorad.providers.wire.answer import LARGEST_ANSWER, Answer, Authorize, Broken, Heard, bearer
from sorad.providers.wire.breakage import explain
from sorad.providers.wire.connection import Adapter, Exchange, watched
from sorad.providers.wire.headers import gateway as find_gateway
from sorad.providers.wire.headers import server_time
from sorad.providers.wire.private_addresses import Fence

USER_AGENT = f"sorad/{__version__}"
_PIECE = 65_536
# Asks LiteLLM to send a create once; by default it sends it up to three times. Others do not know it.
ONE_TRY = {"x-litellm-num-retries": "0"}
# What a cache between has kept tells nothing of a task that was made since.
_FRESH = {"Cache-Control": "no-cache"}
# All that the libraries raise for what a network or a server does, or for an address that makes no sense.
# ValueError: urllib3 and idna raise it for impossible hosts, http.client for broken chunk sizes.
_BREAKS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class Wire:
    """The way to one API with one key. Thread-safe; each thread keeps its own connections."""

    def __init__(
        self,
        base_url: str,
        key: Callable[[], str],
        timeout: float,
        proxy: str,
        download_proxy: str,
        heard: Optional[Callable[[Heard], None]] = None,
        create_timeout: Optional[float] = None,
        auth: Authorize = bearer,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        """``timeout``, in seconds, bounds connecting and each wait for bytes; an answer takes twice that
        at most. Proxies: ``""`` as the environment says, ``"none"`` straight out. ``heard`` is told of each
        whole answer of the API, from the thread that asked. ``create_timeout``: the same for what is sent with
        POST; ``auth``: the header that a key becomes; ``largest``: bytes of an answer."""
        self.base_url = base_url
        self._create_timeout = timeout if create_timeout is None else create_timeout
        self._auth = auth
        self._largest = largest
        self.timeout = timeout
        self._key = key
        self._proxy = proxy
        self._download_proxy = download_proxy
        self._heard = heard
        self._kept = threading.local()
        self._fence = Fence(host_of(base_url))

    def __repr__(self) -> str:
        return f"Wire({self.base_url})"

    def get(
        self, path: str, params: Optional[Mapping[str, Union[str, int]]] = None, *, base: str = ""
    ) -> Union[Answer, Broken]:
        """Ask the API, on a kept connection. ``base``: another address of the same vendor, which gets the key, too."""
        adapter = getattr(self._kept, "adapter", None)
        if adapter is None:
            adapter = self._kept.adapter = Adapter()
        request = requests.Request("GET", (base or self.base_url) + path, _FRESH, params=params)
        return self._call(adapter, request, self.timeout)

    def post_json(
        self, path: str, members: Mapping[str, Any], headers: Optional[Mapping[str, str]] = None
    ) -> Union[Answer, Broken]:
        """Send JSON, on a fresh connection. ``headers``: more of them."""
        return self.post(path, json.dumps(members).encode("ascii"), "application/json", headers)

    def post(
        self, path: str, body: bytes, content_type: str, headers: Optional[Mapping[str, str]] = None
    ) -> Union[Answer, Broken]:
        """Send a body, on a fresh connection: a kept one may be cut just as the request leaves."""
        sent = {"Content-Type": content_type, **ONE_TRY, **(headers or {})}
        with closing(Adapter()) as adapter:
            request = requests.Request("POST", self.base_url + path, data=body, headers=sent)
            return self._call(adapter, request, self._create_timeout)

    def _call(self, adapter: Adapter, request: requests.Request, timeout: float) -> Union[Answer, Broken]:
        key = self.authorization()
        if isinstance(key, Broken):
            return key
        request.headers = {**request.headers, **key, "Accept": "application/json"}
        exchange = Exchange(timeout, 2 * timeout)
        sent, began = time.time(), time.monotonic()
        try:
            with watched(exchange), self._send(adapter, request, self._proxy, timeout) as response:
                whole = _read(response, self._largest)
        except _BREAKS as error:
            cause = explain(error, request.url, timeout, left=exchange.left, proxy=self._proxy)
            return Broken(exchange.left, *cause)
        if whole is None:
            host = host_of(request.url)
            return Broken(True, faults.network(N_("{host} sent an answer without end."), host=host))
        answer = Answer(response.status_code, lowered(response.headers), whole)
        if self._heard is not None:
            date = server_time(answer.headers)
            self._heard(
                Heard(answer.status, date, sent, time.monotonic() - began, find_gateway(answer.headers))
            )
        return answer

    def exchange(self) -> Exchange:
        """A new exchange, with the bounds of this wire."""
        return Exchange(self.timeout, 2 * self.timeout)

    def open(
        self, exchange: Exchange, adapter: Adapter, url: str, headers: Mapping[str, str]
    ) -> Union[requests.Response, Broken]:
        """Open a download: one GET, not redirected, with the body still to be read from ``raw``."""
        proxies = proxies_for(url, self._download_proxy)
        if not self._fence.names_pass(host_of(url)):
            return _barred(url)
        exchange.bar(None if select_proxy(url, proxies) else self._fence.passes)
        try:
            with watched(exchange):
                request = requests.Request("GET", url, headers=headers)
                response = self._send(adapter, request, self._download_proxy, self.timeout)
        except _BREAKS as error:
            if exchange.barred:
                return _barred(url)
            cause = explain(error, url, self.timeout, left=exchange.left, proxy=self._download_proxy)
            return Broken(exchange.left, *cause)
        return response

    def _send(
        self, adapter: Adapter, request: requests.Request, proxy: str, timeout: float
    ) -> requests.Response:
        request.headers = {**request.headers, "User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        return adapter.send(
            request.prepare(),
            stream=True,
            timeout=(self.timeout, timeout),
            verify=certificates.verify(),
            proxies=proxies_for(request.url, proxy),
        )

    def authorization(self) -> Union[dict[str, str], Broken]:
        """The header with the key, looked for again each time."""
        try:
            key = self._key()
        except SoradError as error:
            return Broken(False, error.problem, Trouble.KEY)
        if not key.isascii() or not key.isprintable() or " " in key:
            return Broken(False, faults.unfit_key(), Trouble.KEY)
        return self._auth(key) if key else {}

    def is_own(self, url: str) -> bool:
        """Whether a URL is on the provider's own host: same scheme, host and port."""
        return origin(url) is not None and origin(url) == origin(self.base_url)


def _barred(url: str) -> Broken:
    return Broken(False, faults.inward(host_of(url)), Trouble.BAD_FILE)


def lowered(found: Mapping[str, str]) -> dict[str, str]:
    """Headers with small names."""
    return {name.lower(): value for name, value in found.items()}


def _read(response: requests.Response, largest: int) -> Optional[bytes]:
    """The whole body; ``None`` where it is too large."""
    body = bytearray()
    while True:
        piece = response.raw.read(_PIECE, decode_content=True)
        if not piece:
            return bytes(body)
        body += piece
        if len(body) > largest:
            response.raw.close()  # not to be reused with the rest still in it
            return None
