"""How a create whose answer was lost is found at a configured provider: ``[find]`` of ``<kind>.toml``. Pure."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import resources

from sorad.config.model import ProviderConfig
from sorad.providers.finding import Find, Finding

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def finding_of(config: ProviderConfig) -> Finding:
    """The facts; a gateway's are in the config."""
    if config.kind == "openai_videos":
        return Finding(Find.TEXT if config.lists_tasks else Find.NONE)
    return _shipped("sora_hk" if config.kind == "simulator" else config.kind)


@lru_cache(maxsize=32)
def _shipped(kind: str) -> Finding:
    text = resources.files("sorad.providers").joinpath(f"{kind}.toml").read_text("utf-8")
    told = tomllib.loads(text)["find"]
    return Finding(Find(told["how"]), float(told.get("seen_after", 0.0)), float(told.get("kept_for", "inf")))
