"""A house of its own for each test: config, state_dir, ledger, and `sorad` run in this process."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sorad import lock, messages
from sorad.cli.main import main
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.states import MOVES
from sorad.ledger.values import Change, RootRow, Storyboard, Want
from sorad.model import Request, State, Take
from sorad.problems import Problem


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class House:
    """One user's sorad."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    _ledger: SqliteLedger | None = None
    _lock: lock.Lock | None = None
    _board: int = field(default=0)

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    @property
    def state_dir(self) -> Path:
        return self.home / "state"

    @property
    def vault(self) -> str:
        return str(self.home / "vault")

    @property
    def ledger(self) -> SqliteLedger:
        """The ledger as its daemon holds it."""
        if self._ledger is None:
            self._ledger = SqliteLedger.open(self.state_dir / "ledger.sqlite3")
            self._ledger.recover("test", 0.0)
        return self._ledger

    def sorad(self, *words: str, lang: str = "en") -> Ran:
        """Run a command in this process."""
        self.capsys.readouterr()
        code = main([*(["--lang", lang] if lang else []), "--config", str(self.config), *words])
        return Ran(code, *self.capsys.readouterr())

    def started(self) -> None:
        """From here on a daemon (this process) holds the ledger."""
        self.ledger  # noqa: B018  (made first, as a daemon does)
        self._lock = lock.acquire(self.state_dir, "run")

    def root(self, state: str = "watching", reason: Problem | None = None) -> None:
        self.ledger.put_root(RootRow(self.vault, state, "1", reason))

    def board(self, *wants: Want, name: str = "storyboard.json", **members: Any) -> str:
        path = str(Path(self.vault) / name)
        wants = tuple(replace(one, output=f"/videos/{name}/{one.segment}.mp4") for one in wants)
        row = replace(Storyboard(0, self.vault, path, 1, 1, name, "ok", segments=len(wants)), **members)
        self.ledger.apply(row, wants, time.time())
        return path

    def takes(
        self, count: int, state: State = State.QUEUED, *, name: str = "storyboard.json", **members: Any
    ) -> list[Take]:
        """A storyboard with ``count`` segments, whose takes were driven to a state."""
        path = self.board(*(want(number) for number in range(1, count + 1)), name=name)
        return [drive(self.ledger, take, state, **members) for take in self.ledger.takes(storyboard=path)]

    def drive(self, take: Take, to: State, **members: Any) -> Take:
        """Another state for a take, by legal moves."""
        return drive(self.ledger, take, to, **members)

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
        if self._lock is not None:
            self._lock.release()


def want(segment: int) -> Want:
    request = Request(f"a cat walks, {segment}")
    fingerprint = request.fingerprint()
    return Want(segment, 1, request, fingerprint, "")


def drive(ledger: SqliteLedger, take: Take, to: State, **members: Any) -> Take:
    """By legal moves; ``members`` go with the last one."""
    ways: list[list[State]] = [[take.state]]
    while ways[0][-1] is not to:
        way = ways.pop(0)
        # what was bought has been submitted; a take that was not may end without
        unsent = way[-1] in (State.QUEUED, State.HELD, State.CANCELLED)
        short = {State.GENERATING, State.DOWNLOADING, State.DONE, State.FAILED} if unsent else set()
        steps = MOVES[way[-1]] - set(way) - short
        ways += [[*way, state] for state in sorted(steps, key=str)]
    for state in ways[0][1:]:
        extra: dict[str, Any] = {"intent": True} if state is State.SUBMITTING else {}
        if state is State.GENERATING:
            extra = {"remote_id": f"task-{take.id}", "accepted_at": time.time()}
        take = ledger.record(
            take, Change(state, "drive", **{**extra, **(members if state is to else {})}), time.time()
        )
    return take


@pytest.fixture
def house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[House]:
    """An empty house with a config; nothing of this machine's user shows through."""
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("SORAD_CONFIG", "SORAD_DEBUG", "LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LOGURU_AUTOINIT", "0")
    for module, name in (
        (messages, "_current"),
        (messages, "_language"),
        (argparse, "_"),
        (argparse, "ngettext"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
    made = House(tmp_path, capsys)
    (tmp_path / "vault").mkdir()
    made.config.write_text(
        'state_dir = "state"\n[[watch]]\npath = "vault"\n[provider]\nkind = "simulator"\n'
        'base_url = "http://127.0.0.1:9/v1"\n',
        encoding="utf-8",
    )
    yield made
    made.close()


@pytest.fixture
def order(house):
    """Runs a command with a dead daemon; returns what is left in the ledger as (verb, args)."""

    def run(*words: str):
        known = len(house.ledger.commands())
        ran = house.sorad(*words)
        return ran, [(command.verb, dict(command.args)) for command in house.ledger.commands()[known:]]

    return run
