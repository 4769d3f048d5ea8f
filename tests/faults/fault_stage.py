"""A patient: the whole daemon in this process, in a hurry, with all its parts on, and `sorad status` asked of it."""

from __future__ import annotations

import contextlib
import importlib
import io
import random
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any, Optional

import pytest
from daemon_stage import Stage, ask, wait_for
from notify_samples import Inbox, inbox

from sorad.cli.main import main
from sorad.clock import SystemClock
from sorad.config.load import load
from sorad.daemon.assembly import Daemon
from sorad.daemon.reload import Reload
from sorad.daemon.threads import Supervised
from sorad.model import State

# What takes a minute in life takes a second here: by module and name, in seconds.
HURRY: tuple[tuple[str, str, float], ...] = (
    ("sorad.daemon.assembly", "RETIRE", 0.5),
    ("sorad.daemon.parts", "HOUSEKEEPING", 0.1),
    ("sorad.daemon.parts", "SWEEP", 0.3),
    ("sorad.daemon.threads", "RESTART_FIRST", 0.05),
    ("sorad.daemon.threads", "RESTART_LONGEST", 0.2),
    ("sorad.daemon.threads", "SHOWN", 1.0),
    ("sorad.daemon.watchman", "EVERY", 0.1),
    ("sorad.engine.decide.transitions", "AWAY", 0.5),
    ("sorad.engine.decide.gate", "FIRST", 0.1),
    ("sorad.engine.decide.gate", "LONGEST", 0.3),
    ("sorad.engine.run.lanes", "SHOWN", 1.0),
    ("sorad.engine.run.loop", "LOOK_EVERY", 0.2),
    ("sorad.engine.state.downloads", "TOLD_AFTER", 0.5),
    ("sorad.engine.state.reachability", "LOOK_AFTER", 0.3),
    ("sorad.engine.state.reachability", "TOLD_AFTER", 0.5),
    ("sorad.engine.steps.fetch", "AGAIN_FIRST", 0.1),
    ("sorad.engine.steps.fetch", "LOOK_AGAIN", 0.2),
    ("sorad.engine.steps.guard", "REST", 0.2),
    ("sorad.engine.steps.submit", "LOOK_AGAIN", 0.2),
    ("sorad.engine.state.wall_clock", "TOLD_FOR", 2.0),
    ("sorad.health.pulse", "EVERY", 0.1),
    ("sorad.health.pulse", "EVERY_ON_DISK", 0.1),
    ("sorad.health.pulse", "OVERDUE", 1.5),
    ("sorad.export.cutter", "TURN", 0.2),
    ("sorad.http.server", "AGAIN", 0.2),
    ("sorad.inspection.worker", "TURN", 0.2),
    ("sorad.ledger.connection", "LOCKED_SECONDS", 0.05),
    ("sorad.ledger.write_errors", "PROVE_EVERY", 0.3),
    ("sorad.notes.keeper", "TURN", 0.2),
    ("sorad.notify.part", "LONGEST", 0.3),
    ("sorad.notify.part", "SLICE", 0.1),
    ("sorad.notify.ping", "SLICE", 0.1),
    ("sorad.notify.rules", "FIRST", 0.2),
    ("sorad.notify.view", "GOOD_FOR", 0.1),
    ("sorad.vault.observer", "_RELEASE_TIMEOUT", 0.2),
    ("sorad.vault.root", "OFFLINE_LOOK", 0.2),
    ("sorad.vault.pace", "POLL", 0.2),
    ("sorad.vault.service", "LEDGER_FIRST", 0.1),
    ("sorad.vault.service", "LEDGER_LAST", 0.3),
    ("sorad.vault.service", "TURN", 0.2),
    ("sorad.vault.watch", "CONFIRM_AFTER", 0.2),
    ("sorad.vault.watch", "LAST_DELAY", 1.0),
    ("sorad.vault.watch", "STUCK_AFTER", 0.8),
)
LIMIT = 1.5  # of the heartbeats, 45 s in life


def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scale the times of this process."""
    for module, name, seconds in HURRY:
        monkeypatch.setattr(importlib.import_module(module), name, seconds)
    monkeypatch.setattr(importlib.import_module("sorad.http.server")._Server, "timeout", 0.1)


def hurried_program() -> str:
    """Python that scales the times of another process before sorad's main runs there."""
    lines = ["import importlib"]
    lines += [f"importlib.import_module({m!r}).{name} = {seconds}" for m, name, seconds in HURRY]
    return "\n".join(lines)


