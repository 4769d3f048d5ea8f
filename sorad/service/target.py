"""For whom a service is installed, with which config, and which command it runs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

import sorad
from sorad.config.key import KeySource
from sorad.config.load import find_config, load
from sorad.config.model import Config
from sorad.messages import N_
from sorad.problems import EX_CONFIG, Problem, SoradError
from sorad.service import problems, render, systemd
from sorad.service.host import Host, Outcome, home_of
from sorad.service.render import Setting


@dataclass(frozen=True)
class Target:
    """What an installation is about."""

    config: Config
    setting: Setting


def for_user(host: Host, name: Optional[str]) -> Host:
    """The host as seen by the user of a system service: ``name``, or who called sudo. :class:`SoradError`."""
    chosen = name or host.env.get("SUDO_USER") or (None if host.uid == 0 else host.user)
    if chosen is None:
        raise SoradError(problems.which_user(), exit_code=2)
    home = home_of(chosen)
    if home is None:
        raise SoradError(problems.no_user(chosen), exit_code=2)
    if not systemd.is_fit(chosen):
        raise SoradError(problems.odd_user(chosen))
    mine = {key: value for key, value in host.env.items() if not key.startswith("XDG_")}
    return replace(host, user=chosen, home=home, env={**mine, "HOME": str(home)})


def find(host: Host, named: Optional[str], credential: Optional[Path], lang: Optional[str] = None) -> Target:
    """The config in force for the host's user, and what is to be rendered. :class:`SoradError` (78).

    ``lang`` is the language that was asked for by ``--lang``; the service keeps it.
    """
    _stand_in_for(host)
    path = find_config(named, host.env)
    if path is None:
        raise SoradError(
            Problem(
                "config.none",
                N_("there is no config file yet."),
                N_("`sorad init` writes one; `sorad once --input-dir FOLDER` works without."),
            ),
            exit_code=EX_CONFIG,
        )
    config = load(path)
    program, environment = command()
    setting = Setting(
        command=(*program, *(("--lang", lang) if lang else ()), "run", "--config", str(path)),
        config=path,
        writable=render.writable(config),
        environment={**render.language_environment(host.env), **environment},
        credential=credential,
    )
    return Target(config, setting)


def _stand_in_for(host: Host) -> None:
    """``~`` in the config is the home of the one it belongs to, also where root reads it."""
    if host.env.get("HOME") != os.environ.get("HOME"):
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        os.environ["HOME"] = str(host.home)


def command() -> tuple[tuple[str, ...], dict[str, str]]:
    """This very sorad as a command, and the variables that it needs.

    The script beside the interpreter where there is one (a virtual environment, pipx), the one that was
    called (pip install --user), else the interpreter with ``-m``, told where the package lies.
    """
    beside = Path(sys.executable).parent / "sorad"
    called = Path(sys.argv[0]).absolute()
    for script in (beside, called):
        if script.name == "sorad" and script.is_file() and os.access(script, os.X_OK):
            return (str(script),), {}
    package = Path(sorad.__file__).absolute().parents[1]
    return (sys.executable, "-m", "sorad"), {"PYTHONPATH": str(package)}


def shown_command(arguments: list[str]) -> str:
    """How a person calls this sorad, with the whole path, because sudo does not know theirs."""
    program, _environment = command()
    return shlex.join([*program, *arguments])


def check_runs_as(host: Host, setting: Setting) -> None:
    """That the user of a system service can start it. :class:`SoradError`."""
    program = setting.command[: setting.command.index("run")]
    outcome = as_user(host, [*program, "--version"], {**setting.environment, "HOME": str(host.home)})
    if not outcome.ok:
        raise SoradError(problems.cannot_run(host.user, " ".join(program), outcome))


def prepare_folders(host: Host, target: Target, *, system: bool) -> None:
    """Make ``state_dir`` and output folders: a sandbox can only open what is there. :class:`SoradError`.

    Nothing is made where the folder above is away, as on a drive that is not plugged in. As root, it is made
    by the user it is for, so that it is theirs, and no link in their home leads root astray.
    """
    for folder in render.writable(target.config):
        watched = folder in {watch.path for watch in target.config.watch}
        if folder.exists() or watched or not (_home_in(folder, host) or folder.parent.is_dir()):
            continue
        mode = "700" if folder == target.config.state_dir else "755"
        outcome = (
            as_user(host, ["mkdir", "-p", "-m", mode, str(folder)], {}) if system else _make(folder, mode)
        )
        if not outcome.ok:
            error = OSError(0, outcome.said(), str(folder))
            raise problems.unwritable(error)


def _home_in(folder: Path, host: Host) -> bool:
    return render.inside(folder, host.home)


def _make(folder: Path, mode: str) -> Outcome:
    try:
        folder.mkdir(mode=int(mode, 8), parents=True, exist_ok=True)
    except OSError as error:
        return Outcome(1, "", error.strerror or str(error))
    return Outcome(0, "", "")


def as_user(host: Host, argv: list[str], env: Mapping[str, str]) -> Outcome:
    """Run a command as the host's user; only root can, for another one."""
    import grp
    import pwd

    entry = pwd.getpwnam(host.user)
    groups = [group.gr_gid for group in grp.getgrall() if host.user in group.gr_mem]
    other = os.geteuid() != entry.pw_uid
    try:
        ended = subprocess.run(
            argv,
            env={"PATH": os.defpath, **env},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            user=entry.pw_uid if other else None,
            group=entry.pw_gid if other else None,
            extra_groups=groups if other else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(127, "", (error.strerror if isinstance(error, OSError) else None) or str(error))
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def key_trouble(host: Host, target: Target, environment_file: Path) -> Optional[Problem]:
    """Why the service would not find the key that this shell may find; ``None`` where it would."""
    if target.setting.credential is not None or target.config.provider.kind == "simulator":
        return None
    if environment_file.exists():
        return None  # whether the key stands in it is for the daemon to find out
    keys = KeySource(target.config.provider, host.env, target.setting.config.parent)
    try:
        found = keys.find()
    except SoradError as error:
        return error.problem
    return problems.key_unseen(found.place, str(environment_file)) if found.source == "env" else None
