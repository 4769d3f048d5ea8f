"""Shots that continue the one before: whose last frame they begin with, and what they wait for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional

from sorad.ledger.chain import NO_FRAME, WAITS
from sorad.ledger.states import ENDED
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem


def task_of(take: Take) -> str:
    """The task that made its video."""
    return take.remote_id or take.reused


def sources(before: Iterable[Take]) -> list[Take]:
    """Which takes of the segment before may give the frame, first the first: the chosen one alone, else by number."""
    there = [one for one in before if one.state is State.DONE and not _is_missing(one)]
    chosen = sorted((one for one in there if one.chosen_at), key=lambda one: one.chosen_at)
    return chosen[-1:] or sorted((one for one in there if one.wanted), key=lambda one: (one.take, one.id))


def waits_for(take: Take, before: Sequence[Take]) -> Optional[Problem]:
    """What a continuing take waits for; ``None``: its frame can be had. ``before``: the takes of that segment."""
    wanted = [one for one in before if one.wanted]
    if not wanted or any(one.state not in ENDED for one in wanted):
        return Problem(
            WAITS,
            N_("waits for segment {segment}, whose last frame it begins with."),
            N_("Nothing to do: it goes on once all takes of that segment have ended."),
            {"segment": "-" if take.follows is None else take.follows},
        )
    return None if sources(before) else no_frame(take, "")


def no_frame(take: Take, reason: str) -> Problem:
    """Why a continuing take cannot be bought though the segment before has ended. ``reason``: why nothing decodes."""
    message = N_("segment {segment}, whose last frame it begins with, has no video.")
    fix = N_(
        "`sorad retry` of a take of that segment, or put its video back; this one then goes on by itself."
    )
    if reason:
        message = N_("the last frame of segment {segment} cannot be read: {reason}.")
        fix = N_("`sorad choose` another take of that segment, or `sorad redo` it.")
    return Problem(NO_FRAME, message, fix, {"segment": take.follows or 0, "reason": reason, "take": take.id})


def frame_gone(take: Take) -> Problem:
    """The frame that was pinned is lost, and cannot be made again."""
    return Problem(
        NO_FRAME,
        N_(
            "the frame that it was to be bought with is gone, and the video of segment {segment} is another one now."
        ),
        N_("Put the picture back, or `sorad redo {take}` and `sorad cancel {take}`."),
        {"segment": take.follows or 0, "take": take.id},
    )


def is_of_another_shot(take: Take, before: Sequence[Take]) -> bool:
    """Whether it begins with the frame of another shot than the one that now stands, or is chosen, before it."""
    if not take.frame_of or not before:
        return False
    return take.frame_of not in map(task_of, sources(before))


def _is_missing(take: Take) -> bool:
    return take.error is not None and take.error.code == "take.missing"
