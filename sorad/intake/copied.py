"""A storyboard that is, or was, a copy of another: what the other one has is not bought a second time by itself.

While its content is that of the other one, nothing at all is bought for it (see :mod:`sorad.intake.reading`).
Once it differs, because either of the two was edited, it is a storyboard of its own, but only its new texts
are bought. The others are held: nobody who keeps a backup beside the original, or starts an episode from
the last one, has asked for all of it again. `sorad approve` does.

Two storyboards that never were one have nothing to do with each other: a text that stands in both is bought
for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Optional

from sorad.budget import NEVER
from sorad.intake.facts import Key, key_of
from sorad.ledger.copied import CODE, is_unsent
from sorad.ledger.interface import Ledger, Storyboard, Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem


def copy_of(ledger: Ledger, contents: Sequence[str], *itself: Optional[Storyboard]) -> str:
    """The path of the storyboard that this one repeats, or repeated once, or ``""``.

    ``itself`` are the rows that it had. A copy that comes at the same time as an edit of the original has what
    the original had before.
    """
    mine = [one for one in itself if one is not None]
    told = next((one.copy_of for one in mine if one.copy_of), "")
    ids = {one.id for one in mine}
    had = (one for content in contents for one in ledger.had_content(content))
    return told or next((one.path for one in had if one.id not in ids), "")


def held_back(
    elsewhere: Mapping[str, str], wants: Sequence[Want], known: Mapping[Key, Take]
) -> tuple[Want, ...]:
    """The wants of a storyboard that was a copy: held where another storyboard has the text, and this one not.

    ``elsewhere``: texts (fingerprints) that other storyboards have, and the path of one of these. ``known``: the
    takes that this one has. What the user approved stays so.
    """
    own = {take.fingerprint for take in known.values() if take.approved or not is_unsent(take)}
    open_ = {key for key, take in known.items() if take.state is State.QUEUED}

    def held(want: Want) -> Want:
        other = next((elsewhere[text] for text in sorted(want.texts - own) if text in elsewhere), None)
        if other is None or want.state is not State.QUEUED or key_of(want) in open_:
            return want
        return replace(want, state=State.HELD, due_at=NEVER, error=_is_copied(other))

    return tuple(map(held, wants))


def _is_copied(other: str) -> Problem:
    return Problem(
        CODE,
        N_("this was copied, and {original} has the same text: it is not bought once more by itself."),
        N_("`sorad approve {take}` buys it all the same."),
        {"original": other},
    )


def may_be_copied(other: str) -> Problem:
    """Why what the ledger has forgotten is held."""
    return Problem(
        CODE,
        N_(
            "the ledger was lost, and {original} has bought the same text: this may be a copy, and is not bought "
            "once more by itself."
        ),
        N_("`sorad approve {take}` buys it."),
        {"original": other},
    )
