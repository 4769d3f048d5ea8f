"""The other end of :mod:`sorad.notify.send`: starts it, and ends it when it takes too long."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Callable, Optional

import sorad
from sorad.messages import N_, _
from sorad.notify.send import MISSING
from sorad.notify.targets import Target
from sorad.notify.text import Message
from sorad.problems import Problem

# Seconds that one message may take: a mail server that greets slowly needs about ten.
LIMIT = 30.0
REQUIREMENT = "apprise>=1.9.5,<3"  # as in pyproject.toml
_LONGEST_REASON = 300

# What a service that only sends messages has no business with.
_SECRET = re.compile(r"(?i)api_?key|secret|passw|token|^CREDENTIALS_DIRECTORY$|^NOTIFY_SOCKET$|^WATCHDOG_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")

Send = Callable[[Target, Message, Callable[[], bool]], str]


def missing() -> Optional[Problem]:
    """What to install before anything can be sent; ``None`` where it is there."""
    if importlib.util.find_spec("apprise") is not None:
        return None
    return Problem(
        "notify.extra",
        N_("Notifications need the package apprise, which is not installed here."),
        N_("Run: {command}"),
        {"command": f'{sys.executable} -m pip install "{REQUIREMENT}"'},
    )


class Sender:
    """Sends through a child process that sees neither the API key nor our config."""

    def __init__(self, proxy: str, key_variables: Collection[str] = (), limit: float = LIMIT) -> None:
        """``proxy`` as in the config: empty as the environment says, ``"none"``, or an address."""
        self._env = child_environment(os.environ, proxy, key_variables)
        self._limit = limit

    def __call__(self, target: Target, message: Message, go_on: Callable[[], bool] = lambda: True) -> str:
        """Send it; why it did not work, or ``""``. ``go_on`` is asked twice a second; false ends the child."""
        job = {"url": target.url, "limit": self._limit + 5.0, **message._asdict()}
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "sorad.notify.send"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._env,
                # with -m Python looks into the working folder first: into none that others write to
                cwd=Path(sorad.__file__).resolve().parent.parent,
                start_new_session=True,
            )
        except OSError as error:
            return error.strerror or str(error)
        text = _answer(child, json.dumps(job).encode(), time.monotonic() + self._limit, go_on)
        return target.clean(_reason(child.returncode, text))[:_LONGEST_REASON]


def _answer(child: subprocess.Popen[bytes], job: bytes, deadline: float, go_on: Callable[[], bool]) -> bytes:
    """What the child says; nothing where it had to be ended."""
    words: Optional[bytes] = job
    while True:
        try:
            return child.communicate(words, timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            words = None  # they are on their way
            if time.monotonic() > deadline or not go_on():
                _end(child)
                child.communicate()
                return b""


def _end(child: subprocess.Popen[bytes]) -> None:
    """With whatever it started; without a trace of ours there is nothing to tidy up."""
    if os.name == "nt":
        child.kill()
    else:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            child.kill()


def _reason(code: int, text: bytes) -> str:
    if code == MISSING:
        found = missing()
        return str(found) if found else _("apprise cannot be loaded.")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return _("no answer in time") if code < 0 else _("the sender ended with {code}").format(code=code)


def child_environment(env: Mapping[str, str], proxy: str, key_variables: Collection[str]) -> dict[str, str]:
    """The environment without secrets, with the proxy of the config."""
    secret = {*key_variables}
    kept = {name: value for name, value in env.items() if not _SECRET.search(name) and name not in secret}
    if proxy:
        kept = {name: value for name, value in kept.items() if name.lower() not in _PROXIES}
    if proxy not in ("", "none"):
        kept.update(dict.fromkeys(_PROXIES, proxy))
    kept["PYTHONUTF8"] = "1"
    return kept
