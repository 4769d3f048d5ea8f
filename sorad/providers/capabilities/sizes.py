"""Sizes in pixels for ratios and resolutions, for APIs that take pixels alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sorad.config.model import ProviderConfig
from sorad.config.models import RESOLUTIONS, resolution_of


@dataclass(frozen=True)
class Sizes:
    """The sizes of a gateway: by ratio the usual one, by ratio and resolution the others."""

    usual: Mapping[str, str]
    by_resolution: Mapping[tuple[str, str], str]
    resolution: str = ""  # where a storyboard says none; "": each ratio's usual size

    @classmethod
    def of(cls, config: ProviderConfig) -> Sizes:
        """As the config says."""
        usual = {"16:9": config.size_horizontal, "9:16": config.size_vertical}
        exact: dict[tuple[str, str], str] = {}
        for key, size in config.sizes.items():
            ratio, _space, resolution = key.partition(" ")
            if resolution:
                exact[ratio, resolution] = size
            else:
                usual[ratio] = size
        implied = {(ratio, resolution_of(size)): size for ratio, size in usual.items()}
        implied.update(exact)
        for (ratio, _resolution), size in exact.items():
            usual.setdefault(ratio, size)
        return cls(usual, {key: size for key, size in implied.items() if key[1]}, config.resolution)

    def of_request(self, ratio: str, resolution: str) -> str:
        """The size that is sent; ``""`` where there is none for it."""
        wanted = resolution or self.resolution
        return self.by_resolution.get((ratio, wanted), "") if wanted else self.usual.get(ratio, "")

    def ratios(self) -> tuple[str, ...]:
        """Those that have a size."""
        return tuple(self.usual)

    def resolutions(self) -> tuple[str, ...]:
        """Those that some ratio has."""
        found = {resolution for _ratio, resolution in self.by_resolution}
        return tuple(one for one in RESOLUTIONS if one in found)
