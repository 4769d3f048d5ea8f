"""How a create whose answer was lost is found at a configured provider: ``[find]`` of ``<kind>.toml``. Pure."""

from __future__ import annotations

import sys
from dataclasses import replace
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
    found, tag = _shipped("sora_hk" if config.kind == "simulator" else config.kind)
    if tag and config.tag_creates:
        return replace(found, how=Find.TAG)
    return replace(found, exact=config.exact_elimination and found.how is Find.ELIMINATION)


@lru_cache(maxsize=32)
def _shipped(kind: str) -> tuple[Finding, bool]:
    """The facts, and whether creates can be tagged, if the user says so."""
    text = resources.files("sorad.providers").joinpath(f"{kind}.toml").read_text("utf-8")
    told = tomllib.loads(text)["find"]
    facts = Finding(Find(told["how"]), float(told.get("seen_after", 0.0)), float(told.get("kept_for", "inf")))
    return facts, bool(told.get("tag"))
