"""Questions to the child process that decodes: what it answers of good files, of bad ones, and when it ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from sorad.media import decoder as module
from sorad.media.decoder import Decoder, passed_on
from sorad.media.questions import Compare, Compared, Frame, PictureSaved, Probe, Probed, Unanswered, missing


def test_a_video_is_told_by_its_index(decoder: Decoder, video: Path) -> None:
    found = decoder.ask(Probe(str(video)))
    assert found == Probed(1280, 720, 10.0, 24.0, 240, "h264", "yuv420p", "")


@pytest.mark.parametrize(("at", "when"), [("first", 0.0), ("last", 239 / 24), (4.5, 4.5)])
def test_a_picture_is_kept_under_its_name(
    decoder: Decoder, video: Path, tmp_path: Path, at: float, when: float
) -> None:
    out = tmp_path / "picture.jpg"
    found = decoder.ask(Frame(str(video), str(out), at, width=320))
    assert isinstance(found, PictureSaved)
    assert (found.width, found.height) == (320, 180)
    assert found.at == pytest.approx(when, abs=0.01)
    assert out.read_bytes()[:2] == b"\xff\xd8"
    assert [one.name for one in tmp_path.iterdir()] == ["picture.jpg"]


def test_a_video_is_like_its_own_first_picture_and_unlike_its_last(
    decoder: Decoder, video: Path, tmp_path: Path
) -> None:
    found = {}
    for at in ("first", "last"):
        picture = tmp_path / f"{at}.png"
        decoder.ask(Frame(str(video), str(picture), at))
        answer = decoder.ask(Compare(str(video), str(picture)))
        assert isinstance(answer, Compared)
        found[at] = answer.likeness
    assert found["first"] > 0.95
    assert found["last"] < 0.3


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "unreadable"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "unreadable"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), "unreadable"),
        (None, "disk"),
    ],
    ids=["empty", "a playlist", "no index", "not there"],
)
def test_a_bad_file_is_told_and_the_next_one_answered(
    decoder: Decoder, video: Path, tmp_path: Path, content: bytes | None, why: str
) -> None:
    bad = tmp_path / "bad.mp4"
    if content is not None:
        bad.write_bytes(content)
    for question in (Probe(str(bad)), Frame(str(bad), str(tmp_path / "out.png"))):
        found = decoder.ask(question)
        assert isinstance(found, Unanswered)
        assert found.why == why
    assert isinstance(decoder.ask(Probe(str(video))), Probed)


def test_where_the_picture_cannot_be_written_the_disk_is_named(
    decoder: Decoder, video: Path, tmp_path: Path
) -> None:
    found = decoder.ask(Frame(str(video), str(tmp_path / "no" / "such" / "out.png")))
    assert isinstance(found, Unanswered)
    assert found.why == "disk"


def test_a_child_that_was_killed_is_followed_by_another(video: Path) -> None:
    pytest.importorskip("av", reason="the extra sorad[media] is not installed")
    decoder = Decoder()
    assert isinstance(decoder.ask(Probe(str(video))), Probed)
    child = decoder._child
    assert child is not None
    os.kill(child._process.pid, signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    assert isinstance(decoder.ask(Probe(str(video))), Probed)
    decoder.close()
    assert decoder.ask(Probe(str(video))) == Unanswered("died", "closed")


_CHILD = """
import sys, time
for line in sys.stdin.buffer:
    {does}
"""


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("time.sleep(600)", "time"),
        ("held = bytearray(300 << 20); time.sleep(600)", "memory"),
        ("sys.exit(3)", "died"),
        ('sys.stdout.write(\'{"kind": "Prob\'); sys.exit(3)', "died"),
        ("print('[1]', flush=True); time.sleep(600)", "died"),
    ],
    ids=["hangs", "grows", "dies", "dies in the middle of an answer", "raves"],
)
def test_a_file_that_is_too_much_costs_the_child_alone(
    video: Path, monkeypatch: pytest.MonkeyPatch, does: str, why: str
) -> None:
    monkeypatch.setattr(module, "missing", lambda: None)
    monkeypatch.setattr(module, "_GRACE", 0.0)
    monkeypatch.setattr(module, "_WATCH", 0.02)
    monkeypatch.setattr(module, "COMMAND", [sys.executable, "-c", _CHILD.replace("{does}", does)])
    decoder = Decoder(seconds=0.1 if why == "time" else 60.0, memory=100 << 20)
    found = decoder.ask(Probe(str(video)))
    assert isinstance(found, Unanswered)
    assert found.why == why
    decoder.close()


def test_the_child_sees_no_key() -> None:
    env = {"PATH": "/bin", "SORA_API_KEY": "sk-1", "HTTPS_PROXY": "http://u:p@host", "LANG": "C"}
    assert passed_on(env) == {"PATH": "/bin", "LANG": "C"}


def test_without_the_extra_what_to_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    problem = missing()
    assert problem is not None
    assert "av" in problem.fix_text()
    assert Decoder().ask(Probe("video.mp4")) == Unanswered("missing", problem.text())
