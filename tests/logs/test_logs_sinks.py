"""Where the log goes, what its lines look like, and that neither a key nor a full disk gets through."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sorad.logfile import RotatingFile, existing

KEY = "sk-4f9aQz81LmNoPqRsTuVw"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| [A-Z]+ \| .*")


def run(script: str, *, stderr: object = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess:
    head = "import logging, sys, threading\nfrom pathlib import Path\n"
    head += "from loguru import logger\nfrom sorad import logs\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
        env={**os.environ, "LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8", "PYTHONUTF8": "1", **env},
        timeout=120,
    )


def test_logs_line_form_on_stderr_and_in_the_file(tmp_path):
    done = run(
        f"""
        logs.setup(Path({str(tmp_path)!r}), "INFO", True)
        logger.bind(request_id="req-1").info("take {{id}}: accepted", id=12)
        logger.info("take 13: accepted by {{request_id}}", request_id="req-2")
        logger.debug("not shown")
        """
    )
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert [line.split(" | ", 1)[1] for line in lines] == [
        "INFO | take 12: accepted [request_id=req-1]",
        "INFO | take 13: accepted by req-2",
    ]
    assert all(LINE.fullmatch(line) for line in lines)
    assert (tmp_path / "logs" / "sorad.log").read_text("utf-8") == done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_logs_file_is_for_its_owner_alone(tmp_path):
    run(f"logs.setup(Path({str(tmp_path)!r})); logger.info('x')")
    assert stat.S_IMODE((tmp_path / "logs" / "sorad.log").stat().st_mode) == 0o600


def test_logs_mask_messages_tracebacks_and_other_libraries(tmp_path):
    done = run(
        f"""
        from sorad.masking import register_secret
        register_secret("plainsecret99")
        logs.setup(Path({str(tmp_path)!r}))
        def fail(key):
            url = "https://cdn.example/a.mp4?sig=signed77"
            raise ValueError("no good: " + key + " " + url + " plainsecret99")
        try:
            fail("{KEY}")
        except ValueError:
            logger.exception("caught with {KEY}")
        logging.getLogger("urllib3.connectionpool").warning("Retrying %s", "/v.mp4?sig=signed77")
        logging.getLogger("urllib3.connectionpool").info("chatter")
        logging.getLogger("x").warning("ill formed %d", "text")
        thread = threading.Thread(target=fail, args=("{KEY}",), name="worker-1")
        thread.start(); thread.join()
        fail("{KEY}")
        """
    )
    text = (tmp_path / "logs" / "sorad.log").read_text("utf-8")
    for output in (done.stderr, text):
        assert KEY not in output
        assert "signed77" not in output
        assert "sk-******" in output
        assert "urllib3.connectionpool: Retrying /v.mp4?******" in output
        assert "chatter" not in output
        assert "ill formed" in output
        assert "the thread worker-1 died" in output
        assert output.count("ValueError: no good: sk-****** https://cdn.example/a.mp4?****** sk-******") == 3
        # the source line names the secret's holder, never a variable's value
        assert output.count("plainsecret99") == 0


def test_logs_no_line_can_be_forged_and_no_terminal_steered(tmp_path):
    forged = "2026-01-01 00:00:00.000 | INFO | take 5: done"
    done = run(
        f"""
        logs.setup(None)
        logger.info("{{text}}", text="told:\\n{forged}\\r\\x1b[2Jgone\\udcff")
        """
    )
    first, second = done.stderr.splitlines()
    assert LINE.fullmatch(first)
    assert not LINE.fullmatch(second)
    assert "\x1b" not in done.stderr
    assert "\\x1b[2Jgone" in second


def test_logs_under_the_journal_carry_a_priority_and_no_time(tmp_path):
    target = tmp_path / "journal"
    with target.open("wb") as stream:
        found = os.fstat(stream.fileno())
        run(
            """
            logs.setup(None, "DEBUG")
            logger.info("one\\ntwo"); logger.error("three"); logger.debug("four")
            """,
            stderr=stream,
            JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}",
        )
    assert target.read_text("utf-8").splitlines() == ["<6>one", "<6>    two", "<3>three", "<7>four"]


def test_logs_another_stream_than_the_journal_keeps_the_time():
    assert LINE.fullmatch(run("logs.setup(None); logger.info('x')", JOURNAL_STREAM="1:2").stderr.strip())


def test_logs_go_to_stderr_once_warned_where_the_folder_takes_no_file(tmp_path):
    (tmp_path / "logs").write_text("in the way")
    done = run(
        f"""
        logs.setup(Path({str(tmp_path)!r}), stderr=False)
        logger.info("first"); logger.info("second")
        """
    )
    assert done.returncode == 0
    warning, first, second = done.stderr.splitlines()
    assert "cannot be written" in warning
    assert first.endswith("| INFO | first")
    assert second.endswith("| INFO | second")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_logs_survive_a_full_disk_and_go_on_in_the_file_afterwards(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "sorad.log").symlink_to("/dev/full")
    done = run(
        f"""
        logs.setup(Path({str(tmp_path)!r}), stderr=False)
        logger.info("lost to the file"); logger.info("as well")
        Path({str(folder / "sorad.log")!r}).unlink()
        logger.info("kept")
        """
    )
    assert done.returncode == 0
    assert done.stderr.count("cannot be written") == 1
    assert "as well" in done.stderr
    assert "kept" not in done.stderr
    assert (folder / "sorad.log").read_text().endswith("| INFO | kept\n")


def test_logs_a_closed_stderr_stops_nothing(tmp_path):
    done = run(
        f"""
        logs.setup(Path({str(tmp_path)!r}))
        sys.stderr.close(); logger.info("one")
        sys.stderr = None; logger.info("two")
        """
    )
    assert done.returncode == 0
    assert len((tmp_path / "logs" / "sorad.log").read_text().splitlines()) == 2


def test_logs_an_uncaught_error_is_told_masked_even_without_a_stderr_log(tmp_path):
    done = run(f"logs.setup(Path({str(tmp_path)!r}), stderr=False); raise ValueError('{KEY}')")
    assert done.returncode == 1
    assert "ValueError: sk-******" in done.stderr
    assert "ValueError: sk-******" in (tmp_path / "logs" / "sorad.log").read_text()
    assert KEY not in done.stderr


def test_logs_set_up_again_neither_doubles_lines_nor_hooks(tmp_path):
    done = run(
        f"""
        logs.setup(Path({str(tmp_path)!r})); logs.setup(Path({str(tmp_path)!r}), "DEBUG")
        logging.getLogger("x").warning("library"); logger.debug("ours")
        thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()
        """
    )
    text = (tmp_path / "logs" / "sorad.log").read_text()
    assert text == done.stderr
    assert [text.count(word) for word in ("library", "ours", "died")] == [1, 1, 1]


def test_logs_rotate_and_keep_so_many(tmp_path):
    file = RotatingFile(tmp_path / "a.log", max_bytes=25, keep=2)
    for number in range(8):
        file.write(f"line {number:04}\n")  # 10 bytes, two to a file
    file.close()
    assert [path.name for path in existing(tmp_path / "a.log", 2)] == ["a.log.2", "a.log.1", "a.log"]
    assert "".join(path.read_text() for path in existing(tmp_path / "a.log", 2)) == "".join(
        f"line {number:04}\n" for number in range(2, 8)
    )


def test_logs_a_deleted_or_replaced_file_is_opened_anew(tmp_path):
    path = tmp_path / "a.log"
    file = RotatingFile(path, max_bytes=1000, keep=2)
    file.write("one\n")
    path.unlink()
    file.write("two\n")
    assert path.read_text() == "two\n"
    path.replace(tmp_path / "a.log.1")
    file.write("three\n")
    assert path.read_text() == "three\n"
    file.close()


def test_logs_a_line_cut_off_by_a_full_disk_does_not_run_into_the_next(tmp_path, monkeypatch):
    path = tmp_path / "a.log"
    file = RotatingFile(path, max_bytes=1000, keep=2)
    real, room = os.write, [3, 0]

    def scarce(fd: int, data: bytes) -> int:
        if not room:
            return real(fd, data)
        take = room.pop(0)
        if not take:
            raise OSError(28, "No space left on device")
        return real(fd, data[:take])

    monkeypatch.setattr("sorad.logfile.os.write", scarce)
    with pytest.raises(OSError, match="No space"):
        file.write("first line\n")
    file.write("second line\n")
    file.write("third line\n")
    file.close()
    assert path.read_text() == "fir\nsecond line\nthird line\n"
