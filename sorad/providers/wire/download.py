"""Open a video at an offset, and read it to the end or say that it was cut.

Redirects are followed by hand: the API key goes to the provider's own host and nowhere else, and it is
dropped for good with the first step to another host.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional, Union

import requests
import urllib3.exceptions

from sorad.messages import N_
from sorad.providers.base import Download, DownloadCut, Fault, Trouble, Video
from sorad.providers.errors import faults
from sorad.providers.wire.addresses import joined, origin, scheme_of
from sorad.providers.wire.answer import Broken
from sorad.providers.wire.connection import Adapter, Exchange
from sorad.providers.wire.headers import ContentRange, content_length, content_range, request_id, retry_after
from sorad.providers.wire.headers import validator as validator_of
from sorad.providers.wire.http import Wire, lowered
from sorad.providers.wire.reading import parse
from sorad.units import format_size

PIECE = 1 << 20  # bytes; smaller pieces cost half of the speed
# On a slow line a piece is what came in so many seconds: nothing is lost with a cut, and it is seen to crawl.
_LONGEST_PIECE = 1.0
MOST_HOPS = 5
_LARGEST_JSON = 1_000_000
_BREAKS = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)

# What an API says in JSON where a video was expected: the address of the video, or what is wrong.
ReadJson = Callable[[object], Union[str, Fault]]


def open_video(
    wire: Wire, video: Video, offset: int, validator: str, read_json: Optional[ReadJson] = None
) -> Union[Download, Fault]:
    """Open ``video`` at ``offset``; the answer tells where it really starts. One GET a hop.

    Where a server answers a range with bytes that cannot be it, the video is opened again from 0.
    """
    opened = _follow(wire, video, offset, validator, read_json)
    if opened is None and offset:
        opened = _follow(wire, video, 0, "", read_json)
    if opened is None:
        return faults.fault(Trouble.BAD_FILE, "Content-Range")
    return opened


def _follow(
    wire: Wire, video: Video, offset: int, validator: str, read_json: Optional[ReadJson]
) -> Union[Download, Fault, None]:
    """Through the redirects to the bytes; ``None`` where the range came wrong."""
    url, with_key = video.url, video.needs_key
    for _hop in range(MOST_HOPS + 1):
        with_key = with_key and wire.is_own(url)
        if origin(url) is None:
            return Fault(Trouble.BAD_FILE, faults.no_web_address(scheme_of(url)))
        headers = _range_headers(offset, validator)
        if with_key:
            key = wire.authorization()
            if isinstance(key, Broken):
                return key.fault()
            headers.update(key)
        exchange, adapter = wire.exchange(), Adapter()
        response = wire.open(exchange, adapter, url, headers)
        if isinstance(response, Broken):
            adapter.close()
            return response.fault()
        body = Body(response, adapter, exchange)
        found = _look(body, lowered(response.headers), offset, validator, with_key, read_json)
        if not isinstance(found, str):
            return found
        url = joined(url, found)
    return faults.fault(Trouble.SERVER, "redirects", status=310)


def _range_headers(offset: int, validator: str) -> dict[str, str]:
    if not offset:
        return {}
    return {"Range": f"bytes={offset}-", **({"If-Range": validator} if validator else {})}


def _look(
    body: Body,
    headers: dict[str, str],
    offset: int,
    validator: str,
    with_key: bool,
    read_json: Optional[ReadJson],
) -> Union[Download, Fault, str, None]:
    """What an answer is: the video, a fault, the URL to go on with, or (``None``) the wrong range."""
    status = body.status
    if status in (301, 302, 303, 307, 308) and headers.get("location"):
        body.close()
        return headers["location"]
    if status == 416 and offset:
        body.close()
        part = content_range(headers)
        if part is not None and part.total == offset:
            body.expect(0)
            return Download(offset, offset, validator, "", request_id(headers), body)
        return None
    if status == 206:
        return _partial(body, headers, offset, validator)
    if status == 200:
        if "json" in headers.get("content-type", "") and read_json is not None:
            return _from_json(body, headers, read_json)
        length = content_length(headers)
        body.expect(length)
        kind = headers.get("content-type", "")
        ranges = headers.get("accept-ranges", "").strip().lower() == "bytes"
        return Download(0, length, validator_of(headers), kind, request_id(headers), body, ranges)
    words = body.words()
    body.close()
    trouble = _trouble(status, with_key)
    wait = retry_after(headers, time.time())
    return faults.fault(trouble, words, status=status, request_id=request_id(headers), retry_after=wait)


def _announced(part: Optional[ContentRange], offset: int, length: Optional[int]) -> Optional[int]:
    """How many bytes come; ``None``: the range does not begin at ``offset``, or ``length`` is not its own."""
    if part is None or part.last is None or part.first != offset:
        return None
    announced = part.last - offset + 1
    return announced if length in (None, announced) else None


def _partial(body: Body, headers: dict[str, str], offset: int, validator: str) -> Optional[Download]:
    """The rest of the video; ``None``: it is not what was asked for."""
    part, version = content_range(headers), validator_of(headers)
    announced = _announced(part, offset, content_length(headers))
    if part is None or announced is None or (validator and version and version != validator):
        body.close()
        return None
    # A server may send less than was asked for: that ends as a cut, and the rest is asked for next time.
    body.expect(announced, partly=part.total is not None and offset + announced < part.total)
    kind = headers.get("content-type", "")
    return Download(offset, part.total, version or validator, kind, request_id(headers), body, ranges=True)


def _from_json(body: Body, headers: dict[str, str], read_json: ReadJson) -> Union[Fault, str]:
    try:
        told = read_json(parse(body.whole(_LARGEST_JSON)))
    except DownloadCut:
        return faults.fault(Trouble.SERVER, status=200, request_id=request_id(headers))
    finally:
        body.close()
    return told


def _trouble(status: int, with_key: bool) -> Trouble:
    if status == 401:
        return Trouble.KEY if with_key else Trouble.EXPIRED
    if status in (403, 404, 410) or (status == 400 and not with_key):  # S3 says "ExpiredToken" under 400
        return Trouble.EXPIRED
    if status in (408, 429):
        return Trouble.RATE
    return Trouble.SERVER


def _cut(error: Exception) -> DownloadCut:
    """In words, and never the exception's own: a signed address may be in it."""
    if isinstance(error, (urllib3.exceptions.ReadTimeoutError, TimeoutError, socket.timeout)):
        return DownloadCut(N_("nothing more came for too long"))
    if isinstance(error, (urllib3.exceptions.DecodeError, ValueError)):
        return DownloadCut(N_("what came cannot be unpacked"))
    return DownloadCut(N_("the connection was cut"))


