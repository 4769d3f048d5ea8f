"""Storyboards of one stem in one folder (``ep.json``, ``ep.csv``, ``ep.md``): they would share an output folder.

The first of them has it, and the second buys nothing until one of the two is renamed. The first is the one that
something was bought for; then the one that the ledger knows; with the ledger lost, the one whose fingerprints the
receipts there have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.layout import ENDINGS
from sorad.ledger.interface import Ledger
from sorad.ledger.states import PAID
from sorad.ledger.values import Storyboard, Want
from sorad.messages import N_
from sorad.model import State
from sorad.problems import Problem
from sorad.receipts.folder import creates_in
from sorad.storyboard.read import Rules, read_file
from sorad.vault.names import is_note, is_storyboard
from sorad.vault.notes import is_there

CODE = "storyboard.stem"
_BOUGHT = PAID | {State.DONE}


def first_of_stem(
    path: Path, asked: Collection[Want], assets: Path, rules: Rules, ledger: Optional[Ledger]
) -> Optional[Path]:
    """The storyboard of the same stem that comes before the one at ``path``; ``None``: none does.

    ``asked`` is what it asks for, ``assets`` its output folder.
    """
    others = [one for one in _beside(path) if not _is_draft(one, ledger)]
    if not others:
        return None
    ranks = {one: (*_rank(one, ledger), 0, _order(one)) for one in (path, *others)}
    if all(rank[:2] == (True, True) for rank in ranks.values()):
        told = {one.receipt.fingerprint for one in creates_in(assets)}
        fingerprints = {one: _fingerprints_of(one, rules) for one in others}
        fingerprints[path] = {want.fingerprint for want in asked}
        ranks = {one: (*rank[:2], -len(told & fingerprints[one]), rank[3]) for one, rank in ranks.items()}
    first = min(ranks, key=ranks.__getitem__)
    return None if first == path else first


def as_second(board: Storyboard, first: Path) -> Storyboard:
    """The row of one that waits for the output folder."""
    return replace(board, state="invalid", problems=(second_to(first),))


def second_to(first: Path) -> Problem:
    """Why it waits."""
    return Problem(
        CODE,
        N_("{first} lies beside it and has the same output folder, so nothing is bought for this one."),
        N_("Give one of the two another name."),
        {"first": first.name},
    )


def is_second(board: Storyboard) -> bool:
    """Whether it waits for the output folder."""
    return board.state == "invalid" and any(one.code == CODE for one in board.problems)


def _beside(path: Path) -> Iterator[Path]:
    for ending in ENDINGS:
        other = path.with_suffix(ending)
        named = is_note(other.name) or is_storyboard(other.name)
        if ending != path.suffix.lower() and named and other.is_file() and is_there(other):
            yield other


def _is_draft(path: Path, ledger: Optional[Ledger]) -> bool:
    board = None if ledger is None else ledger.storyboard_at(str(path))
    return board is not None and board.state == "draft"


def _rank(path: Path, ledger: Optional[Ledger]) -> tuple[bool, bool]:
    board = None if ledger is None else ledger.storyboard_at(str(path))
    if ledger is None or board is None or board.state == "gone":
        return True, True
    takes = ledger.takes(storyboard=str(path))
    bought = any(take.state in _BOUGHT for take in takes if take.storyboard_id == board.id)
    return not bought, is_second(board)


def _order(path: Path) -> int:
    return ENDINGS.index(path.suffix.lower())


def _fingerprints_of(path: Path, rules: Rules) -> set[str]:
    try:
        return {one.request.fingerprint() for one in read_file(path, rules).segments}
    except OSError:
        return set()
