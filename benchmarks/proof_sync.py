"""Two machines with a real Syncthing between them, and one simulator: how often is each text paid for?

    python benchmarks/proof_sync.py killed asleep frozen       # or: three, killed_late, asleep_late, both, novideos

Needs root, `syncthing`, `unshare` and Linux. Each play runs in a network of its own that has nothing but loopback; the
machines have host names and machine ids of their own. A play takes three to six minutes, for a claim settles in one.

=============  ======================================================================================================
three          three daemons of one machine over one plain folder; the buyer is killed
killed         the machine that buys is killed, the other one takes over (`sorad claim`) and buys; it is started anew
frozen         the same, but its sorad is stopped (SIGSTOP) and goes on, while its sync runs
asleep         the same, but sorad and sync are both stopped, and go on at once
killed_late    killed with its sync; started anew half a minute before its sync
asleep_late    stopped with its sync; sorad goes on half a minute before its sync
both           the storyboard is edited on both machines before the sync carries either
novideos       the sync leaves `*.mp4` out; the other machine takes over and fetches what was bought
=============  ======================================================================================================
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Optional

REPOSITORY = Path(os.environ.get("SORAD_TREE", Path(__file__).parents[1]))
SETTLE = 60.0
FIVE = [f"scene {number}" for number in range(1, 6)]
PLAYS = ("three", "killed", "frozen", "asleep", "killed_late", "asleep_late", "both", "novideos")
_SYNC = """<configuration version="36"><folder id="v" label="v" path="{folder}" type="sendreceive" rescanIntervalS="5"
 fsWatcherEnabled="true" fsWatcherDelayS="1"><filesystemType>basic</filesystemType>{shares}</folder>{devices}
