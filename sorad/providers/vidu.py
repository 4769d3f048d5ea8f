"""Vidu (生数): Q2 and Q3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional, Union

from sorad.model import plausible_cost
from sorad.providers.answers.listing import Page
from sorad.providers.base import Balance, Fault, Trouble
from sorad.providers.errors import faults, meanings
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot
from sorad.providers.wire import reading

# Micro-units of a credit: that of China as read in 2026-09; abroad the price at the launch.
CREDIT = {"CNY": 31_250, "USD": 50_000}
_RESOLUTIONS = {"480p": "540p"}

CODES = {
    "creditinsufficient": meanings.BALANCE,
    "taskpromptpolicyviolation": meanings.MODERATION,
    "creationpolicyviolation": meanings.MODERATION,
    "auditsubmitillegal": meanings.MODERATION,
    "photoauditnotpass": meanings.MODERATION,
    "auditfailed": meanings.MODERATION,
    "imageformatinvalid": meanings.REQUEST,
    "imagesizeinvalid": meanings.REQUEST,
    "facedetectfailure": meanings.REQUEST,
    "toomanyrequests": meanings.RATE,
    "operationinprocess": meanings.RATE,
    "quotaexceeded": meanings.RATE,
    "systemthrottling": meanings.RATE,
}

ROW = Row(
    status="state",
    prompt="prompt",
    own_id="payload",
    shown={"model": "model", "seconds": "duration", "resolution": "resolution", "ratio": "aspect_ratio"},
)


class Vidu(Native):
    """Vidu with one key."""

    format = Format(
        poll="/ent/v2/tasks/{id}/creations",
        ids=("task_id",),
        status=("state",),
        videos=("creations.0.url",),
        codes=CODES,
        error_codes=("code", "reason", "error.code", "err_code"),
        error_words=("message", "error", "err_msg", "detail"),
        fail_codes=("err_code",),
        fail_words=("err_msg", "message", "err_code"),
        code_in_words=re.compile(rf"\b({'|'.join(CODES)})\b", re.IGNORECASE),  # errors come in many forms
        words_mean=((re.compile(r"\bmodel\b.{0,40}?\bnot supported", re.IGNORECASE), meanings.RETIRED),),
    )

    @staticmethod
    def authorize(key: str) -> dict[str, str]:
        """Not "Bearer"."""
        return {"Authorization": f"Token {key}"}

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution, ratio, sound and seed."""
        said: dict[str, Any] = {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": _RESOLUTIONS.get(shot.resolution, shot.resolution),
            "off_peak": False,
            "watermark": False,
        }
        if not shot.framed:  # else the picture decides
            said["ratio"] = shot.ratio
        if shot.offer.audio == "switch":
            said["audio"] = shot.audio
        if shot.request.seed is not None:
            said["seed"] = shot.request.seed
        return said

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create, with our own id where there is one."""
        names = {"seconds": "duration", "ratio": "aspect_ratio"}
        members = {names.get(name, name): value for name, value in said.items()}
        members["prompt"] = shot.request.prompt
        images = [one for one in (shot.first, shot.last, *shot.references) if one]
        if images:
            members["images"] = images
        if own_id:
            members["payload"] = own_id
        return Order(f"/ent/v2/{_call(shot)}", members)

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Tasks, with their texts and our ids."""
        body = self.ask("/ent/v2/tasks", {"pager.page": number - 1, "pager.pagesz": size})
        if isinstance(body, Fault):
            return body
        if reading.at(body, "tasks") is None and "next_page_token" in body:
            body = {**body, "tasks": []}  # an empty list may be left out
        return page_of(body, ROW, "tasks")

    def cost(self, body: Any) -> Optional[int]:
        """The credits that were taken; what one costs abroad today is not known."""
        return self._money(reading.at(body, "credits")) if self.currency == "CNY" else None

    def balance(self) -> Union[Balance, Fault]:
        """The credits left, as money. A member that is missing is not zero."""
        body = self.ask("/ent/v2/credits", {"show_detail": "false"})
        if isinstance(body, Fault):
            return body
        rows = reading.at(body, "remains")
        credit = CREDIT.get(self.currency, CREDIT["CNY"])
        told = (reading.at(row, "credit_remain") for row in rows) if isinstance(rows, list) else ()
        left = [one for one in (reading.amount(one, credit) for one in told) if one is not None]
        if not left:
            return Fault(Trouble.SERVER, faults.answer(reading.sentence(body), 200))
        return Balance(sum(left))

    def _money(self, credits: Any) -> Optional[int]:
        amount = reading.number(credits)
        return None if amount is None else plausible_cost(amount, CREDIT[self.currency])


def _call(shot: Shot) -> str:
    if shot.references:
        return "reference2video"
    if shot.last:
        return "start-end2video"
    return "img2video" if shot.first else "text2video"
