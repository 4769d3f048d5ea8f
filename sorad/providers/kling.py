"""Kling (可灵): the calls of 2026, which find a task by an id of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional, Union

from sorad.model import plausible_cost
from sorad.providers.answers.about import about
from sorad.providers.answers.listing import Page, read_back
from sorad.providers.base import Fault, Listed, Missing, Polled, RemoteTask
from sorad.providers.errors import faults, meanings
from sorad.providers.native import answers
from sorad.providers.native.answers import Format
from sorad.providers.native.api import Native
from sorad.providers.native.rows import Row, page_of
from sorad.providers.native.shot import BASE64, Order, Shot
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer, Broken

_TASKS = "/tasks"

# The status tells nothing: 429 is also "no money", and a wrong address of ours.
CODES = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), meanings.KEY),
    "1100": meanings.KEY,  # something is wrong with the account
    "1101": meanings.BALANCE,
    "1102": meanings.BALANCE,  # the pack is used up, or over
    "1103": meanings.KEY,  # no right to this call or model
    "1200": meanings.REQUEST,
    "1201": meanings.REQUEST,  # also for an id of ours that it has seen before
    "1202": meanings.RETIRED,
    "1203": meanings.MISSING,  # of a create: the model
    "1300": meanings.MODERATION,
    "1301": meanings.MODERATION,
    "1302": meanings.RATE,
    "1303": meanings.RATE,  # more tasks at once than the pack allows
    "1304": meanings.KEY,  # this machine's address is not in the account's list
    "5000": meanings.DOUBT,
    "5001": meanings.DOUBT,
    "5002": meanings.DOUBT,
}

ROW = Row(own_id="external_id", created=("create_time",))


class Kling(Native):
    """Kling with one key."""

    pictures_as = BASE64  # bare, without a head
    page_size = 500
    format = Format(
        poll=_TASKS,
        ids=("data.id", "data.task_id"),
        status=("data.0.status", "data.status"),
        videos=("data.0.outputs.0.url",),
        codes=CODES,
        error_codes=("code",),
        error_words=("message",),
        fail_codes=("data.0.error_code",),
        fail_words=("data.0.message", "data.0.task_status_msg"),
    )

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """Model, length, resolution, ratio and sound; and no cuts of its own. A picture decides the ratio."""
        said: dict[str, Any] = {
            "model": shot.model,
            "seconds": shot.seconds,
            "resolution": shot.resolution,
            "multi_shot": False,
            "watermark": False,
        }
        if not shot.framed:
            said["ratio"] = shot.ratio
        if shot.offer.audio == "switch":
            said["audio"] = shot.audio
        return said

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create, with our own id."""
        settings = {"resolution": said["resolution"], "duration": said["seconds"], "multi_shot": False}
        if "ratio" in said:
            settings["aspect_ratio"] = said["ratio"]
        if "audio" in said:
            settings["audio"] = "native" if said["audio"] else "off"
        options: dict[str, Any] = {"watermark_info": {"enabled": False}}
        if own_id:
            options["external_task_id"] = own_id
        prompt = shot.request.prompt
        if not shot.framed:
            return Order(
                f"/text-to-video/{shot.model}", {"prompt": prompt, "settings": settings, "options": options}
            )
        frames = (("first_frame", shot.first), ("last_frame", shot.last))
        pictures = [{"type": kind, "url": url} for kind, url in frames if url]
        contents = [{"type": "prompt", "text": prompt}, *pictures]
        return Order(
            f"/image-to-video/{shot.model}", {"contents": contents, "settings": settings, "options": options}
        )

    def task(self, remote_id: str) -> Union[Answer, Broken]:
        """Tasks are asked for by a list of ids."""
        return self._wire.get(_TASKS, {"task_ids": remote_id})

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands. One that is not there is simply not in the answer."""
        came = self.task(remote_id)
        if isinstance(came, Broken):
            return came.fault()
        rows = reading.at(came.json(), "data")
        if came.good and rows == []:
            return Missing(faults.missing("", came.status), came.request_id())
        mine = _row_of(rows, remote_id)
        if mine:  # it may show more than was asked for
            came = replace(came, body=json.dumps({**came.json(), "data": mine}).encode())
        return about(self.polled(came), came.json(), remote_id)

    def check(self) -> Optional[Fault]:
        """Whether the key is good: by asking for a task that is nobody's."""
        came = self.task("0")
        if isinstance(came, Broken):
            return came.fault()
        error = answers.error_of(came.json(), self.format)
        return None if error.means is meanings.MISSING else answers.fault_of(came, self.format)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The list of tasks, and what goes by our own id, though the list may not show it yet."""
        named = self._named(own_id) if own_id else []
        if isinstance(named, Fault):
            return named
        listed = read_back(self.page, self.whole, since, self.page_size)
        if isinstance(listed, Fault):
            return listed
        more = [task for task in named if task.remote_id not in listed.ids]
        ids = listed.ids | {task.remote_id for task in more}
        return replace(listed, tasks=(*more, *listed.tasks), ids=ids)

    def _named(self, own_id: str) -> Union[list[RemoteTask], Fault]:
        """Those that go by an id of ours."""
        came = self._wire.get(_TASKS, {"external_task_ids": own_id})
        if isinstance(came, Broken):
            return came.fault()
        if answers.error_of(came.json(), self.format).means is meanings.MISSING:
            return []
        fault = answers.fault_of(came, self.format)
        if fault is not None:
            return fault
        page = page_of(came.json(), ROW, "data")
        if isinstance(page, Fault):
            return page
        if None in page.tasks:
            return answers.senseless(came, self.format)
        rows = [one for one in page.tasks if one is not None]
        # One that shows no id is ours because it was asked for; of several, the question was not heeded.
        return [replace(one, own_id=one.own_id or own_id) if len(rows) == 1 else one for one in rows]

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """Tasks of the last 30 days, without texts; the question is a POST."""
        asked: dict[str, Any] = {"limit": size, **({"cursor": after} if after else {})}
        came = self._wire.post_json(_TASKS, asked)
        if isinstance(came, Broken):
            return came.fault()
        fault = answers.fault_of(came, self.format)
        if fault is not None:
            return fault
        page = page_of(came.json(), ROW, "data.result", more="data.has_more")
        if isinstance(page, Fault):
            return page
        return replace(page, after=reading.text(reading.at(came.json(), "data.next_cursor")))

    def cost(self, body: Any) -> Optional[int]:
        """What was taken in cash; a unit of a pack has no price that is known here."""
        rows = reading.at(body, "data.0.billing")
        cash = [
            reading.number(reading.at(row, "amount"))
            for row in (rows if isinstance(rows, list) else [])
            if reading.at(row, "charge_type") == "cash"
            and reading.at(row, "currency") in (None, "", self.currency)
        ]
        known = [one for one in cash if one is not None]
        return plausible_cost(sum(known)) if known and len(known) == len(cash) else None


def _row_of(rows: Any, remote_id: str) -> list[Any]:
    """The row about a task, of those that were answered."""
    found = rows if isinstance(rows, list) else []
    return [row for row in found if reading.identifier(reading.at(row, "id")) == remote_id][:1]
