"""What every check may know before it looks: the config as far as it can be read, and what `status` goes by."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional, TypeVar, Union

from sorad import service
from sorad.config.errors import ConfigError, keys_of
from sorad.config.load import default_config_path, find_config, load
from sorad.config.model import Config, ProviderConfig, Watch, default_state_dir
from sorad.health.facts import Facts, gather
from sorad.ledger.place import ledger_path
from sorad.messages import N_
from sorad.problems import Problem
from sorad.service import ServiceState
from sorad.service.query import start_command

T = TypeVar("T")

ANSWER = 20.0  # seconds; the config is read in milliseconds, unless a share that it names hangs


@dataclass(frozen=True)
class Context:
    """The same for all checks. ``None`` stands for what a broken or missing config does not tell."""

    now: float  # epoch seconds
    path: Optional[Path] = None  # of the config
    mistakes: tuple[Problem, ...] = ()  # in the config
    config: Optional[Config] = None  # whole where there are no mistakes, else what is left
    provider: Optional[ProviderConfig] = None
    state_dir: Optional[Path] = None
    facts: Optional[Facts] = None  # of ``state_dir``
    offline: bool = False  # no network
    service: Optional[ServiceState] = None
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """The watched folders."""
        return self.config.watch if self.config is not None else ()

    @property
    def serviced(self) -> bool:
        """Whether sorad is installed as a service."""
        return self.service is not None and self.service.installed

    @property
    def shell_unseen(self) -> bool:
        """Whether variables that stand in this shell are most likely not seen by the service."""
        return self.serviced and not self.environment_file.exists()

    @property
    def providers(self) -> Sequence[ProviderConfig]:
        """All of them, where the config tells them."""
        if self.provider is None or self.config is None:
            return ()
        return self.config.providers

    @property
    def environment_file(self) -> Path:
        """Where the user's unit reads variables from."""
        return default_config_path().with_name("environment")

    @property
    def running(self) -> bool:
        """Whether a daemon works on the ledger."""
        return self.facts is not None and self.facts.holder is not None


def look_around(
    named: Optional[str],
    now: float,
    *,
    offline: bool,
    env: Mapping[str, str],
    written: Optional[Path] = None,
) -> Context:
    """Find and read the config, and what is known of the daemon and the service. Raises nothing.

    ``written`` is the ``state_dir`` that can be read even of a broken config: a daemon goes on working there.
    """
    context = within(ANSWER, lambda: _with_config(named, now, written, offline=offline, env=env))
    if context is None:
        return Context(now, None, (_hangs(),), offline=offline, env=env)
    whole = context.config if not context.mistakes else None
    context = replace(context, service=service.state(whole))
    if context.facts is None or context.running:
        return context
    # without a config there is nothing to start
    start = (
        start_command(context.path) if context.path is not None else "sorad run" if context.mistakes else ""
    )
    return replace(context, facts=replace(context.facts, start=start))


def _with_config(
    named: Optional[str], now: float, written: Optional[Path], *, offline: bool, env: Mapping[str, str]
) -> Context:
    try:
        path = find_config(named, env)
        config = load(path) if path is not None else None
    except ConfigError as error:
        # A misspelt [provider] has its default in the rest: a key would go to another host.
        unknown = error.mistaken - frozenset(keys_of(Config))
        known = not unknown
        rest, where = error.rest, _path_of(named, env)
        return _with_facts(
            Context(
                now,
                where,
                error.problems,
                rest,
                rest.provider if rest and known and "provider" not in error.mistaken else None,
                None if where is None or any("state" in name for name in unknown) else written,
                offline=offline,
                env=env,
            )
        )
    if config is None:  # `sorad once` works without one, in the usual place
        return _with_facts(Context(now, state_dir=default_state_dir(), offline=offline, env=env))
    return _with_facts(
        Context(now, path, (), config, config.provider, config.state_dir, offline=offline, env=env)
    )


def _hangs() -> Problem:
    return Problem(
        "config.hung",
        N_("Reading the config, or looking at a folder that it names, has not ended within {seconds} s."),
        N_("A disk or network share hangs: connect it again, or unmount it."),
        {"seconds": f"{ANSWER:g}"},
    )


def _path_of(named: Optional[str], env: Mapping[str, str]) -> Optional[Path]:
    try:
        return find_config(named, env)
    except ConfigError:
        return None  # one was named that is not there: the mistakes say so


def _with_facts(context: Context) -> Context:
    if context.state_dir is None:
        return context
    facts = gather(ledger_path(context.state_dir), context.now)
    return replace(context, facts=facts)


def within(seconds: float, look: Callable[[], T]) -> Union[T, None]:
    """What ``look`` returns, or ``None`` where it takes longer: a dead network share holds a thread for ever.

    ``OSError`` and bugs are raised here.
    """
    answers: queue.SimpleQueue[Union[tuple[T], BaseException]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put((look(),))
        except BaseException as error:  # noqa: BLE001  (a thread's root: raised again by who waits)
            answers.put(error)

    threading.Thread(target=work, name="sorad-doctor", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer[0]
