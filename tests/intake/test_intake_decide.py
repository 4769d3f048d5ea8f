"""What is decided about a storyboard: a table of the rules, and the two promises for any mixture. Without a disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.config.model import Budget
from sorad.intake.assign import create, is_settled, places_in_question
from sorad.intake.decide import decide, needs_orphan, needs_unknown_creates
from sorad.intake.facts import (
    Candidate,
    Demote,
    DiskState,
    Facts,
    Key,
    Ledgered,
    MoveFolder,
    MoveVideo,
    Orphan,
    Outside,
    Plan,
    Prices,
    Progress,
    Relative,
    RescuedVideo,
    SameContent,
    key_of,
)
from sorad.intake.identity import closest, first_of_content, is_new, origin_of
from sorad.intake.planned_moves import after_move
from sorad.layout import video_path
from sorad.ledger.copied import CODE as COPIED
from sorad.ledger.states import PAID
from sorad.ledger.values import Storyboard, Want
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.folder import Evidence, create_of, paired
from sorad.receipts.moving import Spot
from sorad.receipts.receipt import DONE, GENERATING, SUBMITTING, Receipt

ROOT, STATE = Path("/vault"), Path("/state")
PATH, HOME = "/vault/a.json", Path("/vault/a_assets")
OLD = Path("/vault/old_assets")
QUEUED_OR_DROPPED = (State.QUEUED, State.HELD, State.CANCELLED)


def request(text: str) -> Request:
    return Request(prompt=text, seconds=4, orientation="portrait", pro=False)


def fingerprint(text: str) -> str:
    return request(text).fingerprint()


def board(path: str = PATH, **more: Any) -> Storyboard:
    members = {"id": 0, "root": str(ROOT), "size": 1, "mtime_ns": 1, "content": "c", "state": "ok", **more}
    return Storyboard(path=path, **members)


def asked(*texts: str, assets: Path = HOME) -> tuple[Want, ...]:
    return tuple(
        Want(n, 1, request(text), fingerprint(text), str(video_path(assets, n, 1, fingerprint(text))))
        for n, text in enumerate(texts, 1)
    )


def take(number: int, segment: int, text: str, state: State, output: Path, **more: Any) -> Take:
    bought = state not in QUEUED_OR_DROPPED and state is not State.UNKNOWN
    members = {"remote_id": f"t{number}" if bought else "", "intent_at": float(number), "due_at": 0.0, **more}
    return Take(
        id=number,
        storyboard_id=7,
        root=str(ROOT),
        storyboard=PATH,
        segment=segment,
        take=1,
        fingerprint=fingerprint(text),
        request=request(text),
        state=state,
        output=str(output),
        **members,
    )


def evidence(video: Path, segment: int, text: str, remote_id: str = "t1", state: str = DONE) -> Evidence:
    receipt = Receipt(request(text), fingerprint(text), segment, 1, state, remote_id, submitted_at=1.0)
    return Evidence(video, segment, 1, receipt)


def facts(*texts: str, **more: Any) -> Facts:
    """A storyboard that asks for these texts; nothing is known, unless told."""
    wants = asked(*texts)
    disk = more.pop("disk", DiskState())
    if not disk.wants:
        disk = replace(disk, wants=wants)
    return Facts(more.pop("board", board()), ("c",), wants, HOME, 100.0, disk=disk, state_dir=STATE, **more)


def bought_by(plan: Plan, takes: Sequence[Take]) -> Counter[str]:
    """The texts that a plan has bought: wanted, and neither found nor known under that number."""
    numbers = {one.take_id: (one.segment, one.take) for one in plan.moved}
    known = {(*numbers.get(one.id, (one.segment, one.take)), one.fingerprint): one for one in takes}
    result: Counter[str] = Counter()
    for want in plan.wants or ():
        have = known.get(key_of(want))
        unsent = have is None or have.state in QUEUED_OR_DROPPED
        if want.wanted and want.state is State.QUEUED and unsent:
            result[want.request.prompt] += 1
    return result


# --- the rules, in their order ------------------------------------------------------------------------------


def test_what_cannot_be_read_asks_for_nothing() -> None:
    problems = (Problem("storyboard.json", "it is none"),)
    plan = decide(facts("one", board=board(state="invalid", problems=problems)))
    assert (plan.withdraw, plan.wants, plan.moves) == ("invalid", None, ())


def test_a_copy_buys_nothing() -> None:
    rows = Ledgered(same=SameContent(board("/vault/0.json", id=3), is_there=True))
    plan = decide(facts("one", rows=rows))
    assert (plan.withdraw, plan.wants) == ("copy", None)
    assert (plan.board.state, plan.board.copy_of) == ("copy", "/vault/0.json")


def test_the_copy_is_the_one_that_nothing_was_bought_for() -> None:
    other = board("/vault/0.json", id=3)
    rows = Ledgered(
        same=SameContent(other, is_there=True), same_takes=(take(1, 1, "one", State.QUEUED, HOME),)
    )
    disk = DiskState(evidence=(evidence(HOME / "1.mp4", 1, "one"),))
    plan = decide(facts("one", rows=rows, disk=disk))
    (demote,) = plan.first
    assert isinstance(demote, Demote)
    assert (demote.copy.path, demote.copy.copy_of) == (other.path, PATH)
    after = decide(facts("one", rows=rows, disk=disk, done=Progress(demoted=True)))
    assert after.withdraw == ""


@pytest.mark.parametrize("state", list(State))
def test_a_storyboard_that_was_bought_for_is_no_copy_of_one_with_receipts(state: State) -> None:
    """Whoever copies a storyboard with its folder copies the receipts, too."""
    rows = Ledgered(
        same=SameContent(board("/vault/0.json", id=3), is_there=True),
        same_takes=(take(1, 1, "one", State.CANCELLED, HOME), take(2, 2, "two", state, HOME)),
    )
    plan = decide(
        facts("one", "two", rows=rows, disk=DiskState(evidence=(evidence(HOME / "1.mp4", 1, "one"),)))
    )
    assert (plan.withdraw == "copy") is (state not in QUEUED_OR_DROPPED)
    assert bool(plan.first) is (state in QUEUED_OR_DROPPED)


FOLDER = {
    "renamed alone": ({}, True),
    "known under its own path": ({"origin": board(id=7)}, False),
    "mostly another text": ({"takes": (take(1, 1, "other", State.DONE, OLD),)}, False),
    "followed already": ({"done": Progress(followed=True)}, False),
    "cannot be moved": ({"done": Progress(stuck=frozenset({(OLD, HOME)}))}, False),
    "another machine buys": ({"standby_roots": (ROOT,)}, False),
    "no folder there": ({"folder": None}, False),
}


@pytest.mark.parametrize(("change", "moves"), FOLDER.values(), ids=FOLDER)
def test_the_folder_of_a_renamed_storyboard_follows(change: dict[str, Any], moves: bool) -> None:
    change = dict(change)
    origin = change.pop("origin", board("/vault/old.json", id=7))
    takes = change.pop("takes", (take(1, 1, "one", State.DONE, OLD / "1.mp4"),))
    disk = DiskState(folder=change.pop("folder", OLD))
    plan = decide(facts("one", rows=Ledgered(origin=origin, takes=takes), disk=disk, **change))
    assert plan.first == ((MoveFolder(OLD, HOME),) if moves else ())
    assert plan.board.id == 7


ORPHAN = {
    "half of the texts": (1, {}, True),
    "less than half": (0, {}, False),
    "adopted already": (2, {"done": Progress(adopted=True)}, False),
    "cannot be moved": (2, {"done": Progress(stuck=frozenset({(OLD, HOME)}))}, False),
    "another machine buys": (2, {"standby_roots": (ROOT,)}, False),
}


@pytest.mark.parametrize(("shared", "change", "moves"), ORPHAN.values(), ids=ORPHAN)
def test_an_orphaned_folder_is_adopted(shared: int, change: dict[str, Any], moves: bool) -> None:
    plan = decide(facts("one", "two", disk=DiskState(orphan=Orphan(OLD, shared)), **change))
    assert plan.first == ((MoveFolder(OLD, HOME, orphaned=True),) if moves else ())


def test_a_rescued_video_comes_to_its_receipt() -> None:
    shelf, place = STATE / "rescued" / "1.mp4", HOME / "Segment_1" / "1.mp4"
    disk = DiskState(
        rescued=(RescuedVideo(evidence(shelf, 1, "one"), verified=True),),
        home={"t1": evidence(place, 1, "one")},
    )
    assert decide(facts("one", disk=disk)).first == (MoveVideo(shelf, place, 1, 1, rescued=True),)
    stuck = Progress(stuck=frozenset({(shelf, place)}))
    assert decide(facts("one", disk=disk, done=stuck)).first == ()


CANDIDATES = {
    "its file is no longer there": ({}, True),
    "its file is still there": ({"occupied": True}, False),
    "its disk is away": ({"away": True}, False),
    "its own folder was renamed, and it asks for it as before": ({"kept": True}, False),
}


@pytest.mark.parametrize(("change", "comes"), CANDIDATES.values(), ids=CANDIDATES)
def test_a_take_of_another_storyboard_whose_file_lies_here(change: dict[str, bool], comes: bool) -> None:
    (want,) = asked("one")
    here = evidence(Path(want.output), 1, "one")
    other = take(1, 4, "one", State.DONE, Path("/vault/b_assets/Segment_4/4.mp4"))
    one = Candidate(other, here, **{"away": False, "gone": False, "kept": False, "occupied": False, **change})
    spots = {Path(want.output): Spot(video=True, receipt="t1")}
    plan = decide(facts("one", disk=DiskState(evidence=(here,), candidates=(one,), spots=spots)))
    assert [moved.take_id for moved in plan.moved] == ([1] if comes else [])


def test_nothing_takes_the_place_of_another_create() -> None:
    (want,) = asked("one")
    home = Path(want.output)
    old = OLD / "Segment_1" / home.name
    one = take(1, 1, "one", State.DONE, old)
    rows = Ledgered(known=board(id=7), origin=board(id=7), takes=(one,))
    spots = {old: Spot(video=True, receipt="t1"), home: Spot(receipt="t9")}
    plan = decide(facts("one", rows=rows, disk=DiskState(spots=spots)))
    assert (plan.moves, plan.moved) == ((), ())
    free = decide(facts("one", rows=rows, disk=DiskState(spots={old: spots[old]})))
    assert free.moves == (MoveVideo(old, home, 1, 1),)
    assert [moved.output for moved in free.moved] == [str(home)]


def test_what_cannot_be_moved_counts_where_it_lies() -> None:
    (want,) = asked("one")
    home = Path(want.output)
    old = OLD / "Segment_1" / home.name
    rows = Ledgered(origin=board(id=7), takes=(take(1, 1, "one", State.DONE, old),))
    disk = DiskState(spots={old: Spot(video=True, receipt="t1")})
    plan = decide(facts("one", rows=rows, disk=disk, done=Progress(stuck=frozenset({(old, home)}))))
    assert (plan.moves, plan.moved) == ((), ())


def test_what_another_storyboard_has_is_held_for_a_copy() -> None:
    rows = Ledgered(copied_from="/vault/b.json")
    plan = decide(
        facts("one", "new", rows=rows, outside=Outside(elsewhere={fingerprint("one"): "/vault/b.json"}))
    )
    assert plan.wants is not None
    assert [want.state for want in plan.wants] == [State.HELD, State.QUEUED]
    assert plan.wants[0].error is not None
    assert plan.wants[0].error.code == COPIED


@pytest.mark.parametrize(
    ("state", "more", "held"),
    [
        (State.HELD, {}, True),
        (State.CANCELLED, {}, True),
        (State.HELD, {"approved": True}, False),
        (State.CANCELLED, {"approved": True}, False),
        (State.CANCELLED, {"creates": 1}, False),  # a create left for it once
        (State.FAILED, {}, False),
        (State.DONE, {}, False),
    ],
)
def test_what_was_approved_or_bought_for_a_copy_is_not_held_again(
    state: State, more: dict[str, Any], held: bool
) -> None:
    (want,) = asked("one")
    one = take(1, 1, "one", state, Path(want.output), **more)
    rows = Ledgered(origin=board(id=7), takes=(one,), copied_from="/vault/b.json")
    plan = decide(facts("one", rows=rows, outside=Outside(elsewhere={fingerprint("one"): "/vault/b.json"})))
    assert plan.wants is not None
    assert [want.state for want in plan.wants] == [State.HELD if held else State.QUEUED]


@pytest.mark.parametrize(("limit", "held"), [(1, True), (2, False)])
def test_what_is_too_dear_waits_for_approval(limit: int, held: bool) -> None:
    of = {key_of(want): (1_000_000, "USD") for want in asked("one", "two")}
    prices = Prices(Budget(approve_above=limit), of)
    plan = decide(facts("one", "two", outside=Outside(prices=prices)))
    assert plan.wants is not None
    assert {want.state for want in plan.wants} == {State.HELD if held else State.QUEUED}
    assert (plan.held_for is not None) == held


@pytest.mark.parametrize(
    ("state", "more", "held"),
    [
        (State.HELD, {}, True),  # what waits counts with what is new
        (State.CANCELLED, {}, True),
        (State.HELD, {"approved": True}, False),
        (State.QUEUED, {}, False),  # weighed before
        (State.DONE, {}, False),
    ],
)
def test_what_waits_for_approval_is_weighed_with_what_is_new_and_what_was_approved_is_not(
    state: State, more: dict[str, Any], held: bool
) -> None:
    (want, _new) = asked("one", "two")
    rows = Ledgered(origin=board(id=7), takes=(take(1, 1, "one", state, Path(want.output), **more),))
    of = {key_of(want): (1_000_000, "USD") for want in asked("one", "two")}
    plan = decide(facts("one", "two", rows=rows, outside=Outside(prices=Prices(Budget(approve_above=1), of))))
    assert plan.wants is not None
    assert [want.state for want in plan.wants] == [State.HELD if held else State.QUEUED] * 2


# --- which one it is ----------------------------------------------------------------------------------------


def test_of_the_same_content_the_one_that_is_there_counts() -> None:
    gone, there = SameContent(board(id=1), is_there=False), SameContent(board(id=2), is_there=True)
    copy = SameContent(board(id=0, copy_of="x"), is_there=True)
    assert first_of_content([gone, copy, there]) == there
    assert first_of_content([]) is None


def test_the_closest_shares_most_then_lies_in_the_same_folder() -> None:
    far = Relative(board("/vault/x/b.json", id=1, updated_at=9.0), 2)
    near = Relative(board("/vault/c.json", id=2), 2)
    more = Relative(board("/vault/x/d.json", id=3), 3)
    assert closest([far, near], PATH) == near.board
    assert closest([far, near, more], PATH) == more.board


IDENTITY = {
    "content before texts": (True, True, True, 1),
    "texts before the path": (False, True, True, 2),
    "the path": (False, False, True, 3),
    "a new one": (False, False, False, None),
}


@pytest.mark.parametrize(("same", "related", "known", "expected"), IDENTITY.values(), ids=IDENTITY)
def test_which_row_it_is(same: bool, related: bool, known: bool, expected: Optional[int]) -> None:
    rows = Ledgered(
        known=board(id=3) if known else None,
        same=SameContent(board("/vault/s.json", id=1), is_there=False) if same else None,
        relatives=(Relative(board("/vault/r.json", id=2), 1),) if related else (),
    )
    origin = origin_of(rows, PATH)
    assert (origin.id if origin is not None else None) == expected


def test_a_row_that_is_gone_or_has_no_takes_may_be_any() -> None:
    takes = [take(1, 1, "one", State.DONE, HOME)]
    assert not is_new(board(id=1), takes)
    assert is_new(board(id=1, state="gone"), takes)
    assert is_new(board(id=1), [])


def test_orphaned_folders_are_asked_before_anything_is_bought() -> None:
    new = facts("one")
    assert needs_orphan(new, (), lost=False)
    assert needs_unknown_creates(new, ())
    known = replace(new, rows=Ledgered(origin=board(id=7), takes=(take(1, 1, "one", State.DONE, HOME),)))
    assert not needs_orphan(known, (), lost=False)
    assert not needs_unknown_creates(known, ())
    for more in ("two", "one"):  # a second take of one text is one purchase more
        edited = replace(facts("one", more), rows=known.rows)
        assert needs_unknown_creates(edited, ())
    renamed = replace(known, rows=replace(known.rows, origin=board("/vault/old.json", id=7)))
    assert needs_unknown_creates(renamed, ())
    assert needs_orphan(renamed, (), lost=True)


# --- the two promises, for any mixture ----------------------------------------------------------------------


@dataclass(frozen=True)
class Bought:
    """A create of the storyboard: what of it is on the disk, and whether the ledger knows it."""

    number: int
    segment: int
    text: str
    state: State  # DONE, GENERATING, UNKNOWN
    known: bool  # to the ledger
    where: Path  # the output folder that holds it
    has_file: bool = True  # a receipt or an intent; and the video, where it is done

    @property
    def video(self) -> Path:
        return video_path(self.where, self.segment, 1, fingerprint(self.text))

    @property
    def create(self) -> str:
        if self.state is State.UNKNOWN:
            return create_of("", fingerprint(self.text), float(self.number))
        return f"t{self.number}"

    def spot(self) -> Spot:
        if self.state is State.UNKNOWN:
            return Spot(intent=self.create)
        return Spot(video=self.state is State.DONE, receipt=self.create)

    def evidence(self) -> Evidence:
        state = {State.DONE: DONE, State.GENERATING: GENERATING, State.UNKNOWN: SUBMITTING}[self.state]
        remote_id = "" if self.state is State.UNKNOWN else self.create
        text = request(self.text)
        receipt = Receipt(
            text, fingerprint(self.text), self.segment, 1, state, remote_id, submitted_at=float(self.number)
        )
        return Evidence(self.video, self.segment, 1, receipt)

    def want(self, *, wanted: bool) -> Want:
        remote_id = "" if self.state is State.UNKNOWN else self.create
        intent_at = float(self.number) if self.state is State.UNKNOWN else None
        return Want(
            self.segment,
            1,
            request(self.text),
            fingerprint(self.text),
            str(self.video),
            state=self.state,
            remote_id=remote_id,
            intent_at=intent_at,
            wanted=wanted,
        )


def gathered(
    texts: Sequence[str], creates: Sequence[Bought], more_takes: Sequence[Take], **more: Any
) -> Facts:
    """The facts as they are gathered where that is on the disk and in the ledger."""
    takes = (
        *(take(one.number, one.segment, one.text, one.state, one.video) for one in creates if one.known),
        *more_takes,
    )
    on_disk = {one.video: one for one in creates if one.has_file}
    spots = {video: one.spot() for video, one in on_disk.items()}
    own = {key_of(one): one for one in takes}

    def look(want: Want) -> Want:
        one = on_disk.get(Path(want.output))
        settled = is_settled(own.get(key_of(want)))
        return want if settled or one is None else one.want(wanted=True)

    there = tuple(one.evidence() for one in on_disk.values() if one.state is not State.UNKNOWN)
    intents = tuple(one.evidence() for one in on_disk.values() if one.state is State.UNKNOWN)
    origin = board(id=7) if takes else None
    rows = Ledgered(known=origin, origin=origin, takes=takes)
    placed = facts(*texts, disk=DiskState(evidence=there, intents=intents), rows=rows).video
    wants = tuple(look(replace(want, output=str(placed(*key_of(want))))) for want in asked(*texts))
    seen = {want.output for want in wants} | {create(want) for want in wants}
    surplus = tuple(
        one.want(wanted=False)
        for one in on_disk.values()
        if str(one.video) not in seen and one.create not in seen
    )
    disk = DiskState(evidence=there, intents=intents, wants=wants, surplus=surplus)
    given_facts = facts(*texts, disk=disk, rows=rows, **more)
    asked_about = places_in_question(takes, wants, surplus, (*there, *intents), (), given_facts.video)
    # Only what was asked about is known: had anything else been needed, it would look empty.
    disk = replace(disk, spots={place: spots.get(place, Spot()) for place in asked_about})
    return replace(given_facts, disk=disk)


def after(plan: Plan, creates: Sequence[Bought]) -> dict[Path, Spot]:
    """The disk after the moves of a plan; none of them writes over anything."""
    spots = {one.video: one.spot() for one in creates if one.has_file}
    for move in plan.moves:
        source, target = spots.get(move.old, Spot()), spots.get(move.new, Spot())
        spots[move.old], spots[move.new] = after_move(source, target)
    return spots


texts_asked = st.lists(st.sampled_from("abcd"), min_size=0, max_size=6)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[str], list[Bought], list[Take]]:
    """What was bought for an earlier version of the storyboard, and what it asks for now."""
    before = draw(texts_asked)
    creates: list[Bought] = []
    unsent: list[Take] = []
    for segment, text in enumerate(before, 1):
        kind = draw(st.sampled_from(["bought", "bought", "queued", "nothing"]))
        if kind == "bought":
            known = draw(st.booleans())
            creates.append(
                Bought(
                    segment,
                    segment,
                    text,
                    draw(st.sampled_from([State.DONE, State.GENERATING, State.UNKNOWN])),
                    known,
                    draw(st.sampled_from([HOME, HOME, OLD])),
                    has_file=not known or draw(st.booleans()),
                )
            )
        elif kind == "queued":
            state = draw(st.sampled_from([State.QUEUED, State.CANCELLED]))
            place = video_path(HOME, segment, 1, fingerprint(text))
            unsent.append(take(segment, segment, text, state, place))
    now = draw(st.one_of(texts_asked, st.permutations(before).map(list), st.just(["d", *before])))
    return now, creates, unsent


@settings(max_examples=200, deadline=None)
@given(histories(), st.booleans())
def test_nothing_is_bought_twice_and_nothing_is_lost(
    history: tuple[list[str], list[Bought], list[Take]], standing_by: bool
) -> None:
    texts, creates, unsent = history
    given_facts = gathered(texts, creates, unsent, standing_by=standing_by)
    plan = decide(given_facts)
    assert plan.first == ()
    assert plan.wants is not None
    takes = given_facts.rows.takes

    # What is wanted n times and was bought k times is bought n - k times. A take that waits keeps its number, though.
    wanted, have = Counter(texts), Counter(one.text for one in creates)
    waiting = {key_of(one) for one in unsent if one.state is State.QUEUED} & set(
        map(key_of, given_facts.requested)
    )
    waits = {request(text).fingerprint(): text for text in wanted}
    indistinguishable = Counter(waits[fingerprint_] for _segment, _take, fingerprint_ in waiting)
    bought = bought_by(plan, takes)
    for text, number in wanted.items():
        least = max(0, number - have[text])
        assert least <= bought[text] <= max(least, indistinguishable[text]), text

    # Every create is known afterwards, once: as the take that it was, or as one that the folder tells of.
    kept = {create(one) for one in takes if one.state in PAID or one.state is State.DONE}
    told = Counter(create(want) for want in plan.wants if want.state is not State.QUEUED)
    assert all(told[one.create] == (0 if one.known else 1) for one in creates), told
    assert kept == {one.create for one in creates if one.known}
    keys: list[Key] = [key_of(want) for want in plan.wants if want.wanted]
    assert len(keys) == len(set(keys))

    # Every file is where the ledger will look for it, and none was written over.
    disk = after(plan, creates)
    assert Counter(spot.create for spot in disk.values() if spot.create) == Counter(
        one.create for one in creates if one.has_file
    )
    if standing_by:
        assert plan.moves == ()
    outputs = {one.id: Path(one.output) for one in takes}
    outputs.update({one.take_id: Path(one.output) for one in plan.moved})
    places = {one.create: outputs[one.number] for one in creates if one.known}
    places.update({create(want): Path(want.output) for want in plan.wants if create(want) in told})
    for one in creates:
        if one.state is State.DONE and one.has_file:
            assert disk[places[one.create]].create == one.create


@settings(max_examples=100, deadline=None)
@given(histories())
def test_what_was_decided_once_is_decided_again(history: tuple[list[str], list[Bought], list[Take]]) -> None:
    """Ended after the files were moved and before the ledger knew: the next reading comes to the same purchases."""
    texts, creates, unsent = history
    plan = decide(gathered(texts, creates, unsent))
    disk = after(plan, creates)
    where = {spot.create: video for video, spot in disk.items() if spot.create}
    moved = []
    for one in creates:
        video = where.get(one.create)
        if video is not None and video != one.video:
            segment = int(video.parent.name[len("Segment_") :])
            one = replace(one, where=video.parent.parent, segment=segment)
        moved.append(one)
    again = decide(gathered_anew(texts, creates, moved, unsent))
    takes = gathered(texts, creates, unsent).rows.takes
    assert bought_by(again, takes) == bought_by(plan, takes)


def gathered_anew(
    texts: Sequence[str], before: Sequence[Bought], moved: Sequence[Bought], unsent: Sequence[Take]
) -> Facts:
    """The ledger as it was before, the disk as it is now."""
    rows = gathered(texts, before, unsent).rows
    now = gathered(texts, moved, unsent)
    own = {key_of(one): one for one in rows.takes}
    wants = tuple(
        next(want for want in asked(*texts) if key_of(want) == key_of(one))
        if is_settled(own.get(key_of(one)))
        else one
        for one in now.disk.wants
    )
    there = (*now.disk.evidence, *now.disk.intents)
    spots = {one.video: one.spot() for one in moved if one.has_file}
    now = replace(now, rows=rows, disk=replace(now.disk, wants=wants))
    asked_about = places_in_question(rows.takes, wants, now.disk.surplus, there, (), now.video)
    return replace(
        now, disk=replace(now.disk, spots={place: spots.get(place, Spot()) for place in asked_about})
    )


FIRST, OTHER, UNSAID = (
    ("openai_videos", "https://a.example"),
    ("openai_videos", "https://b.example"),
    ("", ""),
)


@pytest.mark.parametrize(
    ("takes", "told", "expected"),
    [
        ([("t1", FIRST), ("t1", OTHER)], [("t1", OTHER), ("t1", FIRST)], [(1, 2), (2, 1)]),
        ([("t1", FIRST)], [("t1", OTHER)], []),  # two providers may give one id
        ([("t1", FIRST)], [("t1", UNSAID)], [(1, 1)]),  # receipts of old name no address
        ([("t1", UNSAID), ("t1", UNSAID)], [("t1", FIRST)], [(1, 1)]),  # one receipt tells of one take
        ([("t1", FIRST)], [("t2", FIRST)], []),
    ],
)
def test_a_receipt_tells_of_the_take_whose_task_and_provider_it_names(
    takes: list[tuple[str, tuple[str, str]]],
    told: list[tuple[str, tuple[str, str]]],
    expected: list[tuple[int, int]],
) -> None:
    known = [
        take(number, 1, "a", State.DONE, HOME, remote_id=task, provider=kind, base_url=url)
        for number, (task, (kind, url)) in enumerate(takes, 1)
    ]
    receipts = [
        replace(one, take=number, receipt=replace(one.receipt, provider=kind, base_url=url))
        for number, (task, (kind, url)) in enumerate(told, 1)
        for one in [evidence(HOME, 1, "a", task)]
    ]
    assert [(of.id, one.take) for of, one in paired(known, receipts)] == expected
