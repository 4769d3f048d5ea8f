"""What every HTTP API is set up with: its address, the account of its key, the rules of requests, the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Union

from sorad.config.model import ProviderConfig
from sorad.model import Request, micros
from sorad.problems import Problem
from sorad.providers.account import AccountName
from sorad.providers.base import Download, Fault, NotSent, Trouble, Video
from sorad.providers.capabilities.judge import left_out
from sorad.providers.capabilities.offers import offers_of
from sorad.providers.rules import base_url_of, capabilities_of, create_timeout_of, validator_of
from sorad.providers.wire.answer import LARGEST_ANSWER, Authorize, Heard, bearer

if TYPE_CHECKING:
    from sorad.providers.wire.download import ReadJson
    from sorad.providers.wire.http import Wire


def config_price(request: Request, config: ProviderConfig) -> Optional[int]:
    """The config's price, by the take, by the second, or both; ``None`` where it says none."""
    take = config.price_per_take_pro if request.pro else config.price_per_take
    second = config.price_per_second_pro if request.pro else config.price_per_second
    if take is None and second is None:
        return None
    return micros((take or 0.0) + (second or 0.0) * request.seconds)


class Api:
    """One API with one key. ``heard`` is told of each whole answer, from the thread that asked."""

    authorize: Authorize = staticmethod(bearer)
    largest_answer = LARGEST_ANSWER

    def __init__(
        self, config: ProviderConfig, key: Callable[[], str], heard: Optional[Callable[[Heard], None]] = None
    ) -> None:
        """:class:`SoradError` where the config lacks what the kind needs."""
        self.kind: str = config.kind
        self.base_url = base_url_of(config)
        self.capabilities = capabilities_of(config)
        self._account = AccountName(self.kind, self.base_url, key)
        self.offers = offers_of(config)
        self._title = config.title
        self._validate = validator_of(config)
        self._key, self._heard, self._config = key, heard, config
        self._made: Optional[Wire] = None

    @property
    def _wire(self) -> Wire:
        """The way there, made at the first exchange: to judge and to price takes none of the libraries that it needs.

        Where two threads come first at once, each may make one; one is kept.
        """
        if self._made is None:
            from sorad.providers.wire.http import Wire

            config = self._config
            self._made = Wire(
                self.base_url,
                self._key,
                config.request_timeout,
                config.proxy,
                config.download_proxy,
                self._heard,
                create_timeout_of(config),
                self.authorize,
                self.largest_answer,
            )
        return self._made

    def _opened(
        self, video: Video, offset: int, validator: str, read_json: Optional[ReadJson] = None
    ) -> Union[Download, Fault]:
        """The video, opened: see :func:`sorad.providers.wire.download.open_video`."""
        from sorad.providers.wire.download import open_video

        return open_video(self._wire, video, offset, validator, read_json)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url})"

    @property
    def account(self) -> str:
        """Short hash of kind, base URL and key. The key is asked for here first, so `plan` needs none."""
        return self._account()

    def validate(self, request: Request) -> list[Problem]:
        """What this API would refuse in the request."""
        return self._validate(request)

    def unfit(self, request: Request) -> Optional[NotSent]:
        """The outcome of a create that is not sent, because something of it would be left out there without a word."""
        problem = left_out(request, self.offers, self._title)
        return None if problem is None else NotSent(Fault(Trouble.REQUEST, problem))
