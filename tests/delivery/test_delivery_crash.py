"""Killed at any step, a delivery leaves nothing half under a final name, and the next one ends it.

The delivery runs in a forked process that ends with ``os._exit`` right before or right after the n-th call
that changes the disk: no ``finally`` runs, as in a real crash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, NoReturn

import pytest
from delivery_stage import video_of

from sorad.delivery.outcome import Received
from sorad.delivery.partial import Partial
from sorad.delivery.receive import receive
from sorad.layout import partial_path, receipt_path
from sorad.model import Request
from sorad.providers.base import Download
from sorad.receipts.place import look
from sorad.receipts.receipt import DONE, GENERATING, Receipt, read_receipt, write_receipt

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    # the child only computes and writes files: it waits for no lock that another thread could hold
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

BODY = video_of(50_000)
SHA = hashlib.sha256(BODY).hexdigest()
CRASHED = 9


def open_at(offset: int, validator: str) -> Download:
    start = offset if validator == '"one"' else 0

    def pieces() -> Iterator[bytes]:
        for at in range(start, len(BODY), 20_000):
            yield BODY[at : at + 20_000]

    return Download(start, len(BODY), '"one"', "", "", pieces())


def deliver(video: Path, kept: Path, step: Callable[[], None]) -> None:
    """One call as the engine makes it; ``kept`` stands for the ledger."""

    def keep(validator: str) -> None:
        step()
        kept.write_text(validator)
        step()

    told = Receipt(Request("a fox"), "0a1b2c3d", 1, 1, GENERATING, "task-1")

    def brought(size: int, sha256: str) -> None:
        write_receipt(video, replace(told, size=size, sha256=sha256))

    def open_once(offset: int, validator: str) -> Download:
        assert not video.exists(), "it is fetched once more"
        return open_at(offset, validator)

    outcome = receive(
        open_once,
        video,
        validator=kept.read_text() if kept.exists() else "",
        keep_free=0,
        stop=lambda: False,
        started=keep,
        progress=lambda got, total: None,
        free=lambda folder: 10**12,
        task="task-1",
        brought=brought,
    )
    assert isinstance(outcome, Received), outcome
    assert (outcome.size, outcome.sha256) == (len(BODY), SHA)
    write_receipt(video, replace(told, state=DONE, size=outcome.size, sha256=outcome.sha256))


def crash_at(number: int, video: Path, kept: Path) -> int:
    """Deliver in a process that dies at step ``number``; its exit status."""
    child = os.fork()
    if not child:
        _child(number, video, kept)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _child(number: int, video: Path, kept: Path) -> NoReturn:
    status: int | None = 1
    try:
        left = number

        def step() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(CRASHED)

        def around(real: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                step()
                result = real(*args, **kwargs)
                step()
                return result

            return run

        os.fsync, os.replace, os.mkdir = around(os.fsync), around(os.replace), around(os.mkdir)
        Partial.write = around(Partial.write)  # type: ignore[method-assign]
        deliver(video, kept, step)
        status = 0
    finally:
        os._exit(status)


def look_around(video: Path) -> None:
    if video.exists():
        assert video.read_bytes() == BODY
    receipt = receipt_path(video)
    if receipt.exists():
        assert read_receipt(receipt) is not None
    if video.parent.exists():
        allowed = {video.name, receipt.name, partial_path(video).name, partial_path(receipt).name}
        assert {path.name for path in video.parent.iterdir()} <= allowed


def test_a_crash_at_any_step_leaves_nothing_half(tmp_path: Path) -> None:
    steps = 0
    while True:
        steps += 1
        place = tmp_path / str(steps)
        place.mkdir()
        video, kept = place / "s_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4", place / "kept"
        status = crash_at(steps, video, kept)
        look_around(video)
        if status == 0:
            break
        assert status == CRASHED
        deliver(video, kept, lambda: None)
        assert look(video).verified
        assert sorted(path.name for path in video.parent.iterdir()) == [
            receipt_path(video).name,
            video.name,
        ], f"after a crash at step {steps}"
    assert steps > 20, "the steps were not counted"


def test_crash_after_crash_it_arrives(tmp_path: Path) -> None:
    video, kept = tmp_path / "s_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4", tmp_path / "kept"
    statuses = []
    for number in range(1, 60):
        statuses.append(crash_at(number, video, kept))
        look_around(video)
        if statuses[-1] == 0:
            break
    assert statuses[-1] == 0
    assert look(video).verified
