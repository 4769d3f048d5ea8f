"""The programs that an installed service calls: are they still there?

A virtual environment that was deleted or moved, a Python that an update of the system took away, a system without
a shell where the unit expects one: the service that runs goes on, and the next start fails. So it is looked for.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional
from xml.parsers.expat import ExpatError

from sorad.messages import N_
from sorad.problems import Problem

_COMMAND = re.compile(r"(?m)^(Exec[A-Za-z]+)=[@:+!-]*(.*)$")
_FIRST = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
# How pip begins a script whose interpreter has a path too long for a first line: a shell that calls it.
_BY_SHELL = re.compile(rb"\A#![^\n]*sh\n'''exec' (?:\"([^\"\n]+)\"|(\S+))")
_HASH_BANG = re.compile(rb"\A#!\s*(\S+)")
START = "ExecStart"


def of_units(texts: Sequence[str]) -> dict[str, str]:
    """What a unit and its drop-ins, in their order, call: the program by setting (``ExecStart``…). Pure.

    A path with a specifier in it, which only systemd can fill in, is left out.
    """
    found: dict[str, str] = {}
    for setting, command in (pair for text in texts for pair in _COMMAND.findall(text)):
        first = _FIRST.match(command.strip())
        if first is None:  # an empty one takes back what was set before
            found.pop(setting, None)
            continue
        quoted, plain = first.groups()
        program = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if "%" not in program.replace("%%", ""):
            found[setting] = program.replace("%%", "%")
    return found


def of_agent(plist: bytes) -> dict[str, str]:
    """What a launchd agent calls, as in :func:`of_units`; nothing where it cannot be read. Pure."""
    try:
        arguments = plistlib.loads(plist).get("ProgramArguments")
    except (plistlib.InvalidFileException, ExpatError, ValueError, AttributeError):
        return {}
    return {START: arguments[0]} if isinstance(arguments, list) and arguments else {}


def lacking(unit: str, called: dict[str, str]) -> Iterator[Problem]:
    """What of it is not there, a problem each. What may not be looked at counts as being there."""
    for setting, program in called.items():
        if not _is_gone(program):
            interpreter = _interpreter(program)
            if interpreter is not None and _is_gone(interpreter):
                yield _no_interpreter(unit, program, interpreter)
        elif setting == START:
            yield _no_start(unit, program)
        else:
            yield _no_helper(unit, setting, program)


def _is_gone(program: str) -> bool:
    path = Path(program)
    if not path.is_absolute():
        return False  # it is looked for when it is called
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _interpreter(program: str) -> Optional[str]:
    """What a script is run by; ``None`` for what is no script."""
    try:
        with Path(program).open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError):
        return None
    found = _BY_SHELL.match(head) or _HASH_BANG.match(head)
    return None if found is None else next(one for one in found.groups() if one).decode("utf-8", "replace")


def _no_start(unit: str, program: str) -> Problem:
    return Problem(
        "service.no_program",
        N_("{unit} cannot be started again: {program}, which it calls, is not there."),
        N_("Run `sorad service install` with the sorad that it is to run from now on."),
        {"unit": unit, "program": program},
    )


def _no_interpreter(unit: str, program: str, interpreter: str) -> Problem:
    return Problem(
        "service.no_program",
        N_("{unit} cannot be started again: {program} is run by {interpreter}, which is not there."),
        N_("Install sorad anew, then run `sorad service install`."),
        {"unit": unit, "program": program, "interpreter": interpreter},
    )


def _no_helper(unit: str, setting: str, program: str) -> Problem:
    return Problem(
        "service.no_helper",
        N_("{unit} calls {program} ({setting}), which is not there."),
        N_("Install what brings {program}; until then that step fails, such as a reload of the config."),
        {"unit": unit, "program": program, "setting": setting},
    )
