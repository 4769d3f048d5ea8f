"""Seedance, sold by Volcengine Ark (火山方舟) in China and BytePlus ModelArk abroad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional, Union

from sorad.model import plausible_cost
from sorad.providers.answers.listing import Page
from sorad.providers.base import Fault, Finished, Polled
from sorad.providers.errors import meanings
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot, content_of
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer

_TASKS = "/contents/generations/tasks"

CODES = {
    "missingparameter": meanings.REQUEST,
    "invalidparameter": meanings.REQUEST,
    "invalidendpoint": meanings.RETIRED,
    "sensitivecontentdetected": meanings.MODERATION,
    "inputtextsensitivecontentdetected": meanings.MODERATION,
    "inputtextriskdetection": meanings.MODERATION,
    "inputimagesensitivecontentdetected": meanings.MODERATION,
    "inputimagesensitivecontentdetected.privacyinformation": meanings.PERSON,
    "inputvideosensitivecontentdetected": meanings.MODERATION,
    "inputaudiosensitivecontentdetected": meanings.MODERATION,
    "outputvideosensitivecontentdetected": meanings.WITHHELD,
    "outputaudiosensitivecontentdetected": meanings.WITHHELD,
    "invalidparameter.tasktypeconstraint": replace(meanings.REQUEST, final=True),
    "authenticationerror": meanings.KEY,
    "accessdenied": meanings.KEY,
    "accountoverdueerror": meanings.BALANCE,
    "operationdenied.serviceoverdue": meanings.BALANCE,
    "operationdenied.servicenotopen": meanings.RETIRED,
    "invalidendpointormodel": meanings.RETIRED,
    "modelnotopen": meanings.RETIRED,
    "resourcenotfound": meanings.MISSING,
    "notfound": meanings.MISSING,
    "ratelimitexceeded": meanings.RATE,
    "modelaccountrpmratelimitexceeded": meanings.RATE,
    "apiaccountrpmratelimitexceeded": meanings.RATE,
    "accountratelimitexceeded": meanings.RATE,
    "requestbursttoofast": meanings.RATE,
    "serveroverloaded": meanings.RATE,
    "quotaexceeded": meanings.RATE,  # too many tasks at once
    "setlimitexceeded": meanings.BALANCE,  # what the account's owner lets it spend
    "internalserviceerror": meanings.DOUBT,
}

ROW = Row(
    own_id="safety_identifier",
    shown={
        "model": "model",
        "seconds": "duration",
        "resolution": "resolution",
        "ratio": "ratio",
        "audio": "generate_audio",
    },
)

# Tokens of a second: width x height x 24 frames / 1024, at 16:9; a price of a second is that of so many.
TOKENS = {"480p": 9_720, "720p": 21_600, "1080p": 48_600, "4k": 194_400}


class Ark(Native):
    """Ark with one key."""

    format = Format(
        poll=_TASKS + "/{id}",
        ids=("id",),
        status=("status",),
        videos=("content.video_url",),
        codes=CODES,
        error_codes=("error.code", "code"),
        error_words=("error.message", "message"),
        fail_codes=("error.code",),
        fail_words=("error.message",),
    )

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution, ratio, sound and seed. A picture gives 2.5 its ratio."""
        by_picture = shot.framed and "2-5" in shot.model.replace(".", "-")
        said: dict[str, Any] = {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": shot.resolution,
            "ratio": "adaptive" if by_picture else shot.ratio,
            "watermark": False,
        }
        if shot.offer.audio:
            said["audio"] = shot.audio
        if shot.request.seed is not None:
            said["seed"] = shot.request.seed
        return said

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create. ``safety_identifier`` is meant for the end user: our id goes there only if the user says so."""
        names = {"seconds": "duration", "audio": "generate_audio"}
        members = {names.get(name, name): value for name, value in said.items()}
        if self._config.tag_creates and own_id:
            members["safety_identifier"] = own_id
        more = {"return_last_frame": True, "content": list(content_of(shot))}
        return Order(_TASKS, {**members, **more})

    def polled(self, came: Answer) -> Polled:
        """What an answer about a task means. A finished one tells where its last frame is."""
        found = super().polled(came)
        if not isinstance(found, Finished):
            return found
        frame = reading.text(reading.at(came.json(), "content.last_frame_url"))
        return replace(found, video=replace(found.video, frame=frame))

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Tasks of the last 7 days, without texts."""
        body = self.ask(_TASKS, {"page_num": number, "page_size": size})
        return body if isinstance(body, Fault) else page_of(body, ROW, "items", "total")

    def cost(self, body: Any) -> Optional[int]:
        """The tokens that were used, at the price of the model; failed tasks use none."""
        tokens = reading.number(reading.first(body, ("usage.completion_tokens", "usage.total_tokens")))
        model, resolution = (
            reading.text(reading.at(body, "model")),
            reading.text(reading.at(body, "resolution")),
        )
        offer = next((one for one in self.offers.all() if one.id == model), None)
        second = offer.per_second(resolution, audio=True) if offer is not None else None
        if tokens is None or second is None or resolution not in TOKENS:
            return None
        return plausible_cost(tokens * second / TOKENS[resolution])
