"""The wire: one file for each kind of API, all behind :mod:`sorad.providers.base`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from sorad.config.model import ProviderConfig
from sorad.config.vendors import vendor_of
from sorad.providers.account import account_of
from sorad.providers.base import Provider
from sorad.providers.rules import base_url_of, capabilities_of, validator_of

if TYPE_CHECKING:
    from sorad.providers.wire.answer import Heard

__all__ = ["account_of", "base_url_of", "capabilities_of", "make", "validator_of"]


def make(
    config: ProviderConfig,
    key: Callable[[], str],
    heard: Optional[Callable[[Heard], None]] = None,
    pictures: Sequence[Path] = (),
) -> Provider:
    """The configured provider. ``key`` is asked for the key whenever one is needed, not before; ``heard`` is
    told of each whole answer of the API, from the thread that asked. ``pictures``: the folders from which local
    pictures are sent.

    :class:`sorad.problems.SoradError` (exit code 78) where the config lacks what the kind needs.
    """
    # Imported here: `sorad validate` needs the rules alone, and requests takes its time to import.
    vendor = vendor_of(config.kind)
    if vendor is not None:
        name, _dot, its_class = vendor.module.partition(".")
        module = importlib.import_module(f"{__name__}.{name}")
        made: Provider = getattr(module, its_class)(config, key, heard, pictures)
        return made
    if config.kind == "openai_videos":
        from sorad.providers.openai_videos.api import OpenAiVideos

        return OpenAiVideos(config, key, heard, pictures)
    if config.kind == "simulator":
        from sorad.providers.simulator import Simulator

        return Simulator(config, key, heard)
    from sorad.providers.sora_hk.api import SoraHk

    return SoraHk(config, key, heard=heard)
