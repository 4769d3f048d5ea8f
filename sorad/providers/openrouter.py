"""OpenRouter's videos. They look like those of OpenAI and are not: other fields, other statuses, no list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional
from urllib.parse import quote

from sorad.model import plausible_cost
from sorad.providers.base import Fault, Finished, Polled, Video
from sorad.providers.errors import meanings
from sorad.providers.native import answers
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.fields import shape_of
from sorad.providers.native.shot import Order, Shot
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Broken

CODES = {
    "400": meanings.REQUEST,
    "401": meanings.KEY,
    "402": meanings.BALANCE,
    "403": meanings.MODERATION,
    "404": meanings.MISSING,
    "408": meanings.DOUBT,
    "429": meanings.RATE,
    "500": meanings.DOUBT,
    "502": meanings.DOUBT,
    "503": meanings.DOUBT,
}


class OpenRouter(Native):
    """OpenRouter with one key. A lost create cannot be found by a call: the user decides."""

    format = Format(
        poll="/videos/{id}",
        ids=("id",),
        status=("status",),
        videos=("urls", "unsigned_urls"),
        codes=CODES,
        fail_codes=("error.code",),
        fail_words=("error.message", "error"),
    )

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution, ratio, sound and seed."""
        return shape_of(shot)

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create. Our own id shows in the log of the site, where a person can find it."""
        names = {"seconds": "duration", "ratio": "aspect_ratio", "audio": "generate_audio"}
        members = {names.get(name, name): value for name, value in said.items()}
        members["prompt"] = shot.request.prompt
        frames = [("first_frame", shot.first), ("last_frame", shot.last)]
        shown = [{**_image(url), "frame_type": kind} for kind, url in frames if url]
        if shown:
            members["frame_images"] = shown
        if shot.references:
            members["input_references"] = [_image(url) for url in shot.references]
        if own_id:
            members["session_id"] = own_id
        return Order("/videos", members)

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands. The video lies at the API itself, which wants the key, and where signed addresses
        lead."""
        came = self.task(remote_id)
        if isinstance(came, Broken):
            return came.fault()
        found = answers.after_poll(came, self.format, self._config.video_url_paths, self.base_url)
        no_address = isinstance(found, Fault) and found.problem.code == "provider.no_address"
        if not isinstance(found, Finished) and not no_address:
            return found
        content = Video(f"{self.base_url}/videos/{quote(remote_id, safe='')}/content?index=0", needs_key=True)
        told = [] if no_address else [found.video, *found.video.others] if isinstance(found, Finished) else []
        videos = [replace(one, needs_key=self._wire.is_own(one.url), others=()) for one in told]
        videos = [one for one in videos if one.url != content.url] + [content]
        first = replace(videos[0], others=tuple(videos[1:]))
        return Finished(first, came.request_id(), self.cost(came.json()))

    def cost(self, body: Any) -> Optional[int]:
        """What was charged, in USD."""
        amount = reading.number(reading.at(body, "usage.cost"))
        return None if amount is None else plausible_cost(amount)

    def check(self) -> Optional[Fault]:
        """Whether the key is good: by its own limits."""
        found = self.ask("/key")
        return found if isinstance(found, Fault) else None


def _image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}
