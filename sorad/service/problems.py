"""Why there can be no service here, or why it does not start: sentences with their mends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from sorad.lock import Holder
from sorad.messages import N_
from sorad.problems import EX_CONFIG, Problem, SoradError
from sorad.service.host import Host, Outcome


def windows(command: str) -> Problem:
    """There is no service manager for users on Windows; the Task Scheduler does what is needed."""
    return Problem(
        "service.windows",
        N_("sorad does not install itself as a service on Windows."),
        N_(
            "Let the Task Scheduler start it when you log in: "
            'schtasks /Create /TN sorad /SC ONLOGON /RL LIMITED /TR "{command}". '
            "To undo it: schtasks /Delete /TN sorad"
        ),
        {"command": command.replace('"', '\\"')},
    )


def unsupported(platform: str) -> Problem:
    """A system with a service manager of its own."""
    return Problem(
        "service.platform",
        N_("sorad knows no service manager of {platform}."),
        N_("Let its own one start `sorad run` at boot, as you."),
        {"platform": platform},
    )


def no_systemd(host: Host) -> Problem:
    """Linux without systemd: a container, WSL as it once was, another init."""
    if _is_wsl(host):
        fix = N_(
            "Switch systemd on: write the two lines [boot] and systemd=true into /etc/wsl.conf, run "
            "`wsl --shutdown` in Windows, and try again."
        )
    elif host.path("/.dockerenv").exists() or host.path("/run/.containerenv").exists():
        fix = N_(
            "In a container no service is needed: let the container's own command be `sorad run`, with a restart "
            "policy such as --restart=on-failure."
        )
    else:
        fix = N_("Let the init system of this machine start `sorad run` at boot, as you.")
    return Problem("service.no_systemd", N_("systemd does not run on this machine."), fix)


def _is_wsl(host: Host) -> bool:
    try:
        return "microsoft" in host.path("/proc/sys/kernel/osrelease").read_text("utf-8").lower()
    except OSError:
        return False


def no_user_manager(host: Host) -> Problem:
    """systemd runs, but none for this user: after `su`, in a cron job, in some containers."""
    return Problem(
        "service.no_user_manager",
        N_("No systemd runs for the user {user} (there is no {folder}/systemd)."),
        N_(
            "Log in as {user} at the screen or with ssh (not with su or sudo), or let root run "
            "`loginctl enable-linger {user}`, and try again. For a machine where nobody logs in there is "
            "`sorad service install --system`."
        ),
        {"user": host.user, "folder": f"/run/user/{host.uid}"},
    )


def sudo(name: str) -> Problem:
    """A user service that root was to install for somebody else."""
    return Problem(
        "service.sudo",
        N_("This would install the service for root, not for {user}."),
        N_("Run it without sudo, as {user}; or, for a system service that runs as {user}, add --system."),
        {"user": name},
    )


def not_root(command: str) -> Problem:
    """A system service without root."""
    return Problem(
        "service.not_root",
        N_("Only root may install or remove a system service."),
        N_("Run: sudo {command}"),
        {"command": command},
    )


def no_user(name: str) -> Problem:
    """``--user`` names nobody."""
    return Problem(
        "service.no_user",
        N_("There is no user {user} on this machine."),
        N_("Name the one whose folders are watched: --user NAME."),
        {"user": name},
    )


def which_user() -> Problem:
    """Root itself asks, and does not say for whom."""
    return Problem(
        "service.which_user",
        N_("It is not clear as which user the service is to run."),
        N_("Name the one whose folders are watched: --user NAME."),
    )


def odd_user(name: str) -> Problem:
    """A name that the instance of a unit cannot hold as it is."""
    return Problem(
        "service.odd_user",
        N_("The user name {user} does not fit into the name of a unit."),
        N_("Install a user service instead: run `sorad service install` as that user."),
        {"user": name},
    )


def cannot_run(name: str, program: str, outcome: Outcome) -> Problem:
    """The user of a system service cannot start this sorad."""
    return Problem(
        "service.cannot_run",
        N_("{user} cannot start {program}: {reason}."),
        N_(
            "Install sorad where everybody can read it, such as /opt/sorad, and run that one's `service install`."
        ),
        {"user": name, "program": program, "reason": outcome.said().rstrip(".")},
    )


def busy(holder: Holder) -> Problem:
    """A sorad of the same ledger runs, and not as this service."""
    return Problem(
        "service.busy",
        N_("sorad {command} runs already (process {pid}); the service would not get its ledger."),
        N_("Stop it (Ctrl+C where it runs, or: kill {pid}), and try again."),
        {"command": holder.command, "pid": holder.pid},
    )


def other(unit: str, command: str) -> Problem:
    """The service is installed in the other way already: both would want one ledger."""
    return Problem(
        "service.other",
        N_("sorad is installed as {unit} already; two services would fight over one ledger."),
        N_("Remove that one first: {command}"),
        {"unit": unit, "command": command},
    )


def refused(what: str, outcome: Outcome) -> SoradError:
    """systemctl or launchctl did not do what it was asked."""
    return SoradError(
        Problem(
            "service.refused",
            N_("`{command}` failed: {reason}."),
            N_("Nothing is lost. `sorad service uninstall` takes away what was written so far."),
            {"command": what, "reason": outcome.said().rstrip(".")},
        )
    )


def unwritable(error: OSError) -> SoradError:
    """A unit cannot be written."""
    return SoradError(
        Problem(
            "service.unwritable",
            N_("{path} cannot be written: {reason}."),
            N_("Check that you may write there, and try again."),
            {"path": str(error.filename or ""), "reason": error.strerror or str(error)},
        )
    )


def no_session(outcome: Outcome) -> Problem:
    """launchd has no domain for a user who is not logged in at the screen."""
    return Problem(
        "service.no_session",
        N_("launchd does not take the agent: {reason}."),
        N_(
            "An agent belongs to a login at the screen. Log in there once (not only with ssh) and run "
            "`sorad service install` again; from then on it starts at each login."
        ),
        {"reason": outcome.said().rstrip(".")},
    )


def not_started(unit: str, result: str, log: str) -> Problem:
    """It was started, and ended."""
    return Problem(
        "service.not_started",
        N_("{unit} does not run: {result}."),
        N_("Its last words are above; {log} has all of them. It stays installed."),
        {"unit": unit, "result": result, "log": log},
    )


def not_ready(unit: str, seconds: float) -> Problem:
    """It runs, but has not come so far as to work."""
    return Problem(
        "service.not_ready",
        N_("{unit} has started, but is not ready after {seconds:g} s."),
        N_("A first look through large folders takes its time; `sorad service status` tells more."),
        {"unit": unit, "seconds": seconds},
    )


def key_unseen(place: str, environment: str) -> Problem:
    """The key is where only this shell finds it."""
    return Problem(
        "service.key_unseen",
        N_("The API key is only in {place}, which a service does not see."),
        N_(
            'Put it into a file that is yours alone (chmod 600) and name that in the config: api_key_file = "…". '
            "Or give the service the line NAME=key in {environment}."
        ),
        {"place": place, "environment": environment},
    )


def ended(unit: str, result: str, status: Optional[int], log: str) -> Problem:
    """The service manager gave up, or was told to (exit code 78)."""
    if status == EX_CONFIG:
        return Problem(
            "service.config",
            N_("{unit} ended because of its config and is not tried again."),
            N_("`sorad status` or {log} says what is wrong. Mend it, then: sorad service install"),
            {"unit": unit, "log": log},
        )
    return Problem(
        "service.failed",
        N_("{unit} failed ({result}, exit code {status})."),
        N_("{log} says why. To start it again: sorad service install"),
        {"unit": unit, "result": result or "?", "status": "?" if status is None else status, "log": log},
    )


def drift(folders: Sequence[str]) -> Problem:
    """The config names folders that the sandbox does not let the service write."""
    return Problem(
        "service.drift",
        N_("The service may not write to {folders}: they came into the config after it was installed."),
        N_("Run `sorad service install` again."),
        {"folders": ", ".join(folders)},
    )


def outdated(unit: str) -> Problem:
    """The unit was written by another version of sorad, or changed by hand."""
    return Problem(
        "service.outdated",
        N_("The installed {unit} is not the one that this sorad brings along."),
        N_("Run `sorad service install` again; what you changed in it is kept beside it."),
        {"unit": unit},
    )


def disabled(unit: str) -> Problem:
    """It was switched off."""
    return Problem(
        "service.disabled",
        N_("{unit} does not start by itself."),
        N_("Run `sorad service install` again, or `sorad service uninstall` if it is no longer wanted."),
        {"unit": unit},
    )
