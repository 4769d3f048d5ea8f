"""A ledger in memory, an intake that only notes what it is told, and a vault that runs on real folders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from sorad.clock import SystemClock
from sorad.config.model import Watch
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import RootRow, Storyboard
from sorad.vault.scan import Seen
from sorad.vault.service import Vault


class MemoryLedger:
    """The verbs of the folder side."""

    def __init__(self) -> None:
        self.boards: dict[str, Storyboard] = {}
        self.rows: dict[str, RootRow] = {}
        self.broken = False
        self.writes = 0

    def storyboards(self, root: str | None = None) -> list[Storyboard]:
        if self.broken:
            raise LedgerUnavailable("locked")
        return [board for board in self.boards.values() if root in (None, board.root)]

    def storyboard_at(self, path: str) -> Storyboard | None:
        return self.boards.get(path)

    def roots(self) -> list[RootRow]:
        return list(self.rows.values())

    def working(self) -> set[int]:
        return set()

    def put_root(self, row: RootRow) -> None:
        self.writes += 1
        self.rows[row.path] = row


@dataclass
class NotingIntake:
    """Writes a storyboard's row and keeps what was asked of it."""

    ledger: MemoryLedger
    rules: str = "rules"
    reads: list[tuple[str, str]] = field(default_factory=list)  # (path, content)
    read_at: dict[str, float] = field(default_factory=dict)
    went: list[str] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)  # path: root it was read for
    before: Callable[[Seen], None] = lambda seen: None

    def read(self, watch: Watch, seen: Seen, known: Storyboard | None) -> None:
        self.before(seen)
        content = Path(seen.path).read_text()
        self.ledger.boards[seen.path] = Storyboard(
            id=known.id if known is not None else len(self.ledger.boards) + 1,
            root=str(watch.path),
            path=seen.path,
            size=seen.size,
            mtime_ns=seen.mtime_ns,
            content=content,
            state="invalid" if content == "broken" else "ok",
            rules=self.rules,
            mount=seen.mount,
            disk=seen.disk,
        )
        self.reads.append((seen.path, content))
        self.read_at[seen.path] = time.monotonic()
        self.roots[seen.path] = str(watch.path)

    def audit(self, watch: Watch, boards: Any, tick: Callable[[], bool]) -> set[str]:
        return set()

    def read_through(self, root: str) -> bool:
        return True

    def gone(self, board: Storyboard) -> None:
        self.ledger.boards[board.path] = replace(board, state="gone")
        self.went.append(board.path)


class Running:
    """A vault in its thread."""

    def __init__(self, watches: list[Watch], ledger: MemoryLedger, intake: NotingIntake) -> None:
        self.ledger, self.intake = ledger, intake
        self.vault = Vault(watches, ledger, intake, SystemClock())  # type: ignore[arg-type]
        self.error: BaseException | None = None
        self.beats: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self.vault.first_scan_done.wait(60)

    def _run(self) -> None:
        try:
            self.vault.run(self._stop, lambda: self.beats.append(time.monotonic()))
        except BaseException as error:  # noqa: BLE001  (told by ``stop``)
            self.error = error

    def stop(self) -> None:
        self._stop.set()
        self.vault.wake()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self.error is None, self.error

    def state(self, root: Path) -> str:
        return next(row.state for row in self.vault.states() if row.path == str(root))

    def was_read(self, path: Path) -> bool:
        return any(read == str(path) for read, _content in self.intake.reads)

    def contents(self, path: Path) -> list[str]:
        return [content for read, content in self.intake.reads if read == str(path)]


def wait_until(condition: Callable[[], Any], timeout: float = 60.0) -> None:
    """Wait for a condition, and fail where it does not come true."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def intake(ledger: MemoryLedger) -> NotingIntake:
    return NotingIntake(ledger)


@pytest.fixture(scope="session")
def make_books() -> Callable[[], tuple[MemoryLedger, NotingIntake]]:
    """A new ledger and its intake, for each example of a property."""

    def make() -> tuple[MemoryLedger, NotingIntake]:
        books = MemoryLedger()
        return books, NotingIntake(books)

    return make


@pytest.fixture
def run(ledger: MemoryLedger, intake: NotingIntake) -> Iterator[Callable[..., Running]]:
    """Starts a vault on folders; ``rescan_seconds`` is so long that only events can help."""
    running: list[Running] = []

    def start(
        *roots: Path, settle: float = 0.1, edit: float = 0.1, rescan: float = 600.0, polling: str = "auto"
    ) -> Running:
        watches = [
            Watch(
                path=root,
                settle_seconds=settle,
                edit_seconds=edit,
                rescan_seconds=rescan,
                polling=polling,  # type: ignore[arg-type]
            )
            for root in roots
        ]
        running.append(Running(watches, ledger, intake))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def _no_log() -> Iterator[None]:
    logger.disable("sorad.vault")
    yield
    logger.enable("sorad.vault")