class Body(Iterator[bytes]):
    """The bytes of an answer, piece by piece, counted against what was announced."""

    def __init__(self, response: requests.Response, adapter: Adapter, exchange: Exchange) -> None:
        self.status = response.status_code
        self._response, self._adapter, self._exchange = response, adapter, exchange
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        self._packed = coding not in ("", "identity")
        self._left: Optional[int] = None
        self._partly = False
        self._broke: Optional[Exception] = None  # told after what came before it
        self._open = True

    def expect(self, length: Optional[int], *, partly: bool = False) -> None:
        """It is the video, which may take its time: only the waits between bytes are bounded from now on.

        ``length``: bytes announced; ``None``: not known, they end where the connection ends. ``partly``:
        the file goes on after them.
        """
        self._exchange.no_deadline()
        self._left, self._partly = length, partly

    def __next__(self) -> bytes:
        if not self._open:
            raise StopIteration
        if self._left == 0:
            self.close()
            if self._partly:
                raise DownloadCut(N_("only a part was sent"))
            raise StopIteration
        try:
            piece = self._read()
        except _BREAKS as error:
            self.close()
            raise _cut(error) from None
        if not piece:
            self.close()
            if self._left:
                raise DownloadCut(N_("{size} are missing"), size=format_size(self._left))
            raise StopIteration
        if self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                self.close()
                raise DownloadCut(N_("more was sent than announced"))
        return piece

    def _read(self) -> bytes:
        """A piece, or what came of it in a second; ``b""`` at the end. What came before a break is given first."""
        raw: Any = self._response.raw
        if self._packed:
            return bytes(raw.read(PIECE, decode_content=True))
        if self._broke is not None:
            raise self._broke
        parts: list[bytes] = []
        had, until = 0, time.monotonic() + _LONGEST_PIECE
        try:
            # urllib3 has no way to ask for what is there: its own read waits until a piece is whole.
            while had < PIECE and (part := raw._fp.read1(PIECE - had)):
                parts.append(part)
                had += len(part)
                if time.monotonic() >= until:
                    break
        except _BREAKS as error:
            if not parts:
                raise
            self._broke = error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def whole(self, most: int) -> bytes:
        """Up to ``most`` bytes of it."""
        found = bytearray()
        for piece in self:
            found += piece
            if len(found) > most:
                break
        return bytes(found[:most])

    def words(self) -> str:
        """The beginning of it as text, where it is some; for what went wrong."""
        try:
            found = self.whole(2_000).decode("utf-8")
        except (DownloadCut, UnicodeDecodeError):
            return ""
        return "" if found.lstrip().startswith("<") else found

    def close(self) -> None:
        """Give the connection up."""
        if self._open:
            self._open = False
            self._response.close()
            self._adapter.close()
