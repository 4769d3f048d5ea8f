"""The commands, as a table, and the parser of each. A command's module is loaded only where it is asked for."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from sorad.cli.arguments import Parser, common_options
from sorad.messages import N_

WORK, LOOK, CONTROL, SETUP = N_("The main job"), N_("Looking"), N_("Control"), N_("Set-up")


class Row(NamedTuple):
    """A command: the module that has ``add``, its group in the help, and what it does, in 26 or 66 columns."""

    module: str
    group: str
    help: str


COMMANDS: dict[str, Row] = {
    "demo": Row("demo", WORK, N_("see it work: a storyboard, the built-in simulator, videos")),
    "run": Row("run", WORK, N_("the daemon, in the foreground")),
    "once": Row("once", WORK, N_("do what is there, show progress, end when all is done")),
    "plan": Row("plan", WORK, N_("what would be bought, what is skipped and why, and the price")),
    "status": Row("status", LOOK, N_("is it alive and well, and what needs you")),
    "list": Row("list", LOOK, N_("the takes")),
    "show": Row("show", LOOK, N_("one take and its history")),
    "spend": Row("spend", LOOK, N_("what was spent")),
    "log": Row("log", LOOK, N_("the log")),
    "retry": Row("control", CONTROL, N_("try failed takes again")),
    "cancel": Row("control", CONTROL, N_("drop takes not bought yet")),
    "redo": Row("control", CONTROL, N_("buy one more of a segment")),
    "approve": Row("control", CONTROL, N_("release what waits for it")),
    "resolve": Row("control", CONTROL, N_("tell what became of a take")),
    "pause": Row("control", CONTROL, N_("buy nothing for now")),
    "resume": Row("control", CONTROL, N_("buy again")),
    "scan": Row("control", CONTROL, N_("look at the folders now")),
    "claim": Row("claim", CONTROL, N_("buy here in a synced vault")),
    "init": Row("init", SETUP, N_("set it up by questions")),
    "service": Row("service", SETUP, N_("run it as a service")),
    "doctor": Row("doctor", SETUP, N_("check everything around it")),
    "notify": Row("notify", SETUP, N_("send a test message")),
    "validate": Row("validate", SETUP, N_("check storyboards")),
    "schema": Row("schema", SETUP, N_("print their JSON Schema")),
    "simulate": Row("simulate", SETUP, N_("serve a simulated API")),
    "completion": Row("completion", SETUP, N_("complete words with TAB")),
}


def add_command(parser: Parser, name: str) -> dict[str, Parser]:
    """Declare one command (and those of its module); the parsers by command."""
    rows = parser.add_subparsers(dest="command", prog="sorad", parser_class=Parser)
    importlib.import_module(f"sorad.cli.{COMMANDS[name].module}").add(rows, [common_options()])
    return rows.choices


def parser_of(name: str) -> Parser:
    """The parser of one command alone."""
    return add_command(Parser(prog="sorad"), name)[name]


def command_of(words: list[str]) -> str | None:
    """The first word that is neither an option nor the value of one."""
    rest = iter(words)
    for word in rest:
        if word in ("--lang", "--config"):
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None
