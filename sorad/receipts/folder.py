"""What the output folder of a storyboard holds: the takes that were bought, as their videos and receipts tell.

The folder alone is enough: with the ledger lost, a look at it tells every take that was bought. Only names,
receipts and a few dozen bytes of each video are read.

===========================  ====================  ====================================================
receipt                      video                 the take is
===========================  ====================  ====================================================
none, another program's      none                  not bought
none                         whole                 held: it may be somebody else's file; the user decides
none, but an intent          none, any             unknown: its create may have been accepted
another sorad's intent       none, any             held: that one buys it, or has (see :mod:`sorad.receipts.intents`)
generating                   none, half, any       generating: it is asked after at its provider
generating, with a hash      whole, of that hash   done: sorad ended right after it had given it its name
done                         whole                 done
done                         whole, other size     done: the user changed it
done                         none                  done, and ``take.missing``: the user removed it, or a sync or backup
                                                   left the videos out
done                         half                  generating: it is fetched again
done, of a reused video      whole; none           done; done, and ``take.missing``: it is taken again
failed                       none                  failed at the provider: not asked after, not bought again
damaged, of another text     none                  held: it may have been bought; the user decides
===========================  ====================  ====================================================

Where another machine buys (see :mod:`sorad.claim`), what that one bought is not asked after here: until its video has
come, whole, the take is as one that nobody bought, and waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from sorad.budget import NEVER
from sorad.layout import HIGHEST_SEGMENT, intent_path, parse_video_name, receipt_path, video_at
from sorad.ledger.values import Want
from sorad.messages import N_
from sorad.model import State, Take, may_be_one
from sorad.problems import Problem
from sorad.receipts.intents import ForeignIntent, foreign_intent
from sorad.receipts.listings import Listings
from sorad.receipts.place import Found, look, vouched
from sorad.receipts.places import Places, is_bare, names_in, number_of, own_names
from sorad.receipts.receipt import (
    DONE,
    FAILED,
    Payer,
    Receipt,
    is_damaged,
    read_intent,
    read_receipt,
)

SEGMENT = "Segment_"
_DIGITS = len(str(HIGHEST_SEGMENT))

# Tells what is left to its payer; ``None``: nothing is, because this machine may buy.
Foreign = Optional[Callable[[Payer], bool]]


@dataclass(frozen=True)
class Evidence:
    """A receipt, or an intent, in a segment's folder, whose number is that of the segment."""

    video: Path
    segment: int
    take: int
    receipt: Receipt

    @property
    def create(self) -> str:
        """Which create it tells of; see :func:`create_of`."""
        return create_of(self.receipt.remote_id, self.receipt.fingerprint, self.receipt.submitted_at)

    def tells_of(self, take: Take) -> bool:
        """Whether it tells of the take's task. Two providers may give one id."""
        told = self.receipt
        return told.remote_id == take.remote_id and may_be_one(told.place, take.place)


def paired(takes: Iterable[Take], evidence: Iterable[Evidence]) -> list[tuple[Take, Evidence]]:
    """The takes of whose tasks these tell, each with one that tells of it and of none before."""
    left, found = list(evidence), []
    for take in takes:
        one = next((one for one in left if one.tells_of(take)), None)
        if one is not None:
            left.remove(one)
            found.append((take, one))
    return found


def create_of(remote_id: str, fingerprint: str, intent_at: float | None) -> str:
    """What tells one create from all others: its task, or, while that is not known, its text and moment."""
    return remote_id or f"{fingerprint}@{intent_at}"


def observed(
    want: Want,
    is_foreign: Foreign = None,
    me: Payer | None = None,
    known: Collection[Optional[float]] = (),
    places: Places | None = None,
) -> Want:
    """The want with what its place holds. ``OSError`` where that cannot be looked at just now.

    Its ``output`` is then where the take lies, or is to lie. ``me`` and ``known`` tell our own intents, as in
    :func:`sorad.receipts.intents.foreign_intent`; without ``me`` all are. ``places``: what was seen already.
    """
    # Nearly all folders are bare right before something is bought for them.
    bare = is_bare(video_at(want.output).parent)
    return want if bare else _observed(want, is_foreign, me, known, places or Places())


