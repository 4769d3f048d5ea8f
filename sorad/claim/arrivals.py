"""What a sync brought into the folders: videos that another machine bought, and who bought what.

Nothing here runs on a clock of its own. A take's place is looked at right before it would be bought; and at
the daemon's pace the places of what waits, and of what this machine bought lately.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.claim import doubles
from sorad.claim.claims import Claims
from sorad.claim.memory import STOOD_BY
from sorad.clock import Clock
from sorad.layout import receipt_path, video_at
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change, Purchase, Storyboard
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.folder import receipts_of
from sorad.receipts.intents import foreign_intent, waits_for_foreign
from sorad.receipts.listings import Listings
from sorad.receipts.place import look, vouched
from sorad.receipts.receipt import FAILED, Receipt, read_intent, read_receipt, write_receipt
from sorad.receipts.writing import receipt_of
from sorad.vault.names import fold

# A take that another machine has bought is looked at again after this, in seconds.
LOOK_AGAIN = 30.0
# How long a purchase is watched for a second one, in seconds: a sync seldom lags more than a week.
RECENT = 7 * 86_400.0
# Receipts that are read, and waiting takes whose places are looked at, in one go.
MANY = 2_000

# What a take's history says of a create of its own, whose task was told or found.
_OWN = ("accepted", "adopted")
_PAID = (State.DONE, State.DOWNLOADING, State.GENERATING)


class Arrivals:
    """Used from the engine's lanes and the daemon's own thread. ``reread`` asks for a look at a storyboard."""

    def __init__(self, ledger: Ledger, claims: Claims, clock: Clock, reread: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._claims = claims
        self._clock = clock
        self._reread = reread
        self._asked: dict[str, int] = {}  # roots whose receipts were read through, after which settling
        self._weighed: set[str] = set()  # remote ids told by receipts, for which a storyboard was read again
        self._listings = Listings()
        self._stamps: dict[int, int] = {}  # of the places of takes that were bought, as last read

    def guard(self, take: Take) -> Optional[float]:
        """Asked right before a create: ``None``, or when (epoch seconds) to try again instead."""
        now = self._clock.time()
        try:
            if not self._claims.may_buy(take.root):
                return now
            self._read_through(take.root)
            if not self._claims.may_buy(take.root):
                return now  # for what was read
            return now + LOOK_AGAIN if self._is_there(take) or self._is_beside(take) else None
        except OSError as error:
            logger.warning(
                _("take {id}: not bought, its folder cannot be looked at: {error}"),
                id=take.id,
                error=error.strerror or error,
            )
            return now + LOOK_AGAIN

    def is_foreign(self, take: Take) -> bool:
        """Whether a take that is under way was bought by another machine, which sees to it: it buys there now."""
        if not self._claims.stands_by(take.root):
            return False
        video = video_at(take.output)
        try:
            evidence = read_receipt(receipt_path(video)) if take.remote_id else read_intent(video)
        except OSError:
            return False
        return (
            evidence is not None
            and (evidence.fingerprint, evidence.remote_id) == (take.fingerprint, take.remote_id)
            and not self._claims.is_us(evidence.payer)
        )

    def sweep(self, roots: list[str]) -> None:
        """Look at what may have arrived in these roots, which are there. :class:`LedgerUnavailable`."""
        is_foreign = [root for root in roots if self._claims.stands_by(root)]
        for root in set(roots).difference(is_foreign):
            self._take_up(root)
        for root in is_foreign:
            for take in list(self._ledger.takes(states=[State.QUEUED], root=root, limit=MANY)):
                with contextlib.suppress(OSError):  # of one place; the next look tries again
                    if video_at(take.output).exists():
                        self._is_there(take)
        self._compare_recent(roots)

    def _compare_recent(self, roots: Collection[str]) -> None:
        """Look at what was bought lately in these roots; what is older is forgotten."""
        recent: set[int] = set()
        for purchase in self._ledger.purchases(self._clock.time() - RECENT):
            recent.add(purchase.take_id)
            given_up = purchase.state in (State.FAILED, State.CANCELLED)
            if purchase.root in roots and purchase.remote_id and not given_up:
                self._compare(purchase)
        self._stamps = {take: stamp for take, stamp in self._stamps.items() if take in recent}

    def look_again(self, roots: Collection[str]) -> bool:
        """Whether a take in these roots that was left to another sorad is queued again: its intent is gone, or its
        receipt has come. :class:`LedgerUnavailable`."""
        if not self._ledger.counts()[State.HELD]:
            return False
        held = [take for take in self._ledger.takes(states=[State.HELD]) if waits_for_foreign(take)]
        return sum(self._is_free(take) for take in held if take.root in roots) > 0

    def _is_free(self, take: Take) -> bool:
        video = video_at(take.output)
        try:
            receipt = read_receipt(receipt_path(video))
            ours = receipt is not None and receipt.fingerprint == take.fingerprint and receipt.remote_id != ""
            came = ours and receipt is not None and not self._is_owned(receipt)
            if not came and foreign_intent(video, self._claims.payer(take.root)) is not None:
                return False
            now = self._clock.time()
            self._ledger.record(take, Change(State.QUEUED, "seen again", due_at=now, clear_error=True), now)
        except (OSError, ClaimLost, IllegalMove):
            return False  # the next look tries again
        return True

    def _take_up(self, root: str) -> None:
        """What was left to the other machine while that one bought here is ours to see to now: read all again."""
        if not self._ledger.recall(STOOD_BY + root):
            return
        self._ledger.remember(STOOD_BY + root, False)
        for board in self._ledger.storyboards(root):
            if board.state == "ok":
                self._ledger.apply(replace(board, rules=""), None, self._clock.time())
        self._reread(root)

    # --- what waits --------------------------------------------------------------------------------

    def _is_there(self, take: Take) -> bool:
        """Whether a queued take's video or a receipt of it is there, and what follows from that."""
        found = look(video_at(take.output))
        receipt = found.receipt
        if receipt is not None:
            self._claims.heard(take.root, receipt)
        if receipt is None or receipt.fingerprint != take.fingerprint or not receipt.remote_id:
            return False
        if vouched(video_at(take.output), found) is not None:
            self._done(take, receipt)
            return True
        if self._is_owned(receipt):
            return False  # of an earlier create of ours, and the user queued it again
        if self._claims.may_buy(take.root):
            self._ask(take)
        return True

    def _is_beside(self, take: Take) -> bool:
        """Whether a receipt of its text, under whatever number in its storyboard's folder, tells of a new purchase.

        Its storyboard is read again then. What that does not count (a second purchase of a take that is bought)
        does not stand in the way for ever.
        """
        told = [
            one.receipt
            for one in receipts_of(video_at(take.output).parents[1], take.fingerprint, self._listings)
        ]
        news = {one.remote_id for one in told if not self._is_owned(one)}
        board = self._board_of(take) if news else None
        if board is None:
            return False
        if board.rules and news <= self._weighed:
            return False
        if board.rules:
            self._weighed |= news
            self._ask(take)
        return True

    def _done(self, take: Take, receipt: Receipt) -> None:
        change = Change(
            State.DONE,
            "turned up",
            clear_error=True,
            attempt=0,
            provider=receipt.provider or None,
            base_url=receipt.base_url or None,
            account=receipt.account or None,
            remote_id=receipt.remote_id or None,
            request_id=receipt.request_id or None,
            cost=receipt.cost_micros,
            currency=receipt.currency or None,
            accepted_at=receipt.accepted_at,
            finished_at=receipt.finished_at,
        )
        try:
            self._ledger.record(take, change, self._clock.time())
            logger.info(_("take {id}: its video is there already: {output}"), id=take.id, output=take.output)
        except (ClaimLost, IllegalMove):
            pass  # somebody works on it just now; there is another look

    def _ask(self, take: Take) -> None:
        """Have its storyboard read again: that finds the receipt, and asks after the task."""
        board = self._board_of(take)
        if board is not None:
            self._ledger.apply(replace(board, rules=""), None, self._clock.time())
            self._reread(board.path)

    def _board_of(self, take: Take) -> Optional[Storyboard]:
        """Its storyboard, where that is read."""
        boards = self._ledger.storyboards(take.root)
        return next((one for one in boards if one.id == take.storyboard_id and one.state == "ok"), None)

    # --- who bought what ---------------------------------------------------------------------------

    def _read_through(self, root: str) -> None:
        """Before the first create for a root, and after each settling: has another machine bought here?"""
        turn = self._claims.settlings(root)
        if self._asked.get(root) == turn:
            return
        for take in self._ledger.takes(states=_PAID, root=root, limit=MANY):
            receipt = read_receipt(receipt_path(video_at(take.output)))
            if receipt is not None:
                self._claims.heard(root, receipt)
        self._asked[root] = turn

    def _compare(self, purchase: Purchase) -> None:
        """Whether a receipt at the place of what we bought tells of another machine's purchase.

        That is told, whoever buys here now. It shows a second payer only where we bought under our present claim: what
        both bought before is past, and the claim has settled it.
        """
        receipt = receipt_path(video_at(purchase.output))
        try:
            stamp = hash((purchase.output, _changed_at(receipt.parent), _changed_at(receipt)))
            if self._stamps.get(purchase.take_id) == stamp:
                return
            take = self._ledger.take(purchase.take_id)
            there = list(_at_the_place(receipt, purchase.take, "" if take is None else take.fingerprint))
            for found in there:
                doubled = self._is_double(purchase, found) or self._is_adopted(purchase, found)
                if doubled:
                    self._tell(purchase, found, there)
                present = purchase.charged_at >= self._claims.since(purchase.root)
                self._claims.heard(purchase.root, found, doubled=doubled and present)
            self._stamps[purchase.take_id] = stamp
        except OSError:
            return  # the next look tries again

    def _is_double(self, purchase: Purchase, found: Receipt) -> bool:
        return (
            bool(found.remote_id)
            and found.remote_id != purchase.remote_id
            and found.state != FAILED
            and self._claims.is_another(found.payer)
            and not self._is_owned(found)
        )

    def _is_adopted(self, purchase: Purchase, found: Receipt) -> bool:
        """Whether two machines hold one task, each for a create of its own: one of them, whose answer was lost, has
        adopted the other one's, and its own task is nobody's. A create that was taken over keeps its moment."""
        if found.remote_id != purchase.remote_id or not self._claims.is_another(found.payer):
            return False
        take = self._ledger.take(purchase.take_id)
        if take is None or take.intent_at is None or found.submitted_at is None or found.place != take.place:
            return False
        other = abs(take.intent_at - found.submitted_at) >= 1.0  # receipts know whole seconds
        return other and any(event.note in _OWN for event in self._ledger.history(take.id))

    def _is_owned(self, receipt: Receipt) -> bool:
        """Whether the ledger knows its task."""
        return bool(self._ledger.owned([receipt.remote_id], receipt.place))

    def _tell(self, purchase: Purchase, found: Receipt, there: Sequence[Receipt]) -> None:
        """Of a take that was paid for twice: to the user here, and to the other machine by a receipt beside its own."""
        name = found.payer.name or found.payer.id
        double = doubles.Double(
            purchase.take_id,
            purchase.root,
            purchase.remote_id,
            purchase.cost,
            "?" if found.remote_id == purchase.remote_id else found.remote_id,
            name,
            found.cost_micros,
            found.currency,
        )
        if doubles.tell(self._ledger, double):
            currency = str(self._ledger.recall("currency") or "")
            logger.warning("{}", doubles.problem([double], currency))
        take, payer = self._ledger.take(purchase.take_id), self._claims.payer(purchase.root)
        if any((one.remote_id, one.payer.id) == (purchase.remote_id, payer.id) for one in there):
            return  # the other machine sees it, too
        if take is not None:
            ours = replace(
                receipt_of(take, str(self._ledger.recall("currency") or ""), payer=payer),
                remote_id=purchase.remote_id,
                cost_micros=purchase.cost,
            )
            video = video_at(purchase.output)
            write_receipt(video.with_name(f"{video.stem}.paid-twice-{payer.id[:8]}.mp4"), ours)


def _changed_at(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return 0


def _at_the_place(receipt: Path, take: int, fingerprint: str) -> Iterator[Receipt]:
    """A receipt, the conflict copies that a sync made of it, and those of its take under other names. ``OSError``."""
    stem = fold(receipt.stem)
    names = sorted(os.listdir(receipt.parent)) if receipt.parent.is_dir() else []  # noqa: PTH208
    for name in names:
        found = read_receipt(receipt.with_name(name)) if fold(name).endswith(".json") else None
        if found is not None and (
            fold(name).startswith(stem) or (found.take, found.fingerprint) == (take, fingerprint)
        ):
            yield found
