"""`sorad init` as a process on a machine whose systemd is a fake that starts and stops the real daemon.

Run as a program: ``python init_machine.py ROOT WORD…`` is ``sorad WORD…`` there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sorad.config.load import load
from sorad.health.pulse import read_pulse
from sorad.lock import holder
from sorad.service.host import Host, Outcome


class FakeSystemd:
    """Answers what systemctl and its relatives are asked; ``ROOT/pid`` names the daemon it has started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        private = root / f"run/user/{os.geteuid()}/systemd/private"
        private.parent.mkdir(parents=True, exist_ok=True)
        private.touch()

    def host(self) -> Host:
        env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        return Host(sys.platform, os.geteuid(), Path.home(), "mei", env, self.root, self.run)

    def run(self, argv: Sequence[str], env: Mapping[str, str]) -> Outcome:
        words = [word for word in argv if not word.startswith("-")]
        if words[:2] == ["systemctl", "show"]:
            return Outcome(0, self._shown(), "")
        if words[:2] == ["systemctl", "restart"]:
            self._start()
        if words[0] == "loginctl":
            linger = self.root / "var/lib/systemd/linger/mei"
            linger.parent.mkdir(parents=True, exist_ok=True)
            linger.touch()
        return Outcome(0, "", "")

    def _start(self) -> None:
        config = self._config()
        # a test has no 20 s: the comments are keys with their defaults, ready to be used
        text = config.read_text("utf-8")
        for key, value in (
            ("first_after", "0.2"),
            ("settle_seconds", "0.2"),
            ("edit_seconds", "0.2"),
            ("jitter_seconds", "[0, 0]"),
        ):
            text, count = re.subn(rf"(?m)^# {key} = [^#\n]*", f"{key} = {value} ", text, count=1)
            assert count == 1, key
        config.write_text(text, "utf-8")
        daemon = subprocess.Popen(
            [sys.executable, "-m", "sorad", "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        (self.root / "pid").write_text(str(daemon.pid))

    def _config(self) -> Path:
        """The config that the installed unit runs with."""
        drop_in = next((Path.home() / ".config/systemd/user/sorad.service.d").glob("*.conf"))
        command = re.findall(r"(?m)^ExecStart=(.+)$", drop_in.read_text("utf-8"))[-1]
        return Path(shlex.split(command)[-1])

    def _shown(self) -> str:
        if not (self.root / "pid").exists():
            return "LoadState=loaded\nActiveState=inactive\n"
        found = holder(load(self._config()).state_dir)
        pulse = read_pulse(found)
        state = "active" if pulse is not None and pulse.ready else "activating"
        return f"LoadState=loaded\nActiveState={state}\nInvocationID=1\nStatusText=starting\n"


def stop(root: Path) -> None:
    """End the daemon that was started."""
    pid = root / "pid"
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid.read_text()), signal.SIGKILL)


def main(root: str, words: list[str]) -> Any:
    import sorad.service.host
    import sorad.service.query
    from sorad.cli.main import main as sorad_main

    fake = FakeSystemd(Path(root))
    if os.environ.get("NO_SYSTEMD"):
        (Path(root) / "run/systemd/system").rmdir()
    for module in (sorad.service.host, sorad.service.query):
        vars(module)["here"] = fake.host
    return sorad_main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