def _observed(
    want: Want,
    is_foreign: Foreign,
    me: Payer | None,
    known: Collection[Optional[float]],
    places: Places,
) -> Want:
    video = places.of(video_at(want.output), want.take, want.fingerprint)
    want = replace(want, output=str(video))
    there = look(video)
    receipt = _of_text(there.receipt, want)
    whole = receipt is not None and _whole(there, video)
    intent, other = (None, None) if whole else _announced(video, want, me, known)
    if not whole and _is_left(is_foreign, intent or receipt):
        return want
    if intent is not None and other is None:
        return _unknown(want, intent)
    if receipt is not None and receipt.task:
        return _bought(want, there, receipt, whole=whole)
    why = _cause_to_hold(video, there, other)
    return want if why is None else replace(want, state=State.HELD, due_at=NEVER, error=why)


def _reused(want: Want, receipt: Receipt, error: Problem | None) -> Want:
    """Its video was bought for another storyboard."""
    at = receipt.finished_at
    return replace(
        want,
        state=State.DONE,
        reused=receipt.task,
        cost=0,
        error=error,
        finished_at=at,
        chosen_at=receipt.chosen_at,
        frame=receipt.frame,
        frame_of=receipt.frame_of,
    )


def _is_left(is_foreign: Foreign, told: Receipt | None) -> bool:
    """Whether a take is left to its payer, because this machine may not buy there."""
    return is_foreign is not None and (told is None or is_foreign(told.payer))


def _cause_to_hold(video: Path, there: Found, other: ForeignIntent | None) -> Problem | None:
    """Why it waits, where nothing that can be believed tells what became of the take."""
    why = _blocking_tasks(video, other)
    return unvouched(video) if why is None and there.verified else why


def _announced(
    video: Path, want: Want, me: Payer | None, known: Collection[Optional[float]]
) -> tuple[Receipt | None, ForeignIntent | None]:
    """The intent of its text, and whose it is where it is not ours."""
    return _of_text(read_intent(video), want), None if me is None else foreign_intent(video, me, known)


def _of_text(told: Receipt | None, want: Want) -> Receipt | None:
    return told if told is not None and told.fingerprint == want.fingerprint else None


def _blocking_tasks(video: Path, other: ForeignIntent | None) -> Problem | None:
    """Why a take must not be bought: a receipt or an intent at its place whose word cannot be taken for it.

    The name has eight digits of the text's fingerprint: what tells of another text under it was not written by sorad.
    ``other``: the intent there, where it is not ours. One that cannot be read is not, either.
    """
    receipt, intent = receipt_path(video), intent_path(video)
    if is_damaged(receipt) or read_receipt(receipt) is not None:
        return damaged(receipt)
    if is_damaged(intent):
        return damaged(intent)
    if other is not None:
        return other.problem()
    return None if read_receipt(intent) is None else damaged(intent)


def _unknown(want: Want, intent: Receipt) -> Want:
    """Its create may have been accepted."""
    return replace(
        want,
        state=State.UNKNOWN,
        provider=intent.provider,
        base_url=intent.base_url,
        account=intent.account,
        cost=intent.cost_micros,
        own_id=intent.own_id,
        attempts=intent.attempts,
        sent=intent.sent,
        intent_at=intent.submitted_at,
    )


def _bought(want: Want, there: Found, receipt: Receipt, *, whole: bool) -> Want:
    if receipt.reused_from is not None:
        return _reused(want, receipt, None if whole else missing(video_at(want.output)))
    state, error = _state_of(there, receipt, video_at(want.output), whole=whole)
    return replace(
        want,
        state=state,
        error=error,
        remote_id=receipt.remote_id,
        provider=receipt.provider,
        base_url=receipt.base_url,
        account=receipt.account,
        request_id=receipt.request_id,
        cost=receipt.cost_micros,
        currency=receipt.currency,
        own_id=receipt.own_id,
        attempts=receipt.attempts,
        sent=receipt.sent,
        repeats=receipt.repeats,
        accepted_at=receipt.accepted_at,
        finished_at=receipt.finished_at,
        chosen_at=receipt.chosen_at,
        frame=receipt.frame,
        frame_of=receipt.frame_of,
    )


