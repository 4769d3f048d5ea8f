"""The pictures that creates were given, while the simulator runs: what a video is rendered from."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Iterator
from typing import Any

from sorad.simulator.given import is_inline, told
from sorad.simulator.multipart import File

_MOST = 64_000_000  # bytes in all


class Album:
    """Pictures by the names that :mod:`sorad.simulator.given` gives them. Thread-safe; forgets the oldest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pictures: dict[str, bytes] = {}

    def keep(self, raw: Any) -> None:
        """All that came with a create, at whatever depth."""
        with self._lock:
            for name, content in _pictures(raw):
                self._pictures.pop(name, None)
                self._pictures[name] = content
            size = sum(map(len, self._pictures.values()))
            for oldest in list(self._pictures):
                if size <= _MOST:
                    break
                size -= len(self._pictures.pop(oldest))

    def get(self, name: str) -> bytes | None:
        """The content of a picture that came along and is still kept."""
        return self._pictures.get(name)


def _pictures(value: Any) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, File):
        yield told(value), value.data
    elif is_inline(value):
        try:
            yield told(value), base64.b64decode(value.rpartition(",")[2], validate=True)
        except (binascii.Error, ValueError):
            return
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _pictures(one)
