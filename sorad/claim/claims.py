"""The claims of this machine: whether it may buy for a root, taking over, giving up.

What is shown of them stands in the ledger under ``claims``: for each root that has or needs one
``{"path", "state": "none|ours|other|conflict", "buys", "owner", "since", "problem"}`` (``owner`` a name,
``since`` ISO time or ``null``, ``problem`` as :meth:`Problem.to_json` or ``null``). What is remembered stands
under ``claim``, and is forgotten where it is another machine's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

from loguru import logger

from sorad.claim import doubles, memory, problems
from sorad.claim.buyers import Buyers
from sorad.claim.decide import Decision, Facts, Mine, Standing, claimed, decide, given_up, newest
from sorad.claim.decide import next_generation as next_of
from sorad.claim.files import Notes, NoteUnreadable
from sorad.claim.machine import Machine
from sorad.claim.note import Claim, Reading
from sorad.claim.processes import Processes
from sorad.claim.rivals import is_second, with_rival
from sorad.claim.sync_signs import sync_service, vault_of
from sorad.clock import Clock, iso
from sorad.config.model import Watch
from sorad.files.durable import Sleep
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import _
from sorad.problems import Problem
from sorad.receipts.receipt import Payer, Receipt

# A new claim waits so long for another one to arrive: sync services take seconds, a sleeping laptop's first
# sync a little more. Seconds.
SETTLE = 60.0
# Signs of a sync service are looked for at this pace while there are none, and a note that could not be
# written is tried again. Seconds.
LOOK_FOR_SIGNS, WRITE_AGAIN = 300.0, 30.0
# A vault is looked at every few seconds. Where it was not for so long, the machine slept, the process was stopped or
# the folder was away: another machine may have taken over meanwhile. Seconds, by whichever clock says more.
AWAY = 30.0


@dataclass
class _Vault:
    """One vault, with the roots in it."""

    notes: Notes
    mine: Mine
    roots: list[str] = field(default_factory=list)
    needed: bool = False
    service: str = ""
    look_for_signs_at: float = 0.0  # monotonic
    write_at: float = 0.0
    decision: Optional[Decision] = None
    reading: Reading = field(default_factory=Reading)
    looked: Optional[tuple[float, float]] = None  # when, last: wall and monotonic time
    settlings: int = 0  # how often a claim has settled since the start

    @property
    def path(self) -> str:
        """Its folder."""
        return str(self.notes.folder)


class Claims:
    """Thread-safe. ``machine`` is who we are, or why that cannot be told."""

    def __init__(
        self,
        watches: Sequence[Watch],
        ledger: Ledger,
        clock: Clock,
        machine: Machine | OSError,
        *,
        settle: float = SETTLE,
        away: float = AWAY,
        sleep: Sleep = time.sleep,
        buyers: Optional[Buyers] = None,
    ) -> None:
        """``buyers`` tells the processes of this machine apart; ``None``: no other one is reckoned with."""
        self._watches = {str(watch.path): watch for watch in watches}
        self._ledger = ledger
        self._clock = clock
        self._me = machine
        self._settle = settle
        self._away = away
        self._sleep = sleep
        self._processes = Processes(buyers)
        self._lock = threading.RLock()
        self._vaults: dict[str, _Vault] = {}
        self._told: Any = None
        self._kept: Any = ledger.recall("claim")
        mine = isinstance(machine, Machine) and (self._kept or {}).get("machine") == machine.id
        self._memory: dict[str, Any] = dict(self._kept["vaults"]) if mine else {}

    # --- questions ---------------------------------------------------------------------------------

    def may_buy(self, root: str) -> bool:
        """Whether this machine, and this process of it, may buy for a root now. A few stats where nothing changed."""
        watch = self._watches.get(root)
        if watch is not None and not self._is_first(root):
            return False
        if watch is None or watch.claim == "never":
            return True
        with self._lock:
            return self._look(self._vault(watch)).buys

    def standing(self, root: str) -> Standing:
        """Whose a root is."""
        watch = self._watches.get(root)
        if watch is not None and not self._is_first(root) and self._processes.other(root) is not None:
            return Standing.OTHER
        if watch is None or watch.claim == "never":
            return Standing.NONE
        with self._lock:
            return self._look(self._vault(watch)).standing

    def stands_by(self, root: str) -> bool:
        """Whether another machine or process buys for a root, or nobody does because several would.

        What this machine did not buy is left alone there: neither asked after nor fetched nor moved.
        """
        return self.standing(root) in (Standing.OTHER, Standing.CONFLICT)

    def is_us(self, payer: Payer) -> bool:
        """Whether this machine is the payer of a receipt; where a receipt names none, it may well be."""
        me = self._me
        if not payer.id or not isinstance(me, Machine):
            return not payer.id
        return payer.id == me.id or bool(me.home and payer.home == me.home)

    def since(self, root: str) -> float:
        """When this machine claimed a root, in epoch seconds; 0: never."""
        watch = self._watches.get(root)
        if watch is None or watch.claim == "never":
            return 0.0
        with self._lock:
            return self._vault(watch).mine.since

    def is_another(self, payer: Payer) -> bool:
        """Whether another machine is the payer of a receipt, for sure."""
        return (
            bool(payer.id)
            and isinstance(self._me, Machine)
            and not (self.is_us(payer) or self._is_here(payer))
        )

    def settlings(self, root: str) -> int:
        """How often a claim has settled for a root since the start: what a sync brought is to be read after each."""
        watch = self._watches.get(root)
        if watch is None or watch.claim == "never":
            return 0
        with self._lock:
            return self._vault(watch).settlings

    def waits(self, root: str) -> Optional[Problem]:
        """Why nothing is bought for a root until somebody does something; ``None``: it is, or soon will be."""
        with self._lock:
            if self.may_buy(root):
                return None
            other = self._processes.other(root)
            if other is not None:
                return problems.other_process(root, other)
            if self._watches[root].claim == "never":
                return None  # the folder is away
            decision = self._vault(self._watches[root]).decision
            if decision is None or (decision.problem and decision.problem.code in _PASSING):
                return None
            return decision.problem

    def payer(self, root: str) -> Payer:
        """Who this machine is, in the receipts of a root."""
        if not isinstance(self._me, Machine):
            return Payer()
        watch = self._watches.get(root)
        generation = 0
        if watch is not None and watch.claim != "never":
            with self._lock:
                generation = self._vault(watch).mine.generation
        return Payer(self._me.id, self._me.name, self._me.home, generation, self._me.system)

    # --- what happened -----------------------------------------------------------------------------

    def heard(self, root: str, receipt: Receipt, *, doubled: bool = False) -> None:
        """A receipt was seen below a root. ``doubled``: of a take that this machine has bought, too."""
        watch, payer = self._watches.get(root), receipt.payer
        if watch is None or watch.claim == "never" or not isinstance(self._me, Machine):
            return
        if self.is_us(payer) or self._is_here(payer):
            return
        with self._lock:
            vault = self._vault(watch)
            mine = with_rival(vault.mine, payer)
            if is_second(mine, receipt, self._settle, doubled=doubled):
                logger.warning(
                    _("{path}: the computer {name} has bought as {remote} what is ours to buy"),
                    path=vault.path,
                    name=payer.name or payer.id,
                    remote=receipt.remote_id,
                )
                mine = replace(mine, twice=(*mine.twice, receipt.remote_id))
            if mine != vault.mine:
                vault.mine = mine
                self._look(vault)

    def take(self, path: str) -> Problem | None:
        """`sorad claim`: this machine is to buy in the vault of ``path``; why it cannot, or ``None``."""
        with self._lock:
            vault = self._named(path)
            if isinstance(vault, Problem):
                return vault
            for root in vault.roots:
                first, other = self._is_first(root), self._processes.other(root)
                if not first and other is not None:
                    return problems.other_process(root, other)
            reading, unreadable = self._read(vault, afresh=True)
            if unreadable:
                return problems.unreadable(vault.path, unreadable)
            problem = self._write(vault, next_of(reading, vault.mine))
            if problem is None:
                logger.info(_("{path}: this computer buys here from now on"), path=vault.path)
                doubles.see(self._ledger, lambda one: one.root in vault.roots)
                self._look(vault)
            return problem

    def release(self, path: str) -> Problem | None:
        """`sorad claim --release`: this machine is no longer to buy there; why it cannot, or ``None``."""
        with self._lock:
            vault = self._named(path)
            if isinstance(vault, Problem):
                return vault
            self._look(vault)
            if not vault.mine.holds or not isinstance(self._me, Machine):
                return problems.not_ours(vault.path)
            generation = next_of(vault.reading, vault.mine)
            problem = self._write(vault, generation, released=True)
            if problem is None:
                logger.info(_("{path}: this computer no longer buys here"), path=vault.path)
                self._look(vault)
            return problem

    # --- who is who --------------------------------------------------------------------------------

    def _is_first(self, root: str) -> bool:
        """Whether no other process of this machine buys for a root. Not for one that is away."""
        with self._lock:
            first, news = self._processes.look(root)
            if news:
                self._keep()
            return first

    def _is_here(self, payer: Payer) -> bool:
        """Whether an installation on this very machine bought it: a lock tells those apart, not a claim."""
        me = self._me
        if not isinstance(me, Machine):
            return False
        if payer.system and me.system:
            return payer.system == me.system
        return bool(payer.name) and payer.name == me.name

    # --- looking and writing -----------------------------------------------------------------------

    def _vault(self, watch: Watch) -> _Vault:
        root = str(watch.path)
        vault = self._vaults.get(root)
        if vault is None:
            folder = vault_of(watch.path)
            vault = next((one for one in self._vaults.values() if one.path == str(folder)), None)
            if vault is None:
                kept = self._memory.get(str(folder))
                mine = memory.from_json(kept) if kept else Mine()
                vault = _Vault(Notes(folder, self._sleep), mine)
            vault.roots.append(root)
            vault.needed = vault.needed or watch.claim == "always"
            self._vaults[root] = vault
        return vault

    def _look(self, vault: _Vault) -> Decision:
        before = vault.decision
        self._was_away(vault)
        settled = vault.mine.settled
        decision = self._decide(vault)
        if decision.write is not None:
            decision = self._claim(vault, decision)
        vault.mine, vault.decision = decision.mine, decision
        vault.settlings += decision.mine.settled and not settled
        if decision.problem is not None and (before is None or before.problem != decision.problem):
            logger.warning("{}", decision.problem)
        self._keep()
        return decision

    def _was_away(self, vault: _Vault) -> None:
        """What was not looked at for a while settles again: the sync brings the news only now."""
        now, before = (self._clock.time(), self._clock.monotonic()), vault.looked
        vault.looked = now
        gap = 0.0 if before is None else max(now[0] - before[0], now[1] - before[1])
        if gap > self._away and vault.mine.holds:
            logger.info(
                _("{path}: it was not looked at for {seconds} s: the sync is waited for anew"),
                path=vault.path,
                seconds=round(gap),
            )
            vault.mine = replace(vault.mine, settled=False, until=None)

    def _decide(self, vault: _Vault, *, afresh: bool = False) -> Decision:
        now = self._clock.monotonic()
        self._look_for_signs(vault, now)
        waits = vault.mine.until
        # A stat may miss a change; it must not miss one when the wait is over.
        reading, unreadable = self._read(vault, afresh=afresh or (waits is not None and now >= waits))
        if not isinstance(self._me, Machine):
            claimless = not (
                vault.needed or reading.claims or reading.copies or reading.damaged or unreadable
            )
            reason = os.strerror(self._me.errno or 0)
            problem = None if claimless else problems.no_identity(vault.path, reason)
            return Decision(Standing.NONE, claimless, vault.mine, problem=problem)
        return decide(
            Facts(vault.path, self._me, vault.needed, reading, vault.mine, now, self._settle, unreadable)
        )

    def _read(self, vault: _Vault, *, afresh: bool = False) -> tuple[Reading, str]:
        try:
            vault.reading = vault.notes.look(afresh=afresh)
            return vault.reading, ""
        except NoteUnreadable as error:
            return Reading(), str(error)

    def _look_for_signs(self, vault: _Vault, now: float) -> None:
        if vault.needed or now < vault.look_for_signs_at:
            return
        vault.look_for_signs_at = now + LOOK_FOR_SIGNS
        vault.service = sync_service(vault.notes.folder)
        if vault.service:
            vault.needed = True
            logger.info(
                _("{path} seems to be synced ({service}): only one computer shall buy here"),
                path=vault.path,
                service=vault.service,
            )

    def _claim(self, vault: _Vault, decision: Decision) -> Decision:
        """Write the claim that is due; what follows from that."""
        now = self._clock.monotonic()
        if now < vault.write_at and vault.decision is not None:
            return replace(vault.decision, mine=decision.mine)  # it could not be written just before
        decision = self._decide(vault, afresh=True)
        if decision.write is None:
            return decision
        vault.mine = decision.mine
        problem = self._write(vault, decision.write)
        if problem is not None:
            vault.write_at = now + WRITE_AGAIN
            return Decision(Standing.NONE, False, decision.mine, problem=problem)
        return self._decide(vault, afresh=True)

    def _write(self, vault: _Vault, generation: int, *, released: bool = False) -> Problem | None:
        me, wall = self._me, self._clock.time()
        if not isinstance(me, Machine):
            return problems.no_identity(vault.path, os.strerror(me.errno or 0))
        try:
            vault.notes.write(Claim(me.id, generation, me.name, me.home, iso(wall) or "", released))
        except OSError as error:
            return problems.cannot_write(vault.path, os.strerror(error.errno or 0))
        if released:
            vault.mine = given_up(vault.mine, generation)
        else:
            vault.mine = claimed(vault.mine, generation, self._clock.monotonic(), self._settle, wall)
            vault.mine = replace(vault.mine, owner=me.name)
        return None

    def _named(self, path: str) -> _Vault | Problem:
        """The vault of a root, or of what lies in one.

        A folder above a root is meant only where both are in one vault, whose claim they share.
        """
        roots = [
            root for root in self._watches if Path(root) == Path(path) or Path(root) in Path(path).parents
        ]
        inside = [
            root
            for root in self._watches
            if Path(path) in Path(root).parents and Path(path).is_relative_to(vault_of(Path(root)))
        ]
        if not roots and not inside:
            return problems.no_root(path)
        watch = self._watches[max(roots or inside, key=len)]
        return problems.is_never(str(watch.path)) if watch.claim == "never" else self._vault(watch)

    # --- keeping and telling -----------------------------------------------------------------------

    def _keep(self) -> None:
        """Write down what changed; a ledger that cannot be written is tried at the next look."""
        if isinstance(self._me, Machine):
            known = {
                vault.path: memory.to_json(vault.mine)
                for vault in self._vaults.values()
                if vault.mine != Mine()
            }
            self._memory = {**self._memory, **known}
            kept = {"machine": self._me.id, "vaults": self._memory} if self._memory else self._kept
        else:
            kept = self._kept
        told = [row for row in map(self._row, self._watches) if row is not None]
        try:
            if kept != self._kept:
                self._ledger.remember("claim", kept)
                self._kept = kept
            if told != self._told:
                self._ledger.remember("claims", told)
                self._told = told
        except LedgerUnavailable as error:
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))

    def _row(self, root: str) -> Optional[dict[str, Any]]:
        told, vault = self._processes.problem(root), self._vaults.get(root)
        row = None if vault is None else _row(root, vault, self._me)
        if told is None or (row is not None and self._processes.is_unlocked(root)):
            return row  # a vault's own trouble is the greater one
        other = self._processes.other(root)
        return {
            "path": root,
            "state": Standing.NONE.value if other is None else Standing.OTHER.value,
            "buys": other is None,
            "owner": "" if other is None or not other.pid else f"sorad {other.command} ({other.pid})",
            "since": None,
            "problem": told.to_json(),
        }


# Problems that pass by themselves.
_PASSING = frozenset({"claim.settling", "claim.missing"})


def _row(root: str, vault: _Vault, me: Machine | OSError) -> dict[str, Any] | None:
    decision = vault.decision
    if decision is None or (decision.standing is Standing.NONE and decision.problem is None):
        return None
    top = newest(vault.reading, me) if isinstance(me, Machine) else ()
    return {
        "path": root,
        "state": decision.standing.value,
        "buys": decision.buys,
        "owner": decision.owner,
        "since": (top[0].since or None) if top else None,
        "problem": None if decision.problem is None else decision.problem.to_json(),
    }