def _state_of(there: Found, receipt: Receipt, video: Path, *, whole: bool) -> tuple[State, Problem | None]:
    if whole:
        return State.DONE, None
    if receipt.state == DONE and there.size is None:
        return State.DONE, not_come(video)
    if receipt.state == FAILED:
        return State.FAILED, failed_before()
    return State.GENERATING, None


def _whole(there: Found, video: Path) -> bool:
    """Whether the take's video is there, as its receipt tells."""
    if (
        there.receipt is not None and there.receipt.state == DONE
    ):  # what the user makes of it then is the user's
        return there.verified or (there.problem is not None and there.problem.code == "delivery.other_size")
    return vouched(video, there) is not None


def receipts_in(assets: Path) -> list[Evidence]:
    """All receipts below an output folder that can be understood: one ``scandir`` a folder.

    ``OSError`` where a folder is there and cannot be read.
    """
    return [
        found for segment, folder in segment_folders(assets) for found in _in(segment, folder, _receipt_of)
    ]


def receipts_of(assets: Path, fingerprint: str, listings: Listings) -> list[Evidence]:
    """The receipts of one text below an output folder. ``OSError`` as above."""

    def folders() -> list[str]:
        return [folder for _segment, folder in _segments(assets)]

    # All folders before each create: only names that hold the text's digits are looked at, as all that sorad gives do.
    return [
        found
        for folder in listings.holding(assets, fingerprint[:8], folders)
        for found in _in(int(folder[len(SEGMENT) :]), assets / folder, _receipt_of)
        if found.receipt.fingerprint == fingerprint
    ]


def intents_in(assets: Path) -> list[Evidence]:
    """The creates below an output folder of which only the intent tells. ``OSError`` as above."""
    return [
        found for segment, folder in segment_folders(assets) for found in _in(segment, folder, _intent_of)
    ]


def creates_in(assets: Path) -> list[Evidence]:
    """Receipts and intents below an output folder. ``OSError`` as above."""
    return [*receipts_in(assets), *intents_in(assets)]


def _in(segment: int, folder: Path, read: Callable[[Path, list[str]], Receipt | None]) -> Iterator[Evidence]:
    """What a segment's folder holds of one kind, by name; of copies under other names the likeliest one."""
    names = names_in(folder)
    found = []
    for name in own_names(names):
        video = folder / f"{name}.mp4"
        parsed = parse_video_name(video.name)
        if parsed is not None and parsed[0] != segment:
            continue  # of another segment, by a name that tells it
        told = read(video, names)
        if told is not None and _agrees(told, "" if parsed is None else parsed[2]):
            found.append(Evidence(video, segment, number_of(video, told), told))
    return _without_copies(found, set(names))


def _without_copies(found: Sequence[Evidence], names: Collection[str]) -> Iterator[Evidence]:
    """Somebody may have copied a receipt (``x copy.json``): the one beside its video counts, or the shorter name.

    Under names of old each counts: the name tells the take.
    """
    best: dict[str, Evidence] = {}
    for one in found:
        if parse_video_name(one.video.name) is None:
            other = best.setdefault(one.create, one)
            if _rank(one, names) < _rank(other, names):
                best[one.create] = one
    for one in found:
        if parse_video_name(one.video.name) is not None or best[one.create] is one:
            yield one


def _rank(one: Evidence, names: Collection[str]) -> tuple[bool, int]:
    return one.video.name not in names, len(one.video.name)


def _receipt_of(video: Path, names: Collection[str]) -> Receipt | None:
    path = receipt_path(video)
    receipt = read_receipt(path) if path.name in names else None
    return receipt if receipt is not None and receipt.remote_id else None


def _intent_of(video: Path, names: Collection[str]) -> Receipt | None:
    return read_intent(video) if intent_path(video).name in names else None


def segment_folders(assets: Path) -> Iterator[tuple[int, Path]]:
    """The folders of the segments, with their numbers."""
    for segment, folder in _segments(assets):
        yield segment, assets / folder


