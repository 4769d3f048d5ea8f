"""Does the provider know the task that a take is to adopt? Asked before the take waits for it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Optional

from sorad.messages import N_
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.model import Take

# Seconds that somebody at a terminal waits for an answer that need not come.
PATIENCE = 10.0


def not_there(args: argparse.Namespace, take: Take, remote_id: str) -> Optional[Problem]:
    """One free call. ``None``, too, where it cannot be told: no key, no network, another account."""
    from sorad import providers
    from sorad.cli.settings import file_config
    from sorad.config.key import KeySource
    from sorad.config.model import Config
    from sorad.engine.accounts import is_sure
    from sorad.providers.base import Missing

    try:
        config = (file_config(args) or Config()).provider
        bounded = config.model_copy(update={"request_timeout": min(config.request_timeout, PATIENCE)})
        provider = providers.make(bounded, KeySource(config))
        same_api = (take.provider, take.base_url) == (provider.kind, provider.base_url)
        if not same_api or not is_sure(take, provider):
            return None
        found = provider.poll(remote_id)
    except SoradError:
        return None
    if not isinstance(found, Missing):
        return None
    return Problem(
        "command.adopt",
        N_("{url} knows no task {remote_id}: nothing was changed."),
        N_("Look at the id once more. `--yes` adopts it all the same."),
        {"url": provider.base_url, "remote_id": remote_id},
    )