<gui enabled="true" tls="false"><address>127.0.0.1:{gui}</address><apikey>{key}</apikey></gui><options>
<listenAddress>tcp://127.0.0.1:{tcp}</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled>
<urAccepted>-1</urAccepted><crashReportingEnabled>false</crashReportingEnabled><autoUpgradeIntervalH>0</autoUpgradeIntervalH>
<startBrowser>false</startBrowser><reconnectionIntervalS>2</reconnectionIntervalS></options></configuration>"""
_CONFIG = """state_dir = "{state}"
[[watch]]
path = "{vault}"
settle_seconds = 0.5
edit_seconds = 1.0
rescan_seconds = 5
[provider]
kind = "sora_hk"
base_url = "{api}"
api_key_file = "{key}"
[polling]
first_after = 2
every = 2
[limits]
jitter_seconds = [0.2, 0.6]
concurrency = 3
safe_concurrency = 2
[disk]
min_free = "100 MB"
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait(what: Callable[[], Any], patience: float, said: str) -> Any:
    """What it gives once that is true; what goes wrong meanwhile is tried again."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            found = what()
        except (OSError, ValueError, KeyError):
            found = None
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {patience} s: {said}")


class Syncthing:
    """One installation, for one folder. ``ignore``: what it leaves out."""

    def __init__(self, home: Path, folder: Path, ignore: str = "") -> None:
        self.home, self.folder = home, folder
        self.gui, self.tcp = free_port(), free_port()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "STNOUPGRADE": "1", "STNORESTART": "1"}
        (folder / ".stfolder").mkdir(parents=True)
        home.mkdir()
        if ignore:
            (folder / ".stignore").write_text(ignore)
        command = ["syncthing", "generate", f"--home={home}", "--no-default-folder", "--skip-port-probing"]
        subprocess.run(command, check=True, capture_output=True, env=self.env)
        text = (home / "config.xml").read_text()
        self.id, self.key = (re.search(one, text)[1] for one in (r'<device id="([^"]+)"', r"<apikey>([^<]+)"))  # type: ignore[index]
        self.process: Optional[subprocess.Popen[bytes]] = None

    def start(self, other: Syncthing) -> None:
        both = (self, other)
        address = "<address>tcp://127.0.0.1:{0.tcp}</address>"
        devices = "".join(f'<device id="{one.id}">{address.format(one)}</device>' for one in both)
        shares = "".join(f'<device id="{one.id}"/>' for one in both)
        told = {"folder": self.folder, "gui": self.gui, "tcp": self.tcp, "key": self.key}
        (self.home / "config.xml").write_text(_SYNC.format(devices=devices, shares=shares, **told))
        command = [
            "syncthing",
            "serve",
            f"--home={self.home}",
            "--no-browser",
            "--no-restart",
            "--no-upgrade",
        ]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.env,
            start_new_session=True,
        )
        wait(lambda: self.rest("/rest/system/ping"), 90, "Syncthing")

    def rest(self, path: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.gui}{path}", headers={"X-API-Key": self.key}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def is_linked(self) -> bool:
        found = self.rest("/rest/system/connections")["connections"]
        return any(one["connected"] for one in found.values())

    def send(self, number: int) -> None:
        """To it and the process that it watches over."""
        if self.process is not None:
            os.killpg(self.process.pid, number)

    def stop(self) -> None:
        if self.process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            self.process.wait(60)
            self.process = None


class Machine:
    """A computer with a sorad; or another sorad of the same one (``state``)."""

    def __init__(self, home: Path, number: int, vault: Path, api: str, state: str = "state") -> None:
        self.home, self.vault, self.name = home, vault, home.name
        home.mkdir(exist_ok=True)
        vault.mkdir(exist_ok=True)
        (home / "machine-id").write_text(f"{number:032x}\n")
        (home / "key").write_text("sk-sim")
        (home / "key").chmod(0o600)
        self.state, self.config = home / state, home / f"{state}.toml"
        self.config.write_text(_CONFIG.format(state=self.state, vault=vault, api=api, key=home / "key"))
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.log = home / f"{state}.log"

    def command(self, *words: str) -> list[str]:
        enter = f'hostname {self.name}; mount --bind {self.home}/machine-id /etc/machine-id; exec "$@"'
        sorad = [sys.executable, "-m", "sorad", "--lang", "en", "--config", str(self.config), *words]
        return ["unshare", "--mount", "--uts", "sh", "-c", enter, "sh", *sorad]

    @property
    def env(self) -> dict[str, str]:
        tree = str(REPOSITORY)
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": tree, "LANG": "C.UTF-8"}

    def run(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("run"), stdout=log, stderr=log, env=self.env, cwd=self.home
            )
        wait(lambda: self.status()["daemon"]["running"], 90, f"{self.name} runs")

    def cli(self, *words: str) -> str:
        command = self.command(*words)
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.env, cwd=self.home, check=False
        )
        return done.stdout or done.stderr

    def status(self) -> Any:
        return json.loads(self.cli("status", "--json"))

    def states(self) -> Counter[str]:
        return Counter(take["state"] for take in json.loads(self.cli("list", "--json")))

    def is_over(self) -> bool:
        states = self.states()
        return bool(states) and set(states) <= {"done", "failed", "cancelled"}

    def send(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(60)


class Play:
    """One of them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.began = name, folder, time.monotonic()
        self.syncs: list[Syncthing] = []
        self.machines: list[Machine] = []
        api, files = free_port(), free_port()
        self.api = f"http://127.0.0.1:{api}/v1"
        seconds = ("6", "12") if name in ("three", "both", "novideos") else ("20", "40")
        command = [sys.executable, "-m", "sorad", "--lang", "en", "simulate", "--port", str(api)]
        command += ["--files-port", str(files), "--task-seconds", *seconds, "--size", "200 KB"]
        command += ["--balance", "1000", "--state", str(folder / "tasks")]
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
        self.simulator = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
        wait(lambda: socket.create_connection(("127.0.0.1", api), 1).close() is None, 60, "the simulator")

    def bought(self) -> Counter[str]:
        """Accepted creates by text."""
        tasks = self.folder / "tasks"
        rows = [json.loads(line) for line in tasks.read_text().splitlines()] if tasks.exists() else []
        return Counter(row["order"]["prompt"] for row in rows if row["op"] == "create")

    def say(self, *words: object) -> None:
        print(f"{self.name:12} {time.monotonic() - self.began:5.0f} s ", *words, flush=True)

    def drop(self, vault: Path, name: str, texts: list[str]) -> None:
        segments = [{"segment_index": number, "prompt_text": text} for number, text in enumerate(texts, 1)]
        (vault / name).write_text(json.dumps({"segments": segments}))

    def report(self, *machines: Machine) -> None:
        bought = self.bought()
        twice = {text: count for text, count in bought.items() if count > 1}
        self.say(f"accepted {sum(bought.values())} of {len(bought)} texts; twice: {twice or 'none'}")
        for one in machines:
            problems = one.status()["problems"]
            told = "; ".join(f"{found['code']}: {found['message'][:110]}" for found in problems)
            videos, left = (len(list(one.vault.rglob(what))) for what in ("*_T*.mp4", ".*.tmp"))
            self.say(
                f"  {one.state.parent.name}: {dict(one.states())}, {videos} videos, {left} left over; {told}"
            )

    # --- the plays ---------------------------------------------------------------------------------
    def three(self) -> None:
        vault = self.folder / "vault"
        self.machines = [
            Machine(self.folder / "alpha", 0xA1, vault, self.api, f"state{one}") for one in range(3)
        ]
        for one in self.machines:
            one.run()
        self.drop(vault, "storyboard_a.json", FIVE)
        wait(lambda: sum(self.bought().values()) >= 2, 120, "two are bought")
        buyer = next(one for one in self.machines if set(one.states()) - {"queued", "held"})
        buyer.kill()
        self.say("killed", buyer.state.name, "after", sum(self.bought().values()))
        self.drop(vault, "storyboard_b.json", ["more 1", "more 2"])
        others = [one for one in self.machines if one is not buyer]
        for one in others:
            wait(one.is_over, 300, "all is there")
        buyer.run()
        wait(buyer.is_over, 300, "all is there")
        self.report(*self.machines)

    def two(self, ignore: str = "") -> tuple[Syncthing, Syncthing, Machine, Machine]:
        folder = self.folder
        here, there = (Syncthing(folder / f"sync{one}", folder / f"vault{one}", ignore) for one in "ab")
        self.syncs = [here, there]
        here.start(there)
        there.start(here)
        wait(here.is_linked, 120, "both are linked")
        alpha = Machine(folder / "alpha", 0xA1, here.folder, self.api)
        beta = Machine(folder / "beta", 0xB2, there.folder, self.api)
        self.machines = [alpha, beta]
        alpha.run()
        wait(lambda: (there.folder / "sorad-claim.md").exists(), 120, "the claim has come")
        beta.run()
        self.drop(here.folder, "storyboard_a.json", FIVE)
        wait(lambda: sum(self.bought().values()) >= 2, 300, "two are bought")
        time.sleep(6)
        return here, there, alpha, beta

    def both(self) -> None:
        here, there, alpha, beta = self.two()
        there.send(signal.SIGSTOP)
        for sync, words in ((here, "alpha"), (there, "beta")):
            self.drop(sync.folder, "storyboard_a.json", [f"{words} edits it", *FIVE[1:]])
            time.sleep(1.5)
        there.send(signal.SIGCONT)
        time.sleep(40)
        wait(alpha.is_over, 300, "all is there")
        self.report(alpha, beta)
        self.say(sorted(one.name for one in here.folder.glob("storyboard*.json")))

    def novideos(self) -> None:
        _here, there, alpha, beta = self.two("*.mp4\n")
        wait(alpha.is_over, 300, "all is there")
        self.report(alpha, beta)
        alpha.kill()
        self.say(beta.cli("claim", str(there.folder)).strip())
        wait(lambda: len(list(there.folder.rglob("*_T*.mp4"))) == len(FIVE), 600, "beta has fetched them")
        self.report(beta)

    def away(self) -> None:
        """The machine that buys goes, the other one takes over and buys, the first one comes back."""
        here, there, alpha, beta = self.two()
        asleep, late = self.name.startswith("asleep"), self.name.endswith("_late")
        alpha.kill() if self.name.startswith("killed") else alpha.send(signal.SIGSTOP)
        if asleep or late:
            here.send(signal.SIGSTOP)
        self.say("alpha is away after", sum(self.bought().values()))
        time.sleep(5)
        self.say(beta.cli("claim", str(there.folder)).strip())
        self.drop(there.folder, "storyboard_b.json", ["beta 1", "beta 2"])
        wait(lambda: self.bought()["beta 2"], 400, "beta buys")
        wait(beta.is_over, 600, "all is there")
        self.report(beta)
        if asleep and not late:
            here.send(signal.SIGCONT)
        alpha.run() if self.name.startswith("killed") else alpha.send(signal.SIGCONT)
        if late:
            time.sleep(30)
            here.send(signal.SIGCONT)
        self.say("alpha is back")
        time.sleep(SETTLE + 40)
        self.drop(there.folder, "storyboard_c.json", ["beta 3"])
        wait(lambda: self.bought()["beta 3"], 400, "beta goes on")
        wait(beta.is_over, 300, "all is there")
        time.sleep(30)
        self.report(alpha, beta)

    def end(self) -> None:
        for machine in self.machines:
            machine.send(signal.SIGCONT)
            machine.kill()
        for sync in self.syncs:
            sync.stop()
        self.simulator.kill()


def play(name: str) -> bool:
    """One play in the network of this process; whether each text was bought once."""
    with tempfile.TemporaryDirectory(prefix="sorad-sync-") as folder:
        one = Play(name, Path(folder))
        try:
            {"three": one.three, "both": one.both, "novideos": one.novideos}.get(name, one.away)()
        except AssertionError as error:
            one.say(f"FAILED {error}")
            one.report(*one.machines)
            return False
        finally:
            one.end()
        return max(one.bought().values()) == 1


def main() -> int:
    names = sys.argv[1:] or list(PLAYS)
    if os.environ.get("SORAD_ALONE"):
        return 0 if all(play(name) for name in names) else 1
    if shutil.which("syncthing") is None or os.geteuid() != 0 or not set(names) <= set(PLAYS):
        print(__doc__)
        return 2
    enter = 'ip link set lo up; exec "$@"'
    command = ["unshare", "--net", "--mount", "sh", "-c", enter, "sh", sys.executable, __file__, *names]
    return subprocess.run(command, env={**os.environ, "SORAD_ALONE": "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
