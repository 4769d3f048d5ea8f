"""fal, by its queue: any of its models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Optional, Union
from urllib.parse import quote

from sorad.providers.answers.listing import Page, joined, read_back
from sorad.providers.base import Accepted, Created, Fault, Listed, Missing, Polled, TaskFailed, Trouble
from sorad.providers.errors import faults, meanings
from sorad.providers.native import answers
from sorad.providers.native.answers import Format, error_of
from sorad.providers.native.api import Native
from sorad.providers.native.fields import input_of, shape_of
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import Order, Shot
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer, Broken

_QUEUE, _PLATFORM = "https://queue.fal.run", "https://api.fal.ai/v1"
_PLACE = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*){1,3}/requests/\w[\w.-]*", re.ASCII)
_NOBODY = "00000000-0000-0000-0000-000000000000"

_LOCKED = re.compile(r"\bexhausted balance\b", re.IGNORECASE)
_ADMIN_LOCK = re.compile(r"\blocked\b.{0,40}\badmin\b", re.IGNORECASE)


class Fal(Native):
    """fal with one key. A task is named by the path below which it lies: ``OWNER/APP/requests/ID``."""

    format = Format(
        poll="/{id}/status",
        ids=("request_id",),
        status=("status",),
        videos=("video.url", "videos.0.url"),
        codes={"content_policy_violation": meanings.MODERATION},
        error_codes=("detail.0.type", "error_type"),
        error_words=("detail", "error"),
        fail_codes=("error_type", "detail.0.type"),
        fail_words=("error", "detail"),
        words_mean=((_LOCKED, meanings.BALANCE), (_ADMIN_LOCK, meanings.KEY)),
    )

    @staticmethod
    def authorize(key: str) -> dict[str, str]:
        """Not "Bearer"."""
        return {"Authorization": f"Key {key}"}

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, ratio, and what there is a choice of."""
        return shape_of(shot)

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create: its body is the model's input; fal itself runs nothing twice."""
        members = {**input_of(shot, said, self._config), "duration": str(shot.seconds)}
        return Order(f"/{shot.model}", members, {"x-fal-no-retry": "1"})

    def create(self, request: Any, own_id: str = "") -> Created:
        """Buy a take: one POST. The id is where its task lies."""
        found = super().create(request, own_id)
        if not isinstance(found, Accepted):
            return found
        return Accepted(_place(self._shot(request).model, found.remote_id), found.request_id, found.cost)

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands; for the result, once there is one."""
        place = self._where(remote_id)
        came = self._wire.get(f"/{place}/status")
        if isinstance(came, Broken):
            return came.fault()
        status = reading.text(reading.at(came.json(), "status"))
        if not came.good or status.upper() != "COMPLETED":
            return answers.after_poll(came, self.format)
        error = error_of(came.json(), self.format, of_task=True)
        if error.words:
            return TaskFailed(faults.failed(error.code, error.words, error.means), came.request_id())
        result = self._wire.get(f"/{place}")
        return result.fault() if isinstance(result, Broken) else self._result(result)

    def _result(self, came: Answer) -> Polled:
        """The result, or the failure, which has the HTTP status of its own."""
        error = error_of(came.json(), self.format)
        if came.good:
            body = {"status": "COMPLETED", **(came.json() or {})} if isinstance(came.json(), dict) else {}
            return answers.finished(body, came, self.format, self._config.video_url_paths, self.base_url)
        named = error.own and error.means in (None, meanings.MODERATION)
        if came.status == 422 or (named and "x-fal-error-type" in came.headers):
            return TaskFailed(faults.failed(error.code, error.words, error.means), came.request_id())
        if came.status == 404:
            return Missing(faults.missing(error.words, 404), came.request_id())
        return answers.fault_of(came, self.format) or answers.senseless(came, self.format)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The requests of the last 24 hours to each of the models, with what was sent."""
        found = []
        for model in dict.fromkeys(one.id for one in self.offers.all() if one.name != "*"):
            listed = read_back(partial(self._page, model), self.whole, since, self.page_size)
            if isinstance(listed, Fault):
                return listed
            found.append(listed)
        return joined(found)

    def _page(self, model: str, _number: int, after: str, size: int) -> Union[Page, Fault]:
        params: dict[str, Union[str, int]] = {"endpoint_id": model, "limit": size, "expand": "payloads"}
        if after:
            params["cursor"] = after
        platform = _PLATFORM if self.base_url == _QUEUE else f"{self.base_url}/v1"
        came = self._wire.get("/models/requests/by-endpoint", params, base=platform)
        if isinstance(came, Broken):
            return came.fault()
        trouble = answers.fault_of(came, self.format)
        if trouble is not None:
            return trouble
        body = came.json()
        rows = reading.at(body, "items")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and reading.identifier(row.get("request_id")):
                row["place"] = _place(model, reading.identifier(row.get("request_id")))
        return page_of(body, ROW, "items", more="has_more", after="next_cursor")

    def check(self) -> Optional[Fault]:
        """Whether the key is good, by a request that is not there. The list may be closed to a key that may buy."""
        came = self._wire.get(f"/{_place(self.offers.default.id, _NOBODY)}/status")
        if isinstance(came, Broken):
            return came.fault()
        found = None if came.status in (404, 422) else answers.fault_of(came, self.format)
        return found if found is None or found.trouble is not Trouble.RETIRED else None

    def _where(self, remote_id: str) -> str:
        """Where a task lies; a bare id, as the site shows it, is one of the usual model."""
        if _PLACE.fullmatch(remote_id):
            return remote_id
        return f"{_app(self.offers.default.id)}/requests/{quote(remote_id, safe='')}"


ROW = Row(
    "place",
    status="",  # what is listed has ended, or is a matter of its own
    created=("sent_at", "started_at"),
    prompt="json_input.prompt",
    shown={"seconds": "json_input.duration", "ratio": "json_input.aspect_ratio"},
)


def _app(model: str) -> str:
    """Without its sub-path: what ``fal-ai/kling-video/v3/pro`` makes lies below ``fal-ai/kling-video``."""
    return "/".join(model.split("/")[:2])


def _place(model: str, request_id: str) -> str:
    """Where a request to a model lies; the bare id, where that is none that can stand in a path."""
    place = f"{_app(model)}/requests/{request_id}"
    return place if _PLACE.fullmatch(place) else request_id
