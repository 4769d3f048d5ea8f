"""The cut as a file: what goes into it, what becomes of labels, and that it appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest
from loguru import logger

from sorad.config.model import Config
from sorad.export import cutter, cutting
from sorad.files.labels import Labels
from sorad.ledger.values import Storyboard
from sorad.media.questions import Join, Joined, Probe, Probed, Unanswered
from sorad.model import Request, State, Take
from sorad.problems import Problem, SoradError
from sorad.simulator.mp4 import movie

FILM = movie("t", "x", seconds=1, orientation="horizontal", size=9_000).bytes()
PROBED = Probed(64, 64, 1.0, 24.0, 24, "h264", "yuv420p", "")


def take(folder: Path, segment: int, number: int = 1, **members: Any) -> Take:
    output = folder / "board_assets" / f"Segment_{segment}" / f"S{segment}_T{number}.mp4"
    made = Take(
        segment * 10 + number,
        1,
        str(folder),
        str(folder / "board.json"),
        segment,
        number,
        "f",
        Request("p", seconds=6),
        State.DONE,
        str(output),
        0.0,
        finished_at=1.0,
    )
    if members.get("state", State.DONE) is State.DONE:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(FILM)
    return replace(made, **members)


class Decoder:
    """Answers as the child process does; keeps what was asked."""

    def __init__(self, joined: Optional[Any] = None) -> None:
        self.joins: list[Join] = []
        self.joined = joined
        self.film: Optional[bytes] = None
        self.unreadable: set[str] = set()

    def ask(self, question: Any) -> Any:
        if isinstance(question, Probe):
            return Unanswered("unreadable") if question.path in self.unreadable else PROBED
        self.joins.append(question)
        if self.film is not None:
            Path(question.out).write_bytes(self.film)
        if self.joined is not None:
            return self.joined
        Path(question.out).write_bytes(FILM)
        return Joined(1.0, 64, 64, copied=True, sound="", size=len(FILM))


def cut(
    takes: list[Take], out: Path, decoder: Decoder, guard: Callable[..., None] = lambda *told: None
) -> Any:
    return cutting.make(
        Path(takes[0].storyboard),
        takes,
        out,
        decoder.ask,
        guard=guard,
        sleep=lambda seconds: None,
        label=cutting.Label("AI", 7.0, "top", 2.0),
    )


def test_the_chosen_takes_in_order_and_slates_for_what_is_missing(tmp_path: Path) -> None:
    takes = [
        take(tmp_path, 3),
        take(tmp_path, 1),
        take(tmp_path, 1, 2, chosen_at=5.0),
        take(tmp_path, 2, state=State.FAILED),
        take(tmp_path, 4, wanted=False),  # of an earlier text, and not chosen
        take(tmp_path, 5),
        take(tmp_path, 6),
    ]
    decoder = Decoder()
    decoder.unreadable.add(takes[-2].output)
    Path(takes[-1].output).unlink()
    made = cut(takes, tmp_path / "new" / "cut.mp4", decoder)
    (asked,) = decoder.joins
    assert asked.parts == [
        (takes[2].output, 0.0, ()),
        ("", 6.0, ("S002", "no video yet")),
        (takes[0].output, 0.0, ()),
        ("", 6.0, ("S005", "no video yet")),
        ("", 6.0, ("S006", "no video yet")),
    ]
    assert (asked.label, asked.label_size, asked.label_place, asked.label_seconds) == ("AI", 7.0, "top", 2.0)
    assert made.slates == (2, 5, 6)
    assert made.path.read_bytes() == FILM
    assert [one.name for one in made.path.parent.iterdir()] == ["cut.mp4"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Unanswered("time", "300 s"), "cut.failed"),
        (Unanswered("font", "AI生成"), "cut.no_font"),
        (Joined(1.0, 64, 64, copied=True, sound="", size=1), "delivery.empty"),
    ],
)
def test_what_fails_leaves_the_earlier_cut_and_no_half_one(tmp_path: Path, answer: Any, code: str) -> None:
    out = tmp_path / "cut.mp4"
    out.write_bytes(b"earlier")
    decoder = Decoder(answer)
    if code == "delivery.empty":  # it says that it wrote the file, and it is none
        decoder.film = b""
    with pytest.raises(SoradError) as raised:
        cut([take(tmp_path, 1)], out, decoder)
    assert raised.value.problem.code == code
    assert out.read_bytes() == b"earlier"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["cut.mp4"]


def test_never_over_a_delivered_video_nor_without_room(tmp_path: Path) -> None:
    one = take(tmp_path, 1)
    for out in (Path(one.output), Path(one.output).parent / "." / Path(one.output).name):
        with pytest.raises(SoradError) as raised:
            cut([one], out, Decoder())
        assert raised.value.problem.code == "cut.delivered"

    def full(folder: Path, more: int) -> None:
        raise SoradError(Problem("full", str(more)))

    with pytest.raises(SoradError, match=str(int(len(FILM) * 1.5))):
        cut([one], tmp_path / "cut.mp4", Decoder(), full)
    with pytest.raises(SoradError) as raised:
        cut([take(tmp_path, 1, state=State.FAILED)], tmp_path / "cut.mp4", Decoder())
    assert raised.value.problem.code == "export.nothing"
    assert Path(one.output).read_bytes() == FILM


A, B, BOTH, NONE = Labels(("a",)), Labels(("b",)), Labels(("a", "b"), c2pa=True), Labels()


@pytest.mark.parametrize(
    ("labels", "how", "metadata", "c2pa"),
    [
        ([], "", {}, 0),
        ([NONE, NONE], "", {}, 0),
        ([Labels(c2pa=True), NONE], "", {}, 1),
        ([A, A], "same", {"AIGC": "a"}, 0),
        ([A, B], "each", {"AIGC_v1": "a", "AIGC_v2": "b"}, 0),
        ([A, NONE], "each", {"AIGC_v1": "a"}, 0),
        ([BOTH, BOTH], "each", {"AIGC_v1": "a", "AIGC_v1_2": "b", "AIGC_v2": "a", "AIGC_v2_2": "b"}, 2),
    ],
)
def test_labels_are_carried_over_and_none_is_made_up(
    labels: list[Labels], how: str, metadata: dict[str, str], c2pa: int
) -> None:
    found = cutting.carried([(f"v{number}", one) for number, one in enumerate(labels, 1)])
    assert (found.how, dict(found.metadata), found.c2pa) == (how, metadata, c2pa)


def test_a_label_that_is_not_in_the_cut_in_the_end_is_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = take(tmp_path, 1)
    monkeypatch.setattr(cutting, "labels_of", lambda path: A if str(path) == one.output else NONE)
    decoder = Decoder()
    assert cut([one], tmp_path / "cut.mp4", decoder).carried.how == "lost"
    assert decoder.joins[0].metadata == {"AIGC": "a"}


# --- by the daemon -----------------------------------------------------------------------------------------


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Any]:
    """A storyboard of two segments, its ledger, and a cutter with a clock to move."""
    logger.disable("sorad")
    board = Storyboard(1, str(tmp_path), str(tmp_path / "board.json"), 1, 1, "h", "ok")
    memory: dict[str, Any] = {}
    there = SimpleNamespace(
        takes=[take(tmp_path, 1), take(tmp_path, 2)], clock=Clock(), decoder=Decoder(), mine=True
    )
    ledger = SimpleNamespace(
        storyboards=lambda: [board],
        takes=lambda storyboard: list(there.takes),
        recall=memory.get,
        remember=memory.__setitem__,
    )

    def fresh() -> cutter.Cutter:
        return cutter.Cutter(
            Config.model_validate({"media": {"cut": True}}),
            ledger,  # type: ignore[arg-type]
            there.clock,  # type: ignore[arg-type]
            lambda root: there.mine,
            there.decoder.ask,
            lambda folder, more: None,
            lambda seconds: None,
            lacking=lambda: None,
        )

    there.fresh, there.cutter = fresh, fresh()
    there.out = tmp_path / "board_assets" / "board_cut.mp4"

    def later(seconds: float = 0.0, changed: bool = False) -> int:
        there.clock.now += seconds
        if changed:
            there.cutter.changed({1})
        there.cutter.turn()
        return len(there.decoder.joins)

    there.later = later
    yield there
    logger.enable("sorad")


def test_a_cut_is_written_once_for_each_choice_and_not_while_somebody_chooses(stage: Any) -> None:
    assert [stage.later(), stage.later(19), stage.later(1), stage.later(100)] == [0, 0, 1, 1]
    assert stage.out.read_bytes() == FILM
    assert stage.later(changed=True) == 1  # nothing that matters
    assert stage.later(60) == 1
    stage.takes[0] = replace(stage.takes[0], state=State.DONE, output=stage.takes[1].output)
    assert [stage.later(changed=True), stage.later(10)] == [1, 1]
    stage.takes[0] = replace(stage.takes[0], chosen_at=3.0, segment=3)
    assert [stage.later(15, changed=True), stage.later(15), stage.later(5)] == [1, 1, 2]


def test_the_same_choice_is_not_written_again_after_a_restart_unless_a_video_or_the_cut_is_another(
    stage: Any,
) -> None:
    stage.later()
    assert stage.later(20) == 1
    stage.cutter = stage.fresh()
    assert [stage.later(), stage.later(30)] == [1, 1]
    stage.out.unlink()
    assert [stage.later(changed=True), stage.later(20)] == [1, 2]
    os.utime(stage.takes[0].output, (5, 5))
    assert [stage.later(changed=True), stage.later(20)] == [2, 3]


@pytest.mark.parametrize("state", [State.QUEUED, State.SUBMITTING, State.GENERATING, State.DOWNLOADING])
def test_nothing_is_written_while_takes_are_under_way(stage: Any, state: State) -> None:
    stage.takes[1] = replace(stage.takes[1], state=state)
    assert [stage.later(), stage.later(60)] == [0, 0]
    stage.takes[1] = replace(stage.takes[1], state=State.FAILED)
    assert [stage.later(changed=True), stage.later(20)] == [0, 1]


def test_it_is_off_unless_said_and_another_machines_folder_is_left_alone(stage: Any) -> None:
    stage.mine = False
    assert [stage.later(), stage.later(60)] == [0, 0]
    stage.mine = True
    assert [stage.later(), stage.later(20)] == [0, 1]
    stage.cutter.config = Config()
    stage.takes[0] = replace(stage.takes[0], output=stage.takes[1].output)
    assert [stage.later(changed=True), stage.later(60)] == [1, 1]


def test_one_that_fails_is_told_and_tried_again_later(stage: Any) -> None:
    stage.decoder.joined = Unanswered("memory", "")
    stage.later()
    assert [stage.later(20), stage.later(599), stage.later(1)] == [1, 1, 2]
    (told,) = stage.cutter.problems()
    assert told.code == "cut.not_made"
    stage.decoder.joined = None
    assert stage.later(600) == 3
    assert stage.cutter.problems() == []
    stage.cutter.lacking = lambda: Problem("media.extra", "not installed")
    stage.out.unlink()
    stage.later(changed=True)
    stage.later(20)
    assert [one.code for one in stage.cutter.problems()] == ["media.extra"]
