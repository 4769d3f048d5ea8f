"""The native API of sora.hk. What it documents is little, so everything is read tolerantly."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Callable, Optional, Union
from urllib.parse import quote

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.answers.about import about
from sorad.providers.answers.listing import Page, read_back
from sorad.providers.api import Api
from sorad.providers.base import (
    Balance,
    Created,
    Download,
    Fault,
    Listed,
    Missing,
    NotSent,
    Polled,
    RemoteTask,
    Unknown,
    Video,
)
from sorad.providers.sora_hk import answers
from sorad.providers.sora_hk.prices import Prices
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Broken, Heard

PAGE_SIZE = 20  # the documented one: a larger one may be cut, or refused


class SoraHk(Api):
    """sora.hk with one key."""

    def __init__(
        self,
        config: ProviderConfig,
        key: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
        heard: Optional[Callable[[Heard], None]] = None,
    ) -> None:
        super().__init__(config, key, heard)
        self.currency = "USD"
        self._prices = Prices(lambda: self._wire.get("/pricing"), monotonic)

    def price(self, request: Request) -> Optional[int]:
        """What the take costs, from the API's own list, asked for once an hour; see :class:`Prices`."""
        return self._prices.of(request)

    def price_trouble(self) -> Optional[Problem]:
        """Why the list could not be had when it was last asked for."""
        return self._prices.trouble

    def sent(self, request: Request) -> Mapping[str, Union[str, int, bool]]:
        """Model, length, direction, and that no watermark is wanted."""
        return {
            "is_pro": request.pro,
            "duration": request.seconds,
            "resolution": request.orientation,
            "remove_watermark": True,
        }

    def create(self, request: Request, own_id: str = "") -> Created:
        """Buy a take: one POST."""
        unfit = self.unfit(request)
        if unfit is not None:
            return unfit
        members: dict[str, Any] = {"prompt": request.prompt, **self.sent(request)}
        if request.image:
            members["image_url"] = request.image
        came = self._wire.post_json("/create", members)
        if isinstance(came, Broken):
            return Unknown(came.fault()) if came.left else NotSent(came.fault())
        return answers.after_create(came, self._config.id_paths, self._config.refusals, request.prompt)

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands: one GET."""
        came = self._wire.get(f"/tasks/{quote(remote_id, safe='')}")
        if isinstance(came, Broken):
            return came.fault()
        found = answers.after_poll(came, self._config.video_url_paths, self.base_url)
        return about(found, came.json(), remote_id)

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        """Open the video. Its URL lies on another host, which never gets the key."""
        return self._opened(video, offset, validator)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The tasks created since ``since``, from the pages of ``GET /tasks``."""
        return read_back(self._page, self._whole, since, PAGE_SIZE)

    def balance(self) -> Union[Balance, Fault]:
        """Money left."""
        came = self._wire.get("/balance")
        if isinstance(came, Broken):
            return came.fault()
        trouble = answers.fault_of(came)
        if trouble is not None:
            return trouble
        left = reading.amount(reading.first(came.json(), ("data.balance", "data", "balance")), answers.CENT)
        return answers.senseless(came) if left is None else Balance(left)

    def check(self) -> Optional[Fault]:
        """Whether the key is good: asks for the balance."""
        found = self.balance()
        return found if isinstance(found, Fault) else None

    def _page(self, number: int, _after: str, size: int) -> Union[Page, Fault]:
        came = self._wire.get("/tasks", {"page": number, "page_size": size})
        if isinstance(came, Broken):
            return came.fault()
        trouble = answers.fault_of(came)
        if trouble is not None:
            return trouble
        rows, total = answers.rows_of(came.json())
        if rows is None:
            return answers.senseless(came)
        return Page([answers.task(row) for row in rows], total=total)

    def _whole(self, remote_id: str) -> Union[RemoteTask, Fault, None]:
        """One task with its full prompt; ``None`` where it is gone."""
        came = self._wire.get(f"/tasks/{quote(remote_id, safe='')}")
        if isinstance(came, Broken):
            return came.fault()
        found = answers.after_poll(came)
        if isinstance(found, Missing):
            return None
        return found if isinstance(found, Fault) else answers.task(reading.at(came.json(), "data"))
