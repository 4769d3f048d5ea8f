"""launchd: an agent of the user who is logged in, by ``launchctl bootstrap`` and ``bootout``."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from sorad.messages import _
from sorad.problems import SoradError
from sorad.service import manifest, problems, programs, render
from sorad.service.host import Host, Outcome
from sorad.service.manifest import Manifest
from sorad.service.render import Setting

Say = Callable[[str], None]
Sleep = Callable[[float], None]

# bootout returns before the job is gone, and a bootstrap meanwhile fails with an input/output error: looked at
# every LOOK_EVERY seconds for GONE_WITHIN, a little longer than the plist's ExitTimeOut.
GONE_WITHIN, LOOK_EVERY = 35.0, 0.3
# A start that fails does so at once.
UP_WITHIN = 5.0
# Where macOS asks the user before a program may read, if it was not given Full Disk Access.
_PRIVATE = ("Desktop", "Documents", "Downloads", "Library/Mobile Documents", "Library/CloudStorage")


@dataclass(frozen=True)
class Launchd:
    """The launchd domain of the user's login."""

    host: Host

    kind = "launchd"
    unit = render.LABEL

    @property
    def domain(self) -> str:
        """As launchctl names it."""
        return f"gui/{self.host.uid}"

    @property
    def target(self) -> str:
        """The job in it."""
        return f"{self.domain}/{render.LABEL}"

    @property
    def plist_path(self) -> Path:
        """Where agents of the user lie."""
        return self.host.home / "Library" / "LaunchAgents" / render.LAUNCH_AGENT

    @property
    def log_path(self) -> Path:
        """What sorad says before its own log is open, and what Python itself says."""
        return self.host.home / "Library" / "Logs" / "sorad" / "launchd.log"

    @property
    def manifest_path(self) -> Path:
        """The note of what was written."""
        return self.host.home / "Library" / "Application Support" / "sorad" / "service.json"

    @property
    def start_command(self) -> str:
        """How a person starts it once it is installed: a job that was booted out has to be bootstrapped."""
        return "sorad service install"

    def launchctl(self, *arguments: str) -> Outcome:
        """One call of launchctl."""
        return self.host.call("launchctl", *arguments)

    def files(self, setting: Setting) -> dict[Path, bytes]:
        """What an installation writes."""
        return {self.plist_path: render.launch_agent(setting, self.log_path)}

    def called(self) -> dict[str, str]:
        """The program that the installed agent calls; see :mod:`.programs`."""
        with contextlib.suppress(OSError):
            return programs.of_agent(self.plist_path.read_bytes())
        return {}

    def show(self) -> dict[str, str]:
        """What launchd knows of the job (``state``, ``pid``, ``runs``, ``last exit code``); empty: nothing.

        The output of ``launchctl print`` is meant for people; of it only lines are read that have kept their
        form since macOS 10.11.
        """
        outcome = self.launchctl("print", self.target)
        if not outcome.ok:
            return {}
        found = re.findall(r"(?m)^\t(state|pid|runs|last exit code) = (.+)$", outcome.out)
        return {name: value.strip() for name, value in found}


def install(manager: Launchd, setting: Setting, say: Say, sleep: Sleep) -> None:
    """Write, load, and see that it stays up. :class:`SoradError`."""
    note = manifest.load(manager.manifest_path) or Manifest(manager.unit)
    note.config = str(setting.config)
    try:
        kept = manifest.put(manager.files(setting), note)
        manifest.make_folder(manager.log_path.parent, note)
    except OSError as error:
        raise problems.unwritable(error) from None
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing was
            manifest.save(note, manager.manifest_path)
    say(_("written: {path}").format(path=manager.plist_path))
    for copy in kept:
        say(_("What you had changed is kept in {path}.").format(path=copy))
    _out(manager, sleep)
    manager.launchctl("enable", manager.target)  # it may have been disabled by hand, which bootstrap obeys
    outcome = manager.launchctl("bootstrap", manager.domain, str(manager.plist_path))
    if outcome.code == 125 or "125" in outcome.said():  # the domain is not there: no login at the screen
        raise SoradError(problems.no_session(outcome))
    if not outcome.ok:
        raise problems.refused(f"launchctl bootstrap {manager.domain} {manager.plist_path}", outcome)
    _see_it_up(manager, say, sleep)
    _advise(manager, setting, say)


def _out(manager: Launchd, sleep: Sleep) -> None:
    """Unload it, and wait until it is gone."""
    if not manager.show():
        return
    manager.launchctl("bootout", manager.target)
    for _look in range(round(GONE_WITHIN / LOOK_EVERY)):
        if not manager.show():
            return
        sleep(LOOK_EVERY)


def _see_it_up(manager: Launchd, say: Say, sleep: Sleep) -> None:
    for _look in range(round(UP_WITHIN / LOOK_EVERY)):
        shown = manager.show()
        ended = shown.get("last exit code", "(never exited)")
        if shown.get("state") != "running" and ended not in ("(never exited)", "0"):
            for line in _tail(manager.log_path):
                say(f"  {line}")
            raise SoradError(problems.not_started(manager.unit, ended, str(manager.log_path)))
        sleep(LOOK_EVERY)
    say(_("{unit} runs, and starts at each login").format(unit=manager.unit))


def _tail(path: Path, lines: int = 15) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def _advise(manager: Launchd, setting: Setting, say: Say) -> None:
    """What macOS will ask, and where the logs are."""
    private = private_folders(setting.writable, manager.host.home)
    if private:
        said = _(
            "macOS protects {folders}. When it asks whether Python may read there, allow it. Nobody is asked while "
            "the screen is locked, so better allow it for good: System Settings, Privacy & Security, Full Disk "
            "Access, and add {program}."
        )
        say(said.format(folders=", ".join(map(str, private)), program=setting.command[0]))
    say(_("Its log: `sorad log`; what comes before that is open: {path}").format(path=manager.log_path))


def private_folders(paths: tuple[Path, ...], home: Path) -> list[Path]:
    """Those of ``paths`` that macOS guards: folders of the home, iCloud, and everything on other volumes."""
    guarded = [home / name for name in _PRIVATE] + [Path("/Volumes")]
    return [path for path in paths if any(render.inside(path, folder) for folder in guarded)]


def uninstall(manager: Launchd, say: Say, sleep: Sleep) -> None:
    """Undo what :func:`install` did. :class:`SoradError`."""
    note = manifest.load(manager.manifest_path)
    if note is None:
        say(_("Nothing is installed here."))
        return
    _out(manager, sleep)
    say(_("{unit} is stopped and disabled").format(unit=manager.unit))
    try:
        kept = manifest.remove(note)
        manager.log_path.unlink(missing_ok=True)
        manager.manifest_path.unlink()
    except OSError as error:
        raise problems.unwritable(error) from None
    manifest.tidy(note)
    for path in kept:
        say(_("kept, because you changed it: {path}").format(path=path))
    if manager.plist_path not in kept:
        say(_("removed: {path}").format(path=manager.plist_path))


def last_exit(shown: Mapping[str, str]) -> Optional[int]:
    """The code of the last end; ``None`` where it never ended."""
    found = re.match(r"\d+", shown.get("last exit code", ""))
    return int(found[0]) if found else None
