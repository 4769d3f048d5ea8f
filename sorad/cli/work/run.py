"""`sorad run`: the daemon, in the foreground."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, Union

from sorad.messages import _, set_language

if TYPE_CHECKING:
    from sorad.config.model import Config


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
    from sorad.cli.shared.settings import daemon_config
    from sorad.cli.shared.signals import Ending
    from sorad.config.load import find_config
    from sorad.daemon.assembly import Daemon
    from sorad.daemon.reload import Reload
    from sorad.daemon.systemd import keep_to_itself

    file = find_config(args.config, os.environ)
    config = daemon_config(args)
    logs.setup(None, _level(args, config))
    daemon = Daemon(config, "run")
    keep_to_itself()
    if file is not None:
        daemon.reads(file)

    def taken(config: Config) -> None:
        set_language(args.lang or config.language)
        logs.setup(config.state_dir, _level(args, config), _stderr())

    with Ending(reloads=True) as ending:
        daemon.start(lambda: logs.setup(config.state_dir, _level(args, config), _stderr()))
        reload = Reload(daemon, lambda: daemon_config(args), taken, lambda: ending.requested, file)
        logger.info(_("sorad is running; folders watched: {count}"), count=len(config.watch))
        with daemon.attended():
            while ending.wait_reload():
                reload.run()
        logger.info(_("stopping: no new step starts, running ones end"))
        if not daemon.stop():
            logger.warning(_("some steps did not end in time; they go on at the next start"))
            ending.leave(0)
    logger.info(_("stopped"))
    return 0


def _level(args: argparse.Namespace, config: Config) -> str:
    return "DEBUG" if args.verbose else config.log.level


def _stderr() -> Union[bool, str]:
    """What of the log goes to stderr as well. launchd keeps that in a file which nobody ever rotates."""
    from sorad.service.render import LABEL

    return "ERROR" if os.environ.get("XPC_SERVICE_NAME") == LABEL else True
