"""What every ledger can do. The conformance suite speaks to this alone.

Rules that hold for every implementation:

- Every verb is one transaction: durable when it returns, or without effect. What a power cut may undo
  without harm need not be durable: claims, releases, and changes that leave the state and the remote id.
- A claimed take can be written only with its claim (the fence); a stale writer gets :class:`ClaimLost`.
- A move that is not in :mod:`sorad.ledger.states` raises :class:`IllegalMove` and changes nothing.
- Times are epoch seconds, passed in. Money is micro-units.
- May be called from several threads.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Protocol

from sorad.elapsed import Moment
from sorad.ledger.values import (
    Applied,
    Change,
    Command,
    Event,
    Generation,
    Moved,
    Party,
    Place,
    Purchase,
    Recheck,
    RootRow,
    Storyboard,
    Unseen,
    Want,
)
from sorad.model import State, Take

# A date further ahead than this was written under another clock, in seconds: no two places on earth are further
# apart.
FUTURE = 26 * 3_600.0


class Ledger(Protocol):
    """Every take, its state, its remote id, its cost: the only truth about money."""

    # --- life --------------------------------------------------------------------------------------
    def recover(
        self, owner: str, now: float, boot: str = "", uptime: Callable[[], float] = time.monotonic
    ) -> list[Take]:
        """At the daemon's start: take all claims over, and turn ``submitting`` into ``unknown``.

        A take that was ``submitting`` had its intent committed; whether the request left is not known.
        Returns those takes. Where something was written at a time that has not come yet, the clock was set
        back meanwhile: see :meth:`clock_set`. ``owner`` names this process in the claims that follow.
        ``boot`` names the machine's present start ("": not known, then each opening counts as one), ``uptime``
        tells the seconds since.
        """
        ...

    def moment(self) -> Moment:
        """Now, by a clock that nobody can set (:mod:`sorad.elapsed`); no I/O."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

    def check(self) -> None:
        """:class:`LedgerUnavailable` where nothing could be written just now; writes nothing."""
        ...

    def prove(self, now: float) -> None:
        """Write a few bytes and see them onto the disk, in the main file, too.

        :class:`LedgerUnavailable` where that fails.
        """
        ...

    def last_write_error(self) -> str:
        """Why the last write failed, where that was no lock; ``""``: since then one is on the disk. No I/O."""
        ...

    # --- folder side -------------------------------------------------------------------------------
    def storyboards(self, root: Optional[str] = None) -> list[Storyboard]:
        """The storyboards known, of one root or of all; those ``gone`` included."""
        ...

    def storyboards_of(self, ids: Collection[int]) -> list[Storyboard]:
        """Those of the ids that there are."""
        ...

    def storyboard_at(self, path: str) -> Optional[Storyboard]:
        """The storyboard of a path, one that is there before one that is ``gone``."""
        ...

    def apply(
        self,
        board: Storyboard,
        wants: Optional[Sequence[Want]],
        now: float,
        moved: Sequence[Moved] = (),
    ) -> Applied:
        """Make the ledger agree with a storyboard, in one transaction.

        ``board.id`` 0 inserts (by path: a row of that path is updated), else that row is updated, its
        ``path`` and ``root`` included (a rename: its takes follow; another row of the new path that has
        no takes is dropped). With ``wants`` None only the storyboard's row is written (an invalid file
        keeps what it had queued before: see ``withdraw``). Wants not known are enqueued; cancelled ones
        wanted again are queued again, but for those that carry an error (the user cancelled them);
        ``queued`` and ``held`` takes of the storyboard that are not wanted any more become ``cancelled``.
        Paid ones are left alone, but for ``Take.wanted``: if it turns out that such a create was not
        accepted, its take is cancelled instead of queued again.
        A take is known by (storyboard, segment, take, fingerprint); an output path that an open or done take
        of another storyboard owns is counted as skipped and not queued.
        ``moved`` is carried out first: takes under other numbers or at other places. One of another
        storyboard becomes this one's; it must have a key that none here has.
        """
        ...

    def withdraw(self, storyboard_id: int, state: str, now: float) -> int:
        """Cancel the unsent takes of a storyboard (file gone, or invalid) and set its state; how many.

        Of those that were sent, as in :meth:`apply`: one that was not accepted is not sent again.
        """
        ...

    def with_content(self, content: str) -> list[Storyboard]:
        """The storyboards of that content, whatever their state; none for ``""``."""
        ...

    def had_content(self, content: str) -> list[Storyboard]:
        """The storyboards that have that content or had it once, as storyboards of their own (not as copies)."""
        ...

    def texts_elsewhere(self, fingerprints: Collection[str], board_id: int) -> dict[str, str]:
        """Which of these fingerprints other storyboards ask for or have bought, and the path of one of them.

        What the user cancelled there counts, too; what was cancelled unsent because it was no longer asked
        for does not.
        """
        ...

    def related_storyboards(
        self, fingerprints: Collection[str], remote_ids: Collection[str]
    ) -> dict[int, int]:
        """The ids of storyboards that have takes of these fingerprints or tasks; how many of each in all."""
        ...

    def queue_another(
        self, take_id: int, output: Callable[[int], str], now: float, change: Optional[Change] = None
    ) -> Optional[Take]:
        """Queue one more take of the same storyboard, segment and request (`sorad redo`, ``--force``).

        Its number is the highest of the segment plus one, its file ``output(number)``. ``apply`` leaves it
        alone while the storyboard still wants that segment and fingerprint. ``None``, and nothing queued,
        where such a take is already open. ``change``: what is otherwise with it (to QUEUED).
        """
        ...

    def touched(self) -> set[int]:
        """The storyboards (by id) of which this process has written something since this was last asked."""
        ...

    def put_root(self, row: RootRow) -> None:
        """Remember how a root stands."""
        ...

    def roots(self) -> list[RootRow]:
        """All roots ever watched."""
        ...

    # --- time and money ----------------------------------------------------------------------------
    def claim(
        self,
        state: State,
        now: float,
        limit: int,
        roots: Optional[Collection[str]] = None,
        away: Collection[str] = (),
        edited: Collection[str] = (),
        *,
        targets: Optional[Collection[str]] = None,
        exclude: Collection[Party] = (),
        segments: Sequence[range] = (),
    ) -> list[Take]:
        """Claim up to ``limit`` takes in ``state`` that are due, in one commit: earliest first, and queued ones in turn
        (:mod:`sorad.ledger.turns`).

        ``roots`` limits it to takes of those roots (None: all; a mapping: to so many of each); those of storyboards
        whose ``mount`` is in ``away``, or whose path is in ``edited``, are left out. ``targets`` limits it to takes
        that are wanted from these; what was sent to one of the parties in ``exclude`` is left out. ``segments`` limits
        it to these numbers (none: all). A claimed take has ``claim`` set and is not claimed again until a
        :class:`Change` without ``keep_claim``, ``release`` or ``recover``.
        """
        ...

    def release(self, take: Take, due_at: Optional[float] = None) -> None:
        """Give a claimed take back as it was, to be due again at ``due_at``."""
        ...

    def clock_set(self, by: float, now: float) -> int:
        """The clock was set ``by`` so many seconds (below 0: back; 0: it was set back before) and says ``now``.

        After a step back, whatever waits for a later time is due now, and money that went out more than
        ``FUTURE`` ahead of now counts as of now. Returns how many waits were cut short. What is held until
        the user releases it (:data:`sorad.budget.NEVER`) stays so. A wait for a task counts as patience with it
        (``Take.watched``): what of it is cut short is taken back, and a step forward shortens none.
        """
        ...

    def make_due(self, takes: Collection[int], now: float) -> None:
        """What these wait for may be there: their next steps are due now, unless they are under way or held."""
        ...

    def record(self, take: Take, change: Change, now: float) -> Take:
        """Write what a step found; returns the take as it is now. Fenced by ``take.claim``. :class:`IdOwned`.

        A take whose ``claim`` is "" can be changed so too (by a command), if nobody claimed it meanwhile.
        """
        ...

    def agenda(self, exclude: Collection[Party] = ()) -> dict[State, dict[str, float]]:
        """When the earliest unclaimed step is due, by state and root. One cheap question for a whole turn.

        ``exclude``: what was sent to one of these parties is left out.
        """
        ...

    def next_up(self, limit: int) -> list[Take]:
        """The queued takes that are next, in the order in which they will be claimed."""
        ...

    def targets(self) -> dict[str, int]:
        """How many takes are queued for each provider that takes are wanted from, by its name (``""``: the first)."""
        ...

    def parties(self) -> list[Party]:
        """All to whom takes were ever sent; few."""
        ...

    def in_flight(self, parties: Optional[Collection[Party]] = None, targets: Collection[str] = ()) -> int:
        """Takes that hold a slot: claimed for submitting, submitting, unknown, generating and not parked.

        Of all; or of those that were sent to ``parties``, and those that are about to be sent to ``targets``.
        """
        ...

    def parked(self, root: str) -> int:
        """Takes of a root that are generating past ``give_up_after``."""
        ...

    def working(self) -> set[int]:
        """The storyboards (by id) that have takes which have not ended."""
        ...

    def undelivered(self) -> dict[str, int]:
        """Per root, takes that will still need room on its disk: those that hold a slot, the parked, and
        downloading."""
        ...

    # --- what was said to have failed --------------------------------------------------------------
    # Written down when a take that has a task becomes FAILED; kept by task, because the take may be bought again.
    def recheck(self, take: Take, now: float) -> None:
        """Have the task of a take asked after as one of those, from now on, where it is none already."""
        ...

    def claim_rechecks(self, now: float, limit: int, exclude: Collection[Party] = ()) -> list[Recheck]:
        """Up to ``limit`` tasks that are due to be asked after again; for a while nobody else is given them."""
        ...

    def next_recheck(self, exclude: Collection[Party] = ()) -> Optional[float]:
        """When the next one is due; of those at one of these parties none counts."""
        ...

    def rechecks(self, take_id: int) -> list[float]:
        """When the failed tasks of a take are asked after again, the earliest first."""
        ...

    def rechecked(self, recheck: Recheck, due_at: Optional[float]) -> None:
        """It was asked after: again then, or (``None``) not any more."""
        ...

    def bought_since(self, recheck: Recheck) -> list[Purchase]:
        """What was bought in place of a failed task: later creates of its take, and newer takes of its text."""
        ...

    def settle(self, take: Take, cost: int, *, told: bool) -> None:
        """What a task of a take cost after all (micro-units), whatever the take has by now; it has the task's id.

        ``told``: by the provider.
        """
        ...

    def deliver_beside(self, take: Take, change: Change, output: Callable[[int], str], now: float) -> Take:
        """Deliver a task of a take beside it, as one more take of the same segment.

        ``take`` has the task's id and account; the new one is as ``change`` says, with the next free number and
        ``output(number)`` as its file. The money of the task is counted already.
        """
        ...

    # --- questions ---------------------------------------------------------------------------------
    def counts(self, root: Optional[str] = None) -> dict[State, int]:
        """How many takes stand in each state (all nine keys), of one root or of all; kept, not counted."""
        ...

    def take(self, take_id: int) -> Optional[Take]:
        """One take."""
        ...

    def takes(
        self,
        *,
        states: Optional[Collection[State]] = None,
        storyboard: Optional[str] = None,
        root: Optional[str] = None,
        segment: Optional[int] = None,
        troubled: bool = False,
        limit: Optional[int] = None,
    ) -> Iterator[Take]:
        """The takes, by id; ``storyboard`` is an absolute path, or a folder above it. ``troubled``: those with a
        problem."""
        ...

    def owned(self, remote_ids: Collection[str], at: Optional[Place] = None) -> set[str]:
        """Those of the remote ids that some take has, or once had, at that place (``None``: anywhere).

        What was bought at a place that is not known counts everywhere.
        """
        ...

    def with_text(self, fingerprint: str) -> list[Take]:
        """All takes of that text, by id."""
        ...

    def with_tasks(self, remote_ids: Collection[str], at: Optional[Place] = None) -> list[Take]:
        """The takes that have these remote ids now, at that place (``None``: anywhere)."""
        ...

    def unseen(self, what: Unseen, roots: Collection[str], limit: int) -> list[Take]:
        """Delivered takes of these roots whose videos are still to be looked at, the newest first.

        ``"poster"``: nobody has tried to make a poster; ``"checks"``: nobody has checked the video; ``"left"``: there
        is a poster, and the video is gone.
        """
        ...

    def history(self, take_id: int) -> list[Event]:
        """What happened to a take, oldest first."""
        ...

    def intents(self, take_id: int) -> set[float]:
        """The dates of a take's intents, as they were written down with each: by them its creates are known."""
        ...

    def spend(self, since: float = 0.0, currency: Optional[str] = None) -> int:
        """Money out since then, in one currency (micro-units; ``None``: that of the first provider).

        Every create that was accepted or may have been counts, at its cost. What is in a currency that is not known
        counts as the first provider's.

        A take that is bought again counts each time: purchases are rows of their own, written with the
        intent and the outcome. Only a create that was proved to be refused, or never left, counts no more
        (``Change.refused``): not one that was on no list, or that the user gave up or had sent again.
        """
        ...

    def spend_at(self, parties: Collection[Party], since: float = 0.0) -> int:
        """Money out since then to these parties, whatever its currency: an account has but one (micro-units)."""
        ...

    def spend_by_currency(self, since: float = 0.0) -> dict[str, int]:
        """The same in each currency that money ever went out in."""
        ...

    def unpriced(self, since: float = 0.0) -> int:
        """How many of what :meth:`spend` sums have no known cost, and so count as nothing there."""
        ...

    def purchases(self, since: float = 0.0) -> Iterator[Purchase]:
        """What :meth:`spend` sums, one by one, oldest first."""
        ...

    def bought(self, take_id: int) -> list[Purchase]:
        """Those of one take, oldest first."""
        ...

    def generations(self, limit: int) -> list[Generation]:
        """How long the latest takes were generated, the latest first.

        Looked at are the last ``limit`` takes (by id) that are done; told of are those of them whose acceptance
        and readiness were seen from here, not those that were found in the folder.
        """
        ...

    def latest(self, limit: int) -> list[Take]:
        """The takes that were delivered last, the latest first.

        Looked for among the newest ones by id (:data:`sorad.ledger.values.LOOKED_AT`).
        """
        ...

    # --- small things ------------------------------------------------------------------------------
    def remember(self, key: str, value: Any) -> None:
        """Keep a small JSON value (breaker, pause, halt)."""
        ...

    def remember_all(self, values: Mapping[str, Any]) -> None:
        """Keep several, all or none of them."""
        ...

    def recall(self, key: str) -> Any:
        """The value kept, or ``None``."""
        ...

    def post(self, verb: str, args: Mapping[str, Any], now: float) -> int:
        """Leave a command for the daemon; its id."""
        ...

    def commands(self) -> list[Command]:
        """The commands not yet answered, oldest first."""
        ...

    def answer(self, command_id: int, result: Mapping[str, Any], now: float) -> None:
        """Say what became of a command."""
        ...

    def result(self, command_id: int) -> Optional[Mapping[str, Any]]:
        """What became of a command; ``None`` while it waits."""
        ...

    def changed(self) -> int:
        """A number that differs after any other process committed; cheap enough to ask each second."""
        ...
