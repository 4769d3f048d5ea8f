"""Alibaba's DashScope (Model Studio, 百炼): Wan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Union
from urllib.parse import quote

from sorad.providers.answers.listing import Page
from sorad.providers.base import Fault, RemoteTask
from sorad.providers.errors import meanings
from sorad.providers.native.answers import GONE, Format
from sorad.providers.native.api import Native
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot
from sorad.providers.wire import reading

_CREATE = "/api/v1/services/aigc/video-generation/video-synthesis"
_OSS = "oss://"  # a picture in the vendor's own store

CODES = {
    "invalidparameter": meanings.REQUEST,
    "unsupportedoperation": meanings.REQUEST,
    "datainspectionfailed": meanings.MODERATION,
    "invalidparameter.datainspection": meanings.REQUEST,  # it could not fetch the picture
    "invalidapikey": meanings.KEY,
    "accessdenied": meanings.KEY,
    "accessdenied.unpurchased": meanings.KEY,
    "arrearage": meanings.BALANCE,
    "allocationquota": meanings.BALANCE,  # AllocationQuota.FreeTierOnly: what was free is used up
    "modelnotfound": meanings.RETIRED,
    "notfound": meanings.MISSING,
    "throttling": meanings.RATE,
    "internalerror": meanings.DOUBT,
    "requesttimeout": meanings.DOUBT,
}

# Told under "access denied", too, with a code for which the pages have no other meaning.
_ARREARS = re.compile(r"\barrearage\b|\bgood\sstanding\b|\boverdue\b|欠费", re.IGNORECASE)

ROW = Row("task_id", created=("gmt_create", "start_time"), shown={"model": "model_name"})


class DashScope(Native):
    """DashScope with one key; key, host and model are of one region."""

    format = Format(
        poll="/api/v1/tasks/{id}",
        ids=("output.task_id",),
        status=("output.task_status",),
        videos=("output.video_url",),
        codes=CODES,
        words={"unknown": GONE},  # no such task, or older than 24 hours: it is not "failed"
        fail_codes=("output.code",),
        fail_words=("output.message",),
        words_mean=((_ARREARS, meanings.BALANCE),),
    )
    page_size = 50

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution, ratio, sound and seed; nothing rewrites the prompt."""
        said: dict[str, Any] = {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": shot.resolution.upper(),
            "prompt_extend": False,
            "watermark": False,
        }
        if shot.offer.id.startswith("wan3") or not shot.framed:  # of the others the picture decides
            said["ratio"] = shot.ratio
        if shot.offer.audio == "switch":
            said["audio"] = shot.audio
        if shot.request.seed is not None:
            said["seed"] = shot.request.seed
        return said

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create."""
        told: dict[str, Any] = {"prompt": shot.request.prompt}
        media = list(_media(shot))
        if media:
            told["media"] = media
        if shot.request.negative_prompt:
            told["negative_prompt"] = shot.request.negative_prompt
        parameters = {"duration" if name == "seconds" else name: value for name, value in said.items()}
        model = parameters.pop("model")
        headers = {"X-DashScope-Async": "enable"}
        if any(one["url"].startswith(_OSS) for one in media):
            headers["X-DashScope-OssResourceResolve"] = "enable"
        return Order(_CREATE, {"model": model, "input": told, "parameters": parameters}, headers)

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Tasks of the last 24 hours, those of other keys of the account, too."""
        body = self.ask("/api/v1/tasks/", {"page_no": number, "page_size": size})
        return body if isinstance(body, Fault) else page_of(body, ROW, "data", "total")

    def whole(self, remote_id: str) -> Union[RemoteTask, Fault, None]:
        """The task with the text as it was sent, which it shows once it has succeeded."""
        body = self.ask(self.format.poll.format(id=quote(remote_id, safe="")))
        if isinstance(body, Fault):
            return body
        prompt = reading.at(body, "output.orig_prompt")
        return RemoteTask(remote_id, prompt, None) if isinstance(prompt, str) else None


def _media(shot: Shot) -> Iterator[dict[str, str]]:
    if shot.first:
        yield {"type": "first_frame", "url": shot.first}
    if shot.last:
        yield {"type": "last_frame", "url": shot.last}
    for one in shot.references:
        yield {"type": "reference_image", "url": one}
