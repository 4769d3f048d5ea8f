"""What is written for a service: the units as they are shipped, and a drop-in with what is this machine's own.

Pure but for reading the shipped files.
"""

from __future__ import annotations

import os
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from sorad.service import quoting

if TYPE_CHECKING:
    from sorad.config.model import Config

USER_UNIT, SYSTEM_UNIT, LAUNCH_AGENT = "sorad.service", "sorad@.service", "sorad.daemon.plist"
LABEL = "sorad.daemon"
DROP_IN = "10-install.conf"
# Tells the daemon what its unit promises, so that it can look whether that holds (sorad.service.sandbox).
PROMISE = "SORAD_SANDBOX"
FULL, FILES = "full", "files"

# What closes the file system of a user's service. ProtectSystem=strict leaves homes open: ProtectHome= is theirs.
CLOSED = ("PrivateUsers=yes", "ProtectSystem=strict", "ProtectHome=read-only", "PrivateTmp=yes")

# Where PrivateTmp= would hide what the config names.
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))


@dataclass(frozen=True)
class Setting:
    """What differs from machine to machine."""

    command: tuple[str, ...]  # of the daemon: program and arguments
    config: Path
    writable: tuple[Path, ...]  # the folders that it writes to
    environment: Mapping[str, str] = field(default_factory=dict)
    credential: Optional[Path] = None  # a file with the API key, for LoadCredential=


def writable(config: Config) -> tuple[Path, ...]:
    """The folders that sorad writes to: watched ones, output folders, its own. None lies in another."""
    found = [config.state_dir]
    for watch in config.watch:
        found.append(watch.path)
        if watch.output_mode == "centralized" and watch.output_dir is not None:
            found.append(watch.output_dir)
    return tuple(
        one for one in dict.fromkeys(found) if not any(one != other and inside(one, other) for other in found)
    )


def inside(path: Path, folder: Path) -> bool:
    """Whether ``path`` is ``folder`` or lies in it, by name alone."""
    return path == folder or folder in path.parents


def shipped(name: str) -> str:
    """The text of a unit as it is shipped: in a wheel beside this module, in a checkout in ``service/``."""
    here = Path(__file__).parent
    for folder in (here / "units", here.parents[1] / "service"):
        file = folder / name
        if file.is_file():
            return file.read_text("utf-8")
    raise FileNotFoundError(name)


def system_drop_in(setting: Setting) -> str:
    """The drop-in of ``sorad@NAME.service``."""
    lines = [*_head("systemctl edit sorad@NAME"), *_service(setting, FULL)]
    return "\n".join([*lines, *_paths(setting)]) + "\n"


def user_drop_in(setting: Setting, *, closed: bool) -> str:
    """The drop-in of the user's ``sorad.service``. ``closed``: the machine lets users make namespaces."""
    lines = [*_head("systemctl --user edit sorad"), *_service(setting, FILES if closed else "")]
    if closed:
        lines += [*CLOSED, *_paths(setting)]
    return "\n".join(lines) + "\n"


def _head(edit: str) -> list[str]:
    return [
        "# Written by `sorad service install`, which writes it anew when it is run again: after a change of the",
        f"# watched folders, or an update of sorad. Changes of your own: {edit}",
        "[Service]",
    ]


def _service(setting: Setting, promise: str) -> list[str]:
    program, *arguments = setting.command
    command = " ".join([quoting.executable(program), *map(quoting.argument, arguments)])
    environment = {**setting.environment, **({PROMISE: promise} if promise else {})}
    lines = [
        "ExecStart=",
        f"ExecStart={command}",
        f"WorkingDirectory=-{quoting.path(str(setting.config.parent))}",
        *(f"Environment={quoting.assignment(name, value)}" for name, value in environment.items()),
    ]
    if setting.credential is not None:
        lines.append(f"LoadCredential=sora_api_key:{quoting.path(str(setting.credential))}")
    return lines


def _paths(setting: Setting) -> list[str]:
    """The only places that may be written. A ``-``: a drive that is away at the start does not prevent it."""
    lines = [f"ReadWritePaths={quoting.listed('-' + str(path))}" for path in setting.writable]
    needed = (*setting.writable, setting.config, Path(setting.command[0]))
    if any(inside(path, folder) for path in needed for folder in _TEMPORARY):
        lines.append("PrivateTmp=no")  # something that is needed lies there
    return lines


def launch_agent(setting: Setting, logs: Path) -> bytes:
    """The launchd agent: the shipped plist with the real command, environment and log file."""
    raw = plistlib.loads(shipped(LAUNCH_AGENT).encode("utf-8"))
    raw["ProgramArguments"] = list(setting.command)
    raw["WorkingDirectory"] = str(setting.config.parent)
    raw["EnvironmentVariables"] = {**raw["EnvironmentVariables"], **setting.environment}
    raw["StandardOutPath"] = raw["StandardErrorPath"] = str(logs)
    return plistlib.dumps(raw, sort_keys=False)


def language_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that tell a service which language its user speaks: it sees nothing of their shell."""
    names = ("LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES")
    return {name: env[name] for name in names if env.get(name)}


def uncovered(paths: tuple[Path, ...], by: tuple[Path, ...]) -> tuple[Path, ...]:
    """Those of ``paths`` that lie in none of ``by``; links are followed."""
    real = [_real(folder) for folder in by]
    return tuple(path for path in paths if not any(inside(_real(path), folder) for folder in real))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
