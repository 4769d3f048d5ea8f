"""Intake: what a settled storyboard file means for the ledger.

The folder side hands over files; this reads them, looks at what their output folders already hold, and
tells the ledger what is wanted. A file that is known under another path is followed, a copy buys nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Config, Watch
from sorad.delivery.found import look
from sorad.engine.budget import NEVER, needs_approval
from sorad.layout import assets_folder, video_path
from sorad.ledger.interface import Ledger, Storyboard, Want
from sorad.messages import N_, _
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.storyboard.read import Reading, Rules, read_file
from sorad.vault.scan import Seen

Validate = Callable[[Request], "list[Problem]"]


def rules_of(config: Config, watch: Watch, validate: Validate) -> Rules:
    """How the storyboards of a root are read."""
    limits = config.storyboards
    return Rules(
        max_size=limits.max_size,
        max_segments=limits.max_segments,
        max_takes=limits.max_takes,
        takes=watch.takes,
        director_intent=config.prompt.director_intent,
        validate=validate,
    )


def digest(config: Config) -> str:
    """A hash of all settings that change what a storyboard means: other settings, read everything again."""
    provider = config.provider.model_dump(
        mode="json", exclude={"api_key_env", "api_key_file", "request_timeout"}
    )
    watches = [watch.model_dump(mode="json") for watch in config.watch]
    parts = [provider, watches, config.prompt.model_dump(), config.storyboards.model_dump()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def wants_of(reading: Reading, storyboard: Path, watch: Watch) -> list[Want]:
    """The takes that a storyboard asks for, each with what its folder already holds."""
    assets = assets_folder(storyboard, watch.path, watch.output_mode, watch.output_dir)
    wants = []
    for segment in reading.segments:
        fingerprint = segment.request.fingerprint()
        for number in range(1, segment.takes + 1):
            video = video_path(assets, segment.index, number, fingerprint)
            wants.append(_want(segment.index, number, segment.request, fingerprint, video))
    return wants


def _want(segment: int, number: int, request: Request, fingerprint: str, video: Path) -> Want:
    found = look(video)
    receipt = found.receipt
    if receipt is not None and receipt.fingerprint != fingerprint:
        receipt = None
    wanted = Want(segment, number, request, fingerprint, str(video))
    if receipt is None:
        return replace(wanted, state=State.DONE) if found.verified else wanted
    if not found.verified and not receipt.remote_id:
        return wanted
    return Want(
        segment,
        number,
        request,
        fingerprint,
        str(video),
        # A receipt without its video: it was bought, so it is asked after, never bought again.
        state=State.DONE if found.verified else State.GENERATING,
        remote_id=receipt.remote_id,
        provider=receipt.provider,
        base_url=receipt.base_url,
        account=receipt.account,
        request_id=receipt.request_id,
        cost=receipt.cost_micros,
        accepted_at=receipt.accepted_at,
        finished_at=receipt.finished_at,
    )


@dataclass
class Intake:
    """Reads storyboards into the ledger. ``wake`` tells the engine that there is work."""

    config: Config
    validate: Validate
    ledger: Ledger
    clock: Clock
    wake: Callable[[], None]
    price: Callable[[Request], Optional[int]]
    currency: str

    def __post_init__(self) -> None:
        self.rules = digest(self.config)

    def read(self, watch: Watch, seen: Seen, known: Optional[Storyboard]) -> None:
        """One settled file. ``OSError`` where it cannot be read just now."""
        path = Path(seen.path)
        reading = read_file(path, rules_of(self.config, watch, self.validate))
        now = self.clock.time()
        board = Storyboard(
            id=known.id if known is not None else 0,
            root=str(watch.path),
            path=seen.path,
            size=seen.size,
            mtime_ns=seen.mtime_ns,
            content=reading.content,
            state="invalid" if reading.problems else "ok",
            problems=reading.problems,
            segments=len(reading.segments),
            updated_at=now,
            rules=self.rules,
        )
        if reading.problems:
            self._invalid(board, now)
            return
        original = self._original(board)
        if original is not None and Path(original.path).exists():
            self._copy(board, original, now)
            return
        if original is not None:
            board = replace(board, id=original.id)
            logger.info(_("{old} is now {new}"), old=original.path, new=board.path)
        self._wanted(board, wants_of(reading, path, watch), now)

    def gone(self, board: Storyboard) -> None:
        """A storyboard is no longer there: what is not bought yet is not wanted any more."""
        now = self.clock.time()
        cancelled = self.ledger.withdraw(board.id, "gone", now)
        logger.info(_("{path} is gone; {count} unsent takes cancelled"), path=board.path, count=cancelled)
        for copy in self.ledger.with_content(board.content):
            if copy.state == "copy":
                # It takes the place of the one that is gone: read again, it will be followed.
                self.ledger.apply(replace(copy, rules=""), None, now)

    # --- the cases ---------------------------------------------------------------------------------

    def _invalid(self, board: Storyboard, now: float) -> None:
        applied = self.ledger.apply(board, None, now)
        # What an earlier version had queued is no longer what the user wants, or not known to be.
        self.ledger.withdraw(applied.storyboard_id, "invalid", now)
        for problem in board.problems[:3]:
            logger.warning("{path}: {problem}", path=board.path, problem=str(problem))

    def _original(self, board: Storyboard) -> Optional[Storyboard]:
        """Another storyboard with the same content: the one that is still there first."""
        others = [
            other
            for other in self.ledger.with_content(board.content)
            if other.path != board.path and other.state in ("ok", "gone")
        ]
        return min(others, key=lambda other: (not Path(other.path).exists(), other.id), default=None)

    def _copy(self, board: Storyboard, original: Storyboard, now: float) -> None:
        problem = _is_copy(original.path)
        copy = replace(board, state="copy", copy_of=original.path, problems=(problem,))
        applied = self.ledger.apply(copy, None, now)
        self.ledger.withdraw(applied.storyboard_id, "copy", now)
        logger.warning("{path}: {problem}", path=board.path, problem=str(problem))

    def _wanted(self, board: Storyboard, wants: Sequence[Want], now: float) -> None:
        applied = self.ledger.apply(board, self._held(board, wants), now)
        logger.info(
            _("{path}: {added} takes queued, {skipped} there already, {cancelled} no longer wanted"),
            path=board.path,
            added=applied.added,
            skipped=applied.skipped,
            cancelled=applied.cancelled,
        )
        self.wake()

    def _held(self, board: Storyboard, wants: Sequence[Want]) -> Sequence[Want]:
        """The wants, those that would be bought ``held`` where together they are too dear without approval."""
        if self.config.budget.approve_above is None:
            return wants
        known = {(t.segment, t.take, t.fingerprint): t for t in self.ledger.takes(storyboard=board.path)}

        def new(want: Want) -> bool:
            take = known.get((want.segment, want.take, want.fingerprint))
            unsent = take is None or (take.state in (State.HELD, State.CANCELLED) and not take.approved)
            return want.state is State.QUEUED and unsent

        prices = [self.price(want.request) for want in wants if new(want)]
        problem = needs_approval(self.config.budget, prices, self.currency)
        if problem is None:
            return wants
        logger.warning("{path}: {problem}", path=board.path, problem=str(problem))
        return [
            replace(want, state=State.HELD, due_at=NEVER, error=problem) if new(want) else want
            for want in wants
        ]


def another_take(ledger: Ledger, take: Take, now: float) -> int:
    """Queue one more take of the same segment and request, beside what is there: 1, or 0 if one is open."""
    return (
        1 if ledger.again(take.id, lambda number: str(sibling(Path(take.output), take, number)), now) else 0
    )


def sibling(video: Path, take: Take, number: int) -> Path:
    """Where take ``number`` of the same segment and request goes."""
    return video_path(video.parent.parent, take.segment, number, take.fingerprint)


def _is_copy(original: str) -> Problem:
    return Problem(
        "storyboard.copy",
        N_("it has the same content as {original}, so nothing is bought for it."),
        N_("Change its content, or use `sorad redo` on the other one if you want more takes."),
        {"original": original},
    )
