"""`sorad service`: installs sorad as a service of this machine, tells how that stands, and undoes it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.common import NOT_RUNNING, OK, PROBLEMS, USAGE, complain, say, state_dir, to_json
from sorad.clock import local_time
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.config.model import Config
    from sorad.service.host import Host
    from sorad.service.query import Manager, ServiceState
    from sorad.service.target import Target

_ACTIONS = {
    "install": N_("write, enable and start it; again after the watched folders have changed"),
    "reload": N_("let it read its config anew, without an end to what it does"),
    "uninstall": N_("stop it, and take away what install wrote"),
    "status": N_("is it installed, does it run, does it fit the config"),
    "show": N_("print what install would write"),
}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "service",
        parents=common,
        help=_("install sorad as a service, look after it, remove it"),
        description=_(
            "sorad as a service of this machine: a systemd user service, or with --system one that needs nobody "
            "to be logged in; a launchd agent on macOS."
        ),
    )
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), required=True)
    for name, text in _ACTIONS.items():
        action = actions.add_parser(name, parents=common, help=_(text), description=_(text))
        if sys.platform.startswith("linux"):
            action.add_argument("--system", action="store_true", help=_("a system service; needs root"))
            action.add_argument("--user", metavar=_("NAME"), help=_("with --system: as whom it runs"))
        if name in ("install", "show") and sys.platform.startswith("linux"):
            action.add_argument(
                "--credential", metavar=_("FILE"), help=_("a file with the API key that systemd hands over")
            )
        if name == "install" and sys.platform.startswith("linux"):
            action.add_argument(
                "--linger",
                action="store_true",
                help=_("let it start with the machine, and go on when you log out"),
            )
        if name == "status":
            action.add_argument("--json", action="store_true", help=_("as JSON"))
    parser.set_defaults(handler=handler, system=False, user=None, credential=None, linger=False, json=False)


def handler(args: argparse.Namespace) -> int:
    """Do one of them."""
    if args.user and not args.system:
        raise SoradError(
            Problem("service.user_flag", N_("--user goes with --system alone."), N_("Add --system.")),
            exit_code=USAGE,
        )
    return _DO[args.action](args)


# --- install, uninstall, show -----------------------------------------------------------------------------


def _install(args: argparse.Namespace) -> int:
    from sorad.service import launchd, systemd
    from sorad.service import target as targets
    from sorad.service.systemd import Systemd

    host, manager = _manager(args)
    _ready_for(manager, args)
    target = targets.find(host, args.config, _credential(args), getattr(args, "lang", None))
    _not_twice(manager, target)
    if isinstance(manager, Systemd) and manager.system:
        targets.check_runs_as(host, target.setting)
    targets.prepare_folders(host, target, system=args.system)
    _warn(host, manager, target)
    if isinstance(manager, Systemd):
        systemd.install(manager, target.setting, say, time.sleep, linger=args.linger)
    else:
        launchd.install(manager, target.setting, say, time.sleep)
    undo = "sorad service uninstall"
    if args.system:
        undo = f"sudo {targets.shown_command(['service', 'uninstall', '--system', '--user', host.user])}"
    say(_("`sorad status` tells what it does, `{undo}` undoes this.").format(undo=undo))
    return OK


def _uninstall(args: argparse.Namespace) -> int:
    from sorad.service import launchd, systemd
    from sorad.service.systemd import Systemd

    _host, manager = _manager(args)
    if isinstance(manager, Systemd):
        _need_root(manager, args)
        systemd.uninstall(manager, say)
    else:
        launchd.uninstall(manager, say, time.sleep)
    return OK


def _show(args: argparse.Namespace) -> int:
    from sorad.service import target as targets
    from sorad.service.systemd import Systemd

    host, manager = _manager(args)
    target = targets.find(host, args.config, _credential(args), getattr(args, "lang", None))
    if isinstance(manager, Systemd):
        closed = manager.system or (manager.missing() is None and manager.closes())
        files = manager.files(target.setting, closed=closed)
    else:
        files = manager.files(target.setting)
    for number, (path, content) in enumerate(files.items()):
        say(("\n" if number else "") + f"# {path}")
        say(content.decode("utf-8").rstrip("\n"))
    return OK


def _manager(args: argparse.Namespace) -> tuple[Host, Manager]:
    """The service manager that is meant, and the host as its user sees it. :class:`SoradError`."""
    from sorad.service import problems
    from sorad.service import target as targets
    from sorad.service.host import here
    from sorad.service.query import managers
    from sorad.service.systemd import Systemd

    host = here()
    if host.platform == "win32":
        raise SoradError(problems.windows(targets.shown_command(["run"])))
    if args.system:
        host = targets.for_user(host, args.user)
        return host, Systemd(host, system=True)
    found = managers(host)
    if not found:
        raise SoradError(problems.unsupported(host.platform))
    return host, found[0]


def _ready_for(manager: Manager, args: argparse.Namespace) -> None:
    """What must be so before anything is written. :class:`SoradError`."""
    from sorad.service import problems
    from sorad.service.systemd import Systemd

    if not isinstance(manager, Systemd):
        return
    caller = manager.host.env.get("SUDO_USER")
    if not manager.system and manager.host.uid == 0 and caller:
        raise SoradError(problems.sudo(caller))
    missing = manager.missing()
    if missing is not None:
        raise SoradError(missing)
    _need_root(manager, args)


def _need_root(manager: Manager, args: argparse.Namespace) -> None:
    from sorad.service import problems
    from sorad.service import target as targets

    if args.system and manager.host.uid != 0:
        words = ["service", args.action, "--system", "--user", manager.host.user]
        words += ["--config", args.config] if args.config else []
        raise SoradError(problems.not_root(targets.shown_command(words)))


def _credential(args: argparse.Namespace) -> Optional[Path]:
    if not args.credential:
        return None
    path = Path(args.credential).expanduser().absolute()
    if not path.is_file():
        raise SoradError(
            Problem(
                "service.credential",
                N_("There is no file {path}."),
                N_("Name the one with the key in it."),
                {"path": str(path)},
            ),
            exit_code=USAGE,
        )
    return path


def _not_twice(manager: Manager, target: Target) -> None:
    """Neither the other kind of service nor a sorad in a terminal holds the ledger. :class:`SoradError`."""
    from sorad.lock import holder
    from sorad.service import problems, query
    from sorad.service import target as targets

    for other in query.managers(manager.host):
        if other.kind != manager.kind and other.manifest_path.exists():
            words = ["service", "uninstall", *(["--system"] if other.kind == "systemd-system" else [])]
            prefix = "sudo " if other.kind == "systemd-system" else ""
            raise SoradError(problems.other(other.unit, prefix + targets.shown_command(words)))
    found = holder(target.config.state_dir)
    if found is not None and found.pid != query.pid_of(manager):
        raise SoradError(problems.busy(found))


def _warn(host: Host, manager: Manager, target: Target) -> None:
    """What will be in the service's way: told now, and no reason not to install it."""
    from sorad.service import target as targets
    from sorad.service.systemd import Systemd

    place = (
        manager.environment_file if isinstance(manager, Systemd) else target.setting.config.parent / ".env"
    )
    trouble = targets.key_trouble(host, target, place)
    if trouble is not None:
        complain(trouble)
    for watch in target.config.watch:
        if not watch.path.is_dir():
            complain(
                Problem(
                    "service.root_away",
                    N_("The watched folder {path} is not there now."),
                    N_(
                        "Once it is back, run `sorad service install` again, so that the service may write there."
                    ),
                    {"path": str(watch.path)},
                )
            )


