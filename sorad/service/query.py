"""How the service stands: installed, enabled, running, since when; and whether it still fits the config."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from sorad.problems import Problem, SoradError
from sorad.service import launchd, manifest, problems, programs, render, systemd
from sorad.service.host import Host, here
from sorad.service.launchd import Launchd
from sorad.service.manifest import Manifest
from sorad.service.systemd import Systemd

if TYPE_CHECKING:
    from sorad.config.model import Config

Manager = Union[Systemd, Launchd]


@dataclass(frozen=True)
class ServiceState:
    """What is known of sorad as a service of this machine.

    ``active`` is ``"active"``, ``"activating"``, ``"deactivating"``, ``"reloading"``, ``"failed"``,
    ``"inactive"``, or ``""`` where nobody could be asked. ``since`` is in epoch seconds.
    """

    kind: str = ""  # "systemd-user", "systemd-system", "launchd"; "" where none is installed
    unit: str = ""
    installed: bool = False
    enabled: bool = False
    active: str = ""
    pid: int = 0
    since: Optional[float] = None
    restarts: int = 0
    result: str = ""  # of the last end: "success", "exit-code", "watchdog", "timeout", "signal"…
    exit_status: Optional[int] = None
    status_text: str = ""
    lingers: Optional[bool] = None  # whether it runs while its user is logged out; None: no matter here
    config: str = ""  # the config it runs with
    drift: tuple[str, ...] = ()  # folders of the config that the drop-in does not let it write
    changed: tuple[str, ...] = ()  # files that a person changed since the installation
    lacking: tuple[Problem, ...] = ()  # programs that it calls and that are not there
    outdated: bool = False  # the unit is not the one this sorad ships
    missing: Optional[Problem] = None  # why there can be no service here
    start: str = ""  # the command that starts it
    log: str = ""  # the command, or the file, that has the service's own words

    @property
    def running(self) -> bool:
        """Whether the service is up."""
        return self.active in ("active", "reloading")


def state(config: Optional[Config] = None, host: Optional[Host] = None) -> ServiceState:
    """Ask the service manager. Never raises; takes some 20 ms where a service is installed, else less.

    ``config`` is compared with what the service may write. Of a user service and a system service for the
    same user, the one that runs is told of.
    """
    host = host or here()
    found = [_state(manager, config) for manager in managers(host)]
    installed = [one for one in found if one.installed]
    running = [one for one in installed if one.running]
    if running or installed:
        return (running or installed)[0]
    return found[0] if found else ServiceState(missing=_nothing(host))


def managers(host: Host) -> list[Manager]:
    """The service managers that this kind of system has, the usual one first."""
    if host.platform.startswith("linux"):
        return [Systemd(host, system=False), Systemd(host, system=True)]
    return [Launchd(host)] if host.platform == "darwin" else []


def start_command(config: Path, host: Optional[Host] = None) -> str:
    """What starts a sorad that does not run with ``config``: its service, where one is installed, or `sorad run`."""
    for manager in managers(host or here()):
        with contextlib.suppress(SoradError):  # a note that cannot be read is told by `sorad service status`
            note = manifest.load(manager.manifest_path)
            if note is not None and Path(note.config) == config:
                return manager.start_command
    return "sorad run"


def lacking(config: Path, host: Optional[Host] = None) -> list[Problem]:
    """What the service that is installed for ``config`` calls and lacks; nothing where none is. Quick: no call."""
    for manager in managers(host or here()):
        with contextlib.suppress(SoradError):
            note = manifest.load(manager.manifest_path)
            if note is not None and Path(note.config) == config:
                return list(programs.lacking(manager.unit, manager.called()))
    return []


def _nothing(host: Host) -> Problem:
    return problems.windows("sorad run") if host.platform == "win32" else problems.unsupported(host.platform)


def _state(manager: Manager, config: Optional[Config]) -> ServiceState:
    missing = manager.missing() if isinstance(manager, Systemd) else None
    try:
        note = manifest.load(manager.manifest_path)
    except SoradError as error:
        return ServiceState(missing=error.problem)
    if note is None:
        lingers = manager.lingers() if isinstance(manager, Systemd) and missing is None else None
        return ServiceState(missing=missing, lingers=lingers)
    shown = {} if missing is not None else manager.show()
    seen = _of_systemd(manager, shown) if isinstance(manager, Systemd) else _of_launchd(manager, shown)
    return ServiceState(
        kind=manager.kind,
        unit=manager.unit,
        installed=True,
        config=note.config,
        drift=_drift(note, config),
        changed=_changed(note),
        lacking=tuple(programs.lacking(manager.unit, manager.called())),
        outdated=_outdated(manager),
        missing=missing,
        start=manager.start_command,
        **seen,
    )


def _of_systemd(manager: Systemd, shown: Mapping[str, str]) -> dict[str, Any]:
    return {
        "enabled": shown.get("UnitFileState", "").startswith("enabled"),
        "active": shown.get("ActiveState", ""),
        "pid": int(shown.get("MainPID") or 0),
        "since": systemd.since(shown),
        "restarts": int(shown.get("NRestarts") or 0),
        "result": shown.get("Result", ""),
        "exit_status": int(shown["ExecMainStatus"]) if shown.get("ExecMainStatus") else None,
        "status_text": shown.get("StatusText", ""),
        "lingers": manager.lingers(),
        "log": manager.log_command,
    }


def _of_launchd(manager: Launchd, shown: Mapping[str, str]) -> dict[str, Any]:
    code = launchd.last_exit(shown)
    return {
        "enabled": bool(shown),
        "active": "active" if shown.get("state") == "running" else "failed" if code else "inactive",
        "pid": int(shown.get("pid") or 0),
        "restarts": max(0, int(shown.get("runs") or 1) - 1),
        "result": "" if code is None else "exit-code" if code else "success",
        "exit_status": code,
        "log": str(manager.log_path),
    }


def _drift(note: Manifest, config: Optional[Config]) -> tuple[str, ...]:
    if config is None or not note.writable:
        return ()
    may = tuple(map(Path, note.writable))
    return tuple(map(str, render.uncovered(render.writable(config), may)))


def _changed(note: Manifest) -> tuple[str, ...]:
    found = []
    for name in note.files:
        try:
            if manifest.is_changed(Path(name), note):
                found.append(name)
        except OSError:  # it is there, and not for our eyes
            continue
    return tuple(found)


def _outdated(manager: Manager) -> bool:
    """Whether this sorad ships another unit. Of the plist, what is shipped is only a part."""
    if not isinstance(manager, Systemd):
        return False
    name = render.SYSTEM_UNIT if manager.system else render.USER_UNIT
    try:
        return manager.unit_path.read_text("utf-8") != render.shipped(name)
    except OSError:
        return True


def pid_of(manager: Manager) -> int:
    """The process of the service; 0 where it does not run."""
    if isinstance(manager, Systemd) and manager.missing() is not None:
        return 0
    shown = manager.show()
    found = shown.get("MainPID" if isinstance(manager, Systemd) else "pid") or "0"
    return int(found) if found.isdecimal() else 0


def troubles(found: ServiceState) -> list[Problem]:
    """What is wrong with an installed service, in sentences. Pure."""
    if not found.installed:
        return [] if found.missing is None else [found.missing]
    told = []
    if found.missing is not None:
        told.append(found.missing)
    if found.active == "failed":
        told.append(problems.ended(found.unit, found.result, found.exit_status, found.log))
    told += found.lacking
    if found.drift:
        told.append(problems.drift(found.drift))
    if found.outdated:
        told.append(problems.outdated(found.unit))
    if not found.enabled and found.missing is None:
        told.append(problems.disabled(found.unit))
    return told
