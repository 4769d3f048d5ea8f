"""What another machine bought is left to it, where that one is the one that buys.

The folder side takes no note of such takes before their videos have come. But the ledger may know some from before:
from when this machine bought there, or from when no claim had arrived yet.
"""

from __future__ import annotations

from pathlib import Path

from loguru import logger

from sorad.engine.steps.context import StepContext, record, release
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.place import look, vouched

# Its video is looked for at this pace, in seconds.
LOOK_AGAIN = 60.0


def left_to_its_buyer(context: StepContext, take: Take) -> bool:
    """Whether a take under way is another machine's. Then nothing is asked or fetched for it from here.

    It is done once its video has come, and holds no slot until then.
    """
    if not context.claims.is_foreign(take):
        return False
    now = context.clock.time()
    if take.state in (State.GENERATING, State.DOWNLOADING) and _is_there(take):
        context.deliveries.videos.pop(take.id, None)
        done: Take | None = take
        if take.state is State.GENERATING:
            done = record(context, take, Change(State.DOWNLOADING, "turned up", keep_claim=True))
        if done is not None:
            record(
                context, done, Change(State.DONE, "turned up", attempt=0, clear_error=True, finished_at=now)
            )
            logger.info(_("take {id}: its video is there already: {output}"), id=take.id, output=take.output)
    elif take.state is not State.DOWNLOADING and not take.parked:
        record(context, take, Change(take.state, "not ours", due_at=now + LOOK_AGAIN, parked=True))
    else:
        release(context, take, now + LOOK_AGAIN)
    return True


def _is_there(take: Take) -> bool:
    video = Path(take.output)
    try:
        return vouched(video, look(video), take.remote_id) is not None
    except OSError:
        return False
