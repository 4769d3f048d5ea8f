"""systemd: what is written where, and the conversation with ``systemctl``."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from sorad.messages import _
from sorad.problems import Problem, SoradError
from sorad.service import manifest, problems, programs, render
from sorad.service.host import Host, Outcome
from sorad.service.manifest import Manifest
from sorad.service.render import Setting

Say = Callable[[str], None]
Sleep = Callable[[float], None]

# How long a start is waited for, and how often it is looked at, in seconds. Longer than a first scan takes but
# on the slowest shares; the service goes on however long it takes.
READY_WITHIN, LOOK_EVERY = 90.0, 0.3

# What `systemctl show` is asked for.
_ASKED = (
    "LoadState,UnitFileState,ActiveState,SubState,MainPID,ActiveEnterTimestampMonotonic,NRestarts,Result,"
    "ExecMainStatus,StatusText,InvocationID"
)


@dataclass(frozen=True)
class Systemd:
    """A systemd manager that sorad is or will be a service of: the system's, or that of the user."""

    host: Host
    system: bool

    @property
    def kind(self) -> str:
        """``"systemd-system"`` or ``"systemd-user"``."""
        return "systemd-system" if self.system else "systemd-user"

    @property
    def unit(self) -> str:
        """The unit as systemctl knows it."""
        return f"sorad@{self.host.user}.service" if self.system else render.USER_UNIT

    @property
    def manifest_path(self) -> Path:
        """Root's notes lie where only root writes: they tell what root removes."""
        if self.system:
            return self.host.path(f"/var/lib/sorad/service-{self.host.user}.json")
        state = self.host.env.get("XDG_STATE_HOME")
        return (Path(state) if state else self.host.home / ".local" / "state") / "sorad" / "service.json"

    @property
    def unit_path(self) -> Path:
        """The unit file; a template for the system, which all its instances share."""
        return self._folder / (render.SYSTEM_UNIT if self.system else render.USER_UNIT)

    @property
    def drop_in_path(self) -> Path:
        """What is this machine's own."""
        return self._folder / f"{self.unit}.d" / render.DROP_IN

    @property
    def _folder(self) -> Path:
        if self.system:
            return self.host.path("/etc/systemd/system")
        config = self.host.env.get("XDG_CONFIG_HOME")
        return (Path(config) if config else self.host.home / ".config") / "systemd" / "user"

    @property
    def environment_file(self) -> Path:
        """Where variables for the service can be put."""
        if self.system:
            return self.host.path(f"/etc/sorad/{self.host.user}.environment")
        return self._folder.parents[1] / "sorad" / "environment"

    @property
    def log_command(self) -> str:
        """How to read what it wrote to the journal."""
        return f"journalctl {'-u' if self.system else '--user -u'} {self.unit}"

    @property
    def start_command(self) -> str:
        """How a person starts it once it is installed. The units have no start limit that this could meet."""
        return f"sudo systemctl start {self.unit}" if self.system else f"systemctl --user start {self.unit}"

    def missing(self) -> Optional[Problem]:
        """Why no service can be here; ``None`` where one can."""
        if not self.host.path("/run/systemd/system").is_dir():
            return problems.no_systemd(self.host)
        if self.system:
            return None
        return None if self._runtime_dir() else problems.no_user_manager(self.host)

    def _runtime_dir(self) -> Optional[Path]:
        """Where the user's own systemd listens; ``su`` and cron jobs do not know, so it is looked for."""
        named = self.host.env.get("XDG_RUNTIME_DIR")
        usual = self.host.path(f"/run/user/{self.host.uid}")
        places = (Path(named), usual) if named else (usual,)
        return next((place for place in places if (place / "systemd" / "private").exists()), None)

    def systemctl(self, *arguments: str) -> Outcome:
        """One call of systemctl."""
        return self._call("systemctl", *([] if self.system else ["--user"]), *arguments)

    def must(self, *arguments: str) -> None:
        """A call that has to succeed. :class:`SoradError`."""
        outcome = self.systemctl(*arguments)
        if not outcome.ok:
            raise problems.refused(f"systemctl {' '.join(arguments)}", outcome)

    def _call(self, *argv: str) -> Outcome:
        folder = None if self.system else self._runtime_dir()
        return self.host.call(*argv, **({"XDG_RUNTIME_DIR": str(folder)} if folder else {}))

    def show(self) -> dict[str, str]:
        """What systemd knows of the unit; empty where it cannot be asked."""
        outcome = self.systemctl("show", self.unit, f"--property={_ASKED}")
        if not outcome.ok:
            return {}
        return dict(line.split("=", 1) for line in outcome.out.splitlines() if "=" in line)

    def closes(self) -> bool:
        """Whether this user's systemd can close the file system, for which it must make namespaces.

        Some kernels and distributions forbid that to users. systemd then refuses to start the unit, or starts it
        with everything open and says nothing: so it is tried, and looked at from inside.
        """
        asked = [word for setting in render.CLOSED for word in ("-p", setting)]
        look = ["test", "!", "-w", str(self.host.home)]
        return self._call("systemd-run", "--user", "--quiet", "--wait", "--collect", *asked, *look).ok

    def files(self, setting: Setting, *, closed: bool) -> dict[Path, bytes]:
        """What an installation writes."""
        if self.system:
            unit, drop_in = render.SYSTEM_UNIT, render.system_drop_in(setting)
        else:
            unit, drop_in = render.USER_UNIT, render.user_drop_in(setting, closed=closed)
        return {self.unit_path: render.shipped(unit).encode(), self.drop_in_path: drop_in.encode()}

    def called(self) -> dict[str, str]:
        """The programs that the installed unit calls, with all its drop-ins; see :mod:`.programs`."""
        found = sorted(self.drop_in_path.parent.glob("*.conf"), key=lambda one: one.name)
        return programs.of_units([_text(path) for path in (self.unit_path, *found)])

    def journal(self, lines: int = 15) -> str:
        """The last words of the service."""
        scope = [] if self.system else ["--user"]
        found = self._call("journalctl", *scope, "-u", self.unit, "-n", str(lines), "--no-pager", "-o", "cat")
        return found.out.strip() if found.ok else ""

    # --- lingering ---------------------------------------------------------------------------------

    def lingers(self) -> Optional[bool]:
        """Whether the user's services run while they are not logged in; ``None`` for a system service."""
        if self.system:
            return None
        return self.host.path(f"/var/lib/systemd/linger/{self.host.user}").exists()

    def set_linger(self, wanted: bool) -> Outcome:
        """Switch lingering on or off, without asking for a password."""
        verb = "enable-linger" if wanted else "disable-linger"
        return self._call("loginctl", "--no-ask-password", verb, self.host.user)


