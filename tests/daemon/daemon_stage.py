"""A stage for whole programs: a vault, a simulator, a config in a hurry, and sorad as a process.

Tests and proofs wait for conditions on it; they read the ledger as the command line does, beside the daemon.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union
from unittest import SkipTest

import warm_start

from sorad.cli.main import main
from sorad.files.mp4 import check_mp4
from sorad.layout import receipt_path
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.states import OPEN
from sorad.model import State, Take
from sorad.problems import SoradError
from sorad.receipts.receipt import DONE, read_receipt
from sorad.simulator import KEY, Simulator

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; only a failing test waits so long
Found = TypeVar("Found")

# Everything that takes minutes in life takes tenths of a second here.
FAST: Mapping[str, Mapping[str, Any]] = {
    "watch": {"settle_seconds": 0.15, "edit_seconds": 0.2, "rescan_seconds": 60.0},
    "provider": {"kind": "sora_hk", "request_timeout": 5.0, "api_key_file": "key"},
    "limits": {
        "cooldown_seconds": 1.0,
        "recover_seconds": 0.1,
        "probe_seconds": 0.3,
        "jitter_seconds": [0.0, 0.05],
    },
    "polling": {"first_after": 0.1, "every": 0.15},
    "reconcile": {"look_every": 0.2, "window": 1.0},
    "disk": {"min_free": "1 MB", "assumed_size": "100 KB"},
    # a process more, which few tests are about
    "media": {"posters": False, "checks": False, "sheets": False},
    "log": {"level": "DEBUG"},
}


def wait_for(
    condition: Callable[[], Found], what: Union[str, Callable[[], str]] = "", patience: float = PATIENCE
) -> Found:
    """What the condition gives once that is true; ``AssertionError`` if it never is, with ``what`` there was.

    One that takes long, for it starts a program, is asked less often: that would keep others from their work.
    """
    deadline = time.monotonic() + patience
    while True:
        began = time.monotonic()
        found = condition()
        if found:
            return found
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain: {what() if callable(what) else what}")
        time.sleep(min(max(0.02, now - began), 0.1))


def storyboard(*prompts: str, **more: Any) -> dict[str, Any]:
    """A storyboard with a segment for each prompt; ``more`` goes into each segment."""
    segments = [
        {"segment_index": number, "prompt_text": prompt, "duration_seconds": 10, **more}
        for number, prompt in enumerate(prompts, start=1)
    ]
    return {"segments": segments}


def ask(config: Path, *words: str) -> tuple[int, Any]:
    """A command with `--json`, as a user types it; its exit code and what it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main(["--lang", "en", "--config", str(config), *words, "--json"])
    return code, json.loads(said.getvalue())


