"""Serving a video: whole or from an offset, and in every broken way that faults ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sorad.simulator.faults import Fault
from sorad.simulator.mp4 import Movie
from sorad.simulator.wire import Answer, Call, Stream, html_answer

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


def denied(status: int = 403) -> Answer:
    """What a store answers to a URL that is too old or signed by nobody."""
    return Answer(status, _DENIED, {"content-type": "application/xml"}, note="expired")


def refusal(kind: str, status: int | None = None) -> Answer:
    """An error of a host that serves files and has no words for it."""
    return Answer(status or (429 if kind == "rate" else 500), b"", {"content-type": "application/xml"})


def serve(call: Call, movie: Movie, fault: Fault | None) -> Answer:
    """The video, or the range of it that is asked for, with the fault that strikes this download, if any."""
    kind = fault.kind if fault is not None else ""
    if kind == "html_download":
        return html_answer(200, note=kind)
    if fault is not None and kind == "redirect":
        return Answer(fault.setting("status"), b"", {"location": fault.location}, note=kind)
    size = movie.size - movie.size // 10 if kind == "wrong_length" else movie.size
    headers = {"content-type": "video/mp4", "accept-ranges": "bytes", "etag": movie.etag}
    wanted = call.headers.get("range", "")
    if call.headers.get("if-range", movie.etag) != movie.etag:
        wanted = ""  # the client holds a part of another file: it gets the whole
    start, stop, status = 0, size, 200
    if found := _RANGE.fullmatch(wanted.strip()):
        span = _span(found, size)
        if span is None:
            return Answer(416, b"", {**headers, "content-range": f"bytes */{size}"})
        start, stop, status = *span, 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(status, _stream(movie, fault, start, stop), headers, note=kind)


def _stream(movie: Movie, fault: Fault | None, start: int, stop: int) -> Stream:
    """The bytes from ``start`` to before ``stop``, as the fault lets them come."""
    length, pieces = stop - start, movie.pieces(start, stop)
    if fault is None:
        return Stream(length, pieces)
    return Stream(
        length,
        _hide_index(pieces, start) if fault.kind == "no_moov" else pieces,
        stop_after=length // 2 if fault.kind == "cut" else None,
        seconds=fault.setting("seconds") if fault.kind == "slow_download" else 0.0,
        crawl=fault.setting("seconds") if fault.kind == "crawl" else 0.0,
    )


def _span(found: re.Match[str], size: int) -> tuple[int, int] | None:
    """First byte and the one after the last, or ``None`` where the file has none of them."""
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    elif last:
        start, stop = max(0, size - int(last)), size
    else:
        return None
    return (start, stop) if start < stop else None


def _hide_index(pieces: Iterator[memoryview], start: int) -> Iterator[memoryview]:
    """The same bytes with the index renamed, as far as it lies in the first piece."""
    for piece in pieces:
        first = bytes(piece).replace(b"moov", b"skip", 1) if start == 0 else piece
        yield memoryview(first)
        start += len(piece)
