"""Stand-ins for systemctl, launchctl and their like: real programs on a PATH of their own.

They write down how they were called, and answer what the test puts down for them.
"""

from __future__ import annotations

import os
from pathlib import Path

from sorad.config.model import Config, Watch
from sorad.service.host import Host
from sorad.service.render import Setting, writable

# $STAGE holds calls (one a line), answers (NAME.out, NAME.code by program and verb) and what is loaded.
_RECORD = '#!/bin/sh\nname=$(basename "$0")\necho "$name $*" >> "$STAGE/calls"\n'
_SYSTEMCTL = (
    _RECORD
    + """
[ "$1" = --user ] && shift
case $1 in
  show) cat "$STAGE/shown" 2>/dev/null;;
  restart) sed "s/=NEW/=$$/" "$STAGE/after" > "$STAGE/shown";;
esac
[ -f "$STAGE/refuses_$1" ] && { cat "$STAGE/refuses_$1" >&2; exit 1; }
exit 0
"""
)
_LAUNCHCTL = (
    _RECORD
    + """
case $1 in
  print)
    if [ -f "$STAGE/leaving" ]; then
      left=$(cat "$STAGE/leaving")
      [ "$left" -gt 0 ] && { echo $((left - 1)) > "$STAGE/leaving"; cat "$STAGE/job"; exit 0; }
      rm -f "$STAGE/leaving" "$STAGE/job"
    fi
    [ -f "$STAGE/job" ] || { echo "Could not find service" >&2; exit 113; }
    cat "$STAGE/job";;
  bootstrap)
    [ -f "$STAGE/refuses_bootstrap" ] && { cat "$STAGE/refuses_bootstrap" >&2; exit 5; }
    [ -f "$STAGE/job" ] && { echo "Bootstrap failed: 5: Input/output error" >&2; exit 5; }
    cp "$STAGE/new_job" "$STAGE/job";;
  bootout) echo 2 > "$STAGE/leaving";;
esac
exit 0
"""
)
_SIMPLE = (
    _RECORD
    + """
[ -f "$STAGE/refuses_$name" ] && { cat "$STAGE/refuses_$name" >&2; exit 1; }
cat "$STAGE/$name.out" 2>/dev/null
exit 0
"""
)

UP = (
    "ActiveState=active\nSubState=running\nMainPID=42\nUnitFileState=enabled\n"
    "InvocationID=NEW\nNRestarts=0\nResult=success\n"
)
FAILED = (
    "ActiveState=activating\nSubState=auto-restart\nInvocationID=NEW\n"
    "NRestarts=0\nResult=exit-code\nExecMainStatus=1\n"
)
JOB = (
    "gui/501/sorad.daemon = {\n\tactive count = 1\n\tstate = running\n\n"
    "\truns = 3\n\tpid = 42\n\tlast exit code = (never exited)\n}\n"
)


class Stage:
    """A machine made of a folder: its root, its home, its programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stage"
        self.home = folder / "home"
        self.root = folder / "root"
        programs = folder / "bin"
        for one in (self.folder, self.home, self.root, programs):
            one.mkdir()
        self.program = programs / "sorad"
        self.program.write_text("#!/bin/sh\n")
        self.program.chmod(0o755)
        for name, text in (
            ("systemctl", _SYSTEMCTL),
            ("launchctl", _LAUNCHCTL),
            ("systemd-run", _SIMPLE),
            ("journalctl", _SIMPLE),
            ("loginctl", _SIMPLE),
        ):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.env = {"PATH": f"{programs}:{os.defpath}", "STAGE": str(self.folder), "HOME": str(self.home)}
        self.says("after", UP)
        self.says("new_job", JOB)
        self.said: list[str] = []
        self.slept = 0.0

    def linux(self, user: str = "alice", *, uid: int = 1001, manager: bool = True) -> Host:
        """A machine with systemd, where the user has a manager of their own."""
        (self.root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        private = self.root / f"run/user/{uid}/systemd/private"
        if manager and not private.exists():
            private.parent.mkdir(parents=True)
            private.touch()
        return Host("linux", uid, self.home, user, self.env, self.root)

    def mac(self) -> Host:
        """A Mac with somebody at the screen."""
        return Host("darwin", 501, self.home, "alice", self.env, self.root)

    def says(self, name: str, text: str) -> None:
        """What a stand-in answers from now on."""
        (self.folder / name).write_text(text)

    def calls(self, program: str) -> list[str]:
        """What a program was asked for, without the mere looks."""
        try:
            lines = (self.folder / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
        found = [line.partition(" ")[2] for line in lines if line.startswith(program + " ")]
        return [line for line in found if not line.replace("--user ", "").startswith(("show ", "print "))]

    def say(self, line: str) -> None:
        self.said.append(line)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def files(self) -> list[str]:
        """Everything that lies in the home and in the root, folders too."""
        places = (self.home, self.root)
        return sorted(
            str(path.relative_to(self.home.parent)) for place in places for path in place.rglob("*")
        )

    def config(self, *roots: str) -> Config:
        """A config that watches ``roots``, which are made."""
        for root in roots:
            (self.home / root).mkdir(exist_ok=True)
        watch = tuple(Watch(path=self.home / root) for root in roots)
        return Config(watch=watch, state_dir=self.home / ".local/state/sorad")

    def setting(self, *roots: str) -> Setting:
        """What is rendered for such a config."""
        config = self.config(*roots)
        file = self.home / ".config/sorad/config.toml"
        return Setting((str(self.program), "run", "--config", str(file)), file, writable(config))
