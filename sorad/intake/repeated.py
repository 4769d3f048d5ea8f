"""Two rows of one text in a note or a table: sync services double lines where two devices wrote at once. Pure.

Neither is bought by itself; what was bought for one of them, or waits to be, stays as it is. `sorad approve` buys such
a row, and once it stands there alone it goes on by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sorad.budget import NEVER
from sorad.intake.facts import Key, key_of
from sorad.ledger.copied import REPEATED
from sorad.ledger.values import Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem


def repeated(wants: Iterable[Want]) -> frozenset[str]:
    """The fingerprints that more than one segment asks for."""
    counts = Counter(text for text, _segment in {(want.fingerprint, want.segment) for want in wants})
    return frozenset(text for text, count in counts.items() if count > 1)


def held_as_repeated(
    fingerprints: Collection[str], wants: Sequence[Want], known: Mapping[Key, Take]
) -> tuple[Want, ...]:
    """The wants; those of one of the fingerprints held, unless they were bought, approved or queued already."""

    def is_free(want: Want) -> bool:
        take = known.get(key_of(want))
        return take is not None and (take.approved or take.state is State.QUEUED)

    def held(want: Want) -> Want:
        if want.fingerprint not in fingerprints or want.state is not State.QUEUED or is_free(want):
            return want
        segments = sorted({one.segment for one in wants if one.fingerprint == want.fingerprint})
        return replace(want, state=State.HELD, due_at=NEVER, error=_twice(segments))

    return tuple(map(held, wants))


def _twice(segments: Sequence[int]) -> Problem:
    return Problem(
        REPEATED,
        N_("segments {segments} have the same text: a sync service may have doubled a line, so they wait."),
        N_("Delete one of the lines; or `sorad approve {take}` buys this one, too."),
        {"segments": ", ".join(map(str, segments[:10]))},
    )
