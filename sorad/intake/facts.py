"""The two values of the folder side: what was gathered about a storyboard, and what is to be done about it. Data.

:mod:`sorad.intake.gather` makes the first one, and alone reads; :mod:`sorad.intake.decide` makes the second one
of it, and is pure; :mod:`sorad.intake.carry_out` does what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Optional, Union

from sorad.config.model import Budget
from sorad.layout import DEFAULT_NAME, OLD_NAME, video_path
from sorad.ledger.values import Moved, Storyboard, Want
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.folder import Evidence, create_of
from sorad.receipts.moving import Spot

Key = tuple[int, int, str]  # segment, take, fingerprint: what a take is known by within its storyboard


def key_of(one: Union[Want, Take]) -> Key:
    """What a take is known by within its storyboard."""
    return one.segment, one.take, one.fingerprint


# --- what was gathered --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SameContent:
    """Another storyboard that has, or had, the same content."""

    board: Storyboard
    is_there: bool  # its file, or it cannot be called gone because its disk is away


@dataclass(frozen=True)
class Relative:
    """A storyboard that may be this one, renamed and edited: its file is gone, or it is the row of the path.

    ``shared``: how many fingerprints and tasks both have.
    """

    board: Storyboard
    shared: int


@dataclass(frozen=True)
class Orphan:
    """An output folder without a storyboard that has some of the fingerprints that are wanted."""

    folder: Path
    shared: int  # how many of the fingerprints


@dataclass(frozen=True)
class Candidate:
    """A take of another storyboard whose receipt lies here."""

    take: Take
    evidence: Evidence
    away: bool  # the disk on which that storyboard lies
    gone: bool  # that storyboard
    kept: bool  # that storyboard lies there as it was read, and asks for it
    occupied: bool  # its own place: by its video, receipt or intent


@dataclass(frozen=True)
class RescuedVideo:
    """A video of this storyboard that was rescued in ``state_dir``."""

    evidence: Evidence
    verified: bool  # the video lies there, whole


@dataclass(frozen=True)
class Prices:
    """What decides whether the wants are too dear without approval.

    ``of``: of each want the price in micro-units (``None`` where it is not known) and its currency.
    ``trouble``: why one is not known just now.
    """

    budget: Budget
    of: Mapping[Key, tuple[Optional[int], str]]
    trouble: Optional[Problem] = None


@dataclass(frozen=True)
class Ledgered:
    """The rows of the ledger that a storyboard may be, and which one it is."""

    known: Optional[Storyboard] = None  # the row of its path
    same: Optional[SameContent] = None  # the first storyboard of the same content
    same_takes: tuple[Take, ...] = ()  # its takes, where it is there
    known_takes: tuple[Take, ...] = ()
    relatives: tuple[Relative, ...] = ()
    origin: Optional[Storyboard] = None  # which row it is; None: a new one
    takes: tuple[Take, ...] = ()  # of ``origin``
    copies: tuple[Storyboard, ...] = ()  # storyboards that were copies of it, and have another content now
    copied_from: str = ""  # path of the storyboard that it repeats, or repeated once


@dataclass(frozen=True)
class DiskState:
    """What the disk holds for a storyboard."""

    evidence: tuple[Evidence, ...] = ()  # receipts in its own folder, and what orphaned folders tell
    intents: tuple[Evidence, ...] = ()  # in its own folder
    folder: Optional[Path] = (
        None  # the output folder that it had under another path, if that one is free to follow
    )
    orphan: Optional[Orphan] = None  # the orphaned folder that has most of its fingerprints
    rescued: tuple[RescuedVideo, ...] = ()
    home: Mapping[str, Evidence] = field(default_factory=dict)  # receipts in its own folder, by remote id
    candidates: tuple[Candidate, ...] = ()
    wants: tuple[Want, ...] = ()  # each with what its place holds
    surplus: tuple[Want, ...] = ()  # bought, though not wanted (any more)
    spots: Mapping[Path, Spot] = field(default_factory=dict)  # the places from and to which files may move


@dataclass(frozen=True)
class Outside:
    """What the ledger says of other storyboards, and the provider of prices."""

    owned: frozenset[str] = frozenset()  # remote ids on the disk that the ledger knows under any storyboard
    # Path of another storyboard that has it, by fingerprint.
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    # How many videos of other storyboards nearby serve in place of a purchase, by fingerprint; where that matters.
    reusable: Mapping[str, int] = field(default_factory=dict)
    prices: Optional[Prices] = None  # None: nothing is too dear


@dataclass(frozen=True)
class Progress:
    """What was done already in this reading. It is looked again after each folder or rescued video that moved."""

    demoted: bool = False  # the storyboard of the same content is a copy of this one
    followed: bool = False  # its own output folder went along
    adopted: bool = False  # an orphaned folder became its own
    returned: frozenset[Path] = frozenset()  # rescued videos that were returned
    stuck: frozenset[tuple[Path, Path]] = frozenset()  # what cannot be moved


@dataclass(frozen=True)
class Facts:
    """All that a decision needs about one storyboard that was read."""

    board: Storyboard  # the row as it was read; its ``id`` is that of its path
    contents: tuple[str, ...]  # of its content, and that under the rules of earlier versions
    requested: tuple[Want, ...]  # the takes that it asks for, as nobody had bought them
    assets: Path  # its output folder
    now: float  # epoch seconds
    rows: Ledgered = Ledgered()
    disk: DiskState = DiskState()
    outside: Outside = Outside()
    done: Progress = Progress()
    standing_by: bool = False  # another machine buys in its root
    standby_roots: tuple[Path, ...] = ()  # all watched folders where another machine buys
    conflict_of: str = ""  # path of the storyboard that a sync service made it a conflict copy of
    pictures: tuple[Problem, ...] = ()  # which one goes where by its name, to be told
    doubled: frozenset[str] = frozenset()  # fingerprints that stand twice in a note or a table
    older_table: Optional[Problem] = None  # why nothing of a table is bought by itself: it lay there before
    closer: bool = False  # its own folder was looked through
    doubted_since: Optional[float] = None  # its folder may tell more than the ledger knows; monotonic
    state_dir: Path = Path()
    name: str = DEFAULT_NAME  # what new videos are called

    def video(self, segment: int, take: int, fingerprint: str) -> Path:
        """Where the video of a take lies or is to lie in its output folder: what has a name there keeps it."""
        name = self._names.get((segment, take, fingerprint))
        new = video_path(self.assets, segment, take, fingerprint, self.name)
        if name is not None:
            return new.with_name(name)
        is_anothers = (segment, new.name) in self._taken
        return video_path(self.assets, segment, take, fingerprint, OLD_NAME) if is_anothers else new

    @cached_property
    def _taken(self) -> set[tuple[int, str]]:
        return {(segment, name) for (segment, _take, _text), name in self._names.items()}

    @cached_property
    def _names(self) -> dict[Key, str]:
        """The names in its output folder by what receipts and intents say, then by what the ledger does."""
        there = [one for one in (*self.disk.evidence, *self.disk.intents) if self._is_at_home(one.video)]
        known = list(filter(_is_bought, self.rows.takes))
        creates = {take.id: create_of(take.remote_id, take.fingerprint, take.intent_at) for take in known}
        names: dict[Key, str] = {}
        for one in sorted(there, key=lambda one: one.create not in creates.values()):
            names.setdefault((one.segment, one.take, one.receipt.fingerprint), one.video.name)
        told = {one.create for one in there}
        outputs: list[Union[Take, Want]] = [take for take in known if creates[take.id] not in told]
        for output in (*outputs, *self._at_home(self.disk.wants)):
            names.setdefault(key_of(output), Path(output.output).name)
        return names

    def _at_home(self, wants: Iterable[Want]) -> Iterable[Want]:
        return (want for want in wants if self._is_at_home(Path(want.output)))

    def _is_at_home(self, video: Path) -> bool:
        return video.parent.parent == self.assets


def _is_bought(take: Take) -> bool:
    return bool(take.creates or take.remote_id or take.reused)


# --- what is to be done -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Demote:
    """A storyboard becomes a copy of another one: nothing is bought for it any more."""

    copy: Storyboard  # as it is written


@dataclass(frozen=True)
class MoveFolder:
    """An output folder gets a new name, whole."""

    old: Path
    new: Path
    orphaned: bool = False


@dataclass(frozen=True)
class MoveVideo:
    """A video, with its receipt and what else there is of it, gets a new name and number."""

    old: Path
    new: Path
    segment: int
    take: int
    rescued: bool = False


Action = Union[Demote, MoveFolder, MoveVideo]


@dataclass(frozen=True)
class Plan:
    """What is to be done about one storyboard.

    Either ``first`` is to be done, and then all is looked at again; or all the rest, files before the ledger.
    """

    board: Storyboard  # the row to write; its ``id`` tells which storyboard it is, 0: a new one
    first: tuple[Action, ...] = ()
    standing_by: bool = False  # to be remembered: it was read while another machine bought
    make_room: bool = False  # the folders above its output folder are to be there
    moves: tuple[MoveVideo, ...] = ()
    wants: Optional[tuple[Want, ...]] = None  # None: it asks for nothing
    moved: tuple[Moved, ...] = ()
    withdraw: str = ""  # "invalid", "copy": what was queued is not wanted any more
    reread: tuple[Storyboard, ...] = ()  # copies that are storyboards of their own from now on
    renamed_from: str = ""
    is_new: bool = False  # the ledger knew nothing of it
    learned: tuple[State, ...] = ()  # of what receipts told the ledger, take by take
    held_for: Optional[Problem] = None  # why takes are held, to be told
