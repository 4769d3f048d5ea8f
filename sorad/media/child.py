"""The child process that decodes: a question a line on standard input, an answer a line on standard output.

It sees no key and no config, ends with its parent, and holds limits for itself; see :mod:`sorad.media.decoder`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from typing import Any, Callable

from sorad.media.inspection import inspect
from sorad.media.joining import join
from sorad.media.pictures import compare, keep_frame, probe
from sorad.media.questions import Compare, Frame, Inspect, Join, Probe, Sheet, Unanswered, from_line, to_line
from sorad.media.sheets import sheet

ANSWERED_BY: dict[type[Any], Callable[[Any], object]] = {
    Probe: probe,
    Frame: keep_frame,
    Compare: compare,
    Inspect: inspect,
    Sheet: sheet,
    Join: join,
}
_NICER = 10
_UNREADABLE = (ValueError, EOFError, LookupError, ArithmeticError, SyntaxError, TypeError, RuntimeError)


def answer(question: Any) -> object:
    """The answer, whatever is wrong with the files."""
    try:
        return ANSWERED_BY[type(question)](question)
    except MemoryError as error:
        return Unanswered("memory", str(error))
    except OSError as error:
        # PyAV's and Pillow's errors for what they cannot read are ones, too: of their own kinds, without a number, or
        # (PyAV, of an empty file) with that for a bad argument
        ours = type(error).__module__ == "builtins" and error.errno not in (None, errno.EINVAL)
        return Unanswered("disk" if ours else "unreadable", str(error))
    except _UNREADABLE as error:
        return Unanswered("unreadable", f"{type(error).__name__}: {error}")


def limit(memory: int) -> None:
    """Low priority, at most so many bytes of memory, no core dumps of pictures."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICER)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(
            resource.RLIMIT_AS, (memory, memory)
        )  # macOS does not hold it: the parent watches, too


def main() -> None:
    """Answer until standard input ends. Arguments: bytes of memory, seconds for a question."""
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints goes elsewhere
    limit(memory)
    for line in sys.stdin.buffer:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds)  # ends the process, also where the parent is gone
        found = answer(from_line(line))
        answers.write(to_line(found))
        if isinstance(found, Unanswered) and found.why == "memory":
            return  # what it still holds is not known
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