def _segments(assets: Path) -> Iterator[tuple[int, str]]:
    for name in sorted(names_in(assets)):
        number = name[len(SEGMENT) :]
        if name.startswith(SEGMENT) and number.isascii() and number.isdigit() and len(number) <= _DIGITS:
            yield int(number), name


def _agrees(receipt: Receipt, digits: str) -> bool:
    """Whether its parts agree: a receipt that was edited by hand tells of no purchase that could be used."""
    return receipt.fingerprint.startswith(digits) and receipt.request.fingerprint() == receipt.fingerprint


def surplus(
    there: Iterable[Evidence], wants: Iterable[Want], is_foreign: Foreign = None, me: Payer | None = None
) -> list[Want]:
    """What was bought beside the wants: earlier texts, further takes. No create is counted twice.

    What another sorad has announced is that one's to see to.
    """
    listed = list(wants)
    places = {want.output for want in listed}
    creates = {create_of(want.remote_id, want.fingerprint, want.intent_at) for want in listed}
    result = []
    for evidence in there:
        receipt = evidence.receipt
        if str(evidence.video) in places or evidence.create in creates:
            continue
        creates.add(evidence.create)
        want = Want(
            evidence.segment,
            evidence.take,
            receipt.request,
            receipt.fingerprint,
            str(evidence.video),
            wanted=False,
        )
        want = observed(want, is_foreign, me)
        if want.state not in (State.QUEUED, State.HELD):
            result.append(want)
    return result


# --- what there is to say --------------------------------------------------------------------------------------


def missing(video: Path) -> Problem:
    """A video that was delivered is not there."""
    return Problem(
        "take.missing",
        N_("its video {path} was delivered and is no longer there."),
        N_(
            "Put it back, or `sorad retry {take}` to fetch it again while the provider has it, or "
            "`sorad redo {take}` to buy it anew. Nothing is bought by itself."
        ),
        {"path": str(video)},
    )


_NOT_COME = N_("its video {path} was delivered, and only its receipt is here.")


def not_come(video: Path) -> Problem:
    """A video was delivered, as its receipt tells, and was never seen here: see :func:`may_be_had`."""
    return Problem(
        "take.missing",
        _NOT_COME,
        N_(
            "Bring it here; or, where this computer buys, it is fetched by itself while the provider has it. "
            "`sorad redo {take}` buys it anew. Nothing is bought by itself."
        ),
        {"path": str(video)},
    )


def gone(video: Path) -> Problem:
    """It is not here, and not at the provider any more."""
    return Problem(
        "take.missing",
        N_("its video {path} is not here, and the provider no longer has it, or not for the key of now."),
        N_(
            "Put it back from where it was delivered; or `sorad redo {take}` buys it anew. Nothing is bought by itself."
        ),
        {"path": str(video)},
    )


def may_be_had(problem: Problem | None) -> bool:
    """Whether only the receipt of a take came, and the provider was not yet found to lack its video."""
    return problem is not None and problem.message == _NOT_COME


def failed_before() -> Problem:
    """The receipt tells that the provider failed it."""
    return Problem(
        "take.failed_before",
        N_("it failed at the provider, as its receipt tells."),
        N_("`sorad retry {take}` asks the provider once more, and buys it anew only if it still says so."),
    )


def unvouched(video: Path) -> Problem:
    """A whole video is there, and nothing tells whose."""
    return Problem(
        "take.unvouched",
        N_("a video {path} is there, and no receipt tells that it was bought for this take."),
        N_(
            "Put its receipt back beside it; or move the video away, and the take is bought. "
            "`sorad approve {take}` buys it all the same; the new video then waits until that one is moved."
        ),
        {"path": str(video)},
    )


def damaged(receipt: Path) -> Problem:
    """A receipt that cannot be read."""
    return Problem(
        "receipt.damaged",
        N_("its receipt {path} cannot be read, or says what cannot be: it may have been bought already."),
        N_(
            "Put the receipt back from a backup; or delete it, or `sorad approve {take}`, to buy the take anew."
        ),
        {"path": str(receipt)},
    )
