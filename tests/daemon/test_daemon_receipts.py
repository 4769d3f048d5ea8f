"""Receipts when several steps write the same one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from sorad.delivery.outcome import Received
from sorad.layout import assets_folder, receipt_path, video_path
from sorad.model import Request, State, Take
from sorad.receipts.receipt import DONE, read_receipt
from sorad.receipts.writing import write_receipt_for


def test_steps_that_write_one_receipt_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    # Seen: a take was adopted, so it was due, so it was polled while its adoption still wrote the receipt;
    # one of the two found its temporary file renamed away.
    for number in range(12):
        take = a_take(tmp_path, number)
        together = threading.Barrier(6)

        def write(
            received: Optional[Received], take: Take = take, together: threading.Barrier = together
        ) -> Optional[OSError]:
            together.wait(60)
            return write_receipt_for(take, "USD", received)

        with ThreadPoolExecutor(6) as steps:
            written = list(steps.map(write, [None, None, Received(7, "5ha"), None, None, None]))

        assert written == [None] * 6
        receipt = read_receipt(receipt_path(Path(take.output)))
        assert receipt is not None
        assert receipt.state == DONE, "what tells of a task's beginning never replaces what tells of its end"


def a_take(root: Path, number: int) -> Take:
    storyboard = root / "storyboard.json"
    request = Request(f"prompt {number}")
    assets = assets_folder(storyboard, root, "in_place", None)
    return Take(
        id=number,
        storyboard_id=1,
        root=str(root),
        storyboard=str(storyboard),
        segment=number,
        take=1,
        fingerprint=request.fingerprint(),
        request=request,
        state=State.GENERATING,
        output=str(video_path(assets, number, 1, request.fingerprint())),
        due_at=0.0,
        remote_id=f"task-{number}",
    )
