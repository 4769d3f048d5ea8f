"""What is to be done about a storyboard that was read: from the facts to a plan. Pure.

The rules stand in the order in which they are asked; the first five each end the decision:

1. What cannot be read asks for nothing; nor does a draft (:func:`_invalid`).
2. What repeats another storyboard that is there buys nothing; unless it is the one that was bought for, then the
   other one is the copy (:func:`_copy`).
3. The output folder of a storyboard that was renamed follows it, whole (:func:`folder_to_follow`).
4. An orphaned folder that has most of its fingerprints becomes its own (:func:`folder_to_adopt`).
5. Videos that were rescued are returned (:func:`videos_to_return`).
6. Takes of other storyboards whose files lie here are this one's (:func:`newcomers`).
7. Everything bought gets the number under which it is wanted, and its file goes along (:mod:`sorad.intake.assign`).
8. What a copy would buy a second time is held (:mod:`sorad.intake.copied`), and what a conflict copy of a sync
   service asks for (:mod:`sorad.intake.conflicted`).
9. What is too dear without approval is held (:func:`_too_dear`).

A folder or a rescued video that moves changes what can be seen, so after the rules 2 to 5 all is looked at again.
Where another machine buys, the folders are that one's to keep in order: nothing is moved but what was rescued here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.budget import NEVER, needs_approval, price_again
from sorad.intake.assign import Assigned, assign
from sorad.intake.copied import held_as_conflict, held_back
from sorad.intake.facts import Action, Demote, Facts, Key, MoveFolder, MoveVideo, Plan, Prices, key_of
from sorad.intake.identity import outranks
from sorad.intake.older_tables import held_as_older
from sorad.intake.older_versions import fingerprints_of
from sorad.intake.planned_moves import Disk
from sorad.intake.repeated import held_as_repeated
from sorad.ledger.chain import is_waiting
from sorad.ledger.reused import served
from sorad.ledger.values import Storyboard, Want
from sorad.ledger.wants import UNSENT
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.folder import Evidence


def decide(facts: Facts) -> Plan:
    """What is to be done."""
    return _invalid(facts) or _copy(facts) or _first(facts) or _settle(facts)


# --- what is not a storyboard of its own --------------------------------------------------------------------


def _invalid(facts: Facts) -> Optional[Plan]:
    """What an earlier version had queued is no longer what the user wants, or not known to be."""
    state = facts.board.state
    return Plan(facts.board, withdraw=state) if facts.board.problems or state == "draft" else None


def _copy(facts: Facts) -> Optional[Plan]:
    same = facts.rows.same
    if same is None or not repeats_another(facts):
        return None
    if outranks(fingerprints_of(facts.requested), facts.disk.evidence, facts.rows.same_takes):
        return Plan(facts.board, first=(Demote(as_copy(same.board, facts.board.path)),))
    return Plan(as_copy(facts.board, same.board.path), withdraw="copy")


def repeats_another(facts: Facts) -> bool:
    """Whether another storyboard of the same content is there."""
    same = facts.rows.same
    return same is not None and same.is_there and not facts.done.demoted


def as_copy(board: Storyboard, original: str) -> Storyboard:
    """The row of a storyboard that repeats the one of that path."""
    problem = Problem(
        "storyboard.copy",
        N_("it has the same content as {original}, so nothing is bought for it."),
        N_("Change its content, or use `sorad redo` on the other one if you want more takes."),
        {"original": original},
    )
    return replace(board, state="copy", copy_of=original, problems=(problem,))


# --- what moves first ---------------------------------------------------------------------------------------


def _first(facts: Facts) -> Optional[Plan]:
    move = folder_to_follow(facts) or folder_to_adopt(facts)
    first = (move,) if move is not None else videos_to_return(facts)
    return _begin(facts, first=first) if first else None


def folder_to_follow(facts: Facts) -> Optional[MoveFolder]:
    """The output folder of a storyboard that was renamed, if most of what is wanted is its."""
    old, origin = facts.disk.folder, facts.rows.origin
    if old is None or origin is None or facts.done.followed or not follows(facts):
        return None
    if _stands_by(facts, Path(origin.root), Path(facts.board.root)):
        return None
    return _movable(facts, MoveFolder(old, facts.assets))


def follows(facts: Facts) -> bool:
    """Whether the storyboard has another path now, and is still mostly what it was."""
    origin = facts.rows.origin
    if origin is None or origin.path == facts.board.path:
        return False
    if facts.rows.same is not None:
        return True
    known = {take.fingerprint for take in facts.rows.takes}
    asked = {want.fingerprint: want.fingerprints for want in facts.requested}
    return 2 * sum(not fingerprints.isdisjoint(known) for fingerprints in asked.values()) >= len(asked)


def folder_to_adopt(facts: Facts) -> Optional[MoveFolder]:
    """The orphaned folder that has at least half of the fingerprints."""
    orphan = facts.disk.orphan
    if (
        orphan is None
        or facts.done.adopted
        or 2 * orphan.shared < len({want.fingerprint for want in facts.requested})
    ):
        return None
    if _stands_by(facts, facts.assets, orphan.folder):
        return None
    return _movable(facts, MoveFolder(orphan.folder, facts.assets, orphaned=True))


def _movable(facts: Facts, move: MoveFolder) -> Optional[MoveFolder]:
    return None if (move.old, move.new) in facts.done.stuck else move


def _stands_by(facts: Facts, *places: Path) -> bool:
    """Whether one of these is or lies in a root where another machine buys."""
    return any(root in (place, *place.parents) for root in facts.standby_roots for place in places)


def videos_to_return(facts: Facts) -> tuple[MoveVideo, ...]:
    """The rescued videos that have their receipt at home."""
    moves = []
    for one in facts.disk.rescued:
        place = facts.disk.home.get(one.evidence.receipt.remote_id)
        if place is not None and (one.evidence.video, place.video) not in facts.done.stuck:
            moves.append(MoveVideo(one.evidence.video, place.video, place.segment, place.take, rescued=True))
    return tuple(moves)


# --- which closer looks are needed --------------------------------------------------------------------------


def needs_orphan(facts: Facts, evidence: Collection[Evidence], *, lost: bool) -> bool:
    """Whether an orphaned folder may be this storyboard's.

    ``lost``: a delivered video is nowhere. The folder may bear a name that was never seen here; or the ledger is
    lost, or an old copy.
    """
    if facts.done.adopted:
        return False
    return (in_doubt(facts) and lost) or not (facts.rows.takes or evidence)


def needs_unknown_creates(facts: Facts, evidence: Iterable[Evidence]) -> bool:
    """Whether all orphaned folders are to be asked before anything is bought."""
    return in_doubt(facts) or not facts.rows.takes or buys(facts.requested, facts.rows.takes, evidence)


def in_doubt(facts: Facts) -> bool:
    """Whether the storyboard was renamed, or its folder was seen to tell more than the ledger."""
    origin = facts.rows.origin
    return facts.doubted_since is not None or (origin is not None and origin.path != facts.board.path)


def buys(asked: Iterable[Want], takes: Collection[Take], evidence: Iterable[Evidence]) -> bool:
    """Whether something is wanted that neither the ledger nor a receipt tells of."""
    unsent = (*UNSENT, State.CANCELLED)
    fingerprints = Counter(take.fingerprint for take in takes if take.state not in unsent)
    tasks = {take.remote_id for take in takes}
    fingerprints.update(one.receipt.fingerprint for one in evidence if one.receipt.remote_id not in tasks)
    wanted = Counter(want.fingerprint for want in asked)
    return any(count > fingerprints[text] for text, count in wanted.items())


# --- a storyboard of its own --------------------------------------------------------------------------------


def newcomers(facts: Facts) -> list[Take]:
    """Takes of other storyboards whose files lie here and no longer there: they are this one's now.

    So it is where the process ended after a folder was renamed along, and the storyboards are told apart
    in another way now; or where another storyboard had this path before. Without this the take would be
    missing there, or be known a second time here.
    """
    keys = {key_of(take) for take in facts.rows.takes}
    come = []
    for one in facts.disk.candidates:
        at_its_place = Path(one.take.output) == one.evidence.video
        stays = one.kept or (not one.gone if at_its_place else one.occupied)
        here = replace(one.take, segment=one.evidence.segment, take=one.evidence.take)
        if one.away or stays or key_of(here) in keys:
            continue
        keys.add(key_of(here))
        come.append(here)
    return come


def _settle(facts: Facts) -> Plan:
    """What it wants, what it has, what it lacks."""
    come = newcomers(facts)
    disk = Disk(facts.disk.spots, facts.done.stuck, lambda old: _may_move(facts, old))
    assigned = assign(facts, come, disk)
    wants = assigned.wants
    if facts.rows.copied_from:
        wants = held_back(facts.outside.elsewhere, wants, assigned.known, _reused(facts, wants))
    if facts.conflict_of:
        wants = held_as_conflict(facts.conflict_of, wants, assigned.known)
    if facts.older_table is not None:
        wants = held_as_older(facts.older_table, wants, assigned.known)
    if facts.doubled:
        wants = held_as_repeated(facts.doubled, wants, assigned.known)
    wants, held_for = _too_dear(facts, wants, assigned.known)
    has_any = facts.rows.takes or come or facts.disk.evidence or facts.disk.intents
    return replace(
        _begin(facts),
        make_room=bool(has_any) and not facts.standing_by,
        moves=tuple(disk.moves),
        wants=(*wants, *assigned.beside),
        moved=assigned.moved,
        reread=facts.rows.copies,
        is_new=facts.rows.origin is None,
        learned=_learned(facts, assigned),
        held_for=held_for,
    )


def _begin(facts: Facts, first: Sequence[Action] = ()) -> Plan:
    """What every plan for a storyboard of its own says."""
    origin = facts.rows.origin
    board = facts.board if origin is None else replace(facts.board, id=origin.id)
    renamed = origin is not None and origin.path != facts.board.path
    return Plan(
        replace(board, copy_of=facts.rows.copied_from),
        first=tuple(first),
        standing_by=facts.standing_by,
        renamed_from=origin.path if origin is not None and renamed else "",
    )


def _may_move(facts: Facts, old: Path) -> bool:
    """Where another machine buys, only what this one has bought and rescued."""
    return not facts.standing_by or facts.state_dir in old.parents


def _learned(facts: Facts, assigned: Assigned) -> tuple[State, ...]:
    """What receipts told that no ledger row did; nothing where the storyboard was known."""
    if facts.rows.takes:
        return ()
    told = (*assigned.wants, *assigned.beside)
    return tuple(want.state for want in told if want.remote_id and want.remote_id not in facts.outside.owned)


def _reused(facts: Facts, wants: Sequence[Want]) -> set[Key]:
    """The wants that cost nothing: what another storyboard nearby has bought serves them."""
    return served((key_of(want) for want in wants if want.state is State.QUEUED), facts.outside.reusable)


def _limited(prices: Prices, wants: Sequence[Want]) -> Optional[Problem]:
    """Why these are too dear together; each currency by itself, as they are never added up."""
    asked: dict[str, list[Optional[int]]] = {}
    for want in wants:
        price, currency = prices.of.get(key_of(want), (None, ""))
        asked.setdefault(currency, []).append(price)
    found = (needs_approval(prices.budget, of, currency) for currency, of in sorted(asked.items()))
    return next(filter(None, found), None)


def _too_dear(
    facts: Facts, wants: tuple[Want, ...], known: Mapping[Key, Take]
) -> tuple[tuple[Want, ...], Optional[Problem]]:
    """The wants, those that would be bought ``held`` where together they cost too much without approval; why."""
    prices = facts.outside.prices
    if prices is None:
        return wants, None

    reused = _reused(facts, wants)

    def is_new(want: Want) -> bool:
        take = known.get(key_of(want))
        unsent = take is None or (take.state in (State.HELD, State.CANCELLED) and not take.approved)
        if take is not None and is_waiting(take):
            return False  # it was weighed, and waits for the shot before it alone
        return want.state is State.QUEUED and unsent and key_of(want) not in reused

    problem, due = _limited(prices, [want for want in wants if is_new(want)]), NEVER
    if problem is None:
        return wants, None
    if problem.code == "budget.price" and prices.trouble is not None:
        problem, due = prices.trouble, facts.now + price_again(prices.trouble)

    def held(want: Want) -> Want:
        return replace(want, state=State.HELD, due_at=due, error=problem) if is_new(want) else want

    return tuple(map(held, wants)), problem