class SetClock(SystemClock):
    """The machine's clock, which somebody sets, and which sleeps."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Asked:
    """What `sorad status --json` said, with its exit code."""

    def __init__(self, code: int, report: Any) -> None:
        self.code = code
        self.report = report

    def codes(self, level: str) -> set[str]:
        return {one["code"] for one in self.report["problems"] if one["level"] == level}

    @property
    def problems(self) -> set[str]:
        return self.codes("problem")

    @property
    def notes(self) -> set[str]:
        return self.codes("note")


class Patient:
    """One user's sorad. ``stage`` has its vault, its config and its provider."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder, task_seconds=(0.1, 0.2), file_size=20_000)
        self._exits = contextlib.ExitStack()
        self.box: Inbox = self._exits.enter_context(inbox())
        self.unsent = ""  # why messages cannot be sent
        self.count = 0
        self.bought: list[Path] = []
        self.port = free_port()
        self.configure()

    # --- its config ----------------------------------------------------------------------------------

    def configure(self, **sections: Any) -> None:
        """Write the config: all parts on, with these changes by section."""
        parts = {
            "watch": {"settle_seconds": 0.05, "edit_seconds": 0.1},
            "notify": {"urls": ["json://127.0.0.1:1/x"], "kinds": ["trouble"], "settle_seconds": 0.3},
            "ping": {"url": f"{self.box.url}/ping", "every": 1.0},
            "http": {"listen": f"127.0.0.1:{self.port}"},
            "log": {"level": "INFO"},
        }
        merged = {name: {**values, **sections.get(name, {})} for name, values in parts.items()}
        self.stage.configure(**{**sections, **merged})

    def asked(self) -> Asked:
        return Asked(*ask(self.stage.config_file, "status"))

    def doctor(self) -> set[str]:
        """Codes of the problems that `sorad doctor` finds."""
        _code, found = ask(self.stage.config_file, "doctor")
        return {one["code"] for one in found["checks"] if one["level"] == "problem"}

    def command(self, *words: str) -> int:
        """A command as a user types it; its exit code."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return main(["--lang", "en", "--config", str(self.stage.config_file), *words])

    # --- how it is -------------------------------------------------------------------------------------

    def is_well(self) -> None:
        """Wait until `status` exits with 0 and has nothing to say, but of a watcher that was mended."""
        asked = self.asked()

        def well() -> bool:
            nonlocal asked
            asked = self.asked()
            takes = asked.report["takes"]
            busy = sum(takes.values()) - takes["done"] - takes["cancelled"]
            said = [one for one in asked.report["problems"] if not one["code"].startswith("watcher.")]
            return asked.code == 0 and not said and not busy

        wait_for(well, lambda: f"not well: exit {asked.code}, {asked.report['problems']}")

    def names(self, code: str) -> None:
        """Wait until `status` names this problem, whatever else."""
        asked = self.asked()

        def seen() -> bool:
            nonlocal asked
            asked = self.asked()
            return code in asked.problems

        wait_for(seen, lambda: f"exit {asked.code}, shown: {asked.report['problems']}")
        assert asked.code == 1

    def shows(self, problems: set[str], notes: Collection[str] = ()) -> None:
        """Wait until `status` names these problems and no other, and these notes."""
        asked = self.asked()

        def seen() -> bool:
            nonlocal asked
            asked = self.asked()
            return asked.problems == problems and asked.notes.issuperset(notes)

        wait_for(seen, lambda: f"exit {asked.code}, shown: {asked.report['problems']}")
        assert asked.code == (1 if problems else 0)
        assert asked.report["daemon"]["healthy"] is not bool(problems)
        for one in asked.report["problems"]:
            assert one["message"], one
            assert "{" not in one["message"] + one["fix"], one

    # --- work ------------------------------------------------------------------------------------------

    def buy(self) -> Path:
        """A storyboard with one new segment."""
        self.count += 1
        self.bought.append(self.stage.drop(f"storyboard_{self.count}.json", f"shot {self.count}"))
        return self.bought[-1]

    def until_all_done(self) -> None:
        over = {State.DONE, State.CANCELLED}

        def done() -> bool:
            takes = self.stage.takes()
            known = {take.storyboard for take in takes}
            return known.issuperset(map(str, self.bought)) and {take.state for take in takes} <= over

        wait_for(done, self.stage.told)

    # --- its end ---------------------------------------------------------------------------------------

    def close(self) -> None:
        self.stage.close()
        self._exits.close()


class Inside(Patient):
    """The daemon in this process, where a thread can be killed and a clock be set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        from sorad.notify.sender import Sender

        monkeypatch.setattr(Sender, "__call__", lambda *_args: self.unsent)
        self.clock = SetClock()
        self.daemon = Daemon(load(self.stage.config_file), "run", clock=self.clock, seed=1, limit=LIMIT)
        self.daemon.reads(self.stage.config_file)
        self.daemon.start()
        self.hurry_ledger()
        self._reload = Reload(
            self.daemon,
            lambda: load(self.stage.config_file),
            lambda _config: None,
            lambda: False,
            self.stage.config_file,
        )
        self.daemon.parts.standings[0].times._sleeping = lambda: self.clock.slept
        self.daemon.parts.standings[0].times.look()

    def hurry_ledger(self) -> None:
        """Wait no ten seconds for a lock."""
        db = self.daemon.ledger._db
        db._wait = 0.3
        db._db.execute("PRAGMA busy_timeout = 300")

    def reload(self, **sections: Any) -> bool:
        """Change the config and have it read."""
        self.configure(**sections)
        return self._reload.run()

    def thread(self, name: str) -> Supervised:
        if name == "watchman":
            return self.daemon._watching
        return next(one for one in self.daemon.parts.threads if one.name == name)

    def observer(self) -> Any:
        """What watches the vault, from the library."""
        watcher = wait_for(lambda: self.daemon.vault._watcher)
        watch = watcher._watches[str(self.stage.vault)]
        return wait_for(lambda: watch.observer)

    def close(self) -> None:
        self.daemon.stop(grace=5.0)
        super().close()


class Ward:
    """The daemon that rows share, made anew after one that did not recover."""

    def __init__(self, folders: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folders, self._monkeypatch = folders, monkeypatch
        self._patient: Optional[Inside] = None

    def patient(self) -> Inside:
        if self._patient is None:
            self._patient = Inside(self._folders.mktemp("patient"), self._monkeypatch)
            self._patient.buy()
            self._patient.until_all_done()
        return self._patient

    def discharge(self) -> None:
        patient, self._patient = self._patient, None
        if patient is not None:
            patient.close()


def free_port() -> int:
    """Below those that the system gives to clients: one that is free stays so."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
