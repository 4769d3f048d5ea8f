"""A few H.264 pictures, written bit by bit: rotating colour bars that every player decodes.

Baseline profile, CAVLC, one slice a picture. A key picture holds one raw macroblock (I_PCM) where each bar
begins; all others are predicted from a neighbour without residual, at one byte each. The pictures between
two key pictures skip every macroblock, at about ten bytes each. Tables and syntax: ITU-T H.264, chapters
7.3 (syntax), 9.1 (Exp-Golomb codes) and 9.2 (CAVLC).
"""

from __future__ import annotations

import re
from functools import lru_cache

MACROBLOCK = 16  # pixels
BARS = 8
# Y, Cb, Cr of the bars, none of them zero, so that raw samples need no escapes.
COLOURS = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
    (60, 140, 120),
)
_FRAME_NUM_BITS = 4  # log2_max_frame_num
_LEVEL = 31  # 3.1: up to 1280x720 at 30 pictures a second
_RAW_BEFORE = "000011"  # coeff_token for "no coefficients" where a neighbour is raw (nC >= 8)
_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def parameter_sets(width: int, height: int) -> tuple[bytes, bytes]:
    """The sequence and the picture parameter set, as NAL units; width and height are multiples of 16."""
    across, down = width // MACROBLOCK, height // MACROBLOCK
    sequence = (
        _bits(66, 8)  # baseline
        + _bits(0xC0, 8)  # holds to constrained baseline and main
        + _bits(_LEVEL, 8)
        + _ue(0)  # id
        + _ue(_FRAME_NUM_BITS - 4)
        + _ue(2)  # pictures are shown in coded order
        + _ue(1)  # one reference picture
        + "0"
        + _ue(across - 1)
        + _ue(down - 1)
        + "1"  # frames only
        + "1"  # direct_8x8_inference
        + "0"  # no cropping
        + "0"  # no VUI
    )
    picture = (
        _ue(0)
        + _ue(0)
        + "0"  # CAVLC
        + "0"
        + _ue(0)  # one slice group
        + _ue(0)
        + _ue(0)
        + "0"  # no weighted prediction
        + "00"
        + _ue(0) * 3  # quantisers as given in the slices, no chroma offset
        + "1"  # slices say whether to deblock: they do not
        + "0"
        + "0"
    )
    return _unit(0x67, sequence), _unit(0x68, picture)


@lru_cache(maxsize=64)
def key_picture(width: int, height: int, turn: int) -> bytes:
    """A key picture with the bars turned on by ``turn`` places, as a NAL unit."""
    across, down = width // MACROBLOCK, height // MACROBLOCK
    starts = {bar * across // BARS: COLOURS[(bar + turn) % BARS] for bar in range(min(BARS, across))}
    bits = [
        _ue(0)  # first macroblock
        + _ue(7)  # intra only
        + _ue(0)
        + _bits(0, _FRAME_NUM_BITS)
        + _ue(turn)  # idr_pic_id: two key pictures in a row differ
        + "00"  # plain reference marking
        + _ue(0)
        + _ue(1)  # no deblocking
    ]
    length = len(bits[0])
    for column in range(across):
        if column in starts:
            piece = _ue(25)
            piece += "0" * (-(length + len(piece)) % 8)
            luma, blue, red = starts[column]
            piece += _bits(luma, 8) * 256 + _bits(blue, 8) * 64 + _bits(red, 8) * 64
        else:  # as its left neighbour
            piece = _ue(2) + _ue(1) + _ue(0) + (_RAW_BEFORE if column - 1 in starts else "1")
        bits.append(piece)
        length += len(piece)
    like_above = _ue(1) + _ue(2) + _ue(0)
    bits.extend(like_above + (_RAW_BEFORE if column in starts else "1") for column in range(across))
    bits.append((like_above + "1") * (across * (down - 2)))
    return _unit(0x65, "".join(bits))


@lru_cache(maxsize=64)
def still_picture(width: int, height: int, number: int) -> bytes:
    """The picture that repeats the one before, ``number`` pictures after a key picture, as a NAL unit."""
    macroblocks = (width // MACROBLOCK) * (height // MACROBLOCK)
    bits = (
        _ue(0)
        + _ue(5)  # predicted
        + _ue(0)
        + _bits(number % (1 << _FRAME_NUM_BITS), _FRAME_NUM_BITS)
        + "00"  # the only reference, in its place
        + "0"
        + _ue(0)
        + _ue(1)  # no deblocking
        + _ue(macroblocks)  # all skipped
    )
    return _unit(0x41, bits)


def _bits(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def _ue(value: int) -> str:
    """Unsigned Exp-Golomb code; of 0, which is also the signed code of 0: ``1``."""
    digits = format(value + 1, "b")
    return "0" * (len(digits) - 1) + digits


def _unit(header: int, bits: str) -> bytes:
    """A NAL unit: header, payload with its stop bit, start codes escaped."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([header]) + _ESCAPE.sub(b"\x00\x00\x03", payload)
