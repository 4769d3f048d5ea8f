"""A storyboard that a sync service laid beside another one, because two devices had changed it at once.

Names that no person gives are never read (:func:`sorad.vault.names.conflict_copy`). Others are read, and nothing is
bought for them by themselves: OneDrive puts the computer's name behind the storyboard's, so that one counts only
beside a storyboard with at least half of its texts. `sorad approve` buys what such a copy asks for.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Optional

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Want
from sorad.storyboard.read import Rules, read_file
from sorad.vault.names import host_conflicts, marked_conflict

_NETBIOS = 15  # so long are the names of computers that OneDrive knows


def conflict_of(path: Path, asked: Sequence[Want], rules: Rules, hosts: Collection[str]) -> str:
    """The path of the storyboard that this one is a conflict copy of, or ``""``.

    ``asked`` is what it asks for; ``hosts``: see :func:`known_hosts`. Reads that other storyboard, where the name
    does not tell alone; one that cannot be read just now, or has mistakes, counts as much the same.
    """
    marked = marked_conflict(path.name)
    if marked is not None:
        return str(path.with_name(marked))
    for name in host_conflicts(path.name, hosts):
        plain = path.with_name(name)
        if plain.exists():
            there, mine = (
                _fingerprints_at(plain, rules),
                {want.fingerprint: want.fingerprints for want in asked},
            )
            same = sum(there is None or not fingerprints.isdisjoint(there) for fingerprints in mine.values())
            if 2 * same >= len(mine):
                return str(plain)
    return ""


def _fingerprints_at(path: Path, rules: Rules) -> Optional[set[str]]:
    try:
        reading = read_file(path, rules)
    except OSError:
        return None
    return None if reading.problems else {segment.request.fingerprint() for segment in reading.segments}


def known_hosts(ledger: Optional[Ledger]) -> set[str]:
    """The names of this computer, and of those that claims have told of."""
    told = ledger.recall("claim") if ledger is not None else None
    vaults = told.get("vaults", {}) if isinstance(told, Mapping) else {}
    rivals = [rival for vault in vaults.values() for rival in vault.get("rivals", {}).values()]
    names = {platform.node(), *(str(rival[0]) for rival in rivals if rival)}
    short = {name.partition(".")[0] for name in names}
    return {*names, *short, *(name[:_NETBIOS] for name in short)} - {""}
