"""What `sorad init` does once the config is there: the service, a first storyboard, and what comes next."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from sorad.cli.shared import common
from sorad.cli.shared.ask import choose, say, yes
from sorad.cli.shared.common import OK, complain
from sorad.messages import _, ngettext
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.config.model import Config
    from sorad.intake.rules import Sellers

LOGIN, MACHINE, NO, RUNS = "login", "machine", "no", "runs"


def say_what_waits(config: Config, sellers: Sellers) -> bool:
    """Whether storyboards are there that sorad would buy as soon as it runs; then how much is said."""
    from sorad.cli.shared.storyboard_paths import boards
    from sorad.cli.work.plan import in_all, planned
    from sorad.intake.plan import total
    from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable

    try:
        plans, *_others = planned(config, boards(config, []).files, sellers)
        whole = total(plans)
    except (SoradError, LedgerDamaged, LedgerUnavailable):
        return False  # of a ledger in trouble `sorad status` tells
    if not whole.count:
        return False
    said = ngettext(
        "The storyboards that are there ask for {count} take; it is bought as soon as sorad runs.",
        "The storyboards that are there ask for {count} takes; they are bought as soon as sorad runs.",
        whole.count,
    ).format(count=whole.count)
    say("")
    say(said)
    if whole.sure:
        say(_("Price: {price}").format(price=in_all(whole)))
    return True


def ask_start(wanted: Optional[bool], *, careful: bool = False, kept: bool = False) -> str:
    """Whether sorad is to start by itself: ``LOGIN``, ``MACHINE`` (also while logged out) or ``NO``.

    Where it cannot be a service nothing is asked, and it is said why. ``wanted`` is what a flag says;
    ``careful``: it would buy at once, so no is the answer to an empty line. ``kept``: the config stays as it
    is; a service that runs may then go on as it does, which is ``RUNS``.
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
    if found.running:
        say("")
        say(_("{unit} runs already.").format(unit=found.unit))
        if kept and not yes(_("Install it again and start it anew?"), default=False):
            return RUNS
        if not kept:
            say(_("It is started anew with the new config, if you say yes now."))
    options = {LOGIN: _("yes, now and at every login")}
    if found.lingers is False:
        options[MACHINE] = _("yes, now and whenever this machine runs, logged in or not")
    no = _("no: I start it with `sorad run` or `sorad service install`")
    options = {NO: no, **options} if careful else {**options, NO: no}
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
    from sorad.cli.setup import service

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
    to_start = (
        ("plan", _("what the storyboards there would buy, and for how much")),
        ("run", _("watch the folders and generate")),
    )
    for command, what in (
        *(() if runs else to_start),
        ("status --watch", _("how it goes, live")),
        ("doctor", _("check everything around it")),
    ):
        common.say(f"  sorad {command}{option}  # {what}")  # in one line, to be copied
    say(
        _("Save a file named storyboard….json anywhere in {folder}: its videos appear beside it.").format(
            folder=config.watch[0].path
        )
    )


def option_for(config: Path, *, named: bool) -> str:
    """How the commands are told of a config that is not in the usual place."""
    return f" --config {shlex.quote(str(config))}" if named else ""
