"""The picture that was ignored: what came back is compared with the picture that it was bought with."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.engine.decide.pictures import IGNORED, IN_FLIGHT, Trial, ignored, is_compared
from sorad.engine.state.first_create import place_of
from sorad.engine.steps.context import StepContext
from sorad.files.digest import sha256_of
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.media.questions import Compare, Compared
from sorad.messages import _
from sorad.model import Request, State, Take, units
from sorad.problems import Problem

_SENT = frozenset({State.SUBMITTING, State.UNKNOWN, State.GENERATING, State.DOWNLOADING})


def picture_place(context: StepContext, base_url: str, take: Take) -> str:
    """Where a take's picture goes: the base URL, the model, and the field where the config says one."""
    return place_of(base_url, context.config.provider, take.effective_request) + _field(context)


def _field(context: StepContext) -> str:
    """The field that pictures go in, at the end of a place's name."""
    provider = context.config.provider
    return f" {provider.picture_field}" if provider.kind == "openai_videos" else ""


def follow_config(context: StepContext) -> None:
    """What stopped under another config is past, and what was held there goes on."""
    base_url = context.accounts.current.base_url
    context.control.pictures.follow(base_url, _field(context))
    go_on(
        context.ledger,
        context.clock.time(),
        lambda take: picture_stop(context, take, base_url) is not None,
        context.targets,
    )


def picture_stop(context: StepContext, take: Take, base_url: str) -> Optional[Problem]:
    """Why a take may not be bought, as pictures are ignored there."""
    return (
        context.control.pictures.at(picture_place(context, base_url, take)).stopped
        if take.to_send.image
        else None
    )


def awaits_trial(context: StepContext, take: Take, base_url: str) -> bool:
    """Whether a take with a picture waits: none has passed there, and enough are in flight. Under the lock of
    intents."""
    if not is_compared(take) or not context.decodes():
        return False
    place = picture_place(context, base_url, take)
    trial = context.control.pictures.at(place)
    if trial.passed:
        return False
    most = max(1, IN_FLIGHT - len(trial.far))  # one that was far off is paid for, too
    ahead = 0
    for one in context.ledger.takes(states=_SENT):
        ahead += is_compared(one) and picture_place(context, one.base_url, one) == place
        if ahead >= most:
            return True
    return False


def compare(context: StepContext, take: Take, currency: str) -> None:
    """Compare a take that was delivered just now with its picture, where that can be done."""
    request = take.to_send
    if not is_compared(take) or not context.decodes() or not _is_its_picture(request):
        return
    found = context.ask_media(Compare(take.output, request.image_path))
    if not isinstance(found, Compared):
        logger.debug(_("take {id}: not compared with its picture: {answer}"), id=take.id, answer=found)
        return
    place = picture_place(context, take.base_url, take)
    why = partial(_why, context, take, currency, found.likeness)
    stops = context.control.pictures.compared(place, take.id, found.likeness, why)
    logger.debug(
        _("take {id}: likeness with its picture: {likeness}"), id=take.id, likeness=round(found.likeness, 2)
    )
    if stops is not None:
        logger.error(_("buying stopped: {problem}"), problem=str(stops))


def _is_its_picture(request: Request) -> bool:
    """Whether the picture still is the one that it was bought with."""
    try:
        return request.image == f"sha256:{sha256_of(Path(request.image_path))}"
    except (OSError, ValueError):
        return False


def _why(context: StepContext, take: Take, currency: str, likeness: float, trial: Trial) -> Problem:
    """What is told of the takes in a row, this one the last."""
    takes = [take if number == take.id else context.ledger.take(number) for number in trial.far]
    cost = sum(one.cost or 0 for one in takes if one is not None)
    provider = context.config.provider
    return ignored(
        ", ".join(map(str, trial.far)),
        f"{units(cost):.2f} {currency}",
        likeness,
        place_of(take.base_url, provider, take.effective_request).replace(" -", ""),
        provider.picture_field if provider.kind == "openai_videos" else "",
        context.name or provider.title,
    )


def go_on(ledger: Ledger, now: float, is_stopped: Callable[[Take], bool], targets: Collection[str]) -> int:
    """Queue what was held because pictures are ignored, of these targets, where they no longer are; how many."""
    count = 0
    for take in list(ledger.takes(states=[State.HELD])):
        if take.error is None or take.error.code != IGNORED or take.target not in targets or is_stopped(take):
            continue
        try:
            ledger.record(take, Change(State.QUEUED, "pictures", due_at=now, clear_error=True), now)
        except (ClaimLost, IllegalMove):
            continue
        count += 1
    return count
