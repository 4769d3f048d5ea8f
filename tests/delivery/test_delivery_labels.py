"""Labels in an MP4: found where the standards put them, and nothing is believed that a hostile file says."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.files.labels import NO_LABELS, Labels, labels_in, labels_of

TEXT = '{"Label":"1","ContentProducer":"001191","ProduceID":"视频"}'
C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
FTYP = struct.pack(">I4s8s", 16, b"ftyp", b"isom\0\0\2\0")


def box(kind: bytes, *content: bytes) -> bytes:
    inner = b"".join(content)
    return struct.pack(">I4s", len(inner) + 8, kind) + inner


def data(text: str) -> bytes:
    return box(b"data", struct.pack(">II", 1, 0), text.encode())


def keys(*names: str) -> bytes:
    return box(b"keys", struct.pack(">II", 0, len(names)), *(box(b"mdta", one.encode()) for one in names))


def entries(*texts: str) -> bytes:
    return box(b"ilst", *(box(struct.pack(">I", number), data(one)) for number, one in enumerate(texts, 1)))


def found(*content: bytes) -> Labels:
    file = FTYP + b"".join(content)
    return labels_in(io.BytesIO(file), len(file))


HANDLER = box(b"hdlr", bytes(24))
META = b"\0\0\0\0" + HANDLER + keys("title", "AIGC") + entries("film", TEXT)
XMP_TEXT = TEXT.replace('"', "&quot;")
PLACES = {
    "moov/udta/meta, by keys (FFmpeg, the practice guide)": box(b"moov", box(b"udta", box(b"meta", META))),
    "moov/meta, by keys, without a version (QuickTime)": box(b"moov", box(b"meta", META[4:])),
    "an entry that names itself (iTunes)": box(
        b"moov",
        box(
            b"udta",
            box(
                b"meta",
                b"\0\0\0\0",
                HANDLER,
                box(
                    b"ilst",
                    box(
                        b"----",
                        box(b"mean", b"\0\0\0\0com.example"),
                        box(b"name", b"\0\0\0\0AIGC"),
                        data(TEXT),
                    ),
                ),
            ),
        ),
    ),
    "XMP, an element": box(b"uuid", XMP, f"<x><TC260:AIGC>{XMP_TEXT}</TC260:AIGC></x>".encode()),
    "XMP, an attribute": box(b"uuid", XMP, f'<rdf:Description TC260:AIGC="{XMP_TEXT}"/>'.encode()),
    "XMP in user data": box(
        b"moov", box(b"udta", box(b"XMP_", f"<TC260:AIGC>{XMP_TEXT}</TC260:AIGC>".encode()))
    ),
}


@pytest.mark.parametrize("content", PLACES.values(), ids=PLACES)
def test_the_metadata_is_found_as_it_stands(content: bytes) -> None:
    assert found(content) == Labels((TEXT,))
    assert found(box(b"moov", box(b"trak", bytes(50))), content, box(b"mdat", bytes(9))) == Labels((TEXT,))


def test_a_manifest_is_found_and_labels_are_told_once_each() -> None:
    manifest = box(b"uuid", C2PA, bytes(40))
    assert found(manifest) == Labels((), c2pa=True)
    assert found(*PLACES.values(), manifest) == Labels((TEXT,), c2pa=True)
    other = box(b"moov", box(b"meta", (HANDLER + keys("AIGC", "AIGC") + entries("one", "two"))))
    assert found(other).aigc == ("one", "two")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        box(b"moov"),
        box(b"moov", box(b"udta", box(b"meta"))),
        box(b"moov", box(b"meta", HANDLER, keys("AIGC"))),  # no entries
        box(b"moov", box(b"meta", HANDLER, entries(TEXT))),  # no keys
        box(b"moov", box(b"meta", HANDLER, keys("AIGC"), box(b"ilst", box(b"\0\0\0\1", data("\0 \t"))))),
        box(b"moov", box(b"meta", HANDLER, keys("AIGC"), box(b"ilst", box(b"\0\0\0\1", b"short")))),
        box(b"moov", box(b"meta", HANDLER, keys("AIGC"), entries("x" * 20_000))),  # longer than any label
        box(b"moov", box(b"meta", HANDLER, keys("xAIGC"), entries(TEXT))),
        box(b"mdat", META),  # pictures
        box(b"uuid", bytes(16), b"<TC260:AIGC>x</TC260:AIGC>"),  # somebody's else
        struct.pack(">I4s", 2**31, b"moov") + META,  # a length beyond the file
        struct.pack(">I4sQ", 1, b"moov", 2**63) + META,
        struct.pack(">I4s", 3, b"moov") + META,  # a length below its own header
        box(b"moov", *[box(b"free")] * 5_000, box(b"meta", META[4:])),  # more boxes than anybody needs
    ],
)
def test_what_is_no_label_or_makes_no_sense_is_none(content: bytes) -> None:
    assert found(content) == NO_LABELS


def test_a_huge_box_is_not_read() -> None:
    class Counting(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    content = (
        FTYP
        + box(b"moov", box(b"udta", box(b"meta", META, bytes(3_000_000))))
        + box(b"uuid", XMP, bytes(2_000_000))
    )
    file = Counting(content)
    assert labels_in(file, len(content)) == NO_LABELS
    assert file.most <= 16


@given(st.lists(st.sampled_from([*PLACES.values(), b"", b"\0\0\0\1moov", box(b"moov", b"abc")])), st.data())
def test_no_bytes_raise_or_take_long(parts: list[bytes], more: st.DataObject) -> None:
    content = bytearray(FTYP + b"".join(parts))
    for _number in range(more.draw(st.integers(0, 6))):
        content[more.draw(st.integers(0, len(content) - 1))] = more.draw(st.integers(0, 255))
    told = labels_in(io.BytesIO(content), len(content))
    assert len(told.aigc) <= 16


def test_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(FTYP + PLACES["XMP, an element"])
    assert labels_of(path).members() == {"aigc": [TEXT], "c2pa": False}
    path.write_bytes(b"")
    assert not labels_of(path)
    with pytest.raises(OSError, match="No such file"):
        labels_of(tmp_path / "none.mp4")
    with pytest.raises(OSError, match="Invalid argument") as raised:
        labels_of(tmp_path)
    assert raised.value.filename == str(tmp_path)
