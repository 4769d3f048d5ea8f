"""Output folders that no storyboard has: it was renamed or moved alone, or deleted; or ``output_mode`` was changed.

Whoever has the ledger knows whose they are. With the ledger lost, or an old copy in its place, such a folder
may be all that tells of a purchase; so it is looked at before anything is bought again. Looked for are folders
named ``…_assets`` below the watched folders, and folders that hold ``Segment_…`` below each ``output_dir``,
whichever of the two is in force.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Optional

from sorad.clock import Clock
from sorad.config.model import Watch
from sorad.files.durable import remove
from sorad.layout import ASSETS, ENDINGS, intent_path
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Want
from sorad.model import State, Take
from sorad.receipts.folder import SEGMENT, Evidence, create_of, creates_in, surplus
from sorad.receipts.receipt import GENERATING, SUBMITTING
from sorad.vault.names import is_storyboard
from sorad.vault.notes import is_there

# A walk through all roots holds for so many times what it took, so that many storyboards that are read one
# after the other cost little more than one; and for so many seconds at most.
HOLDS, AT_MOST = 20.0, 60.0


@dataclass(frozen=True)
class OrphanedFolder:
    """An output folder that tells of purchases: of which fingerprints, and which storyboard it is named after."""

    fingerprints: frozenset[str]
    root: Path
    storyboard: Path
    is_there: bool  # the storyboard: the folder belongs to it, though it has another one by now

    def may_be_of(self, storyboard: str) -> bool:
        """Whether it may have been the folder of a storyboard."""
        return not self.is_there or str(self.storyboard) == storyboard


@dataclass
class OrphanedFolders:
    """Belongs to the folder side's thread."""

    watches: Sequence[Watch]
    ledger: Ledger
    clock: Clock
    _found: dict[Path, OrphanedFolder] = field(default_factory=dict)
    _began: Optional[float] = None
    _until: float = 0.0

    def folders(self, since: Optional[float] = None) -> dict[Path, OrphanedFolder]:
        """The folders; as they were after ``since`` (monotonic)."""
        now = self.clock.monotonic()
        if self._began is None or now > self._until or (since is not None and self._began < since):
            self._began, self._found = now, {}
            for watch in sorted(self.watches, key=lambda one: len(one.path.parts)):
                self._found.update(
                    orphaned_folders(watch)
                )  # of nested roots, the inner one has what is in both
            ended = self.clock.monotonic()
            self._until = ended + min(AT_MOST, HOLDS * (ended - now))
        return self._found

    def moved(self, folder: Path) -> None:
        """A folder has another name by now."""
        self._found.pop(folder, None)

    def unknown_creates(
        self,
        storyboard: str,
        wants: Sequence[Want],
        takes: Sequence[Take],
        there: Sequence[Evidence],
        since: Optional[float],
    ) -> list[Evidence]:
        """Receipts and intents of creates that the ledger never heard of, for a storyboard that they may tell of.

        It is where the text is wanted; and where the folder holds a receipt of a task of that storyboard, too:
        it was its folder once, whatever else it tells of. ``there`` is what is known without this.
        """
        ours = {*map(create, takes), *(evidence.create for evidence in there)}
        wanted = set[str]().union(*(want.fingerprints for want in wants))
        fingerprints = wanted.union(
            (take.fingerprint for take in takes), (one.receipt.fingerprint for one in there)
        )
        result: list[Evidence] = []
        for folder, orphan in self.folders(since).items():
            if orphan.fingerprints.isdisjoint(fingerprints) or not orphan.may_be_of(storyboard):
                continue
            result += self._unknown_in(folder, wanted, ours)
        return result

    def _unknown_in(self, folder: Path, wanted: Collection[str], ours: set[str]) -> list[Evidence]:
        found = creates_in(folder)
        its_own = any(evidence.create in ours for evidence in found)
        known = self._known(found) | ours
        return [
            evidence
            for evidence in found
            if evidence.create not in known and (its_own or evidence.receipt.fingerprint in wanted)
        ]

    def unfetched(self, root: Path, since: float) -> dict[OrphanedFolder, list[Want]]:
        """What was bought and is not there yet, of which neither the ledger nor a storyboard tells.

        Its storyboard is gone, and the ledger was lost since: nobody else would fetch it. ``since`` as above.
        """
        result = {}
        for folder, orphan in self.folders(since).items():
            if orphan.is_there or orphan.root != root:
                continue
            wants = self._unfetched_in(folder)
            if wants:
                result[orphan] = wants
        return result

    def _unfetched_in(self, folder: Path) -> list[Want]:
        under_way = (GENERATING, SUBMITTING)
        found = [evidence for evidence in creates_in(folder) if evidence.receipt.state in under_way]
        known = self._known(found) if found else set()
        self._tidy([evidence for evidence in found if evidence.create in known])
        wants = surplus([evidence for evidence in found if evidence.create not in known], ())
        # An intent may have become a receipt, or a video, while it was looked at.
        return [want for want in wants if not self.ledger.owned([want.remote_id], want.place)]

    def _known(self, found: Sequence[Evidence]) -> set[str]:
        """The creates of which the ledger knows: by their tasks, or by their intents, answered by now or not."""
        told = (evidence for evidence in found if evidence.receipt.remote_id)
        known = {
            evidence.create
            for evidence in told
            if self.ledger.owned([evidence.receipt.remote_id], evidence.receipt.place)
        }
        if any(not evidence.receipt.remote_id for evidence in found):
            # In whatever state: a create that was refused is known as well.
            intended = (one for one in self.ledger.takes() if one.intent_at is not None)
            known.update(create_of("", one.fingerprint, one.intent_at) for one in intended)
        return known

    def _tidy(self, known: Sequence[Evidence]) -> None:
        """Remove the intents of creates that were answered: the process ended before it could."""
        intents = [evidence for evidence in known if not evidence.receipt.remote_id]
        if not intents:
            return
        still = set(map(create, self.ledger.takes(states=[State.SUBMITTING, State.UNKNOWN])))
        for evidence in intents:
            if evidence.create not in still:
                remove(intent_path(evidence.video))


