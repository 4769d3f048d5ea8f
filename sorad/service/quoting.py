"""Paths and values as systemd reads them. Pure.

How much of its quoting rules counts differs from setting to setting (man systemd.syntax; measured with 252):
``%`` begins a specifier everywhere; within quotes a backslash makes the quote or backslash behind it plain, in
command lines, in Environment= and in lists of paths alike; a path that stands alone knows no quotes at all.
"""

from __future__ import annotations

from sorad.messages import N_
from sorad.problems import Problem, SoradError


def path(value: str) -> str:
    """A path that stands alone on its line (WorkingDirectory=), or behind the colon of LoadCredential=."""
    _check(value)
    if value.endswith("\\") or value != value.strip():
        raise _unfit(value)  # the one would join the next line to it, the other be cut off
    return value.replace("%", "%%")


def listed(value: str) -> str:
    """A path in a list of paths (ReadWritePaths=)."""
    return _quoted(value)


def executable(value: str) -> str:
    """The program of ExecStart=, where ``$`` means nothing."""
    return _quoted(value)


def argument(value: str) -> str:
    """An argument of ExecStart=."""
    return _quoted(value).replace("$", "$$")


def assignment(name: str, value: str) -> str:
    """A variable in Environment=."""
    return _quoted(f"{name}={value}")


def _quoted(value: str) -> str:
    _check(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _check(value: str) -> None:
    """No text may end its line and begin another setting; systemd takes nothing but UTF-8."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise _unfit(value)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _unfit(value) from None


def _unfit(value: str) -> SoradError:
    shown = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return SoradError(
        Problem(
            "service.path",
            N_("{path} has characters in it that a systemd unit cannot hold."),
            N_("Give it a plainer name, and name it anew in the config."),
            {"path": ascii(shown) if not shown.isprintable() else shown},
        )
    )
