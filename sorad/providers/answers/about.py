"""Whether an answer about a task is about the one that was asked after. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sorad.providers.answers import ids
from sorad.providers.base import Finished, Polled, TaskFailed


def about(found: Polled, body: Any, asked: str) -> Polled:
    """What an answer means, with the task that it names in place of the one that was ``asked`` after."""
    if isinstance(found, (Finished, TaskFailed)):
        return replace(found, names=ids.other_than(body, asked))
    return found
