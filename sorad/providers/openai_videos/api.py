"""The OpenAI videos format, as gateways serve it. Models, seconds, sizes and prices are configuration."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Union
from urllib.parse import quote

from sorad.config.model import ProviderConfig
from sorad.config.models import resolution_of
from sorad.model import Request, micros
from sorad.problems import Problem
from sorad.providers.answers import ids
from sorad.providers.answers.about import about
from sorad.providers.answers.listing import Page, read_back
from sorad.providers.answers.litellm import repeats_in_words
from sorad.providers.api import Api, config_price
from sorad.providers.base import (
    Balance,
    Created,
    Download,
    Fault,
    Finished,
    Listed,
    Missing,
    NotSent,
    Polled,
    Refused,
    RemoteTask,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.finding import MODEL
from sorad.providers.openai_videos import answers
from sorad.providers.openai_videos.answers import Paths
from sorad.providers.openai_videos.body import body_of, parameters, size_of
from sorad.providers.rules import require_model
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer, Broken, Heard
from sorad.providers.wire.headers import repeats

PAGE_SIZE = 100
_SIZES = 12  # different sizes of pages


class OpenAiVideos(Api):
    """A gateway that speaks the format, with one key."""

    def __init__(
        self,
        config: ProviderConfig,
        key: Callable[[], str],
        heard: Optional[Callable[[Heard], None]] = None,
        pictures: Sequence[Path] = (),
    ) -> None:
        """``pictures``: the folders from which local pictures are sent.

        :class:`SoradError` where the config names no model or no base URL.
        """
        require_model(config)
        super().__init__(config, key, heard)
        self.currency = config.currency
        self._paths = Paths.of(config)
        self._looks = itertools.count()
        self._pictures = pictures
        self._own_models = {one.id for one in self.offers.all()}

    def price(self, request: Request) -> Optional[int]:
        """The config's price: that of the model by resolution and sound, else by the take or by the second.

        No gateway of this format tells its own.
        """
        config, offer = self._config, self.offers.of(request) or self.offers.default
        resolution = resolution_of(size_of(request, offer)) or request.resolution
        of_model = offer.per_second(resolution, audio=offer.has_sound(request, config.audio))
        if of_model is not None:
            return micros(of_model * request.seconds)
        return config_price(request, config)

    def price_trouble(self) -> Optional[Problem]:
        """None: the config tells it, or nobody does."""
        return None

    def sent(self, request: Request) -> Mapping[str, Union[str, int, bool]]:
        """Model, length, size, seed and sound."""
        return parameters(request, self._config, self.offers.of(request) or self.offers.default)

    def create(self, request: Request, own_id: str = "") -> Created:
        """Buy a take: one POST, as JSON, or as a form where a picture goes along as a file."""
        unfit = self.unfit(request)
        if unfit is not None:
            return unfit
        offer = self.offers.of(request) or self.offers.default
        body = body_of(request, self._config, offer, self._pictures)
        if isinstance(body, Problem):
            return NotSent(Fault(Trouble.REQUEST, body))
        form = body.form() if body.files else None
        came = (
            self._wire.post_json("/videos", body.members)
            if form is None
            else self._wire.post("/videos", *form)
        )
        if isinstance(came, Broken):
            return Unknown(came.fault()) if came.left else NotSent(came.fault())
        outcome = answers.after_create(came, self._paths, self._config.refusals, request.prompt)
        told = 0 if came.good else repeats_in_words(came.body)
        return repeated(outcome, max(repeats(came.headers), told))

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands: one GET."""
        path = f"/videos/{quote(remote_id, safe='')}"
        came = self._wire.get(path)
        if isinstance(came, Broken):
            return came.fault()
        found = answers.after_poll(came, self._paths, f"{self.base_url}{path}/content")
        if isinstance(found, Finished):
            found = replace(found, video=self._with_key(found.video))
        return about(found, came.json(), remote_id)

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        """Open the video, also where ``/content`` only tells its address in JSON."""
        found = self._opened(video, offset, validator, lambda body: answers.content(body, self._paths))
        return answers.not_there(found, video) if isinstance(found, Fault) else found

    def _with_key(self, video: Video) -> Video:
        """Marked where it lies on the provider's own host, the other places, too."""
        others = tuple(self._with_key(other) for other in video.others)
        return replace(video, needs_key=self._wire.is_own(video.url), others=others)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The tasks created since ``since``, from the pages of ``GET /videos``."""
        # Another size each time: a cache between may hold an answer from before the create, and not heed what we ask.
        return read_back(self._page, self._whole, since, PAGE_SIZE - 5 * (next(self._looks) % _SIZES))

    def balance(self) -> Union[Balance, Fault]:
        """The format has none (``capabilities.has_balance`` is false)."""
        return answers.no_balance()

    def check(self) -> Optional[Fault]:
        """Whether the key is good, by a free call; a gateway without such a call cannot tell."""
        lists = self.capabilities.lists_tasks
        came = self._wire.get("/videos", {"limit": 1}) if lists else self._wire.get("/models")
        if isinstance(came, Broken):
            return came.fault()
        if came.status in (404, 405, 501) and not lists:
            return None
        return answers.fault_of(came, self._paths)

    def _page(self, _number: int, after: str, size: int) -> Union[Page, Fault]:
        params: dict[str, Union[str, int]] = {"limit": size, "order": "desc"}
        if after:
            params["after"] = after
        came = self._wire.get("/videos", params)
        if isinstance(came, Broken):
            return came.fault()
        fault = answers.fault_of(came, self._paths)
        if fault is not None:
            return fault
        body = came.json()
        rows = reading.first(body, ("data", "data.data", "data.list", "data.items"))
        if rows is None and isinstance(reading.at(body, "data"), list):
            rows = []
        if not isinstance(rows, list):
            return answers.senseless(came, self._paths)
        tasks = [self._task(row) for row in rows]
        last_id = reading.identifier(reading.at(body, "last_id"))
        if not last_id and tasks and tasks[-1] is not None:
            last_id = tasks[-1].remote_id
        total = reading.whole(reading.first(body, ("total", "data.total", "total_count")))
        return Page(tasks, total, reading.truth(reading.at(body, "has_more")), after=last_id)

    def _whole(self, remote_id: str) -> Union[RemoteTask, Fault, None]:
        """One task with its full prompt; ``None`` where it is gone."""
        came = self._wire.get(f"/videos/{quote(remote_id, safe='')}")
        if isinstance(came, Broken):
            return came.fault()
        found = answers.after_poll(came, self._paths, self.base_url)
        if isinstance(found, Missing):
            return None
        return found if isinstance(found, Fault) else self._task(_video_of(came))

    def _task(self, row: Any) -> Optional[RemoteTask]:
        remote_id = ids.row_id(row, self._paths.ids)
        if not remote_id:
            return None
        prompt, model = reading.at(row, "prompt"), reading.text(reading.at(row, "model"))
        return RemoteTask(
            remote_id,
            prompt if isinstance(prompt, str) else "",
            reading.epoch(reading.at(row, "created_at")),
            seconds=reading.whole(reading.at(row, "seconds")),
            orientation=reading.orientation(reading.at(row, "size")),
            pro=self._is_pro(model),
            other_model="" if model in self._own_models else model,
            shown={MODEL: model} if model else {},
        )

    def _is_pro(self, model: str) -> Optional[bool]:
        """Whether a model of the list is the pro one; ``None`` for names that are neither or both."""
        normal, pro = self.offers.default.id, "" if self.offers.pro is None else self.offers.pro.id
        if model not in (normal, pro) or normal == pro:
            return None
        return model == pro


def repeated(outcome: Created, times: int) -> Created:
    """What an answer means where a gateway sent the create ``times`` times more: it refused the last."""
    if not times or isinstance(outcome, NotSent):
        return outcome
    if isinstance(outcome, Refused):
        return Unknown(outcome.fault, repeats=times)
    return replace(outcome, repeats=times)


def _video_of(came: Answer) -> Any:
    body = came.json()
    return body if reading.at(body, "prompt") is not None else reading.at(body, "data")
