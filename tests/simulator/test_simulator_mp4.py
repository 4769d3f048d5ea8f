"""The simulated video: its boxes are walked, its pictures are decoded bit by bit."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.simulator import h264
from sorad.simulator.mp4 import FRAMES_A_SECOND, TIMESCALE, Movie, movie

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl"}


def film(task: str = "task", prompt: str = "a fox", seconds: int = 4, size: int = 120_000) -> Movie:
    return movie(task, prompt, seconds=seconds, orientation="horizontal", size=size)


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte of the content and the byte after it, of each box; its sizes must add up."""
    stop = len(data) if stop is None else stop
    while start < stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        assert size >= head
        assert start + size <= stop
        yield kind, start + head, start + size
        start += size
    assert start == stop


def tree(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Where the content of each box lies, inner ones too."""
    found: dict[bytes, tuple[int, int]] = {}
    spans = [(0, len(data))]
    while spans:
        for kind, start, stop in boxes(data, *spans.pop()):
            found[kind] = (start, stop)
            if kind in CONTAINERS:
                spans.append((start, stop))
    return found


def samples(data: bytes) -> list[bytes]:
    """The pictures, found by way of the index as a player finds them, without their length prefix."""
    places = tree(data)
    start, _ = places[b"stsz"]
    same, count = struct.unpack_from(">4xII", data, start)
    assert same == 0
    sizes = struct.unpack_from(f">{count}I", data, start + 12)
    (at,) = struct.unpack_from(">8xQ", data, places[b"co64"][0])
    first, last = places[b"mdat"]
    found = []
    for size in sizes:
        assert first <= at < at + size <= last
        (length,) = struct.unpack_from(">I", data, at)
        assert length == size - 4
        found.append(data[at + 4 : at + size])
        at += size
    return found


class Bits:
    """The payload of a NAL unit, bit by bit."""

    def __init__(self, unit: bytes) -> None:
        payload = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self.bits = "".join(f"{byte:08b}" for byte in payload).rstrip("0")[:-1]  # less the stop bit
        self.at = 0

    def u(self, width: int) -> int:
        self.at += width
        return int(self.bits[self.at - width : self.at], 2)

    def ue(self) -> int:
        zeros = self.bits.index("1", self.at) - self.at
        self.at += zeros
        return self.u(zeros + 1) - 1

    def align(self) -> None:
        while self.at % 8:
            assert self.u(1) == 0


def picture_size(sequence: bytes) -> tuple[int, int]:
    bits = Bits(sequence)
    bits.u(24)
    assert [bits.ue(), bits.ue(), bits.ue(), bits.ue(), bits.u(1)] == [0, 0, 2, 1, 0]
    return (bits.ue() + 1) * 16, (bits.ue() + 1) * 16


def decode_key(unit: bytes, across: int, down: int) -> list[int]:
    """The brightness of each macroblock of a key picture, row by row. Understands only what is written."""
    bits = Bits(unit)
    assert [bits.ue(), bits.ue(), bits.ue(), bits.u(4)] == [0, 7, 0, 0]
    bits.ue()
    assert [bits.u(2), bits.ue(), bits.ue()] == [0, 0, 1]
    seen: list[int] = []
    raw: set[int] = set()
    for block in range(across * down):
        kind = bits.ue()
        left = block - 1 if block % across else None
        above = block - across if block >= across else None
        if kind == 25:
            bits.align()
            shades = {bits.u(8) for _ in range(256)}
            assert len(shades) == 1
            assert all(bits.u(8) for _ in range(128))
            raw.add(block)
            seen.append(shades.pop())
            continue
        source, chroma = {1: (above, 2), 2: (left, 1)}[kind]
        assert source is not None
        assert bits.ue() == chroma
        assert bits.ue() == 0
        # "No coefficients" is one bit, unless a neighbour is raw: then it is six (table 9-5).
        assert bits.u(6) == 3 if {left, above} & raw else bits.u(1) == 1
        seen.append(seen[source])
    assert bits.at == len(bits.bits)
    return seen


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (256, 144), (144, 256)])
def test_a_key_picture_decodes_to_the_bars_in_their_turn(width: int, height: int) -> None:
    across, down = width // 16, height // 16
    for turn in range(h264.BARS):
        shades = decode_key(h264.key_picture(width, height, turn), across, down)
        top = shades[:across]
        assert shades == top * down
        bars = [top[0], *(now for before, now in zip(top, top[1:]) if now != before)]
        assert bars == [h264.COLOURS[(bar + turn) % h264.BARS][0] for bar in range(h264.BARS)]


def test_a_still_picture_skips_every_macroblock() -> None:
    bits = Bits(h264.still_picture(1280, 720, 19))
    assert [bits.ue(), bits.ue(), bits.ue(), bits.u(4)] == [0, 5, 0, 3]
    assert [bits.u(3), bits.ue(), bits.ue()] == [0, 0, 1]
    assert bits.ue() == 3600
    assert bits.at == len(bits.bits)


def test_no_start_code_hides_in_a_unit() -> None:
    for turn in range(h264.BARS):
        for start in range(3):
            assert bytes([0, 0, start]) not in h264.key_picture(1280, 720, turn)


@pytest.mark.parametrize("orientation", ["horizontal", "vertical"])
@pytest.mark.parametrize(("seconds", "size"), [(1, 20_000), (4, 20_000), (10, 200_000), (25, 2_000_000)])
def test_the_file_is_whole_and_every_picture_is_where_the_index_says(
    orientation: str, seconds: int, size: int
) -> None:
    data = movie("task", "a fox", seconds=seconds, orientation=orientation, size=size).bytes()
    assert len(data) == size
    assert [kind for kind, _start, _stop in boxes(data)] == [b"ftyp", b"moov", b"free", b"mdat"]
    places = tree(data)
    start, _ = places[b"mvhd"]
    scale, duration = struct.unpack_from(">2I", data, start + 12)
    assert duration == seconds * scale == seconds * TIMESCALE
    start, _ = places[b"stsd"]
    entry = start + 8
    width, height = struct.unpack_from(">2H", data, entry + 32)
    assert (width > height) == (orientation == "horizontal")
    config = data.index(b"avcC", entry) + 4
    (length,) = struct.unpack_from(">H", data, config + 6)
    assert picture_size(data[config + 8 : config + 8 + length]) == (width, height)
    pictures = samples(data)
    assert len(pictures) == seconds * FRAMES_A_SECOND
    keys = [number for number, unit in enumerate(pictures, start=1) if unit[0] == 0x65]
    assert keys[0] == 1
    start, _ = places[b"stss"]
    (count,) = struct.unpack_from(">I", data, start + 4)
    assert keys == list(struct.unpack_from(f">{count}I", data, start + 8))
    for number in keys:
        decode_key(pictures[number - 1], width // 16, height // 16)


def test_a_roomy_file_has_a_full_size_key_picture_each_second() -> None:
    pictures = samples(film(seconds=10, size=2_000_000).bytes())
    assert [unit[0] == 0x65 for unit in pictures] == [n % FRAMES_A_SECOND == 0 for n in range(240)]


def test_a_size_without_room_for_the_pictures_is_raised() -> None:
    data = film(seconds=25, size=10).bytes()
    assert 10 < len(data) < 20_000
    assert len(samples(data)) == 600


def test_the_task_and_the_prompt_are_named_in_the_file() -> None:
    data = film("video_1:2", "雾").bytes()
    start, stop = tree(data)[b"free"]
    digest = hashlib.sha256("雾".encode()).hexdigest()
    assert data[start:stop].decode() == f"sorad simulator task=video_1:2 prompt={digest}"


def test_the_same_task_has_the_same_bytes_and_another_has_others() -> None:
    assert film().bytes() == film().bytes()
    ones, others = film("one").bytes(), film("another").bytes()
    assert film("one").etag != film("another").etag
    tail = 20_000  # of filler
    assert ones[-tail:] != others[-tail:]


def test_a_gigabyte_is_held_in_kilobytes() -> None:
    large = film(size=10**9)
    assert len(large.head) < 100_000
    assert sum(len(piece) for piece in large.pieces(10**9 - 5_000_000)) == 5_000_000


@given(st.integers(0, 120_000), st.integers(0, 120_000))
def test_any_range_is_that_part_of_the_whole(start: int, stop: int) -> None:
    whole = film()
    assert b"".join(whole.pieces(start, stop)) == whole.bytes()[start:stop]
