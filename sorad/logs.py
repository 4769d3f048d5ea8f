"""The log: lines for a person on stderr, for the journal under systemd, and in ``state_dir/logs/sorad.log``.

Every line is masked after it has been rendered whole, traceback included. No sink ever raises: loguru
would then print the record as it is, unmasked, and a full disk must not stop the daemon.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from loguru import logger

from sorad.logfile import RotatingFile, existing
from sorad.masking import mask
from sorad.messages import N_, _, ngettext
from sorad.plaintext import printable
from sorad.problems import Problem

if TYPE_CHECKING:
    from loguru import Message, Record

MAX_BYTES = 10_000_000
KEEP = 10

_DEFAULT_THREAD_HOOK = threading.excepthook

# Priorities that systemd reads at the start of a line (man sd-daemon).
_PRIORITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "SUCCESS": 5, "INFO": 6, "DEBUG": 7, "TRACE": 7}
_COLOUR = {"CRITICAL": "1;31", "ERROR": "31", "WARNING": "33", "SUCCESS": "32", "INFO": "36"}
# What a provider or a file name brings along must neither steer the terminal nor forge a line.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_INDENT = "\n    "


def setup(state_dir: Path | None, level: str = "INFO", stderr: bool | str = True) -> None:
    """Send the log to a file in ``state_dir`` (``None``: no file) and to stderr; may be called again.

    ``stderr`` is ``False``, ``True`` (at ``level``) or a level of its own. Only the process that holds
    the lock of the ledger may name ``state_dir``. Lines of other libraries come in from WARNING on,
    uncaught exceptions of any thread as CRITICAL.
    """
    logger.remove()
    if stderr:
        _add(_StderrSink(), stderr if isinstance(stderr, str) else level)
    _FileSink.current = None if state_dir is None else _FileSink(log_path(state_dir), echo=not stderr)
    if _FileSink.current is not None:
        _add(_FileSink.current, level)
    root = logging.getLogger()
    if not any(isinstance(handler, _Intercept) for handler in root.handlers):
        root.addHandler(_Intercept())
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _Uncaught.install(tell=not stderr)


def trouble() -> Problem | None:
    """Why the log file of this process cannot be written; ``None`` where it can, and where there is none."""
    return _FileSink.current.look() if _FileSink.current is not None else None


def log_path(state_dir: Path) -> Path:
    """Where the current log file is."""
    return state_dir / "logs" / "sorad.log"


def log_files(state_dir: Path) -> list[Path]:
    """All log files that exist, the oldest first, the current one last."""
    return existing(log_path(state_dir), KEEP)


def _add(sink: _StderrSink | _FileSink, level: str) -> None:
    # diagnose would print the values of variables, keys among them
    logger.add(
        sink, level=level, format=_body, colorize=False, backtrace=False, diagnose=False, enqueue=False
    )


def _body(record: Record) -> str:
    """The format of what stands behind the head of a line."""
    request_id = record["extra"].get("request_id")
    if request_id and str(request_id) not in record["message"]:
        return "{message} [request_id={extra[request_id]}]\n{exception}"
    return "{message}\n{exception}"


def _clean(message: str) -> str:
    """The masked text; lines after the first are indented, so that none looks like a line of its own."""
    return printable(mask(message).rstrip("\n").translate(_CONTROL)).replace("\n", _INDENT)


def _plain(message: Message) -> str:
    time, level = message.record["time"], message.record["level"].name
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d} | {level} | {_clean(message)}\n"


def _coloured(message: Message) -> str:
    head, level, body = _plain(message).split(" | ", 2)
    return f"\033[2m{head}\033[0m | \033[{_COLOUR.get(level, '0')}m{level}\033[0m | {body}"


def _journal(message: Message) -> str:
    prefix = f"<{_PRIORITY.get(message.record['level'].name, 6)}>"
    return "".join(f"{prefix}{line}\n" for line in _clean(message).split("\n"))


def _to_stderr(message: Message) -> None:
    stream = sys.stderr
    try:
        if in_journal():
            stream.write(_journal(message))
        elif _wants_colour():
            stream.write(_coloured(message))
        else:
            stream.write(_plain(message))
        stream.flush()
    except (OSError, ValueError, AttributeError):
        pass  # closed, a broken pipe, a full disk behind a redirection, or no stderr at all (pythonw)


def in_journal() -> bool:
    """Whether stderr is the journal: then it knows the time, and reads a priority from each line."""
    device, _colon, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(sys.stderr.fileno())
        return (found.st_dev, found.st_ino) == (int(device), int(inode))
    except (OSError, ValueError, AttributeError):
        return False


def _wants_colour() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stderr.isatty() and (os.name != "nt" or "WT_SESSION" in os.environ)


class _StderrSink:
    def write(self, message: Message) -> None:
        _to_stderr(message)


class _FileSink:
    """The file; while it cannot be written, stderr is told so once and gets the lines, and `status` tells it."""

    current: _FileSink | None = None

    def __init__(self, path: Path, *, echo: bool) -> None:
        self._file = RotatingFile(path, max_bytes=MAX_BYTES, keep=KEEP)
        self._echo = echo  # nobody else writes to stderr
        self._lock = threading.Lock()
        self._lost = 0  # lines since it cannot be written
        self._reason: str | None = None  # why it cannot be written

    def write(self, message: Message) -> None:
        with self._lock:
            self._try(_plain(message))
            lost = self._reason is not None
            self._lost += lost
        if lost and self._echo:
            _to_stderr(message)

    def look(self) -> Problem | None:
        """Why no line can be written now, or ``None``. Writes none, except one that tells of those that are lost."""
        with self._lock:
            self._try("")
            path, reason = self._file.path, self._reason
        return None if reason is None else not_writable(path, reason)

    def _try(self, text: str) -> None:
        try:
            self._file.write(_missing(self._lost) + text if self._lost else text)
        except OSError as error:
            if self._reason is None:
                _tell(_unwritable(self._file.path, error))
            self._reason = error.strerror or str(error)
        else:
            self._reason, self._lost = None, 0

    def stop(self) -> None:
        self._file.close()


def not_writable(path: Path, reason: str) -> Problem:
    """What `status` and `doctor` tell."""
    return Problem(
        "log.not_writable",
        N_("The log {path} cannot be written: {reason}."),
        N_("Make it writable for the user that runs sorad."),
        {"path": str(path), "reason": reason},
    )


def _missing(count: int) -> str:
    now = datetime.now()
    text = ngettext(
        "{count} line is missing here: the log could not be written",
        "{count} lines are missing here: the log could not be written",
        count,
    ).format(count=count)
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d} | WARNING | {text}\n"


def _unwritable(path: Path, error: OSError) -> str:
    return _(
        "The log file {path} cannot be written ({reason}); until it can, the log goes to stderr alone."
    ).format(path=path, reason=error.strerror or error)


def _tell(sentence: str) -> None:
    """A line on stderr from inside a sink, where the logger itself must not be used."""
    prefix = f"<{_PRIORITY['WARNING']}>" if in_journal() else "sorad: "
    try:
        sys.stderr.write(f"{prefix}{_clean(sentence)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


class _Intercept(logging.Handler):
    """What libraries say through the standard logging goes the same way, masked like the rest."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit the library's own format
            text = str(record.msg)
        known = record.levelname in _PRIORITY
        logger.opt(exception=record.exc_info).log(
            record.levelname if known else record.levelno, f"{record.name}: {text}"
        )


class _Uncaught:
    """The hooks for what nobody caught. Put in once: whoever hooks in later calls on to them."""

    installed = False
    tell = False  # also on stderr, which the log does not reach
    chained: Callable[[threading.ExceptHookArgs], object] | None = None

    @classmethod
    def install(cls, *, tell: bool) -> None:
        cls.tell = tell
        if not cls.installed:
            cls.installed = True
            cls.chained = None if threading.excepthook is _DEFAULT_THREAD_HOOK else threading.excepthook
            threading.excepthook = cls.on_thread
            sys.excepthook = cls.on_main

    @classmethod
    def on_thread(cls, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread else "?"
            logger.opt(exception=(args.exc_type, args.exc_value, args.exc_traceback)).critical(
                _("the thread {name} died of an error nobody expected"), name=name
            )
        if cls.chained is not None:
            cls.chained(args)

    @classmethod
    def on_main(cls, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logger.opt(exception=(kind, error, trace)).critical(_("sorad stopped at an error nobody expected"))
        if cls.tell:
            _tell("".join(traceback.format_exception(kind, error, trace)))
