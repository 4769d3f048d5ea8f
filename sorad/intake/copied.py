"""A storyboard that is, or was, a copy of another: what the other one has is not bought a second time by itself.

While its content is that of the other one, nothing at all is bought for it (see :mod:`sorad.intake.reading`).
Once it differs, because either of the two was edited, it is a storyboard of its own, but only its new texts
are bought. The others are held: nobody who keeps a backup beside the original, or starts an episode from
the last one, has asked for all of it again. `sorad approve` does.

Two storyboards that never were one have nothing to do with each other: a text that stands in both is bought
for both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Callable, Optional

from sorad.budget import NEVER
from sorad.intake.facts import Key, key_of
from sorad.ledger.copied import CODE, is_unsent
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard, Want
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
    elsewhere: Mapping[str, str],
    wants: Sequence[Want],
    known: Mapping[Key, Take],
    reused: Collection[Key] = (),
) -> tuple[Want, ...]:
    """The wants of a storyboard that was a copy: held where another storyboard has the text, and this one not.

    ``elsewhere``: fingerprints that other storyboards have, and the path of one of these. ``known``: the
    takes that this one has. What the user approved stays so. ``reused``: what costs nothing, for a video of
    another storyboard nearby serves it.
    """

    def why(want: Want, own: set[str]) -> Optional[Problem]:
        other = next((elsewhere[text] for text in sorted(want.fingerprints - own) if text in elsewhere), None)
        return None if other is None or key_of(want) in reused else _is_copied(other)

    return _held(wants, known, why)


def held_as_conflict(original: str, wants: Sequence[Want], known: Mapping[Key, Take]) -> tuple[Want, ...]:
    """The wants of a conflict copy of a sync service (see :mod:`sorad.intake.conflicted`): all of them are held.

    But for what was bought for it already; and what the user approved stays so.
    """
    problem = Problem(
        CODE,
        N_("this is a conflict copy of {original} that a sync service made: it is not bought by itself."),
        N_("Merge it into the other one and delete it; or `sorad approve PATH`, with its path, buys it."),
        {"original": original},
    )
    return _held(wants, known, lambda want, own: problem if want.fingerprints.isdisjoint(own) else None)


def _held(
    wants: Sequence[Want],
    known: Mapping[Key, Take],
    why: Callable[[Want, set[str]], Optional[Problem]],
) -> tuple[Want, ...]:
    """The wants, those held for which there is a reason; ``why`` gets the fingerprints bought or approved."""
    own = {take.fingerprint for take in known.values() if take.approved or not is_unsent(take)}
    open_ = {key for key, take in known.items() if take.state is State.QUEUED}

    def held(want: Want) -> Want:
        problem = why(want, own)
        if problem is None or want.state is not State.QUEUED or key_of(want) in open_:
            return want
        return replace(want, state=State.HELD, due_at=NEVER, error=problem)

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