def create(take: Take) -> str:
    """Which create a take stands for: see :func:`create_of`."""
    return create_of(take.remote_id, take.fingerprint, take.intent_at)


def orphaned_folders(watch: Watch) -> dict[Path, OrphanedFolder]:
    """Those of a watched folder: a walk through it, one through its ``output_dir``. Unreadable ones are left out."""
    result = {}
    names = cache(_names)
    for mode, folder, place in _candidates(watch):
        owner = _owner(place, names(place.parent))
        if owner is not None and mode == watch.output_mode:
            continue
        with contextlib.suppress(OSError):
            fingerprints = frozenset(evidence.receipt.fingerprint for evidence in creates_in(folder))
            if fingerprints:
                storyboard = owner or place.with_name(f"{place.name}{ENDINGS[0]}")
                result[folder] = OrphanedFolder(fingerprints, watch.path, storyboard, owner is not None)
    return result


def _owner(place: Path, beside: Mapping[str, str]) -> Optional[Path]:
    """The storyboard that an output folder belongs to; ``None``: none is there. ``beside``: names by small letters."""
    for ending in ENDINGS:
        name = f"{place.name}{ending}".lower()
        real = beside.get(name)
        if real is not None and _is_one(place.with_name(real)):
            return place.with_name(real)
        if f".{name}.icloud" in beside:
            return place.with_name(f"{place.name}{ending}")
    return None


def _is_one(path: Path) -> bool:
    """Whether a file that has a storyboard's name is one: a note says so, a table is called so."""
    return is_there(path) and (path.suffix.lower() != ".csv" or is_storyboard(path.name))


def _candidates(watch: Watch) -> Iterator[tuple[str, Path, Path]]:
    """All output folders: by which mode, where, and the storyboard that each is named after, without its ending."""
    yield from _in_place(watch)
    if watch.output_dir is not None:
        yield from _centralized(watch, watch.output_dir)


def _in_place(watch: Watch) -> Iterator[tuple[str, Path, Path]]:
    for place, folders, _files in os.walk(watch.path):
        for name in folders:
            if name.endswith(ASSETS):
                yield "in_place", Path(place, name), Path(place, name[: -len(ASSETS)])
        folders[:] = [name for name in folders if not name.startswith(".") and not name.endswith(ASSETS)]


def _centralized(watch: Watch, output_dir: Path) -> Iterator[tuple[str, Path, Path]]:
    for place, folders, _files in os.walk(output_dir):
        folder = Path(place)
        if folder != output_dir and any(name.startswith(SEGMENT) for name in folders):
            within = folder.relative_to(output_dir)
            yield "centralized", folder, watch.path / within
        folders[:] = [name for name in folders if not name.startswith((".", SEGMENT))]


def _names(folder: Path) -> dict[str, str]:
    try:
        return {name.lower(): name for name in os.listdir(folder)}  # noqa: PTH208  (names are wanted, not paths)
    except OSError:
        return {}
