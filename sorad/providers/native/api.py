"""A native API: its format is data, and a provider adds what a create says, and what its list shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Union
from urllib.parse import quote

from sorad.config.model import ProviderConfig
from sorad.model import Request, micros
from sorad.problems import Problem
from sorad.providers.answers.about import about
from sorad.providers.answers.listing import Page, read_back
from sorad.providers.api import Api, config_price
from sorad.providers.base import (
    Balance,
    Created,
    Download,
    Fault,
    Finished,
    Listed,
    NotSent,
    Polled,
    RemoteTask,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.errors import faults
from sorad.providers.native import answers
from sorad.providers.native.answers import Format
from sorad.providers.native.shot import DATA_URL, Order, Shot, merged, shot_of, with_pictures
from sorad.providers.wire.answer import Answer, Broken, Heard


class Native(Api):
    """One native API with one key. A subclass has ``format``, ``said`` and ``order``; the rest where it differs."""

    format: Format
    pictures_as = DATA_URL
    page_size = 100

    def __init__(
        self,
        config: ProviderConfig,
        key: Callable[[], str],
        heard: Optional[Callable[[Heard], None]] = None,
        pictures: Sequence[Path] = (),
    ) -> None:
        """``pictures``: the folders from which local pictures are sent.

        :class:`SoradError` where the config lacks what the kind needs.
        """
        super().__init__(config, key, heard)
        self.currency = config.money
        self._pictures = pictures

    # --- what a provider says of itself ------------------------------------------------------------------

    def said(self, shot: Shot) -> Mapping[str, Any]:
        """What a create says beside texts and pictures, in the API's own values. What its list shows again has the
        names "model", "seconds", "resolution", "ratio" and "audio"; all else its own."""
        raise NotImplementedError

    def order(self, shot: Shot, said: Mapping[str, Any], own_id: str) -> Order:
        """The create of a shot."""
        raise NotImplementedError

    def page(self, number: int, after: str, size: int) -> Union[Page, Fault]:
        """A page of its list of tasks, counted from 1, or from where ``after`` says."""
        raise NotImplementedError

    def cost(self, body: Any) -> Optional[int]:
        """What a task cost in the end, in micro-units, where its poll tells."""
        return None

    # --- what all do the same ----------------------------------------------------------------------------

    def price(self, request: Request) -> Optional[int]:
        """The model's price by the second, for its resolution and sound, from the data that comes with sorad; else
        the config's."""
        shot = self._shot(request)
        second = shot.offer.per_second(shot.resolution, audio=shot.audio)
        return config_price(request, self._config) if second is None else micros(second * request.seconds)

    def price_trouble(self) -> Optional[Problem]:
        """None: the data tells it, or nobody does."""
        return None

    def sent(self, request: Request) -> Mapping[str, Any]:
        """Model, length, resolution, ratio, sound and seed, and what the config sends along."""
        said, extra = self.said(self._shot(request)), self._config.extra
        return {**said, "extra": dict(extra)} if extra else said

    def create(self, request: Request, own_id: str = "") -> Created:
        """Buy a take: one POST."""
        unfit = self.unfit(request)
        if unfit is not None:
            return unfit
        shot = with_pictures(self._shot(request), self._pictures, self.pictures_as)
        if isinstance(shot, Problem):
            return NotSent(Fault(Trouble.REQUEST, shot))
        wanted = self.order(shot, self.said(shot), own_id)
        came = self._wire.post_json(wanted.path, merged(wanted.members, self._config.extra), wanted.headers)
        if isinstance(came, Broken):
            return Unknown(came.fault()) if came.left else NotSent(came.fault())
        config = self._config
        return answers.after_create(came, self.format, config.id_paths, config.refusals, request.prompt)

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands: one GET."""
        came = self.task(remote_id)
        return came.fault() if isinstance(came, Broken) else about(self.polled(came), came.json(), remote_id)

    def polled(self, came: Answer) -> Polled:
        """What an answer about a task means."""
        found = answers.after_poll(came, self.format, self._config.video_url_paths, self.base_url)
        if isinstance(found, Finished) or (isinstance(found, TaskFailed) and found.cost is None):
            return replace(found, cost=self.cost(came.json()))
        return found

    def task(self, remote_id: str) -> Union[Answer, Broken]:
        """The answer about a task."""
        return self._wire.get(self.format.poll.format(id=quote(remote_id, safe="")))

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        """Open the video. Its URL lies on another host, which never gets the key."""
        return self._opened(video, offset, validator)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The tasks created since ``since``, from the pages of its list."""
        return read_back(self.page, self.whole, since, self.page_size)

    def whole(self, remote_id: str) -> Union[RemoteTask, Fault, None]:
        """One task with what its list does not show; ``None``: nothing more is known of it."""
        return None

    def balance(self) -> Union[Balance, Fault]:
        """It has none that a key can ask for."""
        return faults.fault(Trouble.RETIRED, "balance")

    def check(self) -> Optional[Fault]:
        """Whether the key is good: by the first row of its list."""
        found = self.page(1, "", 1)
        return found if isinstance(found, Fault) else None

    def ask(self, path: str, params: Optional[Mapping[str, Union[str, int]]] = None) -> Union[Any, Fault]:
        """What a GET answers, as an object; a fault, where it is trouble."""
        came = self._wire.get(path, params)
        if isinstance(came, Broken):
            return came.fault()
        return answers.fault_of(came, self.format) or came.json()

    def _shot(self, request: Request) -> Shot:
        return shot_of(request, self.offers.of(request) or self.offers.default, self._config)
