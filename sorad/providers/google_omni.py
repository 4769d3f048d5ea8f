"""Google's Gemini Omni, by the Interactions API."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Optional, Union
from urllib.parse import quote

from sorad.providers.base import Download, Fault, Finished, Polled, Running, Trouble, Video
from sorad.providers.errors import faults, meanings
from sorad.providers.native import answers
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.shot import BASE64, Order, Shot
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Broken
from sorad.providers.wire.pictures import media_type_of

_FILE = re.compile(r"/files/[\w-]+\Z")
_PIECE = 1 << 20  # bytes

CODES = {
    "invalid_argument": meanings.REQUEST,
    "failed_precondition": meanings.KEY,  # billing is not on, or the region is not served
    "permission_denied": meanings.KEY,
    "unauthenticated": meanings.KEY,
    "not_found": meanings.MISSING,
    "resource_exhausted": meanings.RATE,
    "internal": meanings.DOUBT,
    "unavailable": meanings.DOUBT,
    "deadline_exceeded": meanings.DOUBT,
}


class GoogleOmni(Native):
    """Gemini Omni with one key. A lost create cannot be found: it is waited for, and then the user decides."""

    format = Format(
        poll="/interactions/{id}",
        ids=("id",),
        status=("status",),
        videos=(),
        codes=CODES,
        words={"requires_action": "failed", "incomplete": "failed", "budget_exceeded": "failed"},
        error_codes=("error.status",),
        fail_codes=("errors.0.status", "errors.0.code", "error.status"),
        fail_words=("errors", "error.message"),
        words_mean=(
            (
                re.compile(r"\bAPI key (?:not valid|expired|not found)|API_KEY_INVALID", re.IGNORECASE),
                meanings.KEY,
            ),
            (
                re.compile(r"\bprepa(?:id|yment)\b|\bspending (?:cap|limit)|\bbilling account\b", re.I),
                meanings.BALANCE,
            ),
        ),
    )
    pictures_as = BASE64
    largest_answer = 200_000_000  # the video itself may be in it

    @staticmethod
    def authorize(key: str) -> dict[str, str]:
        """A header of its own."""
        return {"x-goog-api-key": key}

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution and ratio."""
        return {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": shot.resolution,
            "ratio": shot.ratio,
        }

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create. In the background: else the line is held until the video is there."""
        text = {"type": "text", "text": shot.request.prompt}
        wanted = {
            "type": "video",
            "aspect_ratio": shot.ratio,
            "resolution": shot.resolution,
            "duration": f"{shot.seconds}s",
            "delivery": "uri",
        }
        members = {"model": shot.model, "response_format": wanted, "background": True, "store": True}
        return Order("/interactions", {**members, "input": [*_picture(shot), text]})

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands. The video may be a file there, or be in the answer, whatever was asked for."""
        came = self.task(remote_id)
        if isinstance(came, Broken):
            return came.fault()
        video = _video(came.json()) if came.good else None
        if video is None or reading.text(reading.at(came.json(), "status")).lower() != "completed":
            return answers.after_poll(came, self.format, self._config.video_url_paths, self.base_url)
        uri = reading.text(video.get("uri"))
        if not uri:
            return Finished(Video(self._place(remote_id), needs_key=True), came.request_id())
        if not self._wire.is_own(uri) or not _FILE.search(uri):
            return Finished(Video(uri, needs_key=self._wire.is_own(uri)), came.request_id())
        file = self.ask(uri[len(self.base_url) :]) if uri.startswith(self.base_url) else {"state": "ACTIVE"}
        if isinstance(file, Fault):
            return file
        if reading.text(reading.at(file, "state")).upper() not in ("", "ACTIVE"):
            return Running(request_id=came.request_id())
        return Finished(Video(f"{uri}:download?alt=media", needs_key=True), came.request_id())

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        """Open the video: the file, with the key on its own host alone, or what the answer holds."""
        if video.url != self._place(remote_id):
            return super().open_video(remote_id, video, offset, validator)
        came = self.task(remote_id)
        if isinstance(came, Broken):
            return came.fault()
        trouble = answers.fault_of(came, self.format)
        if trouble is not None:
            return trouble
        try:
            data = base64.b64decode(reading.text((_video(came.json()) or {}).get("data")), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            return faults.fault(Trouble.BAD_FILE, "base64", status=came.status, request_id=came.request_id())
        start = min(offset, len(data))
        return Download(start, len(data), "", "video/mp4", came.request_id(), _pieces(data, start))

    def check(self) -> Optional[Fault]:
        """Whether the key is good: by the list of models."""
        found = self.ask("/models", {"pageSize": 1})
        return found if isinstance(found, Fault) else None

    def _place(self, remote_id: str) -> str:
        return self.base_url + self.format.poll.format(id=quote(remote_id, safe=""))


def _picture(shot: Shot) -> Iterator[dict[str, str]]:
    if shot.first:
        kind = media_type_of(base64.b64decode(shot.first[:64]))
        yield {"type": "image", "data": shot.first, "mime_type": kind}


def _video(body: Any) -> Optional[dict[str, Any]]:
    """The first video among what the model made."""
    steps = reading.at(body, "steps")
    for step in steps[:50] if isinstance(steps, list) else []:
        content = reading.at(step, "content")
        for one in content[:50] if isinstance(content, list) else []:
            if isinstance(one, dict) and one.get("type") == "video" and (one.get("data") or one.get("uri")):
                return one
    return None


def _pieces(data: bytes, start: int) -> Iterator[bytes]:
    for at in range(start, len(data), _PIECE):
        yield data[at : at + _PIECE]