class Process:
    """A sorad that runs; what it says goes to files."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str], number: int) -> None:
        self.stdout, self.stderr = folder / f"out{number}.txt", folder / f"err{number}.txt"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.popen = warm_start.start(command, out, err, folder, env)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def out(self) -> str:
        return self.stdout.read_text("utf-8", "replace")

    def err(self) -> str:
        return self.stderr.read_text("utf-8", "replace")

    def says(self, text: str) -> None:
        """Wait until it has said so, on stdout or stderr."""
        wait_for(lambda: text in self.out() or text in self.err() or self._ended(), f"{text!r} is said")
        assert text in self.out() + self.err(), f"{text!r} was not said:\n{self.out()}{self.err()}"

    def _ended(self) -> bool:
        return self.popen.poll() is not None

    def send(self, number: int) -> None:
        self.popen.send_signal(number)

    def ends(self, patience: float = PATIENCE) -> int:
        """Its exit code."""
        try:
            return self.popen.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended in {patience} s:\n{self.out()}{self.err()}") from None

    def stop(self) -> int:
        """End it in order."""
        if self.popen.poll() is None:
            self.send(signal.SIGTERM)
        return self.ends()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(PATIENCE)


class Stage:
    """One user's machine: ``vault``, ``state``, ``config.toml``, and a provider."""

    def __init__(self, folder: Path, **simulator: Any) -> None:
        """``simulator``: its settings, over those of one in a hurry."""
        self.folder = folder
        self.vault, self.state = folder / "vault", folder / "state"
        self.vault.mkdir(parents=True, exist_ok=True)
        self.config_file = folder / "config.toml"
        self.key_file = folder / "key"
        self.give_key(KEY)
        self.simulator = Simulator(**{"task_seconds": (0.1, 0.3), "file_size": 60_000, **simulator}).start()
        self.processes: list[Process] = []
        self._ledger: Optional[SqliteLedger] = None
        self.configure()

    # --- settings ----------------------------------------------------------------------------------

    def give_key(self, key: str) -> None:
        fresh = self.key_file.with_name("key.new")
        fresh.write_text(key, "utf-8")
        fresh.chmod(0o600)
        fresh.replace(self.key_file)

    def configure(self, watches: Sequence[Mapping[str, Any]] = (), **sections: Mapping[str, Any]) -> None:
        """Write ``config.toml``: the fast one with changes by section; ``watches`` replace the vault."""
        tables = {name: {**values, **sections.get(name, {})} for name, values in FAST.items()}
        tables.update({name: dict(values) for name, values in sections.items() if name not in tables})
        watch = tables.pop("watch")
        tables["provider"].setdefault("base_url", self.simulator.base_url)
        lines = [f"state_dir = {json.dumps(str(self.state))}"]
        for one in watches or [{"path": str(self.vault)}]:
            lines += ["[[watch]]", *_lines({**watch, **one})]
        for name, values in tables.items():
            lines += [f"[{name}]", *_lines(values)]
        self.config_file.write_text("\n".join(lines) + "\n", "utf-8")

    def environment(self) -> dict[str, str]:
        """Nothing of the real user's: no config, no key, no proxy."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        }

    # --- programs ----------------------------------------------------------------------------------

    def command(self, *words: str, config: bool = True, lang: str = "en") -> list[str]:
        named = ["--config", str(self.config_file)] if config else []
        return [sys.executable, "-m", "sorad", "--lang", lang, *named, *words]

    def start(
        self, *words: str, config: bool = True, lang: str = "en", env: Optional[Mapping[str, str]] = None
    ) -> Process:
        """Start sorad (``run`` unless something else is said) and let it run."""
        return self.launch(self.command(*(words or ("run",)), config=config, lang=lang), env)

    def launch(self, command: Sequence[str], env: Optional[Mapping[str, str]] = None) -> Process:
        process = Process(
            command, self.folder, {**self.environment(), **(env or {})}, len(self.processes) + 1
        )
        self.processes.append(process)
        return process

    def run(self, changed: str = "", env: Optional[Mapping[str, str]] = None) -> Process:
        """Start the daemon and wait until it watches. ``changed``: Python that changes sorad before."""
        command = self.command("run")
        if changed:
            script = f"import sys\n{changed}\nfrom sorad.cli.main import main\nsys.exit(main())\n"
            command[1:3] = ["-c", script]
        process = self.launch(command, env)
        process.says("sorad is running")
        return process

    def cli(self, *words: str, code: Optional[int] = 0, **how: Any) -> Process:
        """A command that ends by itself; its exit code is checked unless that is ``None``."""
        process = self.start(*words, **how)
        ended = process.ends()
        assert code is None or ended == code, f"{words}: {ended}\n{process.out()}{process.err()}"
        return process

    def status(self) -> Any:
        """`sorad status --json`, asked in this process: a program for each look costs more than what is looked at."""
        return ask(self.config_file, "status")[1]

    def root(self) -> Any:
        """What status tells of the first root; empty before the first look is told."""
        return next(iter(self.status()["roots"]), {})

    def problems(self) -> dict[str, str]:
        """Codes of the problems that `sorad status` shows, with their messages."""
        return {problem["code"]: problem["message"] for problem in self.status()["problems"]}

    # --- the ledger, read beside the daemon ----------------------------------------------------------

    def takes(self, state: Optional[State] = None) -> list[Take]:
        """What the ledger holds now; nothing where there is none yet."""
        try:
            if self._ledger is None:
                self._ledger = SqliteLedger.attach(self.state / "ledger.sqlite3")
            return list(self._ledger.takes(states=None if state is None else [state]))
        except (SoradError, LedgerUnavailable):
            return []

    def states(self) -> Counter[State]:
        return Counter(take.state for take in self.takes())

    def forget_ledger(self) -> None:
        """Let go of the ledger's file."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def told(self) -> str:
        """The counts, and the end of the daemon's log, for a person."""
        log = self.processes[-1].err()[-1500:] if self.processes else ""
        open_ones = "".join(
            f"\n{take.id} {take.state}: {take.error}; {self.notes(take)}"
            for take in self.takes()
            if take.state in OPEN
        )
        return f"{ {str(state): count for state, count in self.states().items()} }{open_ones}\n{log}"

    def notes(self, take: Take) -> list[str]:
        """The take's history, as its short notes."""
        assert self._ledger is not None
        return [event.note for event in self._ledger.history(take.id)]

    def recall(self, name: str) -> Any:
        """What the daemon remembers under a name; ``None`` for nothing."""
        self.takes()
        return self._ledger.recall(name) if self._ledger is not None else None

    def wait_states(self, patience: float = PATIENCE, **wanted: int) -> None:
        """Wait until exactly these takes are there: ``wait_states(done=3)``."""
        expected = Counter({State(name): count for name, count in wanted.items() if count})
        wait_for(lambda: self.states() == expected, self.told, patience)

    # --- the folder ----------------------------------------------------------------------------------

    def drop(self, name: str, *prompts: str, **more: Any) -> Path:
        """A storyboard of these prompts below the vault."""
        path = self.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(storyboard(*prompts, **more)), "utf-8")
        return path

    def videos(self) -> list[Path]:
        return sorted(self.vault.rglob("*.mp4"))

    def check_delivered(self, count: int, *, states: Mapping[State, int] = {}) -> None:
        """Each take bought once, there once, whole, with its receipt; nothing half, no key astray."""
        prompts = Counter(task.order.prompt for task in self.simulator.accepted)
        assert sum(prompts.values()) == count, f"accepted creates: {prompts}"
        assert self.states() == Counter({State.DONE: count, **states})
        done = self.takes(State.DONE)
        assert sorted(take.output for take in done) == [str(path) for path in self.all_videos()]
        assert len({take.remote_id for take in done}) == count
        by_id = {task.id: task for task in self.simulator.accepted}
        for take in done:
            video = Path(take.output)
            assert check_mp4(video) is None, f"{video}: {check_mp4(video)}"
            assert by_id[take.remote_id].order.prompt == take.request.prompt
            assert take.remote_id.encode() in video.read_bytes(), "the video of another task"
            receipt = read_receipt(receipt_path(video))
            assert receipt is not None, f"{video} has no receipt"
            assert (receipt.state, receipt.remote_id) == (DONE, take.remote_id)
            assert receipt.size == video.stat().st_size

        def left() -> list[Path]:
            """Half files; a note's are looked after for a few seconds."""
            return [path for path in self.folder.rglob("*.tmp") if ".sorad-" not in path.name]

        # One may be on its way to its name just now.
        wait_for(lambda: not left(), lambda: f"something half was left: {left()}", patience=10.0)
        assert self.simulator.keys_at_wrong_host == 0

    def all_videos(self) -> list[Path]:
        """Every video below the stage, in the order of their names as text."""
        return sorted(self.folder.rglob("*.mp4"), key=str)

    def secrets_found(self, *secrets: str) -> list[str]:
        """Where one of these stands in clear: ledger, log, what was printed."""
        files = [path for path in self.state.rglob("*") if path.is_file()]
        files += [file for process in self.processes for file in (process.stdout, process.stderr)]
        files += [path for path in self.vault.rglob("*.json") if path.is_file()]
        return [str(file) for file in files for secret in secrets if secret.encode() in file.read_bytes()]

    # --- its end -------------------------------------------------------------------------------------

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.forget_ledger()
        self.simulator.close()


def rights_bind() -> list[str]:
    """What goes before a command so that folders without rights refuse it, though root runs it.

    ``SkipTest`` where that cannot be had.
    """
    if os.name == "nt":
        raise SkipTest("Windows has other rights")
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise SkipTest("root may write everywhere, and setpriv is not there")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"]


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name} = {_toml(value)}" for name, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


@contextlib.contextmanager
def stage(folder: Path, **simulator: Any) -> Iterator[Stage]:
    """A stage that is cleared away whatever happens."""
    made = Stage(folder, **simulator)
    try:
        yield made
    finally:
        made.close()
