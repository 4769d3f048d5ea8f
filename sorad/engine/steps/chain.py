"""Shots that continue the one before: the frame is found, kept beside its video, and pinned with the first intent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.engine.decide.chain import frame_gone, no_frame, sources, task_of, waits_for
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.last_frame import given_frame
from sorad.files.digest import sha256_of
from sorad.layout import last_frame_path
from sorad.ledger.chain import is_waiting, segment_before
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.media.questions import Frame, PictureSaved, Unanswered
from sorad.model import State, Take
from sorad.problems import Problem

# A take that waits for a frame that cannot be read (a broken video, a disk in trouble) is looked at again so much
# later: what is chosen meanwhile releases it at once.
UNREAD_AGAIN = 600.0


def with_frame(context: StepContext, take: Take) -> Optional[Take]:
    """The take, claimed as ``queued``, with the frame that it begins with where it continues the shot before; ``None``:
    it waits, and was put off."""
    if not take.request.continues:
        return take
    before = segment_before(context.ledger, take)
    if take.frame:
        return _with_pinned(context, take, before)
    why = waits_for(take, before)
    if why is not None:
        _hold(context, take, why, context.config.polling.every)
        return None
    reasons = []
    for source in sources(before):
        found = _last_frame(context, source)
        if isinstance(found, str):
            return replace(take, frame=found, frame_path=_path(source), frame_of=task_of(source))
        reasons.append(f"{found.why} {found.text}".strip())
        if found.why in ("disk", "died"):
            break  # that one may be good: no other takes its place
    _hold(context, take, no_frame(take, "; ".join(dict.fromkeys(reasons))), UNREAD_AGAIN)
    return None


def look_again(context: StepContext, takes: Iterable[Take], now: float) -> None:
    """Those that waited for the segment before and were claimed as due: queued, or put off once more."""
    seen: dict[tuple[int, Optional[int]], list[Take]] = {}
    for take in takes:
        key = take.storyboard_id, take.follows
        if key not in seen:
            seen[key] = segment_before(context.ledger, take)
        why = waits_for(take, seen[key])
        if why is None:
            record(context, take, Change(State.QUEUED, "ready", due_at=now, clear_error=True))
        elif take.error is not None and take.error.code == why.code:
            release(context, take, now + context.config.polling.every)
        else:
            _hold(context, take, why, context.config.polling.every)


def go_on_from(ledger: Ledger, segment: Take, now: float) -> None:
    """Something was chosen for a segment, or bought anew: what waits for it looks again."""
    for take in list(ledger.takes(states=[State.HELD], storyboard=segment.storyboard)):
        if (
            is_waiting(take)
            and take.follows == segment.segment
            and take.storyboard_id == segment.storyboard_id
        ):
            try:
                ledger.record(take, Change(State.QUEUED, "ready", due_at=now, clear_error=True), now)
            except (ClaimLost, IllegalMove):
                continue


def _with_pinned(context: StepContext, take: Take, before: Sequence[Take]) -> Optional[Take]:
    """With the frame that was pinned: where it lay, or beside the video that it is of, or made from that once more."""
    if _hash(Path(take.frame_path)) == take.frame:
        return take
    for source in (one for one in before if task_of(one) == take.frame_of and one.state is State.DONE):
        if _hash(Path(_path(source))) == take.frame or _last_frame(context, source) == take.frame:
            return replace(take, frame_path=_path(source))
    _hold(context, take, frame_gone(take), UNREAD_AGAIN)
    return None


def _hold(context: StepContext, take: Take, why: Problem, wait: float) -> None:
    record(context, take, Change(State.HELD, "chain", due_at=context.clock.time() + wait, error=why))


def _path(source: Take) -> str:
    return str(last_frame_path(Path(source.output)))


def _last_frame(context: StepContext, source: Take) -> str | Unanswered:
    """The hash of a video's last frame, which is kept beside it; why there is none."""
    given = given_frame(source)
    if given:
        return given
    path = _path(source)
    found = context.ask_media(Frame(source.output, path, "last"))
    if isinstance(found, PictureSaved):
        digest = _hash(Path(path))
        return digest if digest else Unanswered("disk", path)
    return found if isinstance(found, Unanswered) else Unanswered("died")


def _hash(path: Path) -> str:
    """``sha256:<hex>`` of a file; ``""`` where it cannot be read."""
    try:
        return f"sha256:{sha256_of(path)}"
    except OSError:
        return ""
