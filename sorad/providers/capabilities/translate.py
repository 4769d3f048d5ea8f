"""A request as another provider is asked for it: what differs there, and what that one would refuse of it. Pure.

What was said stays said: a length, a ratio or a picture that the other one does not offer is told, and not replaced.
Only what has a meaning at one provider alone is put otherwise: the name of a model, and a seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.capabilities.judge import judged
from sorad.providers.capabilities.offers import offers_of


@dataclass(frozen=True)
class Translated:
    """``changes``: members of the request that differ there. ``problems``: why it cannot be had there."""

    request: Request
    changes: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @property
    def moved_as(self) -> str:
        """The changes as a take keeps them; ``""`` for none."""
        return json.dumps(dict(self.changes), ensure_ascii=False, sort_keys=True) if self.changes else ""


def translated(request: Request, config: ProviderConfig, model: str = "") -> Translated:
    """A request for a provider; ``model``: one that it has, by its name there ("": as the request says, where it has
    that one, too, else its default)."""
    offers, changes = offers_of(config), dict[str, Any]()
    if request.provider not in ("", config.title):
        changes["provider"] = config.title
    if model:
        changes.update({"model": model, "pro": False})
    elif request.model and request.model not in offers.named:
        changes["model"] = ""
    offer = offers.of(replace(request, **changes))
    if offer is not None and not offer.seed and request.seed is not None:
        changes["seed"] = None
    changes = {name: value for name, value in changes.items() if getattr(request, name) != value}
    asked = replace(request, **changes)
    # The frame that a shot continues from will be a picture from here.
    seen = replace(asked, image="sha256:" + 64 * "0") if asked.continues else asked
    return Translated(asked, changes, tuple(judged(seen, offers, config.title)))
