"""The built-in simulator: the format of sora.hk on this machine, where any key will do."""

from __future__ import annotations

from typing import Callable, Optional

from sorad.config.model import ProviderConfig
from sorad.problems import SoradError
from sorad.providers.sora_hk.api import SoraHk
from sorad.providers.wire.answer import Heard

DEFAULT_KEY = "sk-simulator"


class Simulator(SoraHk):
    """A simulator, with a key only where one is set."""

    def __init__(
        self,
        config: ProviderConfig,
        key: Callable[[], str],
        heard: Optional[Callable[[Heard], None]] = None,
    ) -> None:
        super().__init__(config, lambda: key_or_default(key), heard=heard)


def key_or_default(key: Callable[[], str]) -> str:
    """The key that is set, else the simulator's own."""
    try:
        return key() or DEFAULT_KEY
    except SoradError:
        return DEFAULT_KEY
