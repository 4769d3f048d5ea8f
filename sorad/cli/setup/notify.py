"""`sorad notify --test`: a message to every address, so that none fails when it matters."""

from __future__ import annotations

import argparse
import platform
from typing import Any

from sorad.messages import N_, _


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "notify",
        parents=common,
        help=_("send a test message to every address in [notify]"),
        description=_(
            "Sends a test message to every address of [notify] in the config, and says of each whether it got "
            "there. Exit code 0: all did; 1: some did not."
        ),
    )
    parser.add_argument("--test", action="store_true", required=True, help=_("send the test messages"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Try all; 0 where all got through."""
    from sorad.cli.shared import common
    from sorad.cli.shared.settings import daemon_config
    from sorad.notify.sender import Sender, missing
    from sorad.notify.targets import readable_by_others, targets
    from sorad.notify.text import test_message
    from sorad.problems import Problem, SoradError

    config = daemon_config(args)
    lacking = missing()
    if lacking is not None:
        raise SoradError(lacking)
    found = targets(config.notify)
    if not found:
        raise SoradError(
            Problem(
                "notify.nowhere",
                N_("There is no address in [notify]."),
                N_("Add one to urls; config.example.toml shows how each service writes it."),
            )
        )
    unwise = readable_by_others(config.notify)
    if unwise is not None:
        common.complain(unwise)
    send, failed = Sender(config.notify.proxy, [one.api_key_env for one in config.providers]), 0
    for target in found:
        error = send(target, test_message(platform.node() or "?"))
        failed += bool(error)
        ended = _("failed: {reason}").format(reason=error) if error else _("ok")
        common.say(f"{target.name}: {ended}")
    return common.PROBLEMS if failed else common.OK
