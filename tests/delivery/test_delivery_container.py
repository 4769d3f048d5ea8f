"""Which files pass for whole MP4s."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from delivery_stage import box, video_of
from hypothesis import given
from hypothesis import strategies as st

from sorad.files.mp4 import check_mp4, check_mp4_file

FTYP, MOOV, MDAT = box(b"ftyp", b"isom\0\0\2\0isom"), box(b"moov", bytes(120)), box(b"mdat", bytes(5000))
FREE = box(b"free", bytes(16))
LONG_MDAT = b"\0\0\0\1mdat" + (5016).to_bytes(8, "big") + bytes(5000)
OPEN_MDAT = b"\0\0\0\0mdat" + bytes(5000)
WHOLE = FTYP + MOOV + MDAT


def code_of(content: bytes) -> str | None:
    problem = check_mp4_file(io.BytesIO(content), len(content))
    if problem is None:
        return None
    assert "{" not in problem.text(), "a field of the sentence is not filled in"
    return problem.code


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        FTYP + MDAT + MOOV,
        FTYP + FREE + MOOV + FREE + MDAT + FREE,
        FREE + WHOLE,
        box(b"wide") + WHOLE,
        box(b"skip", b"x") + WHOLE,
        FTYP + MOOV + LONG_MDAT,
        FTYP + LONG_MDAT + MOOV,
        FTYP + MOOV + OPEN_MDAT,
        FTYP
        + MOOV
        + box(b"moof", bytes(50))
        + MDAT
        + box(b"moof", bytes(50))
        + MDAT
        + box(b"mfra", bytes(9)),
        FTYP + MOOV + MDAT + box(b"uuid", bytes(16)) + box(b"c2pa", bytes(30)),
    ],
)
def test_a_whole_video_passes(content: bytes) -> None:
    assert code_of(content) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "delivery.empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "delivery.html"),
        (b'\xef\xbb\xbf\r\n<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "delivery.html"),
        (b'{"code": 401, "message": "expired"}', "delivery.json"),
        (b"[1]", "delivery.json"),
        (b"short", "delivery.not_mp4"),
        (bytes(5000), "delivery.not_mp4"),
        (b"RIFF" + bytes(100), "delivery.not_mp4"),
        (b"\x1aE\xdf\xa3" + bytes(100), "delivery.not_mp4"),  # WebM
        (MOOV + MDAT, "delivery.not_mp4"),
        (MDAT + FTYP + MOOV, "delivery.not_mp4"),
        (FTYP[:10], "delivery.cut"),
        (FTYP + MDAT, "delivery.no_moov"),
        (FTYP + OPEN_MDAT, "delivery.no_moov"),
        (FTYP + MOOV, "delivery.no_mdat"),
        (FTYP, "delivery.no_moov"),
        (WHOLE + b"\0\0\0\7free", "delivery.damaged"),
        (FTYP + MOOV + b"\0\0\0\1mdat" + (15).to_bytes(8, "big") + bytes(100), "delivery.damaged"),
        (WHOLE + bytes(64), "delivery.damaged"),  # zeros where a box should start
        (FTYP + MOOV + box(b"\xffdat", bytes(10)), "delivery.damaged"),
        (WHOLE + b"\n", "delivery.cut"),
        (FTYP + MOOV + (1 << 31).to_bytes(4, "big") + b"mdat" + bytes(100), "delivery.cut"),
        (FTYP + MOOV + b"\0\0\0\1mdat" + ((1 << 64) - 1).to_bytes(8, "big"), "delivery.cut"),
        (FTYP + MOOV + b"\0\0\0\1mdat\0\0", "delivery.cut"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, code: str) -> None:
    assert code_of(content) == code


@given(st.integers(0, len(WHOLE) - 1))
def test_no_cut_passes(length: int) -> None:
    assert code_of(WHOLE[:length]) is not None


@given(st.binary(max_size=400))
def test_random_bytes_never_raise(content: bytes) -> None:
    code_of(content)
    code_of(FTYP + content)


@given(
    st.lists(st.tuples(st.sampled_from([b"ftyp", b"moov", b"mdat", b"free"]), st.integers(0, 40)), max_size=6)
)
def test_rows_of_boxes_pass_only_with_all_three(boxes: list[tuple[bytes, int]]) -> None:
    content = b"".join(box(kind, bytes(size)) for kind, size in boxes)
    kinds = [kind for kind, _size in boxes if kind != b"free"]
    assert (code_of(content) is None) == (kinds[:1] == [b"ftyp"] and {b"moov", b"mdat"} <= set(kinds))


def test_a_file_is_checked_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(video_of(100_000))
    assert check_mp4(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    problem = check_mp4(path)
    assert problem is not None
    assert problem.params["missing"] == "1 B"


def test_a_file_that_cannot_be_read_is_an_error_and_not_a_bad_video(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_mp4(tmp_path / "away.mp4")
