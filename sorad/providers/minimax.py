"""MiniMax (Hailuo, 海螺), its second API: H3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Union

from sorad.providers.answers.listing import Page
from sorad.providers.base import Fault
from sorad.providers.errors import meanings
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot, content_of

_TASKS = "/v2/query/video_generation"
_RESOLUTIONS = {"480p": "480P", "720p": "768P", "2k": "2K"}

# The number stands in brackets at the end of the message; the type says less.
CODES = {
    "1000": meanings.DOUBT,
    "1002": meanings.RATE,
    "1004": meanings.KEY,
    "1008": meanings.BALANCE,
    "1026": meanings.MODERATION,  # of what was sent
    "1027": meanings.MODERATION,  # of what came of it
    "2013": meanings.REQUEST,
    "2049": meanings.KEY,
    "authorized_error": meanings.KEY,
    "bad_request_error": meanings.REQUEST,
    "insufficient_balance_error": meanings.BALANCE,
    "overloaded_error": meanings.DOUBT,
    "rate_limit_error": meanings.RATE,
    "server_error": meanings.DOUBT,
}

ROW = Row(shown={"model": "model", "seconds": "duration", "resolution": "resolution", "ratio": "ratio"})


class MiniMax(Native):
    """MiniMax with one key; keys of one region do not work in the other."""

    format = Format(
        poll=_TASKS + "/{id}",
        ids=("task_id",),
        status=("task.status",),
        videos=("task.content.url",),
        codes=CODES,
        error_codes=("error.type", "error.code"),
        error_words=("error.message", "message"),
        fail_codes=("task.error.code",),
        fail_words=("task.error.message",),
        code_in_words=re.compile(r"\((\d{4})\)\s*$"),
    )

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution and ratio."""
        return {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": _RESOLUTIONS.get(shot.resolution, shot.resolution.upper()),
            "ratio": shot.ratio,
        }

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create."""
        members = {"duration" if name == "seconds" else name: value for name, value in said.items()}
        return Order("/v2/video_generation", {**members, "content": list(content_of(shot))})

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Tasks of the last 7 days."""
        body = self.ask(_TASKS, {"page_num": number, "page_size": size})
        return body if isinstance(body, Fault) else page_of(body, ROW, "items", "total")
