"""How a create whose answer was lost is found at a configured provider: ``[find]`` of ``<kind>.toml``. Pure."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Optional

from sorad.config.model import ProviderConfig
from sorad.messages import N_
from sorad.problems import Problem
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


def unfindable(config: ProviderConfig) -> Optional[Problem]:
    """What is told before anything is bought where a lost create cannot be found; ``None``: it can."""
    if finding_of(config).how is not Find.NONE:
        return None
    return Problem(
        "provider.unfindable",
        N_(
            "At {name} a create whose answer is lost cannot be found: its take then waits until you say what became "
            "of it."
        ),
        N_("`sorad resolve` says it. If the API has a list of tasks (GET /videos), write lists_tasks = true.")
        if config.kind == "openai_videos"
        else N_("`sorad resolve` says it, once you have looked at your account there."),
        {"name": config.title},
    )


@lru_cache(maxsize=32)
def _shipped(kind: str) -> tuple[Finding, bool]:
    """The facts, and whether creates can be tagged, if the user says so."""
    text = resources.files("sorad.providers").joinpath(f"{kind}.toml").read_text("utf-8")
    told = tomllib.loads(text)["find"]
    facts = Finding(Find(told["how"]), float(told.get("seen_after", 0.0)), float(told.get("kept_for", "inf")))
    return facts, bool(told.get("tag"))
