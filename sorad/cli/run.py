"""`sorad run`: the daemon, in the foreground."""

from __future__ import annotations

import argparse
from typing import Any

from sorad.messages import _


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "run",
        parents=common,
        help=_("the daemon, in the foreground"),
        description=_(
            "Watches the folders of the config and turns every storyboard into videos, until it is stopped."
        ),
    )
    parser.add_argument("--verbose", "-v", action="store_true", help=_("show every step"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM."""
    from loguru import logger

    from sorad import logs
    from sorad.cli.settings import daemon_config
    from sorad.cli.signals import Ending
    from sorad.daemon.assembly import Daemon

    config = daemon_config(args)
    level = "DEBUG" if args.verbose else config.log.level
    logs.setup(None, level)
    daemon = Daemon(config, "run")
    with Ending() as ending:
        daemon.start(lambda: logs.setup(config.state_dir, level))
        logger.info(_("sorad is running; {count} folders watched"), count=len(config.watch))
        ending.wait()
        logger.info(_("stopping: no new step starts, running ones end"))
        if not daemon.stop():
            logger.warning(_("some steps did not end in time; they go on at the next start"))
            ending.leave(0)
    logger.info(_("stopped"))
    return 0
