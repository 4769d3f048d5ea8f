"""What a picture is by its header, and what a model refuses of it before anything is bought."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.config.model import Config
from sorad.intake.rules import rules_of
from sorad.model import Look
from sorad.problems import Problem
from sorad.providers.sellers import Sellers
from sorad.storyboard.image import Pictures, find_image
from sorad.storyboard.picture_header import look_at
from sorad.storyboard.read import read_bytes


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIB", width, height, 8) + b"IEND"


def jpeg(width: int, height: int) -> bytes:
    app = b"\xff\xe0\x00\x10" + b"JFIF" + bytes(10)
    table = b"\xff\xc4\x00\x04ab"
    frame = b"\xff\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width) + bytes(4)
    return b"\xff\xd8" + app + table + frame + b"\xff\xd9"


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 22) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


EXTENDED = bytes(4) + (639).to_bytes(3, "little") + (359).to_bytes(3, "little")
LOSSLESS = b"\x2f" + (639 | 359 << 14).to_bytes(4, "little") + bytes(5)
LOSSY = b"abc\x9d\x01\x2a" + struct.pack("<HH", 640, 360)


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (png(640, 360), "png"),
        (jpeg(640, 360), "jpeg"),
        (webp(b"VP8X", EXTENDED), "webp"),
        (webp(b"VP8L", LOSSLESS), "webp"),
        (webp(b"VP8 ", LOSSY), "webp"),
    ],
)
def test_sides_by_the_header(data: bytes, form: str) -> None:
    assert look_at(data) == Look(len(data), form, 640, 360)
    for end in range(len(data)):  # cut off anywhere, it is read as far as it goes
        found = look_at(data[:end])
        assert found is None or (found.width, found.height) in ((640, 360), (0, 0))


@given(
    st.binary(max_size=80), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8X", b""])
)
def test_whatever_the_bytes_are_it_ends(data: bytes, head: bytes) -> None:
    look_at(head + data)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_as_a_library_sees_them(form: str) -> None:
    image = pytest.importorskip("PIL.Image", reason="needs sorad[media]")
    out = io.BytesIO()
    image.new("RGB", (321, 123), (9, 99, 200)).save(out, form)
    assert look_at(out.getvalue()) == Look(len(out.getvalue()), form, 321, 123)


@pytest.mark.parametrize(
    ("data", "pictures", "told"),
    [
        (png(640, 360), "", ""),
        (png(200, 360), "", "300 to 6000 pixels; PATH has 200 x 360"),
        (png(7000, 3000), "", "has 7000 x 3000"),
        (png(1000, 300), "", "0.4 to 2.5 times as wide as high; PATH has 1000 x 300"),
        (png(640, 360), 'formats = ["jpeg"]', "takes no png pictures"),
        (png(640, 360) + bytes(2000), 'largest = "1 kB"', "at most; PATH has 2.0 KB"),
        (png(100, 100), "sides = [50, 200]", ""),
    ],
)
def test_a_picture_that_the_model_refuses_is_a_mistake_with_the_figure(
    tmp_path: Path, data: bytes, pictures: str, told: str
) -> None:
    (tmp_path / "a.png").write_bytes(data)
    model = "doubao-seedance-1-0-pro-250528"
    provider = {"kind": "ark", "model": model, "region": "china", "name": "ark"}
    config = Config.model_validate(
        {"watch": [{"path": tmp_path}], "provider": provider, "model": _model(model, pictures)}
    )
    rules = rules_of(config, config.watch[0], Sellers(config, {}))
    text = (
        '{"segments": [{"segment_index": 1, "prompt_text": "x", "duration_seconds": 5,'
        ' "aspect_ratio": "16:9", "first_frame": "a.png"}]}'
    )
    found = [one.text() for one in read_bytes(text.encode(), tmp_path, rules).problems]
    assert bool(found) == bool(told), found
    assert not told or told.replace("PATH", str(tmp_path / "a.png")) in found[0]


def _model(name: str, pictures: str) -> list[dict[str, object]]:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return [{"name": name, "pictures": tomllib.loads(pictures)}] if pictures else []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (webp(b"VP8X", b"\x02" + EXTENDED[1:]), "is animated"),
        (png(64, 64)[:-4] + b"\0\0\0\x08acTL" + bytes(12) + b"IDAT", "is animated"),
        (webp(b"VP8X", EXTENDED), ""),
        (b"\0\0\0\x18ftypheic" + bytes(64), "is not a jpeg, png or webp picture"),
        (b"", "is not a jpeg, png or webp picture"),
        (b"GIF89a" + bytes(64), "is not a jpeg, png or webp picture"),
    ],
)
def test_what_is_no_single_picture_is_not_sent(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "a").write_bytes(data)
    found = find_image("a", tmp_path, Pictures((tmp_path,)))
    assert told in found.text() if isinstance(found, Problem) else not told
