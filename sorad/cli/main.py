"""``sorad``: finds the command, loads it alone, and turns whatever goes wrong into a sentence."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import gc
import importlib
import os
import re
import shlex
import sys

from sorad import __version__
from sorad.cli.commands import COMMANDS, CONTROL, LOOK, SETUP, WORK, add_command, command_of, parser_of
from sorad.cli.shared import common
from sorad.cli.shared.arguments import (
    Parser,
    common_options,
    option_value,
    translate_argparse,
    unknown_options,
)
from sorad.cli.shared.columns import pad, width
from sorad.messages import N_, _, set_language
from sorad.problems import Problem, SoradError

# New objects between two looks for garbage: what is loaded at the start is none, and by default is looked at often.
GARBAGE = 10_000
SHORT = 26  # columns of a command's help that leave room for another one beside it


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code. 1, 2, 78: a problem that is told; 70: a bug; 130: Ctrl+C."""
    words = sys.argv[1:] if argv is None else argv
    gc.set_threshold(GARBAGE)
    # loguru starts with a sink that prints the values of variables; each command sets up its own.
    os.environ.setdefault("LOGURU_AUTOINIT", "0")
    # pydantic would look through all that is installed for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    _never_choke()
    if words[:1] == ["__complete"]:  # the shell asks, at each TAB
        return _complete(words[1:])
    try:
        code = _ended(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return common.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return common.PIPE
    except Exception as error:  # noqa: BLE001  (the root of the main thread: a person sees what comes out)
        return _tell(error, words)
    return code


def _ended(words: list[str]) -> int:
    try:
        return _run(words)
    except SystemExit as end:  # argparse has said what there is to say
        return end.code if isinstance(end.code, int) else common.OK


def _run(words: list[str]) -> int:
    set_language(_language(words))
    translate_argparse()
    name = command_of(words)
    if words and (name is None or name not in COMMANDS):
        _meant_once(words)
    if name is None:
        return _without_command(words)
    if name not in COMMANDS:
        raise _no_such_command(name)
    parser = Parser(prog="sorad", parents=[common_options()])
    parser.set_defaults(lang=None, config=None)
    commands = add_command(parser, name)
    args, extra = parser.parse_known_args(words)
    if extra:
        unknown_options(commands[name], extra)
    code = args.handler(args)
    return code if isinstance(code, int) else common.OK


def _complete(words: list[str]) -> int:
    """Answer a shell. Whatever goes wrong is kept quiet: it would be written into the user's prompt."""
    try:
        set_language(_language(words))
        translate_argparse()
        importlib.import_module("sorad.cli.complete").main(words)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  (the root of the main thread)
        return common.PROBLEMS
    return common.OK


def _without_command(words: list[str]) -> int:
    if "--version" in words:
        common.say(f"sorad {__version__}")
        return common.OK
    # Whatever else stands there is checked, so that a mistyped option is told.
    parser = Parser(prog="sorad", parents=[common_options()], add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.parse_args(words)
    common.say(_help())
    return common.OK


def _meant_once(words: list[str]) -> None:
    """Options of ``once`` without its name, as the old program took them, are told with the whole command."""
    known = parser_of("once")._option_string_actions  # argparse has no other way
    own = {option for action in common_options()._actions for option in action.option_strings}
    if any(word.partition("=")[0] in known.keys() - own - {"-h", "--help"} for word in words):
        raise SoradError(
            Problem(
                "command.missing",
                N_("The name of the command is missing."),
                N_("Did you mean `sorad once {words}`?"),
                {"words": shlex.join(words)},
            ),
            exit_code=common.USAGE,
        )


def _no_such_command(name: str) -> SoradError:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    fix = N_("Did you mean sorad {near}?") if near else N_("`sorad --help` lists the commands.")
    params = {"name": name, "near": near[0] if near else ""}
    return SoradError(
        Problem("command.name", N_("There is no command {name}."), fix, params), exit_code=common.USAGE
    )


# --- help -------------------------------------------------------------------------------------------------


def _help() -> str:
    """All commands by group, on one screen of 80 x 24 with room for the prompt."""
    lines = [_("usage: ") + _("sorad [--lang zh|en] [--config FILE] [--version] COMMAND [--help] …")]
    for group in (WORK, LOOK, CONTROL, SETUP):
        lines.append(_(group))
        lines += _in_columns([(name, _(row.help)) for name, row in COMMANDS.items() if row.group == group])
    return "\n".join(lines)


def _in_columns(rows: list[tuple[str, str]]) -> list[str]:
    """The commands in their order; two that follow each other share a line where both are short."""
    lines: list[str] = []
    open_line = False  # the last line has room for another
    for name, text in rows:
        short = width(text) <= SHORT
        if open_line and short:
            lines[-1] = pad(lines[-1], 41) + f"{pad(name, 11)}{text}"
            open_line = False
        else:
            lines.append(f"  {pad(name, 11)}{text}")
            open_line = short
    return lines


# --- language ---------------------------------------------------------------------------------------------


def _language(words: list[str]) -> str:
    """``--lang``, else what the config says (a peek: it may be broken elsewhere), else the locale."""
    asked = option_value(words, "--lang")
    if asked:
        return asked
    path = common.config_path(option_value(words, "--config"))
    try:
        head = path.read_text("utf-8-sig", "replace") if path else ""
    except OSError:
        head = ""
    found = re.search(
        r"""(?m)^[ \t]*language[ \t]*=[ \t]*["'](zh|en)["']""",
        re.split(r"(?m)^[ \t]*\[", head, maxsplit=1)[0],
    )
    return found[1] if found else "auto"


# --- what goes wrong --------------------------------------------------------------------------------------


def _never_choke() -> None:
    """A console that cannot show a character gets a question mark, not an exception; nor does a closed one."""
    if sys.stdout is None:  # started with >&-
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  (lives as long as the process)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _forget_stdout() -> None:
    """The reader went away: what Python still flushes at its end goes nowhere."""
    with contextlib.suppress(OSError, ValueError):  # stdout may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: Exception, words: list[str]) -> int:
    if os.environ.get("SORAD_DEBUG") or (not isinstance(error, SoradError) and "--verbose" in words):
        import traceback

        from sorad.masking import mask

        trace = traceback.format_exception(type(error), error, error.__traceback__)
        common.complain(mask("".join(trace)))
    if isinstance(error, SoradError):
        common.complain(error.problem)
        return error.exit_code
    problem = _of_output(error) or _ledger_problem(error)
    if problem is not None:
        common.complain(problem)
        return common.PROBLEMS
    if "sorad.logs" in sys.modules:  # a daemon's bug is for its log as well
        from loguru import logger

        logger.opt(exception=error).critical(_("sorad stopped at an error nobody expected"))
    common.complain(_apology(error, words))
    return common.SOFTWARE


def _of_output(error: Exception) -> Problem | None:
    """What stdout's disk does not take is no mistake of ours. Errors of files that were opened bear a name."""
    full = (errno.ENOSPC, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in full:
        return None
    _forget_stdout()
    return Problem(
        "output",
        N_("What it says cannot be written: {reason}."),
        N_("Make room there, or let it write elsewhere."),
        {"reason": error.strerror or str(error)},
    )


def _ledger_problem(error: Exception) -> Problem | None:
    if "sorad.ledger.interface" not in sys.modules:
        return None
    from sorad.health.facts import ledger_problem

    return ledger_problem(error)


def _apology(error: Exception, words: list[str]) -> Problem:
    try:
        args = argparse.Namespace(config=option_value(words, "--config"))
        log = str(common.state_dir(args) / "logs" / "sorad.log")
    except SoradError:
        log = "sorad.log"
    return Problem(
        "bug",
        N_("Sorry: this is a mistake in sorad itself ({error})."),
        N_("Nothing paid for is lost. The log is {log}; SORAD_DEBUG=1 shows the details for a report."),
        {"error": f"{type(error).__name__}: {error}", "log": log},
    )
