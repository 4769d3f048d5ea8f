"""Going on where an earlier call ended, and when not to."""

from __future__ import annotations

import hashlib
import os

import pytest
from delivery_stage import Desk, Server, opener, video_of

from sorad.delivery.outcome import Received, Stopped
from sorad.providers.base import Fault, Trouble

PIECE = 1 << 16
SIZE = 300_000


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def break_off(server: Server, desk: Desk, after: int) -> None:
    """A first call that ends after so many bytes."""
    server.manners.cut_after = after
    outcome = desk.receive(opener(server))
    assert isinstance(outcome, Fault)
    assert outcome.trouble is Trouble.TRANSPORT
    server.manners.cut_after = None


@pytest.mark.parametrize(
    "after", [at + by for at in range(0, SIZE, PIECE) for by in (-1, 0, 1) if at + by > 0]
)
def test_a_cut_at_every_piece_is_resumed(server: Server, desk: Desk, after: int) -> None:
    break_off(server, desk, after)
    assert not desk.target.exists()
    there = desk.partial.stat().st_size
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert server.manners.seen[-1] == ((f"bytes={there - 1}-", '"one"') if there > 1 else ("", ""))
    assert desk.target.read_bytes() == server.manners.body
    assert desk.names == [desk.target.name]


def test_cut_after_cut_it_arrives(server: Server, desk: Desk) -> None:
    server.manners.cut_after = PIECE + 1
    outcomes = [desk.receive(opener(server)) for _ in range(5)]
    assert isinstance(outcomes[-1], Received)
    assert outcomes[-1].sha256 == sha(server.manners.body)


def test_a_whole_partial_file_only_needs_its_name(server: Server, desk: Desk) -> None:
    desk.target.parent.mkdir(parents=True)
    desk.partial.write_bytes(server.manners.body)
    desk.validator = '"one"'
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert server.manners.seen == [(f"bytes={SIZE - 1}-", '"one"')]


def test_a_file_that_changed_at_the_server_is_fetched_anew(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    server.manners.body, server.manners.etag = video_of(SIZE, seed=2), '"two"'
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert server.manners.seen[-1][1] == '"one"'
    assert desk.validator == '"two"'


def test_a_server_without_ranges_is_read_from_the_start(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    server.manners.ranges = False
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert (0, SIZE) in desk.heard


def test_a_server_that_resumes_another_version_is_not_believed(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    real = opener(server)

    def open_at(offset: int, validator: str) -> object:
        opened = real(offset, validator)
        assert not isinstance(opened, Fault)
        opened.validator = '"two"'
        return opened

    outcome = desk.receive(open_at)  # type: ignore[arg-type]
    assert isinstance(outcome, Fault)
    assert outcome.problem.code == "delivery.changed"
    assert desk.names == []
    assert isinstance(desk.receive(real), Received)
    assert server.manners.seen[-1] == ("", "")


def test_a_refused_range_is_not_asked_for_again(server: Server, desk: Desk) -> None:
    desk.target.parent.mkdir(parents=True)
    desk.partial.write_bytes(bytes(SIZE + 10))  # more than the server has: 416
    desk.validator = '"one"'
    assert isinstance(desk.receive(opener(server)), Fault)
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")


def test_a_fault_at_opening_keeps_what_is_there(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    server.manners.status = 503
    assert isinstance(desk.receive(opener(server)), Fault)
    server.manners.status = 200
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1][0].startswith("bytes=")


def test_without_a_strong_validator_nothing_is_kept_or_resumed(server: Server, desk: Desk) -> None:
    server.manners.etag = ""
    break_off(server, desk, 200_000)
    assert desk.names == []
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1] == ("", "")


def test_a_partial_file_that_nobody_can_vouch_for_is_begun_anew(server: Server, desk: Desk) -> None:
    desk.target.parent.mkdir(parents=True)
    desk.partial.write_bytes(b"\1" * 400_000)
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert desk.target.read_bytes() == server.manners.body


def test_a_partial_file_from_before_the_machine_started_is_begun_anew(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    there = desk.partial.stat().st_size
    os.truncate(desk.partial, there + 4096)  # a power cut: the size is there, the bytes never came
    desk.booted_at = desk.partial.stat().st_mtime + 10
    assert desk.receive(opener(server)) == Received(SIZE, sha(server.manners.body), "req-1")
    assert server.manners.seen[-1] == ("", "")


@pytest.mark.parametrize("pieces", range(1, 6))
def test_stopped_and_resumed_it_is_the_same_file(server: Server, desk: Desk, pieces: int) -> None:
    desk.stop = lambda: len(desk.heard) >= pieces
    outcome = desk.receive(opener(server))
    if isinstance(outcome, Stopped):
        assert outcome.got == desk.partial.stat().st_size == desk.heard[-1][0]
        assert not desk.target.exists()
    desk.stop = lambda: False
    resumed = desk.receive(opener(server))
    assert isinstance(resumed, Received)
    assert resumed.sha256 == sha(server.manners.body)


def test_stopped_while_hashing_what_is_there_leaves_it_as_it_was(server: Server, desk: Desk) -> None:
    break_off(server, desk, 200_000)
    before = desk.partial.read_bytes()
    desk.stop = lambda: True
    assert isinstance(desk.receive(opener(server)), Stopped)
    assert desk.partial.read_bytes() == before
    desk.stop = lambda: False
    assert isinstance(desk.receive(opener(server)), Received)


def test_a_large_file_is_hashed_right_over_a_resume(server: Server, desk: Desk) -> None:
    body = server.manners.body = video_of(40_000_000)
    break_off(server, desk, 25_000_000)
    assert desk.receive(opener(server, 1 << 20)) == Received(len(body), sha(body), "req-1")
