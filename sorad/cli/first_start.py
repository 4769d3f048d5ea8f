"""What `sorad init` does once the config is there: the service, a first storyboard, and what comes next."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from sorad.cli.ask import choose, say, yes
from sorad.cli.common import OK, complain
from sorad.messages import _
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.config.model import Config

LOGIN, MACHINE, NO = "login", "machine", "no"


def ask_start(wanted: Optional[bool]) -> str:
    """Whether sorad is to start by itself: ``LOGIN``, ``MACHINE`` (also while logged out) or ``NO``.

    Where it cannot be a service nothing is asked, and it is said why. ``wanted`` is what a flag says.
    """
    from sorad.service import state

    if wanted is False:
        return NO
    found = state()
    if found.missing is not None:
        say("")
        say(_("sorad cannot be a service here. {reason}").format(reason=found.missing))
        return NO
    if wanted:
        return LOGIN
    options = {LOGIN: _("yes, now and at every login")}
    if found.lingers is False:
        options[MACHINE] = _("yes, now and whenever this machine runs, logged in or not")
    options[NO] = _("no: I start it with `sorad run`")
    return choose(_("Shall sorad start by itself?"), options)


def ask_example(wanted: Optional[bool], folder: Path, price: str, *, free: bool) -> bool:
    """Whether a first storyboard is to be put into ``folder``."""
    if wanted is not None:
        return wanted
    if free:
        cost = _("the simulator costs nothing")
    elif price:
        cost = _("sorad buys one video for it, for {price}").format(price=price)
    else:
        cost = _("sorad buys one video for it")
    question = _("Put an example storyboard into {folder}? ({cost})")
    return yes(question.format(folder=folder, cost=cost), default=False)


def start_service(config: Path, how: str) -> bool:
    """Install and start it, and wait until it is ready; whether that went well. What is wrong is told."""
    from sorad.cli import service

    args = argparse.Namespace(
        action="install",
        config=str(config),
        system=False,
        user=None,
        credential=None,
        linger=how == MACHINE,
    )
    say("")
    try:
        return service.handler(args) == OK
    except SoradError as error:
        complain(error.problem)
        return False


def write_example(folder: Path, seconds: int) -> Optional[Path]:
    """A storyboard with one shot, in a folder of its own; ``None`` where one is there or none can be."""
    path = folder / "sorad_example" / "storyboard_example.json"
    segment = {
        "segment_index": 1,
        "prompt_text": _("Dawn over a harbour town, mist on the water, slow aerial shot."),
        "duration_seconds": seconds,
        "resolution": "horizontal",
    }
    try:
        path.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            stream.write(json.dumps({"segments": [segment]}, ensure_ascii=False, indent=2).encode("utf-8"))
    except FileExistsError:
        say(_("There is an example already, and it stays as it is: {path}").format(path=path))
        return None
    except OSError as error:
        say(
            _("The example could not be written to {path}: {reason}").format(
                path=path, reason=error.strerror or error
            )
        )
        return None
    say(_("The example: {path}").format(path=path))
    return path


def next_steps(config: Config, option: str, *, runs: bool) -> None:
    """Say what the person does now."""
    say("")
    say(_("What comes next:"))
    for command, what in (
        ("plan", _("what the storyboards there would buy, and for how much")),
        *(() if runs else (("run", _("watch the folders and generate")),)),
        ("status --watch", _("how it goes, live")),
        ("doctor", _("check everything around it")),
    ):
        say(f"  sorad {command}{option}  # {what}")
    say(
        _("Save a file named storyboard….json anywhere in {folder}: its videos appear beside it.").format(
            folder=config.watch[0].path
        )
    )


def option_for(config: Path, *, named: bool) -> str:
    """How the commands are told of a config that is not in the usual place."""
    return f" --config {shlex.quote(str(config))}" if named else ""
