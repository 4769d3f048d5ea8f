"""What a row of a list says of a take by other things than its text: our own id, and the shape of what was sent. Pure.

What was sent is what the ledger and the folder tell of the create, never what the config says now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from sorad.engine.decide.kinds import Kind
from sorad.model import Take
from sorad.providers.base import RemoteTask
from sorad.providers.finding import MODEL, RATIO, RESOLUTION, SECONDS, SHAPE, Find, Finding

# Among what was sent: how its task could be found then.
FOUND_BY = "found_by"
# Lengths are rounded by so many seconds at most: they are counted in frames.
ROUNDED = 1
# A model that goes by an id of the account's own, which a list may show by its name.
ENDPOINT = "ep-"
_DATE = re.compile(r"-\d{4,}")
# What a row must show of what was sent, or it may be of any shape.
NEEDED = (MODEL, SECONDS, RESOLUTION, RATIO)


def with_id(said: Mapping[str, Any], finding: Finding) -> dict[str, Any]:
    """What a create says; where its own id goes along, and lists show it, that is told, too."""
    return {**said, **({FOUND_BY: finding.how.value} if finding.how.by_id else {})}


def carried_id(take: Take) -> bool:
    """Whether its create brought its own id to where a list shows ids: that may be so only since the config says it."""
    return bool(take.own_id) and take.said.get(FOUND_BY) in (Find.OWN_ID.value, Find.TAG.value)


def by_id(take: Take, task: RemoteTask) -> Optional[bool]:
    """Whether a row is the take's, by the id that its create brought; ``None``: it shows none."""
    return take.own_id == task.own_id if take.own_id and task.own_id else None


def shape_shown(task: RemoteTask) -> Mapping[str, Any]:
    """The shape that a row shows; a model that the config does not name may be a gateway's own name for it."""
    if not task.other_model:
        return task.shown
    return {name: value for name, value in task.shown.items() if name != MODEL}


def by_shape(sent: Mapping[str, Any], shown: Mapping[str, Any]) -> Kind:
    """What a row that shows no text is, by its shape alone; *ours*: of just the shape that was sent."""
    kinds = {_kind(name, sent[name], shown[name]) for name in SHAPE if name in sent and name in shown}
    if Kind.NOT_OURS in kinds:
        return Kind.NOT_OURS
    hidden = any(name in sent and name not in shown for name in NEEDED)
    return Kind.CANNOT_TELL if hidden or not kinds or Kind.CANNOT_TELL in kinds else Kind.OURS


def may_be_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a list could show two creates with one shape."""
    return by_shape(one, other) is not Kind.NOT_OURS


def _kind(name: str, sent: Any, shown: Any) -> Kind:
    """What one member says."""
    if sent == shown or str(sent).lower() == str(shown).lower():
        return Kind.OURS
    changed = (
        (name == RATIO and "adaptive" in (sent, shown))
        or (name == SECONDS and _are_near(sent, shown))
        or (name == MODEL and may_be_one_model(str(sent), str(shown)))
    )
    return Kind.CANNOT_TELL if changed else Kind.NOT_OURS


def _are_near(sent: Any, shown: Any) -> bool:
    numbers = isinstance(sent, (int, float)) and isinstance(shown, (int, float))
    return not numbers or abs(sent - shown) <= ROUNDED or sent < 0


def may_be_one_model(sent: str, shown: str) -> bool:
    """Whether two names may be one model's: equal ones, an endpoint's id, a name with its date behind it."""
    shorter, longer = sorted((sent, shown), key=len)
    dated = longer.startswith(shorter) and _DATE.fullmatch(longer[len(shorter) :])
    return sent == shown or ENDPOINT in (sent[: len(ENDPOINT)], shown[: len(ENDPOINT)]) or bool(dated)
