"""Replicate: any of its models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional, Union
from urllib.parse import parse_qs, urlsplit

from sorad.providers.answers.listing import Page
from sorad.providers.base import Fault
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.fields import input_of, shape_of
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot
from sorad.providers.wire import reading


class Replicate(Native):
    """Replicate with one token."""

    format = Format(
        poll="/predictions/{id}",
        ids=("id",),
        status=("status",),
        videos=("output", "output.0", "output.video"),
        codes={},  # there are none: statuses, and words
        error_codes=("code",),
        error_words=("detail", "error", "title"),
        fail_codes=("code",),
        fail_words=("error",),
        wait_in_words=re.compile(r"resets in ~?(\d{1,5}) ?s"),
    )

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, ratio, and what there is a choice of."""
        return shape_of(shot)

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create: of an official model, or of a version (``owner/name:hash``). It waits for nothing."""
        given = {"input": input_of(shot, said, self._config)}
        name, _colon, version = shot.model.partition(":")
        if version:
            return Order("/predictions", {"version": version, **given})
        return Order(f"/models/{name}/predictions", given)

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Predictions, newest first, a hundred a page, running ones, too."""
        body = self.ask("/predictions", {"cursor": after} if after else None)
        if isinstance(body, Fault):
            return body
        following = reading.text(reading.at(body, "next"))
        told = {**body, "more": bool(following), "cursor": _cursor(following)}
        return page_of(told, ROW, "results", more="more", after="cursor")

    def check(self) -> Optional[Fault]:
        """Whether the token is good: who it belongs to."""
        found = self.ask("/account")
        return found if isinstance(found, Fault) else None


ROW = Row(
    prompt="input.prompt",
    shown={"seconds": "input.duration", "ratio": "input.aspect_ratio", "resolution": "input.resolution"},
)


def _cursor(url: str) -> str:
    try:
        return parse_qs(urlsplit(url).query).get("cursor", [""])[0]
    except ValueError:
        return ""
