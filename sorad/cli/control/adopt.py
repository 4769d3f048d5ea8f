"""Does the provider know the task that a take is to adopt, and under which id? Asked before the take waits for it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from sorad.messages import N_
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.model import Take
    from sorad.providers.base import Provider

# Seconds that somebody at a terminal waits for an answer that need not come.
PATIENCE = 10.0


class Known(NamedTuple):
    """Under which id the provider knows a task; ``why``: it could not be asked, so that is the id that was given."""

    remote_id: str
    why: Optional[Problem] = None


def known_as(
    args: argparse.Namespace, take: Take, remote_id: str, ids: Iterable[str]
) -> Union[Known, Problem]:
    """Free calls: one, and one more for each other form of the id. A problem: the provider knows none of them.

    ``ids``: of tasks that were bought before; they tell how a proxy between wraps its ids.
    """
    from sorad.providers.base import Fault, Missing

    provider = _provider(args, take)
    if isinstance(provider, Problem):
        return Known(remote_id, provider)
    forms = [remote_id, *other_forms(remote_id, ids, getattr(provider, "model", ""))]
    for form in forms:
        found = provider.poll(form)
        if isinstance(found, Fault):
            return Known(remote_id, found.problem)
        if not isinstance(found, Missing):
            return Known(form)
    return Problem(
        "command.adopt",
        N_("{url} knows no task {remote_id}: nothing was changed."),
        N_("Look at the id once more. `--yes` adopts it all the same."),
        {"url": provider.base_url, "remote_id": remote_id},
    )


def other_forms(remote_id: str, ids: Iterable[str], model: str = "") -> list[str]:
    """What else a task may be called where LiteLLM's proxy stands between: its id upstream wrapped, or unwrapped.

    ``ids``: of other tasks, the latest last; they tell provider and deployment. Without any, OpenAI's own is tried.
    """
    from sorad.providers.answers.litellm import Wrapped, unwrap, wrap

    wrapped = unwrap(remote_id)
    if wrapped is not None:
        return [wrapped.remote_id]
    seen = [found for one in ids if (found := unwrap(one)) is not None]
    places = dict.fromkeys((found.provider, found.model) for found in reversed(seen))
    guesses = places or dict.fromkeys([("openai", model), ("openai", "")])
    return [wrap(Wrapped(provider, deployment, remote_id)) for provider, deployment in list(guesses)[:4]]


def _provider(args: argparse.Namespace, take: Take) -> Union[Provider, Problem]:
    """Who can be asked about a take; why nobody can."""
    from sorad import providers
    from sorad.cli.shared.settings import file_config
    from sorad.config.key import KeySource
    from sorad.config.model import Config
    from sorad.engine.state.accounts import is_sure

    try:
        config = (file_config(args) or Config()).provider
        bounded = config.model_copy(update={"request_timeout": min(config.request_timeout, PATIENCE)})
        provider = providers.make(bounded, KeySource(config))
        same_api = (take.provider, take.base_url) == (provider.kind, provider.base_url)
        if same_api and is_sure(take, provider):
            return provider
    except SoradError as error:
        return error.problem
    return Problem(
        "command.elsewhere",
        N_("take {take} was sent to another account than the config names now."),
        "",
        {"take": take.id},
    )
