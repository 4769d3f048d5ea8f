"""The providers of a config by the names that takes are wanted from, for commands that ask them themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, Optional

from sorad.config.key import KeySource
from sorad.config.model import Config, ProviderConfig
from sorad.model import Request
from sorad.problems import Problem, SoradError
from sorad.providers import make
from sorad.providers.base import Provider
from sorad.providers.rules import base_url_of, require_model, validator_of


class Sellers:
    """Called with a target (a name; ``""`` and names that are not there: the first one), it tells the provider."""

    def __init__(self, config: Config, env: Optional[Mapping[str, str]] = None) -> None:
        self._configs = {one.title: one for one in config.providers}
        self._first = config.provider
        self._env = env
        self._made: dict[str, Provider] = {}

    def __call__(self, target: str) -> Provider:
        """The provider, made when it is first asked for. :class:`SoradError` where its config lacks something."""
        config = self.config_of(target)
        if config.title not in self._made:
            self._made[config.title] = make(config, self._key(config))
        return self._made[config.title]

    def config_of(self, target: str) -> ProviderConfig:
        """How it is configured."""
        return self._configs.get(target, self._first)

    def no_key(self, target: str) -> Optional[Problem]:
        """Why it has no key; ``None``: it has one, or needs none."""
        try:
            self._key(self.config_of(target))()
        except SoradError as error:
            return error.problem
        return None

    def _key(self, config: ProviderConfig) -> KeySource:
        return KeySource(config, self._env, shared=config is self._first)


@dataclass(frozen=True)
class Judge:
    """What a provider would refuse; made from its config alone, without the libraries that could ask it."""

    validate: Callable[[Request], list[Problem]]


def judges_of(config: Config) -> Callable[[str], Judge]:
    """The same as :class:`Sellers`, for who asks nothing of them but what they would refuse."""
    sellers, made = Sellers(config), dict[str, Judge]()

    def judge(target: str) -> Judge:
        provider = sellers.config_of(target)
        if provider.title not in made:
            base_url_of(provider)
            require_model(provider)
            made[provider.title] = Judge(validator_of(provider))
        return made[provider.title]

    return judge


class Unpriced:
    """A provider that is asked for no price; all else is its own."""

    def __init__(self, seller: Provider) -> None:
        self._seller = seller
        self.validate = seller.validate
        self.currency = seller.currency

    def price(self, request: Request) -> None:
        """It is not known."""

    def price_trouble(self) -> None:
        """Why is told elsewhere."""