def _text(path: Path) -> str:
    """What cannot be read says nothing."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def install(manager: Systemd, setting: Setting, say: Say, sleep: Sleep, *, linger: bool = False) -> None:
    """Write, enable, start, and wait until it is ready. :class:`SoradError`."""
    closed = manager.system or manager.closes()
    note = manifest.load(manager.manifest_path) or Manifest(manager.unit)
    note.config, note.writable = str(setting.config), _writable(setting, closed=closed)
    try:
        kept = manifest.put(manager.files(setting, closed=closed), note)
    except OSError as error:
        raise problems.unwritable(error) from None
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing was
            manifest.save(note, manager.manifest_path)
    for path in note.files:
        say(_("written: {path}").format(path=path))
    for copy in kept:
        say(_("What you had changed is kept in {path}.").format(path=copy))
    if not closed:
        said = _("This machine does not let users make namespaces: the service may write wherever you may.")
        say(said)
    before = manager.show().get("InvocationID", "")
    manager.must("daemon-reload")
    manager.must("enable", manager.unit)
    manager.must("restart", "--no-block", manager.unit)
    say(_("{unit} is enabled and starts").format(unit=manager.unit))
    _linger(manager, note, say, wanted=linger)
    wait_ready(manager, say, sleep, before)


def _writable(setting: Setting, *, closed: bool) -> list[str]:
    return [str(path) for path in setting.writable] if closed else []


def _linger(manager: Systemd, note: Manifest, say: Say, *, wanted: bool) -> None:
    if manager.lingers() is not False:
        return
    if wanted:
        outcome = manager.set_linger(True)
        if outcome.ok:
            note.linger = True
            manifest.save(note, manager.manifest_path)
            say(_("It starts with the machine and goes on while you are logged out (lingering)."))
            return
        say(_("Lingering could not be switched on: {reason}").format(reason=outcome.said()))
    say(
        _(
            "It runs while you are logged in. For it to start with the machine and to go on when you log out: "
            "sudo loginctl enable-linger {user}"
        ).format(user=manager.host.user)
    )


def wait_ready(
    manager: Systemd, say: Say, sleep: Sleep, before: str = "", patience: float = READY_WITHIN
) -> None:
    """Wait until the service is up, saying what it says. :class:`SoradError` where it fails or takes long.

    ``before`` is the InvocationID of what ran until now, which is still seen for a moment.
    """
    last = ""
    for _look in range(round(patience / LOOK_EVERY)):
        shown = manager.show()
        if shown.get("InvocationID", "") != before:
            if shown.get("ActiveState") == "active":
                say(_("{unit} is ready").format(unit=manager.unit))
                return
            if shown.get("ActiveState") == "failed" or shown.get("SubState") == "auto-restart":
                for line in manager.journal().splitlines():
                    say(f"  {line}")
                raise SoradError(problems.not_started(manager.unit, _ending(shown), manager.log_command))
            text = shown.get("StatusText", "")
            if text and text != last:
                last = text
                say(f"  {text}")
        sleep(LOOK_EVERY)
    raise SoradError(problems.not_ready(manager.unit, patience))


def _ending(shown: Mapping[str, str]) -> str:
    return f"{shown.get('Result', '?')}, {shown.get('ExecMainStatus', '?')}"


def uninstall(manager: Systemd, say: Say) -> None:
    """Undo what :func:`install` did. :class:`SoradError`."""
    note = manifest.load(manager.manifest_path)
    if note is None:
        say(_("Nothing is installed here."))
        return
    if manager.missing() is None:
        outcome = manager.systemctl("disable", "--now", manager.unit)
        said = _("{unit} is stopped and disabled") if outcome.ok else _("{unit} was not running: {reason}")
        say(said.format(unit=manager.unit, reason=outcome.said()))
    try:
        kept = manifest.remove(note, exclude=_shared(manager))
        manager.manifest_path.unlink()
    except OSError as error:
        raise problems.unwritable(error) from None
    manifest.tidy(note)
    for name in note.files:
        path = Path(name)
        if path in kept:
            say(_("kept, because you changed it: {path}").format(path=path))
        elif not path.exists():
            say(_("removed: {path}").format(path=path))
    if manager.missing() is None:
        manager.systemctl("daemon-reload")
        manager.systemctl("reset-failed", manager.unit)
    if note.linger:
        manager.set_linger(False)
        say(_("Lingering is switched off again."))


def _shared(manager: Systemd) -> frozenset[str]:
    """The template stays as long as another user's instance is installed."""
    if not manager.system:
        return frozenset()
    others = set(manager.unit_path.parent.glob(f"sorad@?*.service.d/{render.DROP_IN}"))
    return frozenset({str(manager.unit_path)} if others - {manager.drop_in_path} else ())


def is_fit(user: str) -> bool:
    """Whether a user name stands for itself in the name of a unit (man systemd.unit)."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9:_.-]*", user))


def since(shown: Mapping[str, str], now: Optional[float] = None) -> Optional[float]:
    """Since when the service is up, in epoch seconds; ``None`` where it is not."""
    try:
        entered = int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    except ValueError:
        return None
    if not entered or shown.get("ActiveState") not in ("active", "reloading", "deactivating"):
        return None
    return (time.time() if now is None else now) - (time.clock_gettime(time.CLOCK_MONOTONIC) - entered)