# --- reload -----------------------------------------------------------------------------------------------


def _reload(args: argparse.Namespace) -> int:
    """SIGHUP to the daemon itself, which needs no root, and also reaches one that runs in a terminal."""
    import os
    import signal

    from sorad.lock import holder

    found = holder(state_dir(args))
    hangup = getattr(signal, "SIGHUP", None)
    if found is None or found.command != "run" or hangup is None:
        complain(_none_to_reload(known=hangup is not None))
        return NOT_RUNNING
    try:
        os.kill(found.pid, hangup)
    except OSError as error:
        raise SoradError(
            Problem(
                "service.reload_refused",
                N_("The process {pid} cannot be asked: {reason}."),
                N_("Run it as the user that sorad runs as."),
                {"pid": found.pid, "reason": error.strerror or str(error)},
            )
        ) from None
    say(_("Asked. A config with a mistake in it is not taken; `sorad status` tells."))
    return OK


def _none_to_reload(*, known: bool) -> Problem:
    if not known:
        return Problem(
            "service.no_reload",
            N_("Windows has no signal for it."),
            N_("Stop sorad and start it again: nothing is lost, it goes on where it was."),
        )
    return Problem(
        "service.none_runs",
        N_("No sorad runs with this config."),
        N_("Start it: sorad service install, or sorad run."),
    )


# --- status -----------------------------------------------------------------------------------------------


def _status(args: argparse.Namespace) -> int:
    from sorad.service import query
    from sorad.service.host import here
    from sorad.service.target import for_user

    host = for_user(here(), args.user) if args.system else here()
    found = query.state(_config(args), host)
    if args.json:
        raw = dataclasses.asdict(found)
        raw["lacking"] = [one.text() for one in found.lacking]
        raw["missing"] = found.missing.text() if found.missing else None
        say(to_json(raw, indent=2))
    else:
        for line in _lines(found):
            say(line)
        for problem in query.troubles(found):
            complain(problem)
    if not found.running:
        return NOT_RUNNING
    return PROBLEMS if query.troubles(found) else OK


def _config(args: argparse.Namespace) -> Optional[Config]:
    """The config, where it can be read: what is wrong with it is for others to tell."""
    from sorad.cli.shared.settings import file_config

    try:
        return file_config(args)
    except SoradError:
        return None


def _lines(found: ServiceState) -> list[str]:
    if not found.installed:
        return [_("not installed; `sorad service install` does that")]
    words = {
        "active": _("running"),
        "reloading": _("reading its config anew"),
        "activating": _("starting"),
        "deactivating": _("stopping"),
        "failed": _("failed"),
        "inactive": _("stopped"),
    }
    word = words.get(found.active, _("unknown"))
    lines = [f"{found.unit}: {word}"]
    if found.since is not None:
        lines[0] += " " + _("since {time} (process {pid})").format(
            time=local_time(found.since), pid=found.pid
        )
    if found.active in ("inactive", "failed"):
        lines.append("  " + _("to start it: {start}").format(start=found.start))
    elif found.status_text:  # systemd keeps the last one of a service that has ended
        lines.append(f"  {found.status_text}")
    lines.append("  " + (_("starts by itself") if found.enabled else _("does not start by itself")))
    if found.lingers is False:
        lines.append("  " + _("ends when you log out (sudo loginctl enable-linger changes that)"))
    if found.restarts:
        lines.append("  " + _("restarted by itself: {count}").format(count=found.restarts))
    if found.config:
        lines.append("  " + _("config: {path}").format(path=found.config))
    lines.append("  " + _("its own words: {log}").format(log=found.log))
    return lines


_DO = {"install": _install, "reload": _reload, "uninstall": _uninstall, "status": _status, "show": _show}
